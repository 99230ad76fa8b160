#include "node/company/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/base/json.h"
#include "node/keys/persona.h"
#include "node/keys/vault.h"
#include "node/record/labels.h"
#include "proto/mail/message.h"

#define PREFIX     "template/"
#define LABELS_MAX 5 /* in a list of words */

static const char *const places[] = { "title", "id", "place", "region",
	"company", "needs", "teaches", "has", "lacks", "wants" };

const char *
template_places(void)
{
	return "{title} {id} {place} {region} {company} {needs} {teaches} "
	       "{has} {lacks} {wants}";
}

static void
fault(struct payload_fault *f, const char *path, const char *why,
    const char *hint)
{
	(void)snprintf(f->path, sizeof(f->path), "%s", path);
	(void)snprintf(f->why, sizeof(f->why), "%s", why);
	(void)snprintf(f->hint, sizeof(f->hint), "%s", hint);
}

/* ---- texts with places ---- */

static bool
is_place(const char *p, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (strlen(places[i]) == n && memcmp(places[i], p, n) == 0)
			return true;
	return false;
}

static err
append(struct buf *out, const char *p, size_t n)
{
	if (n > out->cap - out->n)
		return ERR_LIMIT;
	memcpy(out->p + out->n, p, n);
	out->n += n;
	return OK;
}

/* "{place}" or "{place|words}" at ${*at}, which moves behind it. */
static err
fill_place(const char **at, const char *field, const json_t *facts,
    struct buf *out, struct payload_fault *f)
{
	const char *open = *at + 1, *close = strchr(open, '}');
	char name[24];

	if (close == NULL) {
		fault(f, field, "a { without }", "{{ is a brace");
		return ERR_FORM;
	}
	const size_t n = (size_t)(close - open);
	const char *bar = memchr(open, '|', n);
	const size_t name_n = bar == NULL ? n : (size_t)(bar - open);
	*at = close + 1;
	if (!is_place(open, name_n)) {
		fault(f, field, "there is no such place", template_places());
		return ERR_FORM;
	}
	(void)snprintf(name, sizeof(name), "%.*s", (int)name_n, open);
	const char *known = json_string_value(json_object_get(facts, name));
	if (known != NULL)
		return append(out, known, strlen(known));
	if (bar != NULL)
		return append(out, bar + 1, (size_t)(close - bar) - 1);
	fault(f, field, "nothing is known for one of its places", "");
	(void)snprintf(f->hint, sizeof(f->hint),
	    "say what stands there otherwise: {%s|other words}", name);
	return ERR_FORM;
}

/* A new string, or NULL with ${f}. */
static json_t *
fill_text(const char *text, const char *field, const json_t *facts,
    struct payload_fault *f)
{
	uint8_t bytes[2 * TEMPLATE_TEXT_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	err e = OK;

	while (e == OK && *text != '\0') {
		const size_t n = strcspn(text, "{");
		e = append(&out, text, n);
		text += n;
		if (e != OK || *text == '\0')
			break;
		if (text[1] == '{') {
			e = append(&out, "{", 1);
			text += 2;
		} else {
			e = fill_place(&text, field, facts, &out, f);
		}
	}
	if (e == ERR_LIMIT)
		fault(f, field, "is too long when it is filled in", "");
	return e == OK ? json_stringn((const char *)bytes, out.n) : NULL;
}

static err
fill_field(const json_t *t, const char *key, const char *path,
    const json_t *facts, json_t *to, struct payload_fault *f)
{
	const json_t *said = json_object_get(t, key);
	const char *text = json_string_value(said);

	if (said == NULL || json_object_get(to, key) != NULL)
		return OK;
	if (text == NULL) {
		fault(f, path, "must be a text", "");
		return ERR_FORM;
	}
	json_t *filled = fill_text(text, path, facts, f);
	if (filled == NULL)
		return ERR_FORM;
	return json_object_set_new(to, key, filled) == 0 ? OK : ERR_NOMEM;
}

err
template_fill(const json_t *t, const json_t *facts, uint64_t now_h,
    json_t *terms, struct payload_fault *f)
{
	static const char *const same[] = { "kind", "hours", "amount",
		"currency" };
	const json_t *pledge = json_object_get(t, "pledge");
	json_t *own, *v;

	TRY(fill_field(t, "role", "role", facts, terms, f));
	TRY(fill_field(t, "note", "note", facts, terms, f));
	if ((v = json_object_get(t, "activity")) != NULL &&
	    json_object_get(terms, "activity") == NULL)
		(void)json_object_set(terms, "activity", v);
	if (!json_is_object(pledge) || json_object_get(terms, "pledge") != NULL)
		return OK;
	own = json_object();
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		if ((v = json_object_get(pledge, same[i])) != NULL)
			(void)json_object_set(own, same[i], v);
	json_uint(own, "deadline",
	    now_h + 24 * (uint64_t)json_integer_value(
			     json_object_get(pledge, "days")));
	const err e = fill_field(
	    pledge, "conditions", "pledge.conditions", facts, own, f);
	if (e != OK) {
		json_decref(own);
		return e;
	}
	return json_object_set_new(terms, "pledge", own) == 0 ? OK : ERR_NOMEM;
}

/* ---- what the places stand for ---- */

static void
know(json_t *facts, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		(void)json_object_set_new(facts, name, json_string(text));
}

static const char *
text_in(const json_t *texts, const char *language)
{
	const json_t *one =
	    language == NULL ? NULL : json_object_get(texts, language);

	if (one == NULL)
		one = json_object_iter_value(
		    json_object_iter((json_t *)(uintptr_t)texts));
	return json_string_value(one);
}

static bool
has_term(const json_t *list, const char *term)
{
	size_t i;
	const json_t *one;

	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		const char *other =
		    json_string_value(json_object_get(one, "term"));
		if (other != NULL && strcmp(other, term) == 0)
			return true;
	}
	return false;
}

