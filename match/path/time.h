/*
 * path/time.h: when a set of offers is done, in weeks from now.
 *
 * - An offer at one's own pace takes the hours that are left in the weeks
 *   from when it may begin (its start, if it has one), until it has all of
 *   its hours.
 * - An offer with weeks takes the same hours in each of them (rounded up),
 *   one week after the other; with a start it begins then, else in the first
 *   week from which all of them have the hours free.
 * - What an offer needs is finished before it begins; what goes at one's own
 *   pace may end and begin in the same week.
 *
 * Offers with a start have their hours first, then come the others, in the
 * order that ends soonest; what neither needs nor is needed fills up.
 */
#pragma once

#include "match/path/cover.h"

/* Cumulated free hours: what no schedule can beat. */
struct time_table {
	uint32_t before[COVER_WEEKS_MAX + 1]; /* free hours before a week */
	uint16_t weeks_n;
};
void time_table_init(struct time_table *t, const struct cover_problem *p);

/** time_least(t, hours): weeks that so many hours take, or COVER_NEVER. */
uint16_t time_least(const struct time_table *t, uint64_t hours);

/** time_hours(o): hours that it takes from the weeks in all. */
uint32_t time_hours(const struct cover_offer *o);

/**
 * time_plan(p, way, sure):
 * Sets from, end and weeks, and sorts the offers by start. ${sure} is left
 * alone, or set to false if not all orders could be tried. false: the set
 * cannot be done in ${p}->weeks_n weeks.
 */
bool time_plan(
    const struct cover_problem *p, struct cover_way *way, bool *sure);
