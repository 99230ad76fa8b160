#define _GNU_SOURCE /* timegm */
#include "node/evidence/xapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/base/text.h"
#include "proto/record/names.h"

#define ADL     "http://adlnet.gov/expapi/verbs/"
#define CMI5    "https://w3id.org/xapi/adl/verbs/"
#define ACCOUNT "https://w3c-ccg.github.io/did-key-spec/"

/* The first of a verb is the one that is written. */
static const struct {
	const char *id;
	enum progress_verb verb;
	const char *name; /* ours, as in SPEC.md */
} verbs[] = {
	{ ADL "initialized", PROGRESS_STARTED, "started" },
	{ ADL "progressed", PROGRESS_PROGRESSED, "progressed" },
	{ ADL "completed", PROGRESS_COMPLETED, "completed" },
	{ ADL "passed", PROGRESS_PASSED, "passed" },
	{ ADL "failed", PROGRESS_FAILED, "failed" },
	{ CMI5 "waived", PROGRESS_WAIVED, "waived" },
	{ CMI5 "satisfied", PROGRESS_COMPLETED, "completed" },
	{ ADL "attempted", PROGRESS_STARTED, "started" },
	{ ADL "experienced", PROGRESS_PROGRESSED, "progressed" },
};

/* ---- out ---- */

static json_t *
agent(const uint8_t key[ED25519_PUBLIC])
{
	char did[DID_KEY_TEXT];

	did_key_put(did, key);
	return json_pack("{s:s,s:{s:s,s:s}}", "objectType", "Agent", "account",
	    "homePage", ACCOUNT, "name", did);
}

/* A UUID of version 8: of the id, so that it is the same each time. */
static json_t *
uuid(const uint8_t id[EVIDENCE_ID])
{
	uint8_t u[16];
	char hex[33], text[37];

	memcpy(u, id, sizeof(u));
	u[6] = (uint8_t)((u[6] & 0x0F) | 0x80);
	u[8] = (uint8_t)((u[8] & 0x3F) | 0x80);
	if (hex_put(hex, sizeof(hex), slice_of(u, sizeof(u))) != OK)
		return NULL;
	(void)snprintf(text, sizeof(text), "%.8s-%.4s-%.4s-%.4s-%.12s", hex,
	    hex + 8, hex + 12, hex + 16, hex + 20);
	return json_string(text);
}

static json_t *
time_json(uint32_t hour)
{
	const time_t t = (time_t)hour * 3600;
	struct tm tm;
	char text[32];

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return NULL;
	return json_string(text);
}

static json_t *
object_json(const struct progress *p)
{
	static const uint8_t none[EVIDENCE_ID];
	const bool agreed = memcmp(p->agreement, none, EVIDENCE_ID) != 0;
	char hex[2 * EVIDENCE_ID + 1], id[100];

	if (hex_put(hex, sizeof(hex),
		slice_of(agreed ? p->agreement : p->subject, EVIDENCE_ID)) !=
	    OK)
		return NULL;
	(void)snprintf(id, sizeof(id), "urn:ohcn:%s:%s",
	    agreed ? "agreement" : "record", hex);
	return json_pack("{s:s,s:s}", "objectType", "Activity", "id", id);
}

static json_t *
result_json(const struct progress *p)
{
	json_t *o = json_object();
	char text[24];

	if (p->scored)
		(void)json_object_set_new(o, "score",
		    json_pack("{s:f}", "scaled", (double)p->score / 1000.0));
	if (p->minutes > 0) {
		(void)snprintf(
		    text, sizeof(text), "PT%" PRIu32 "M", p->minutes);
		(void)json_object_set_new(o, "duration", json_string(text));
	}
	if (p->verb == PROGRESS_COMPLETED)
		(void)json_object_set_new(o, "completion", json_true());
	if (p->verb == PROGRESS_PASSED || p->verb == PROGRESS_FAILED)
		(void)json_object_set_new(
		    o, "success", json_boolean(p->verb == PROGRESS_PASSED));
	return o;
}

json_t *
xapi_write(const struct document *d)
{
	const struct progress *p = &d->is.progress;
	size_t i = 0;

	if (d->is.type != EVIDENCE_PROGRESS)
		return NULL;
	while (i < ARRAY_LEN(verbs) && verbs[i].verb != p->verb)
		i++;
	if (i == ARRAY_LEN(verbs))
		return NULL;
	return json_pack("{s:s,s:o,s:o,s:{s:s,s:{s:s}},s:o,s:o,s:{s:o},s:o}",
	    "version", "1.0.3", "id", uuid(d->id), "actor", agent(p->person),
	    "verb", "id", verbs[i].id, "display", "en", verbs[i].name, "object",
	    object_json(p), "result", result_json(p), "context", "instructor",
	    agent(p->company), "timestamp", time_json(p->at));
}

/* ---- in ---- */

/* A number of "P1DT2H30M5.5S", its letter; 0: no more, or malformed. */
static char
part_of(const char **p, double *value)
{
	char *end;

	if (**p < '0' || **p > '9')
		return '\0';
	*value = strtod(*p, &end);
	if (end == *p || *end == '\0')
		return '\0';
	*p = end + 1;
	return *end;
}

