#include "node/cli/pledge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/commands.h"

void
show_pledge(struct cli *cli, const json_t *p)
{
	char when[32], money[64] = "", hours[32] = "";

	if (!json_is_object(p)) {
		output_line(&cli->out, "pledges: nothing");
		return;
	}
	time_text(when, sizeof(when), json_int(p, "deadline") * 3600);
	if (json_int(p, "amount") > 0)
		(void)snprintf(money, sizeof(money), " %" PRId64 ".%02d %s",
		    json_int(p, "amount") / 100,
		    (int)(json_int(p, "amount") % 100),
		    json_str(p, "currency"));
	if (json_int(p, "hours") > 0)
		(void)snprintf(hours, sizeof(hours), " %" PRId64 " hours",
		    json_int(p, "hours"));
	output_line(&cli->out, "pledges: %s%s%s until %s UTC%s%s",
	    json_str(p, "kind"), money, hours, when,
	    json_str(p, "conditions")[0] == '\0' ? "" : "; ",
	    json_str(p, "conditions"));
}

static const char *
kind_of(const char *value)
{
	static const char *const names[][2] = { { "course", "course-budget" },
		{ "training", "training-time" }, { "time", "training-time" } };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(value, names[i][0]) == 0)
			return names[i][1];
	return value;
}

int64_t
date_hour(const char *text)
{
	int year, month, day, used = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 ||
	    text[used] != '\0' || year < 2020 || year > 2200 || month < 1 ||
	    month > 12 || day < 1 || day > 31)
		return 0;
	/* Days since 1970 by the civil calendar. */
	const int64_t y = month <= 2 ? year - 1 : year;
	const int64_t era = y / 400, of = y - era * 400;
	const int64_t m = (month + 9) % 12;
	const int64_t doy = (153 * m + 2) / 5 + day - 1;
	const int64_t doe = of * 365 + of / 4 - of / 100 + doy;
	return (era * 146097 + doe - 719468 + 1) * 24;
}

int64_t
amount_of(const char *text)
{
	char *end;
	const unsigned long long whole = strtoull(text, &end, 10);
	unsigned long long part = 0;

	if (end == text || whole > 1000000000)
		return 0;
	if (*end == '.') {
		if (strlen(end + 1) != 2 || end[1] < '0' || end[1] > '9' ||
		    end[2] < '0' || end[2] > '9')
			return 0;
		part = (unsigned)(end[1] - '0') * 10 + (unsigned)(end[2] - '0');
		end += 3;
	}
	return *end == '\0' ? (int64_t)(whole * 100 + part) : 0;
}

static bool
pledge_part(json_t *o, const char *key, const char *value)
{
	int64_t n = 0;

	if (strcmp(key, "kind") == 0)
		return json_object_set_new(
			   o, "kind", json_string(kind_of(value))) == 0;
	if (strcmp(key, "currency") == 0 || strcmp(key, "conditions") == 0)
		return json_object_set_new(o, key, json_string(value)) == 0;
	if (strcmp(key, "amount") == 0)
		n = amount_of(value);
	else if (strcmp(key, "hours") == 0 || strcmp(key, "days") == 0)
		n = strtol(value, NULL, 10);
	else if (strcmp(key, "deadline") == 0)
		n = date_hour(value);
	return n > 0 && json_object_set_new(o, key, json_integer(n)) == 0;
}

json_t *
pledge_read(const char *text)
{
	json_t *o = json_object();
	char *copy = strdup(text), *rest = NULL;
	bool good = copy != NULL;

	for (char *part = good ? strtok_r(copy, ",", &rest) : NULL;
	     good && part != NULL; part = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(part, '=');
		good = value != NULL;
		if (good) {
			*value = '\0';
			good = pledge_part(o, part, value + 1);
		}
	}
	free(copy);
	if (good)
		return o;
	json_decref(o);
	return NULL;
}
