#include "node/record/wishes.h"

#include <stdlib.h>

static struct field period_field, contract_item;
static struct field pay_fields[4];
static const struct field unwanted_item = { .type = FIELD_TERM };
static const struct field skill_fields[] = {
	{ 0, "term", FIELD_TERM, true },
	{ 2, "level", FIELD_UINT, true, 1, 5 },
	{ .name = NULL },
};
static const struct field skill_item = { .type = FIELD_MAP,
	.fields = skill_fields };
static struct field wishes_fields[12];
static struct schema wishes_form;

/* Choices are those of a demand, so that both can be compared. */
const struct schema *
wishes_schema(void)
{
	const struct field *demand = schema_latest(KIND_DEMAND)->fields;
	const struct field *pay = field_find(demand, slice_str("pay"));
	const struct field *contract =
	    field_find(demand, slice_str("contract"));

	if (wishes_form.fields != NULL)
		return &wishes_form;
	ASSERT(pay != NULL && contract != NULL);
	const struct field *period =
	    field_find(pay->fields, slice_str("period"));
	ASSERT(period != NULL);
	period_field = *period;
	pay_fields[0] =
	    (struct field){ 0, "min", FIELD_UINT, true, 1, FIELD_INTEGER_MAX };
	pay_fields[1] = (struct field){ 2, "currency", FIELD_CURRENCY, true };
	pay_fields[2] = (struct field){ 4, "period", FIELD_CHOICE, true,
		.choices = period->choices };
	contract_item = (struct field){ .type = FIELD_CHOICE,
		.choices = contract->choices };
	wishes_fields[0] =
	    (struct field){ 0, "pay", FIELD_MAP, .fields = pay_fields };
	wishes_fields[1] =
	    (struct field){ 2, "hours_week_max", FIELD_UINT, false, 1, 168 };
	wishes_fields[2] = (struct field){ 4, "contracts", FIELD_LIST, false, 1,
		16, .element = &contract_item };
	wishes_fields[3] = (struct field){ 6, "unwanted", FIELD_LIST, false, 1,
		WISHES_UNWANTED_MAX, .element = &unwanted_item };
	wishes_fields[4] = (struct field){ 8, "skills", FIELD_LIST, false, 1,
		WISHES_SKILLS_MAX, .element = &skill_item };
	wishes_fields[5] =
	    (struct field){ 10, "hours_day_max", FIELD_UINT, false, 1, 24 };
	wishes_fields[6] =
	    (struct field){ 12, "days_week_max", FIELD_UINT, false, 1, 7 };
	wishes_fields[7] =
	    (struct field){ 14, "free_from", FIELD_UINT, false, 1, UINT32_MAX };
	wishes_fields[8] = (struct field){ 16, "free_until", FIELD_UINT, false,
		1, UINT32_MAX };
	wishes_fields[9] =
	    (struct field){ 18, "time_zone", FIELD_INT, false, -720, 840 };
	wishes_fields[10] =
	    (struct field){ 20, "zone_shift_max", FIELD_UINT, false, 0, 720 };
	wishes_form = (struct schema){ .fields = wishes_fields };
	return &wishes_form;
}

static uint64_t
term_value(const struct value *v)
{
	return v != NULL && v->type == VALUE_BIN && v->s.n == TERM_ID
		   ? get_u64be(v->s.p)
		   : 0;
}

static uint64_t
uint_value(const struct value *map, uint64_t key)
{
	const struct value *v = value_find(map, key);

	return v != NULL && v->type == VALUE_UINT ? v->u : 0;
}

static void
calendar_from(const struct value *v, struct wishes *out)
{
	const struct value *zone = value_find(v, 18);

	out->hours_week_max = (uint32_t)uint_value(v, 2);
	out->hours_day_max = (uint32_t)uint_value(v, 10);
	out->days_week_max = (uint32_t)uint_value(v, 12);
	out->free_from = (uint32_t)uint_value(v, 14);
	out->free_until = (uint32_t)uint_value(v, 16);
	out->zone_shift_max = (uint32_t)uint_value(v, 20);
	if (zone == NULL)
		return;
	out->zone_told = true;
	out->time_zone =
	    (int16_t)(zone->type == VALUE_INT ? zone->i : (int64_t)zone->u);
}

static void
wishes_from(const struct value *v, struct wishes *out)
{
	const struct value *pay = value_find(v, 0);
	const struct value *contracts = value_find(v, 4);
	const struct value *unwanted = value_find(v, 6);
	const struct value *skills = value_find(v, 8);

	if (pay != NULL) {
		const struct value *currency = value_find(pay, 2);
		out->floor.min = uint_value(pay, 0);
		out->floor.period = (uint32_t)uint_value(pay, 4);
		if (currency != NULL && currency->s.n == 3)
			memcpy(out->floor.currency, currency->s.p, 3);
	}
	calendar_from(v, out);
	for (uint32_t i = 0; contracts != NULL && i < contracts->n; i++)
		if (contracts->items[i].u < 32)
			out->contract_mask |= 1U << contracts->items[i].u;
	for (uint32_t i = 0; unwanted != NULL && i < unwanted->n &&
			     out->unwanted_n < WISHES_UNWANTED_MAX;
	     i++)
		out->unwanted[out->unwanted_n++] =
		    term_value(&unwanted->items[i]);
	for (uint32_t i = 0; skills != NULL && i < skills->n &&
			     out->skills_n < WISHES_SKILLS_MAX;
	     i++)
		out->skills[out->skills_n++] = (struct graded_term){
			term_value(value_find(&skills->items[i], 0)),
			TERM_NOWHERE, (uint8_t)uint_value(&skills->items[i], 2)
		};
}

err
wishes_read(const json_t *in, struct wishes *out, struct payload_fault *f)
{
	struct value value;

	*out = (struct wishes){ 0 };
	if (in == NULL || json_is_null(in))
		return OK;
	void *memory = malloc(PAYLOAD_ARENA_BYTES);
	if (memory == NULL)
		return ERR_NOMEM;
	struct arena arena = arena_of(memory, PAYLOAD_ARENA_BYTES);
	const err e = payload_from_json(wishes_schema(), in, &arena, &value, f);
	if (e == OK)
		wishes_from(&value, out);
	free(memory);
	return e;
}
