/*
 * cli/pledge.h: pledges, dates and amounts of money as people write and read
 * them on the command line.
 */
#pragma once

#include "node/cli/cli.h"

/** show_pledge(cli, p): a line in words; ${p} may be no object: nothing. */
void show_pledge(struct cli *cli, const json_t *p);

/** pledge_read(text): "kind=course,amount=800,currency=EUR,hours=40,
 * deadline=2027-03-01" as JSON, the caller's; NULL: it is not that. */
json_t *pledge_read(const char *text);

/** date_hour(text): "2027-03-01": the hour at its end, UTC; 0: no date. */
int64_t date_hour(const char *text);

/** amount_of(text): "800" or "800.50" in hundredths; 0: no amount. */
int64_t amount_of(const char *text);

/** show_pledge_counts(cli, counts): of a ledger: pledged, kept, broken. */
void show_pledge_counts(struct cli *cli, const json_t *c);
