/*
 * signals.h: the counters of match/signal/signal.h over what this node holds, and
 * the weeks that have passed. Counted on worker threads, one at a time: from
 * the numbers of arrival on, so that a look costs what has arrived since the
 * last one; anew when the vocabulary is another. What may be shown is worked
 * out again when something has changed.
 *
 * Each week has a file in `signals/` of the data directory, written with
 * file_replace(): what could be shown at its end (match/signal/week.h), in
 * no case more. The file of the week at hand is written each hour and when
 * the node stops. Weeks in which the node did not run are missing. What the
 * files hold cannot be found again from the store; they are small.
 */
#pragma once

#include "match/signal/signal.h"
#include "node/node.h"

struct signals;

/** signals_open(n): sets ${n}->signals; makes the directory. ERR_NOMEM;
 * without a directory there are no past weeks, which the log says. */
NODISCARD err signals_open(struct node *n);

/** signals_tick(n): each second; now and then counts on a worker. */
void signals_tick(struct node *n);

/** signals_stop(n): write the week down; no work begins any more. */
void signals_stop(struct node *n);

/** signals_free(s): when the loop has ended. NULL is fine. */
void signals_free(struct signals *s);

/* On a worker, with what its task has. */

/**
 * signals_take(s, view, terms, now_s, k_people, out):
 * What may be shown as of now, for the caller alone until signals_give(),
 * which must follow soon after OK. ${k_people} above the default makes a
 * release of its own. ERR_LIMIT: all is being counted for the first time;
 * ERR_NOMEM, ERR_IO, ERR_CORRUPT.
 */
NODISCARD err signals_take(struct signals *s, struct store_view *view,
    const struct terms *terms, uint64_t now_s, uint32_t k_people,
    const struct signal_release **out);
void signals_give(struct signals *s, const struct signal_release *r);

/**
 * signals_weeks(s, from, to, fn, ctx): the weeks [from, to) that have a file,
 * in order; false ends the walk. Files that are damaged are passed over.
 * ERR_NOMEM. Not while a release is taken.
 */
struct signal_week;
NODISCARD err signals_weeks(struct signals *s, uint32_t from, uint32_t to,
    bool (*fn)(void *ctx, const struct signal_week *w), void *ctx);

/** signals_stats(s, out, refreshed_s): as of the last count; any thread. */
void signals_stats(
    struct signals *s, struct signal_stats *out, uint64_t *refreshed_s);
