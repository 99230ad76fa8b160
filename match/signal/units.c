/* What signals are counted in: measures, industries, weeks, bins. */
#include <stdio.h>

#include "match/signal/signal.h"

const char *
signal_measure_name(enum signal_measure m)
{
	static const char *const names[SIGNAL_MEASURES] = { "supply", "wanted",
		"demand", "taught", "opened", "filled" };

	return names[m];
}

/* ---- industries ---- */

static const struct {
	const char *name, *title;
	uint8_t first, last; /* divisions of ISIC rev. 4; 0: none */
} sectors[SECTORS] = {
	{ "all", "all industries", 0, 0 },
	{ "A", "agriculture, forestry, fishing", 1, 3 },
	{ "B", "mining", 5, 9 },
	{ "C", "manufacturing", 10, 33 },
	{ "D", "electricity, gas, steam", 35, 35 },
	{ "E", "water, waste", 36, 39 },
	{ "F", "construction", 41, 43 },
	{ "G", "trade, repair of vehicles", 45, 47 },
	{ "H", "transport, storage", 49, 53 },
	{ "I", "accommodation, food service", 55, 56 },
	{ "J", "information, communication", 58, 63 },
	{ "K", "finance, insurance", 64, 66 },
	{ "L", "real estate", 68, 68 },
	{ "M", "professional, scientific, technical", 69, 75 },
	{ "N", "administrative, support", 77, 82 },
	{ "O", "public administration", 84, 84 },
	{ "P", "education", 85, 85 },
	{ "Q", "health, social work", 86, 88 },
	{ "R", "arts, entertainment, recreation", 90, 93 },
	{ "S", "other services", 94, 96 },
	{ "T", "households as employers", 97, 98 },
	{ "U", "extraterritorial organisations", 99, 99 },
	{ "isco-0", "armed forces occupations", 0, 0 },
	{ "isco-1", "managers", 0, 0 },
	{ "isco-2", "professionals", 0, 0 },
	{ "isco-3", "technicians, associate professionals", 0, 0 },
	{ "isco-4", "clerical support", 0, 0 },
	{ "isco-5", "service and sales", 0, 0 },
	{ "isco-6", "skilled agricultural, forestry, fishery", 0, 0 },
	{ "isco-7", "craft and related trades", 0, 0 },
	{ "isco-8", "plant and machine operators", 0, 0 },
	{ "isco-9", "elementary occupations", 0, 0 },
	{ "unknown", "not told", 0, 0 },
};

const char *
sector_name(uint8_t sector)
{
	return sector < SECTORS ? sectors[sector].name : "";
}

const char *
sector_title(uint8_t sector)
{
	return sector < SECTORS ? sectors[sector].title : "";
}

uint8_t
sector_of_isic(struct slice industry)
{
	unsigned division;

	if (industry.n >= 1 &&
	    ((industry.p[0] >= 'A' && industry.p[0] <= 'U') ||
		(industry.p[0] >= 'a' && industry.p[0] <= 'u')))
		return (uint8_t)(SECTOR_ISIC_A + (industry.p[0] | 32) - 'a');
	if (industry.n < 2 || industry.p[0] < '0' || industry.p[0] > '9' ||
	    industry.p[1] < '0' || industry.p[1] > '9')
		return SECTOR_UNKNOWN;
	division = (industry.p[0] - '0') * 10U + (industry.p[1] - '0');
	for (uint8_t s = SECTOR_ISIC_A; s < SECTOR_ISCO_0; s++)
		if (division >= sectors[s].first && division <= sectors[s].last)
			return s;
	return SECTOR_UNKNOWN;
}

static bool
same_name(const char *a, const char *b)
{
	for (; *a != 0 && *b != 0; a++, b++)
		if ((*a >= 'A' && *a <= 'Z' ? *a + 32 : *a) !=
		    (*b >= 'A' && *b <= 'Z' ? *b + 32 : *b))
			return false;
	return *a == *b;
}

bool
sector_find(const char *text, uint8_t *out)
{
	for (uint8_t s = 0; s < SECTORS; s++)
		if (same_name(text, sectors[s].name)) {
			*out = s;
			return true;
		}
	return false;
}

/* ---- weeks ---- */

/* 1970-01-01 was a Thursday, which its week is named after. */
#define THURSDAY 3

uint32_t
week_of_hour(uint64_t hour)
{
	return (uint32_t)((hour / 24 + THURSDAY) / 7);
}

uint64_t
week_begins(uint32_t week)
{
	return week == 0 ? 0 : ((uint64_t)week * 7 - THURSDAY) * 24;
}

static bool
is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

void
week_text(uint32_t week, char out[SIGNAL_WEEK_TEXT])
{
	/* The year of a week is that of its Thursday. */
	uint64_t days = (uint64_t)week * 7;
	unsigned year = 1970;

	while (year < 9999 && days >= (is_leap(year) ? 366U : 365U))
		days -= is_leap(year++) ? 366U : 365U;
	(void)snprintf(out, SIGNAL_WEEK_TEXT, "%04u-W%02u", year,
	    (unsigned)(days / 7 % 53) + 1);
}

/* ---- distributions ---- */

uint32_t
signal_bin(uint64_t value)
{
	const uint32_t bin = value <= 1 ? 0 : log2_sixteenths(value) / 4;

	return MIN(bin, SIGNAL_BINS - 1U);
}

uint64_t
signal_bin_value(uint32_t bin)
{
	/* 2^16 times 2^((1 + 2 i) / 8): the middle of a quarter octave */
	static const uint32_t part[4] = { 71468, 84990, 101070, 120194 };
	const unsigned octave = bin / 4;

	/* Small whole numbers are bins of their own. */
	if (bin == 0)
		return 1;
	return octave >= 16
		   ? (uint64_t)part[bin % 4] << (octave - 16)
		   : ((uint64_t)part[bin % 4] + (1U << (15 - octave))) >>
			 (16 - octave);
}

void
signal_bins_add(struct signal_bins *b, uint64_t value)
{
	b->n++;
	b->bin[signal_bin(value)]++;
}

void
signal_bins_merge(struct signal_bins *to, const struct signal_bins *b)
{
	to->n += b->n;
	for (size_t i = 0; i < SIGNAL_BINS; i++)
		to->bin[i] += b->bin[i];
}

uint64_t
signal_bins_quantile(const struct signal_bins *b, uint32_t permille)
{
	const uint64_t rank = ((uint64_t)b->n * permille + 999) / 1000;
	uint64_t seen = 0;

	if (b->n == 0)
		return 0;
	for (uint32_t i = 0; i < SIGNAL_BINS; i++) {
		seen += b->bin[i];
		if (seen >= MAX(rank, 1U))
			return signal_bin_value(i);
	}
	return 0;
}
