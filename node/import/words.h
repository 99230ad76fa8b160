/*
 * import/words.h: what people write in tables: names of columns in English,
 * German, French and Spanish, salaries in one cell, languages with a level in
 * words, towns with a country. Nothing is guessed: what is not understood is
 * said to be so. Private to node/import/.
 */
#pragma once

#include "node/import/parts.h"

/**
 * column_alias(kind, name): our column that ${name} (lower case, words joined
 * by '_', as in "type_de_contrat") means in a table of ${kind}; NULL: none.
 */
const char *column_alias(uint32_t kind, const char *name);

/* A salary in one cell; what it does not say is 0 or "". */
struct salary {
	char low[24], high[24]; /* as money_get() reads them */
	char currency[4];
	const char *period; /* "hour" to "year", or NULL */
};

/**
 * salary_get(s, out):
 * "3000-3500 EUR/month", "45.000 € brutto/Jahr", "ab 60k EUR p.a.". A single
 * amount is both ends, unless it says "from" or "up to". false: no amount, or
 * more than a range of two.
 */
bool salary_get(struct slice s, struct salary *out);

/** period_get(s): "month" of "Monat", "per month", "mtl."; NULL: none, two. */
const char *period_get(struct slice s);

/** contract_get(s): "permanent" of "unbefristet"; NULL: not known. */
const char *contract_get(struct slice s);

/** workplace_get(s): "remote" of "Homeoffice"; NULL: not known. */
const char *workplace_get(struct slice s);

/* A language with a level: 1 to 7, 0 if it was not said. */
struct spoken {
	uint32_t language;
	unsigned level;
	bool strange; /* words about a level that were not understood */
};

/**
 * spoken_get(s, out): "de:B2", "German B1", "fließend Englisch", "Deutsch
 * (C1)". false: there is no language in it.
 */
bool spoken_get(struct slice s, struct spoken *out);

/**
 * country_get(s, out): the country of "Germany", "DE", "Lyon, France",
 * "Bern (CH)"; ${town} is what stands before it. Two letters behind a town
 * that are also a state of the USA are no country, unless they are ${own},
 * the region of the node (may be NULL). false: no country is named.
 */
bool country_get(
    struct slice s, const char *own, char out[3], struct slice *town);
