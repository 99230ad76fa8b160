/*
 * api/template.h: an offer template, filled in for one demand and one card.
 */
#pragma once

#include "node/api/parts.h"

struct template_use {
	const char *name;
	uint64_t demand_rid; /* of the own demand */
	uint64_t card_rid;   /* of the card it goes to; 0: none, as of a hand */
};

/** template_into_terms(n, r, persona, use, terms): what ${terms} does not have
 * yet; false: answered. */
bool template_into_terms(struct node *n, struct http_request *r,
    uint32_t persona, const struct template_use *use, json_t *terms);