/* Labels of ${list}, at most five: of those that ${in} has, or has not. */
static void
know_labels(json_t *facts, const char *name, const json_t *list,
    const json_t *in, bool there)
{
	char text[400];
	size_t i, n = 0, taken = 0;
	const json_t *one;

	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		const char *label =
		    json_string_value(json_object_get(one, "label"));
		const char *term =
		    json_string_value(json_object_get(one, "term"));
		if (label == NULL || term == NULL || taken == LABELS_MAX ||
		    (in != NULL && has_term(in, term) != there) ||
		    n + strlen(label) + 3 > sizeof(text))
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
		    taken++ == 0 ? "" : ", ", label);
	}
	if (taken > 0)
		know(facts, name, text);
}

json_t *
template_facts(const json_t *demand, const json_t *card, const char *company,
    const char *language)
{
	const json_t *needs = json_object_get(demand, "requirements");
	const json_t *teaches = json_object_get(demand, "teaches");
	const json_t *skills = json_object_get(card, "skills");
	const json_t *wants = json_object_get(card, "aspirations");
	json_t *facts = json_object();

	know(facts, "title",
	    text_in(json_object_get(demand, "title"), language));
	know(facts, "id",
	    json_string_value(json_object_get(demand, "external_id")));
	know(facts, "place",
	    json_string_value(json_object_get(demand, "place")));
	know(facts, "company", company);
	know_labels(facts, "needs", needs, NULL, true);
	know_labels(facts, "teaches", teaches, NULL, true);
	if (skills != NULL) {
		know_labels(facts, "has", needs, skills, true);
		know_labels(facts, "lacks", needs, skills, false);
	}
	/* What this work teaches, or else whatever they want. */
	if (teaches != NULL)
		know_labels(facts, "wants", wants, teaches, true);
	if (json_object_get(facts, "wants") == NULL)
		know_labels(facts, "wants", wants, NULL, true);
	return facts;
}

/* ---- the list ---- */

