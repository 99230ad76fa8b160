#include "match/index/index.h"

static bool
region_wanted(const struct index_filter *f, const char region[3])
{
	bool in = f->regions_n == 0;

	for (uint16_t i = 0; i < f->regions_n && !in; i++)
		in = strncmp(f->regions[i], region, 2) == 0;
	return in;
}

static bool
language_wanted(const struct index_filter *f, uint32_t language)
{
	for (uint16_t i = 0; i < f->languages_n; i++) {
		if (f->languages[i] == language)
			return true;
	}
	return false;
}

static bool
bit_wanted(uint32_t mask, uint32_t bit)
{
	return mask == 0 || (mask >> (bit & 31) & 1) != 0;
}

bool
index_filter_card(const struct index_filter *f, const struct card *c)
{
	bool spoken = f->languages_n == 0;

	if (!region_wanted(f, c->region) || !bit_wanted(f->remote, c->remote) ||
	    !bit_wanted(f->hours, c->hours) ||
	    (f->seeks != 0 && (c->seeks & f->seeks) == 0))
		return false;
	for (uint16_t i = 0; i < c->languages_n && !spoken; i++)
		spoken = language_wanted(f, c->languages[i].language);
	return spoken;
}

bool
index_filter_posting(const struct index_filter *f, const struct posting *p)
{
	const uint32_t hours = posting_hours_week(p);

	if (!region_wanted(f, p->region) || !bit_wanted(f->remote, p->remote) ||
	    !bit_wanted(f->types, p->type) ||
	    !bit_wanted(f->contracts, p->contract))
		return false;
	if (f->hours_max > 0 && (hours == 0 || hours > f->hours_max))
		return false;
	if (f->pay.min > 0 &&
	    (!pay_comparable(p, &f->pay) ||
		MAX(p->pay.min, p->pay.max) < pay_floor(p, &f->pay)))
		return false;
	for (uint16_t i = 0; i < p->languages_n && f->languages_n > 0; i++) {
		if (!language_wanted(f, p->languages[i].language))
			return false;
	}
	return true;
}