/* In minutes, at least one; 0: malformed, or longer than a document says. */
static uint32_t
duration(const char *text)
{
	static const struct {
		char letter;
		double minutes;
	} days[] = { { 'W', 10080 }, { 'D', 1440 } },
	  times[] = { { 'H', 60 }, { 'M', 1 }, { 'S', 1.0 / 60 } };
	double all = 0, value = 0;
	bool clock = false, any = false;

	if (*text++ != 'P')
		return 0;
	while (*text != '\0') {
		if (*text == 'T' && !clock) {
			clock = true;
			text++;
			continue;
		}
		const char letter = part_of(&text, &value);
		double unit = 0;
		for (size_t i = 0;
		     i < (clock ? ARRAY_LEN(times) : ARRAY_LEN(days)); i++)
			if ((clock ? times[i].letter : days[i].letter) ==
			    letter)
				unit =
				    clock ? times[i].minutes : days[i].minutes;
		if (unit == 0)
			return 0; /* months and years have no length */
		all += value * unit;
		any = true;
	}
	if (!any || all > 1000000)
		return 0;
	return all < 1 ? 1 : (uint32_t)(all + 0.5);
}

/* Of "2026-03-01T10:15:00.5+02:00"; 0: malformed. */
static uint32_t
hour_of(const char *text)
{
	int y, mo, d, h, mi, s, used = 0, zh = 0, zm = 0;
	char sign = 'Z';
	struct tm tm = { 0 };

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &s,
		&used) != 6 ||
	    y < 1970 || y > 2200 || mo < 1 || mo > 12 || d < 1 || d > 31 ||
	    h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60)
		return 0;
	text += used;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (*text == '+' || *text == '-') {
		sign = *text;
		if (sscanf(text + 1, "%2d:%2d", &zh, &zm) != 2 || zh < 0 ||
		    zh > 14 || zm < 0 || zm > 59)
			return 0;
	} else if (strcmp(text, "Z") != 0) {
		return 0;
	}
	tm.tm_year = y - 1900;
	tm.tm_mon = mo - 1;
	tm.tm_mday = d;
	tm.tm_hour = h;
	tm.tm_min = mi;
	const int64_t off = ((int64_t)zh * 60 + zm) * 60;
	const int64_t t = (int64_t)timegm(&tm) - (sign == '-' ? -off : off);
	return t <= 0 ? 0 : (uint32_t)(t / 3600);
}

static err
wrong(char why[XAPI_WHY], const char *what)
{
	(void)snprintf(why, XAPI_WHY, "%s", what);
	return ERR_FORM;
}

static err
read_result(const json_t *result, json_t *out, char why[XAPI_WHY])
{
	const json_t *scaled =
	    json_object_get(json_object_get(result, "score"), "scaled");
	const char *text =
	    json_string_value(json_object_get(result, "duration"));

	if (scaled != NULL) {
		const double v = json_number_value(scaled);
		if (!json_is_number(scaled) || !(v >= -1 && v <= 1))
			return wrong(why, "a scaled score is -1 to 1");
		(void)json_object_set_new(out, "score",
		    json_integer(
			(json_int_t)(v * 1000 + (v < 0 ? -0.5 : 0.5))));
	}
	if (text != NULL) {
		const uint32_t minutes = duration(text);
		if (minutes == 0)
			return wrong(why, "its duration is none, as PT45M");
		(void)json_object_set_new(
		    out, "minutes", json_integer(minutes));
	}
	return OK;
}

err
xapi_read(const json_t *statement, json_t *content, char why[XAPI_WHY])
{
	const json_t *s = statement;
	json_t *out = json_object();
	size_t i = 0;

	if (json_is_object(s) &&
	    json_is_array(json_object_get(s, "statements")))
		s = json_object_get(s, "statements");
	if (json_is_array(s) && json_array_size(s) == 1)
		s = json_array_get(s, 0);
	const char *verb = json_string_value(
	    json_object_get(json_object_get(s, "verb"), "id"));
	const char *when = json_string_value(json_object_get(s, "timestamp"));
	err e = OK;
	while (verb != NULL && i < ARRAY_LEN(verbs) &&
	       strcmp(verbs[i].id, verb) != 0)
		i++;
	if (!json_is_object(s))
		e = wrong(why, "it is not one statement");
	else if (verb == NULL || i == ARRAY_LEN(verbs))
		e = wrong(why,
		    "its verb is none of initialized, progressed, completed, "
		    "passed, failed, waived, satisfied");
	else if (when != NULL && hour_of(when) == 0)
		e = wrong(why, "its timestamp is none of ISO 8601");
	else
		e = read_result(json_object_get(s, "result"), out, why);
	if (e == OK) {
		(void)json_object_set_new(
		    out, "verb", json_string(verbs[i].name));
		if (when != NULL)
			(void)json_object_set_new(
			    out, "at", json_integer(hour_of(when)));
		(void)json_object_update(content, out);
	}
	json_decref(out);
	return e;
}
