#include "node/record/judge.h"

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
judge_before(struct store_view *view, struct slice bytes,
    const struct record_rules *rules, struct arena *scratch, struct judging *j)
{
	struct store_held held = { 0 };

	j->outcome = record_open(bytes, rules, scratch, &j->record);
	j->parsed = j->outcome == RECORD_FINE;
	if (!j->parsed)
		return false;
	if (store_look(view, &j->record, rules->now_s, &j->outcome, &held) !=
	    OK) {
		j->outcome = RECORD_QUEUE_FULL;
		return false;
	}
	if (j->outcome == RECORD_DUPLICATE) {
		j->rid = held.rid;
		j->verified = came_back(view, j, &held);
	}
	return j->outcome == RECORD_FINE || j->verified;
}

bool
judge_copy(const struct judging *first, struct judging *copy)
{
	const enum record_outcome o = first->outcome;

	if (first->verified && copy->own != first->own) {
		copy->verified = true;
		return false;
	}
	copy->rid = first->rid;
	copy->outcome = o == RECORD_STORED    ? RECORD_DUPLICATE
			: o == RECORD_RELAYED ? RECORD_OUT_OF_SCOPE
					      : o;
	return true;
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

	/* Once only, since from now on it is not hidden; and only what was:
	 * an open record is known, and would be passed on when it is replayed. */
	if (r->came_back)
		return GOSSIP_ACCEPT;
	/* When there is room again, sync brings it; no need of each copy. */
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
