/* The terms of an offer: message.h. */
#include "proto/mail/message.h"

#define NOTE_MAX       600
#define CONDITIONS_MAX 280 /* as in an agreement */

static const struct field_choice activity_choices[] = {
	{ 1, "job" },
	{ 2, "gig" },
	{ 3, "task" },
	{ 4, "project" },
	{ 5, "mentoring" },
	{ 6, "course" },
	{ 7, "cohort" },
	{ 8, "peer-session" },
	{ 9, "community-role" },
	CHOICES_END,
};

static const struct field_choice pledge_choices[] = {
	{ MAIL_PLEDGE_TRAINING_TIME, "training-time" },
	{ MAIL_PLEDGE_COURSE_BUDGET, "course-budget" },
	{ MAIL_PLEDGE_MENTORING, "mentoring" },
	{ MAIL_PLEDGE_CERTIFICATE, "certificate" },
	{ MAIL_PLEDGE_EQUIPMENT, "equipment" },
	CHOICES_END,
};

static const struct field pledge_fields[] = {
	{ 0, "kind", FIELD_CHOICE, true, .choices = pledge_choices },
	{ 2, "hours", FIELD_UINT, false, 1, 10000 },
	{ 4, "amount", FIELD_UINT, false, 1, FIELD_INTEGER_MAX },
	{ 6, "currency", FIELD_CURRENCY },
	{ 8, "deadline", FIELD_UINT, true, 0, UINT32_MAX },
	{ 10, "conditions", FIELD_STR, false, 1, CONDITIONS_MAX },
	FIELDS_END,
};

const struct field offer_terms_fields[] = {
	{ 0, "activity", FIELD_CHOICE, true, .choices = activity_choices },
	{ 2, "role", FIELD_STR, true, 1, 120 },
	{ 4, "demand", FIELD_BYTES, false, 32, 32 },
	{ 6, "pledge", FIELD_MAP, .fields = pledge_fields },
	{ 8, "note", FIELD_STR, false, 1, NOTE_MAX },
	FIELDS_END,
};

static bool
take_pledge(const struct value *map, struct mail_pledge *p)
{
	const struct value *hours = value_find(map, 2);
	const struct value *amount = value_find(map, 4);
	const struct value *currency = value_find(map, 6);
	const struct value *conditions = value_find(map, 10);

	p->kind = (enum mail_pledge_kind)value_find(map, 0)->u;
	if (hours != NULL)
		p->hours = (uint32_t)hours->u;
	if (amount != NULL)
		p->amount = amount->u;
	if (currency != NULL)
		memcpy(p->currency, currency->s.p, 3);
	p->deadline_h = value_find(map, 8)->u;
	if (conditions != NULL)
		p->conditions = conditions->s;
	/* A pledge of nothing is none; money has a currency. */
	return (hours != NULL || amount != NULL) &&
	       (amount == NULL) == (currency == NULL);
}

err
offer_terms_read(struct slice bytes, struct arena *arena, struct offer_terms *t)
{
	const struct schema form = { 0, 1, offer_terms_fields };
	struct schema_fault fault;
	struct value map;

	memset(t, 0, sizeof(*t));
	if (bytes.n > MESSAGE_TERMS_MAX ||
	    value_parse(bytes, arena, &map) != OK)
		return ERR_FORM;
	const enum schema_result fits = schema_check(&form, &map, &fault);
	if (fits != SCHEMA_OK)
		return fits == SCHEMA_OPAQUE ? ERR_NOTFOUND : ERR_FORM;
	const struct value *demand = value_find(&map, 4);
	const struct value *pledge = value_find(&map, 6);
	const struct value *note = value_find(&map, 8);
	t->activity = (uint32_t)value_find(&map, 0)->u;
	t->role = value_find(&map, 2)->s;
	t->has_demand = demand != NULL;
	if (demand != NULL)
		memcpy(t->demand, demand->s.p, RECORD_ID);
	if (note != NULL)
		t->note = note->s;
	t->has_pledge = pledge != NULL;
	return pledge == NULL || take_pledge(pledge, &t->pledge) ? OK
								 : ERR_FORM;
}

static size_t
add(struct value *pairs, size_t n, uint64_t key, struct value v)
{
	pairs[2 * n] = value_uint(key);
	pairs[2 * n + 1] = v;
	return n + 1;
}

static struct value
pledge_value(const struct mail_pledge *p, struct value pairs[12])
{
	size_t n = add(pairs, 0, 0, value_uint(p->kind));

	if (p->hours > 0)
		n = add(pairs, n, 2, value_uint(p->hours));
	if (p->amount > 0)
		n = add(pairs, n, 4, value_uint(p->amount));
	if (p->currency[0] != '\0')
		n = add(pairs, n, 6, value_str(slice_str(p->currency)));
	n = add(pairs, n, 8, value_uint(p->deadline_h));
	if (p->conditions.n > 0)
		n = add(pairs, n, 10, value_str(p->conditions));
	return value_map(pairs, n);
}

err
offer_terms_write(
    const struct offer_terms *t, struct arena *arena, struct buf *out)
{
	struct value pairs[10], pledge[12];
	struct offer_terms again;
	const size_t before = out->n;
	size_t n = add(pairs, 0, 0, value_uint(t->activity));

	n = add(pairs, n, 2, value_str(t->role));
	if (t->has_demand)
		n = add(pairs, n, 4, value_bin(slice_of(t->demand, RECORD_ID)));
	if (t->has_pledge)
		n = add(pairs, n, 6, pledge_value(&t->pledge, pledge));
	if (t->note.n > 0)
		n = add(pairs, n, 8, value_str(t->note));
	const struct value map = value_map(pairs, n);
	TRY(value_write(&map, out));
	const struct slice written = slice_of(out->p + before, out->n - before);
	if (offer_terms_read(written, arena, &again) == OK)
		return OK;
	out->n = before;
	return ERR_FORM;
}
