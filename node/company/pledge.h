/*
 * company/pledge.h: pledges as agreements state them and outcomes settle
 * them, given and received, of all personas of this node: what is owed, due,
 * overdue, kept. Read from the documents each time; beside a pledge given
 * stands its place in the ledger (ledger.h).
 *
 *   owed      not due yet             kept, partly, broken  both signed so
 *   due       in the 30 days after    claimed   the person alone says broken
 *   overdue   after them, in no ledger yet    lapsed  so entered
 */
#pragma once

#include "node/company/practice.h"
#include "node/node.h"

/**
 * pledges_json(n, persona, side, state):
 * {pledges[], totals[]}; ${persona} < 0: all; ${side} "given" or "received",
 * ${state} one of the words above; NULL: all. Totals are of what is listed.
 */
json_t *pledges_json(
    struct node *n, int persona, const char *side, const char *state);

/** practice_facts_of(n, persona, facts): of the own ledger and documents. */
void practice_facts_of(
    struct node *n, uint32_t persona, struct practice_facts *facts);

/** practice_json(facts, claimed): {claimed, shown, allow, says, criteria[]};
 * ${claimed} 0: nothing. */
json_t *practice_json(const struct practice_facts *facts, unsigned claimed);

/** counts_json(c, overdue_known): of a ledger. */
json_t *counts_json(const struct ledger_counts *c, bool overdue_known);
