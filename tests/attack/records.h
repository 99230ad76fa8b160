/*
 * records.h: attacks on single records: censored (S5), swallowed, replayed,
 * forged; and a network that fell into two (S11).
 */
#pragma once

#include "tests/attack/attack.h"

void attack_s5(const struct attack_options *o, struct attack_result *r);
void attack_holes(const struct attack_options *o, struct attack_result *r);
void attack_s11(const struct attack_options *o, struct attack_result *r);
void attack_replay(const struct attack_options *o, struct attack_result *r);
void attack_forged(const struct attack_options *o, struct attack_result *r);
