/*
 * company/template.h: offers that are written once and filled in for each
 * demand and card. A template has the words and the pledge of an offer; in its
 * texts stand places such as {title}, which the demand and the card fill when
 * it is sent. {has|what you can do} says what stands there when nothing is
 * known; without that the offer is refused, never sent with a hole in it.
 * "{{" is a brace. The deadline of its pledge is told in days from then on.
 *
 *   {activity, role, note, pledge{kind, hours, amount, currency, days,
 *    conditions}}; all may be absent
 *
 * In the vault, per persona: template/NAME. For the loop's thread.
 */
#pragma once

#include "node/node.h"
#include "node/record/payload_json.h"

#define TEMPLATES_MAX     64 /* of one persona */
#define TEMPLATE_NAME_MAX 32
#define TEMPLATE_TEXT_MAX 1200 /* bytes of a text with its places */
#define TEMPLATE_DAYS_MAX 1095

/** template_places(): "{title} {id} ...", what may be filled in. */
const char *template_places(void);

/** templates_json(n, persona): [{name, changed, activity, ...}] by name. */
json_t *templates_json(struct node *n, uint32_t persona);

/** template_json(n, persona, name): one; NULL: there is none. */
json_t *template_json(struct node *n, uint32_t persona, const char *name);

/**
 * template_keep(n, persona, name, what, f):
 * New or in the place of the one with that name. ERR_FORM with ${f}; ERR_LIMIT:
 * TEMPLATES_MAX; ERR_IO, ERR_NOMEM.
 */
NODISCARD err template_keep(struct node *n, uint32_t persona, const char *name,
    const json_t *what, struct payload_fault *f);

/** template_drop(n, persona, name): ERR_NOTFOUND; ERR_IO. */
NODISCARD err template_drop(struct node *n, uint32_t persona, const char *name);

/**
 * template_facts(demand, card, company, language):
 * What the places stand for: {title: "...", ...}, those that are known alone.
 * ${demand}, ${card}: payloads as JSON with labels, or NULL; ${company}: a
 * name or NULL; ${language}: code of payload texts, or 0.
 */
json_t *template_facts(const json_t *demand, const json_t *card,
    const char *company, const char *language);

/**
 * template_fill(t, facts, now_h, terms, f):
 * Into ${terms}, the JSON of an offer's terms, what is not there yet. ERR_FORM
 * with ${f}: nothing is known for a place that has no other words.
 */
NODISCARD err template_fill(const json_t *t, const json_t *facts,
    uint64_t now_h, json_t *terms, struct payload_fault *f);
