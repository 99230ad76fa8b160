/*
 * spy.h: attacks on anonymous publishing (proto/stem): peers that swallow
 * what is handed to them (S8), and spies that want to know where a persona
 * publishes (S9).
 *
 * The spies behave: they pass on, store, sync and hand on as all do, and are
 * known to the others as any node. Together they note who handed them a
 * record by the stem, or else who of all sent one of them its first copy by
 * gossip, and let the records of a persona vote. Beside that they ask by
 * crafted IWANT who else has what they were handed, sync all the time, with
 * narrow scopes too, and watch what nodes subscribe to (probe.h). They do not
 * weigh times.
 */
#pragma once

#include "tests/attack/attack.h"

void attack_s8(const struct attack_options *o, struct attack_result *r);
void attack_s9(const struct attack_options *o, struct attack_result *r);
void attack_s9_fifth(const struct attack_options *o, struct attack_result *r);
void attack_s9_first(const struct attack_options *o, struct attack_result *r);
