#include "node/import/cells.h"

#include <ctype.h>
#include <stdio.h>

#include "node/import/words.h"

static bool
currency_cell(
    struct import_draft *d, struct slice s, const char *column, char out[4])
{
	const char *better;
	char hint[48];

	if (currency_get(s, out, &better))
		return true;
	(void)snprintf(hint, sizeof(hint),
	    better[0] != 0 ? "write %s" : "write a code like EUR", better);
	if (s.n == 0)
		import_fail(d, column, hint, "money needs a currency");
	else
		import_fail(d, column, hint,
		    "unknown currency \"%.*s\": needs an ISO 4217 code",
		    SHOWN(s));
	return false;
}

static void
money_cell(struct import_draft *d, json_t *into, const char *name,
    struct slice s, const char *currency, const char *column)
{
	uint64_t minor;

	if (s.n == 0)
		return;
	if (!money_get(s, currency, &minor))
		import_fail(d, column, "write it like 3200 or 17.50",
		    "\"%.*s\" is no amount of %s", SHOWN(s), currency);
	else
		(void)json_object_set_new(
		    into, name, json_integer((json_int_t)minor));
}

void
cell_pay(struct import_draft *d, const struct sheet *t)
{
	const struct slice low = sheet_cell(t, "pay_min"),
			   high = sheet_cell(t, "pay_max");
	char currency[4];

	if ((low.n == 0 && high.n == 0) ||
	    !currency_cell(d, sheet_cell(t, "currency"), "currency", currency))
		return;
	json_t *pay = json_object();
	(void)json_object_set_new(d->draft, "pay", pay);
	money_cell(d, pay, "min", low, currency, "pay_min");
	money_cell(d, pay, "max", high, currency, "pay_max");
	(void)json_object_set_new(pay, "currency", json_string(currency));
	const char *said = period_get(sheet_cell(t, "period"));
	json_t *period = said != NULL
			     ? json_string(said)
			     : clean_text(sheet_cell(t, "period"), 20, NULL);
	if (period == NULL)
		import_fail(d, "period", "write hour, day, week, month or year",
		    "pay needs a period");
	else
		(void)json_object_set_new(pay, "period", period);
}

/* A salary in one cell. What it does not say is not guessed. */
void
cell_salary(struct import_draft *d, const struct sheet *t)
{
	const struct slice s = sheet_cell(t, "salary"),
			   code = sheet_cell(t, "currency");
	const char *better = "", *period;
	struct salary pay;
	uint64_t low = 0, high = 0;

	if (s.n == 0 || json_object_get(d->draft, "pay") != NULL)
		return;
	if (!salary_get(s, &pay)) {
		import_note(d, "salary", "write it like 3000-3500 EUR/month",
		    "\"%.*s\" was not understood and left out", SHOWN(s));
		return;
	}
	if (pay.currency[0] == 0 && !currency_get(code, pay.currency, &better))
		(void)snprintf(
		    pay.currency, sizeof(pay.currency), "%s", better);
	period = pay.period != NULL ? pay.period
				    : period_get(sheet_cell(t, "period"));
	if (pay.currency[0] == 0 || period == NULL) {
		import_note(d, "salary",
		    "write it like 3000-3500 EUR/month, or add the columns "
		    "currency and period",
		    "\"%.*s\" names no %s and was left out", SHOWN(s),
		    pay.currency[0] != 0 ? "period"
		    : period != NULL     ? "currency"
					 : "currency and no period");
		return;
	}
	if ((pay.low[0] != 0 &&
		!money_get(slice_str(pay.low), pay.currency, &low)) ||
	    (pay.high[0] != 0 &&
		!money_get(slice_str(pay.high), pay.currency, &high)) ||
	    (pay.low[0] != 0 && pay.high[0] != 0 && low > high)) {
		import_note(d, "salary", "write it like 3000-3500 EUR/month",
		    "\"%.*s\" was not understood and left out", SHOWN(s));
		return;
	}
	json_t *o = json_object();
	if (pay.low[0] != 0)
		(void)json_object_set_new(
		    o, "min", json_integer((json_int_t)low));
	if (pay.high[0] != 0)
		(void)json_object_set_new(
		    o, "max", json_integer((json_int_t)high));
	(void)json_object_set_new(o, "currency", json_string(pay.currency));
	(void)json_object_set_new(o, "period", json_string(period));
	(void)json_object_set_new(d->draft, "pay", o);
}

void
cell_cost(struct import_draft *d, const struct sheet *t)
{
	struct slice s = sheet_cell(t, "cost");
	struct salary price;
	char currency[4];

	if (s.n == 0)
		return;
	/* "490 EUR" in one cell */
	if (sheet_cell(t, "currency").n == 0 && salary_get(s, &price) &&
	    price.currency[0] != 0 && price.high[0] != 0 &&
	    strcmp(price.low, price.high) == 0) {
		memcpy(currency, price.currency, sizeof(currency));
		s = slice_str(price.low);
	} else if (!currency_cell(
		       d, sheet_cell(t, "currency"), "currency", currency))
		return;
	json_t *cost = json_object();
	(void)json_object_set_new(d->draft, "cost", cost);
	money_cell(d, cost, "amount", s, currency, "cost");
	(void)json_object_set_new(cost, "currency", json_string(currency));
}

/* "course-budget 1500 EUR", "training-time 40h", "certificate" */
void
cell_invests(struct import_draft *d, const struct sheet *t)
{
	struct slice rest = sheet_cell(t, "invests"), part, word, amount, code;
	char currency[4];
	uint64_t hours;

	while (slice_split(&rest, ";\n", &part)) {
		const struct slice whole = part;
		json_t *out = json_object();
		(void)json_array_append_new(
		    import_list(d->draft, "invests"), out);
		if (slice_split(&part, " ", &word))
			(void)json_object_set_new(
			    out, "kind", clean_text(word, 40, NULL));
		if (!slice_split(&part, " ", &amount))
			continue;
		struct slice number = amount;
		if (number.n > 1 && tolower(number.p[number.n - 1]) == 'h') {
			number.n--;
			if (slice_number(number, &hours)) {
				(void)json_object_set_new(out, "hours",
				    json_integer((json_int_t)hours));
				continue;
			}
		}
		if (!slice_split(&part, " ", &code)) {
			import_fail(d, "invests",
			    "write \"course-budget 1500 EUR\" or "
			    "\"training-time 40h\"",
			    "\"%.*s\" has neither hours nor a currency",
			    SHOWN(whole));
			continue;
		}
		if (!currency_cell(d, code, "invests", currency))
			continue;
		money_cell(d, out, "amount", amount, currency, "invests");
		(void)json_object_set_new(
		    out, "currency", json_string(currency));
	}
}
