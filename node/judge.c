#include "node/judge.h"

/*
 * Ours has come back from the network: the store must note it. A copy with
 * another signature proves nothing.
 */
static bool
came_back(struct store_view *view, const struct judging *j,
    const struct store_held *held)
{
	struct store_record mine;

	return !j->own && held->own && !held->heard &&
	       store_get(view, j->record.id, &mine) == OK &&
	       slice_eq(mine.bytes, j->record.bytes);
}

bool
judge_before(struct store *store, struct slice bytes,
    const struct record_rules *rules, struct arena *scratch, struct judging *j)
{
	struct store_view *view = NULL;
	struct store_held held = { 0 };
	bool go_on = false;

	j->outcome = record_open(bytes, rules, scratch, &j->record);
	if (j->outcome != RECORD_FINE)
		return false;
	if (store_view_open(store, &view) != OK) {
		j->outcome = RECORD_QUEUE_FULL;
		return false;
	}
	if (store_look(view, &j->record, rules->now_s, &j->outcome, &held) !=
	    OK) {
		j->outcome = RECORD_QUEUE_FULL;
	} else if (j->outcome == RECORD_FINE) {
		go_on = true;
	} else if (j->outcome == RECORD_DUPLICATE) {
		j->rid = held.rid;
		go_on = j->verified = came_back(view, j, &held);
	}
	store_view_close(view);
	return go_on;
}

/*
 * A good record under a wrong topic is forgotten too: the id of a message
 * does not tell its topic, so who sends it there first would keep it from us
 * where it belongs.
 */
enum gossip_verdict
judge_verdict(const struct judge_result *r)
{
	const enum record_outcome o = r->outcome;

	/* A store that is full stays so: no need to verify each copy. */
	if (r->over_quota)
		return GOSSIP_IGNORE;
	if (o == RECORD_QUEUE_FULL || o == RECORD_RATE_LIMITED ||
	    o == RECORD_FROM_FUTURE || o == RECORD_EXPIRED ||
	    o == RECORD_WRONG_CLASS)
		return GOSSIP_FORGET;
	switch (record_verdict(o)) {
	case VERDICT_ACCEPT:
		return GOSSIP_ACCEPT;
	case VERDICT_REJECT:
		return GOSSIP_REJECT;
	case VERDICT_IGNORE:
		break;
	}
	return GOSSIP_IGNORE;
}
