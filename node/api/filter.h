/*
 * api/filter.h: what a user wants to see of a list of matches: regions,
 * languages, hours, remote work, kinds of posting, a floor of pay. A filter
 * hides and never changes a score. A record without a region, a kind or a
 * place is not hidden: that is a question to ask. One without the hours, the
 * pay or, of a person, the languages that are asked for is.
 */
#pragma once

#include "match/index/index.h"
#include "node/http/http.h"

#define FILTER_REGIONS_MAX   16
#define FILTER_LANGUAGES_MAX 16

/* Zeros: everything passes. */
struct match_filter {
	struct index_filter index; /* points into this very struct */
	char regions[FILTER_REGIONS_MAX + 1][3];
	uint32_t languages[FILTER_LANGUAGES_MAX];
	bool demands, courses; /* which lists a person wants; hides nothing */
};

/**
 * filter_read(r, out):
 * ?region=de,at &language=de,en &hours=20 &remote=1 &kind=job,gig,course
 * &pay=3000EUR/month (in the currency's unit, two decimals at most). Hours a
 * week: of a posting at most, of a person at least. ${out} must not be moved
 * afterwards. false: answered with 422.
 */
NODISCARD bool filter_read(struct http_request *r, struct match_filter *out);

/** filter_pay_get(text, out): "3000EUR/month"; ERR_FORM. */
NODISCARD err filter_pay_get(const char *text, struct pay *out);
