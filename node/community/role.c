#include "node/community/role.h"

#include <stdlib.h>

#include "node/community/promise.h"
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

/* Of a member also as it was kept before: in the value. */
static uint64_t
left_at(struct node *n, const struct holding *h, const json_t *value)
{
	const uint64_t at = left_get(n, h->persona, h->id);
	char hex[65];

	if (at != 0)
		return at;
	hex_of(h->id, hex);
	const json_int_t s = json_integer_value(
	    json_object_get(json_object_get(value, "left"), hex));
	return s > 0 ? (uint64_t)s : 0;
}

static bool
is_over(struct node *n, const struct holding *h, uint32_t end)
{
	const struct held_filter f = { .type = EVIDENCE_OUTCOME,
		.of_persona = true,
		.persona = h->persona,
		.about = h->id };
	bool outcome = false;

	if (end <= node_now(n) / 3600)
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
	if (a->kind != community_agreement(g->value) ||
	    !community_is(g->value, a->subject))
		return true;
	struct community_role *r = &g->out[g->n_out++];
	const uint64_t left = left_at(g->n, h, g->value);
	*r = (struct community_role){ .hours = a->hours,
		.start = a->start,
		.end =
		    left == 0 ? a->end : MIN(a->end, (uint32_t)(left / 3600)),
		.complete = h->complete,
		.left = left != 0,
		.over = left != 0 || is_over(g->n, h, a->end) };
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

struct community_roles
community_role_list(struct node *n, uint32_t persona, const json_t *value)
{
	const size_t cap = n->config->community.members;
	struct community_roles r = { calloc(cap, sizeof(*r.list)), 0 };

	if (r.list != NULL)
		r.n = community_roles(n, persona, value, r.list, cap);
	return r;
}

bool
community_role_of(struct node *n, uint32_t persona, const json_t *value,
    const uint8_t key[ED25519_PUBLIC], struct community_role *out)
{
	struct community_roles all = community_role_list(n, persona, value);
	bool found = false;

	for (size_t i = 0; i < all.n; i++)
		if (all.list[i].complete &&
		    memcmp(all.list[i].person, key, ED25519_PUBLIC) == 0) {
			*out = all.list[i];
			found = true;
		}
	free(all.list);
	return found;
}

const struct community_role *
community_role_at(const struct community_roles *roles,
    const uint8_t key[ED25519_PUBLIC], uint32_t at)
{
	for (size_t i = roles->n; i-- > 0;) {
		const struct community_role *r = &roles->list[i];
		if (r->complete && r->start <= at && at <= r->end &&
		    memcmp(r->person, key, ED25519_PUBLIC) == 0)
			return r;
	}
	return NULL;
}

err
community_role_leave(
    struct node *n, uint32_t persona, const uint8_t agreement[EVIDENCE_ID])
{
	return left_keep(n, persona, agreement, node_now(n));
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
