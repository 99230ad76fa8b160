#include "node/community/role.h"

#include <stdlib.h>

#include "proto/base/text.h"

struct gathering {
	struct node *n;
	const json_t *value;
	struct community_role *out;
	size_t n_out, cap;
};

static void
hex_of(const uint8_t id[32], char out[65])
{
	const err e = hex_put(out, 65, slice_of(id, 32));

	ASSERT(e == OK);
}

static bool
on_outcome(void *ctx, const struct holding *h)
{
	bool *found = ctx;

	*found = h->complete;
	return !*found;
}

static bool
is_over(
    struct node *n, const struct holding *h, const json_t *value, uint32_t end)
{
	const struct held_filter f = { .type = EVIDENCE_OUTCOME,
		.of_persona = true,
		.persona = h->persona,
		.about = h->id };
	char hex[65];
	bool outcome = false;

	hex_of(h->id, hex);
	if (end <= node_now(n) / 3600 ||
	    json_object_get(json_object_get(value, "left"), hex) != NULL)
		return true;
	documents_each(n, &f, on_outcome, &outcome);
	return outcome;
}

static bool
on_agreement(void *ctx, const struct holding *h)
{
	struct gathering *g = ctx;
	struct held_document held;
	const struct agreement *a = &held.d.is.agreement;

	if (g->n_out == g->cap || documents_read(g->n, h, &held) != OK)
		return g->n_out < g->cap;
	if (a->kind != AGREEMENT_COMMUNITY_ROLE ||
	    !community_is(g->value, a->subject))
		return true;
	struct community_role *r = &g->out[g->n_out++];
	*r = (struct community_role){ .hours = a->hours,
		.start = a->start,
		.end = a->end,
		.complete = h->complete,
		.over = is_over(g->n, h, g->value, a->end) };
	memcpy(r->agreement, h->id, EVIDENCE_ID);
	memcpy(r->company, a->company, ED25519_PUBLIC);
	memcpy(r->person, a->person, ED25519_PUBLIC);
	memcpy(r->title, a->title, sizeof(r->title));
	memcpy(r->talk, h->talk, sizeof(r->talk));
	return true;
}

size_t
community_roles(struct node *n, uint32_t persona, const json_t *value,
    struct community_role *out, size_t cap)
{
	const struct held_filter f = { .type = EVIDENCE_AGREEMENT,
		.of_persona = true,
		.persona = persona };
	struct gathering g = { n, value, out, 0, cap };

	documents_each(n, &f, on_agreement, &g);
	return g.n_out;
}

bool
community_role_of(struct node *n, uint32_t persona, const json_t *value,
    const uint8_t key[ED25519_PUBLIC], struct community_role *out)
{
	struct community_role *list = calloc(COMMUNITY_ROLES, sizeof(*list));
	bool found = false;
	size_t count = list == NULL ? 0
				    : community_roles(n, persona, value, list,
					  COMMUNITY_ROLES);

	for (size_t i = 0; i < count; i++)
		if (list[i].complete &&
		    memcmp(list[i].person, key, ED25519_PUBLIC) == 0) {
			*out = list[i];
			found = true;
		}
	free(list);
	return found;
}

void
community_role_left(
    json_t *value, const uint8_t agreement[EVIDENCE_ID], uint64_t now_s)
{
	json_t *left = json_object_get(value, "left");
	char hex[65];

	hex_of(agreement, hex);
	if (!json_is_object(left)) {
		left = json_object();
		(void)json_object_set_new(value, "left", left);
	}
	(void)json_object_set_new(left, hex, json_integer((json_int_t)now_s));
}

const char *
role_fault_text(enum role_fault f)
{
	switch (f) {
	case ROLE_FINE:
		break;
	case ROLE_NO_COMMUNITY:
		return "it names no community that this persona has asked to "
		       "join or has founded";
	case ROLE_NOT_LED_BY:
		return "who offers it is no facilitator of that community's "
		       "record";
	case ROLE_ENDED:
		return "that community has ended";
	}
	return "it is sound";
}

enum role_fault
community_role_judge(
    struct node *n, uint32_t persona, const struct agreement *a)
{
	char name[COMMUNITY_NAME_MAX + 1];
	struct community_record r;
	enum role_fault f = ROLE_FINE;
	json_t *value = community_with(n, persona, a->subject, name);

	if (value == NULL)
		return ROLE_NO_COMMUNITY;
	if (json_object_get(value, "ended") != NULL ||
	    community_of(n, persona, value, &r) != OK)
		f = ROLE_ENDED;
	else if (!community_leads(&r, a->company))
		f = ROLE_NOT_LED_BY;
	json_decref(value);
	return f;
}
