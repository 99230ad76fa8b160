/*
 * cli/match.h: what the commands about matches share.
 */
#pragma once

#include "node/cli/commands.h"

/** money_text(out, cap, amount, currency): " 1500.00 EUR". */
void money_text(char *out, size_t cap, int64_t amount, const char *currency);

/** pays_text(list, out, cap): what a posting invests; "-": nothing. */
void pays_text(const json_t *list, char *out, size_t cap);

/** list_line(cli, name, list): the labels of a list, nothing if empty. */
void list_line(struct cli *cli, const char *name, const json_t *list);

/** step_line(cli, step, person): the next step, in words for its reader. */
void step_line(struct cli *cli, const json_t *step, bool person);

/** draft_body(cli, body): of --draft FILE, {"demand": ...}; the exit code. */
int draft_body(struct cli *cli, json_t **body);

/** by_draft(cli): was --draft given? */
bool by_draft(const struct cli *cli);