static bool
is_name(const char *name)
{
	const size_t n = strlen(name);

	return n >= 1 && n <= TEMPLATE_NAME_MAX && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static bool
vault_name(char out[PERSONA_VAULT_NAME], uint32_t persona, const char *name)
{
	char own[sizeof(PREFIX) + TEMPLATE_NAME_MAX];

	if (!is_name(name))
		return false;
	(void)snprintf(own, sizeof(own), PREFIX "%s", name);
	persona_vault_name(out, persona, own);
	return true;
}

static bool
on_template(void *ctx, const char *name, json_t *value)
{
	const char *last = strrchr(name, '/');
	json_t *o = json_copy(value);

	(void)json_object_set_new(o, "name", json_string(last + 1));
	(void)json_array_append_new(ctx, o);
	return true;
}

json_t *
templates_json(struct node *n, uint32_t persona)
{
	char prefix[PERSONA_VAULT_NAME];
	json_t *list = json_array();

	persona_vault_name(prefix, persona, PREFIX);
	vault_each(n->vault, prefix, on_template, list);
	return list;
}

json_t *
template_json(struct node *n, uint32_t persona, const char *name)
{
	char full[PERSONA_VAULT_NAME];
	json_t *o = vault_name(full, persona, name)
			? vault_get(n->vault, full, NULL)
			: NULL;

	if (o != NULL)
		(void)json_object_set_new(o, "name", json_string(name));
	return o;
}

/* Known keys alone, texts that are short enough. */
static err
check_keys(const json_t *o, const char *const *keys, size_t n,
    const char *under, struct payload_fault *f)
{
	const char *key;
	const json_t *v;

	json_object_foreach((json_t *)(uintptr_t)o, key, v)
	{
		size_t i = 0;
		while (i < n && strcmp(keys[i], key) != 0)
			i++;
		if (i == n || (json_is_string(v) &&
				  json_string_length(v) > TEMPLATE_TEXT_MAX)) {
			fault(f, "",
			    i == n ? "is no field of a template"
				   : "has at most 1200 bytes",
			    "");
			(void)snprintf(
			    f->path, sizeof(f->path), "%s%.40s", under, key);
			return ERR_FORM;
		}
	}
	return OK;
}

/* Would it make an offer, if all that it asks for were known? */
static err
check_fill(const json_t *what, uint64_t now_h, struct payload_fault *f)
{
	static const struct schema form = { 0, 1, offer_terms_fields };
	void *memory = malloc(PAYLOAD_ARENA_BYTES);
	void *check = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, PAYLOAD_ARENA_BYTES);
	struct arena values = arena_of(check, VALUE_ARENA_BYTES);
	json_t *facts = json_object(), *terms = json_object();
	uint8_t raw[MESSAGE_TERMS_MAX];
	struct buf out = { raw, 0, sizeof(raw) };
	struct offer_terms t;
	struct value map;
	err e = memory == NULL || check == NULL ? ERR_NOMEM : OK;

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		know(facts, places[i], "x");
	if (e == OK)
		e = template_fill(what, facts, now_h, terms, f);
	if (e == OK && json_object_get(terms, "role") == NULL)
		know(terms, "role", "x");
	if (e == OK && json_object_get(terms, "activity") == NULL)
		know(terms, "activity", "job");
	if (e == OK)
		e = payload_from_json(&form, terms, &arena, &map, f);
	if (e == OK)
		e = value_write(&map, &out);
	if (e == ERR_MORE) {
		fault(f, "note", "is too long for an offer", "");
		e = ERR_FORM;
	}
	if (e == OK && offer_terms_read(buf_slice(&out), &values, &t) != OK) {
		fault(f, "pledge",
		    "hours or an amount, and a currency with "
		    "an amount",
		    "");
		e = ERR_FORM;
	}
	json_decref(facts);
	json_decref(terms);
	free(memory);
	free(check);
	return e == ERR_LIMIT ? ERR_FORM : e;
}

static err
check(const json_t *what, uint64_t now_h, struct payload_fault *f)
{
	static const char *const keys[] = { "activity", "role", "note",
		"pledge" };
	static const char *const of_pledge[] = { "kind", "hours", "amount",
		"currency", "days", "conditions" };
	const json_t *pledge = json_object_get(what, "pledge");
	const json_t *days = json_object_get(pledge, "days");

	TRY(check_keys(what, keys, ARRAY_LEN(keys), "", f));
	if (pledge != NULL && !json_is_object(pledge)) {
		fault(f, "pledge", "must be an object", "");
		return ERR_FORM;
	}
	if (pledge != NULL) {
		TRY(check_keys(
		    pledge, of_pledge, ARRAY_LEN(of_pledge), "pledge.", f));
		if (!json_is_integer(days) || json_integer_value(days) < 1 ||
		    json_integer_value(days) > TEMPLATE_DAYS_MAX) {
			fault(f, "pledge.days",
			    "must be 1 to 1095: until when it is given, from "
			    "the day of the offer",
			    "");
			return ERR_FORM;
		}
	}
	return check_fill(what, now_h, f);
}

err
template_keep(struct node *n, uint32_t persona, const char *name,
    const json_t *what, struct payload_fault *f)
{
	char full[PERSONA_VAULT_NAME];

	if (!vault_name(full, persona, name)) {
		fault(f, "name", "a-z 0-9 - _, at most 32", "");
		return ERR_FORM;
	}
	TRY(check(what, node_now(n) / 3600, f));
	json_t *had = vault_get(n->vault, full, NULL);
	json_t *all = had == NULL ? templates_json(n, persona) : NULL;
	const bool is_full = json_array_size(all) >= TEMPLATES_MAX;
	json_decref(had);
	json_decref(all);
	if (is_full)
		return ERR_LIMIT;
	json_t *value = json_copy((json_t *)(uintptr_t)what);
	json_uint(value, "changed", node_now(n));
	const err e = vault_put(n->vault, full, value);
	json_decref(value);
	return e;
}

err
template_drop(struct node *n, uint32_t persona, const char *name)
{
	char full[PERSONA_VAULT_NAME];
	json_t *had = template_json(n, persona, name);

	if (had == NULL || !vault_name(full, persona, name))
		return ERR_NOTFOUND;
	json_decref(had);
	return vault_delete(n->vault, full);
}
