/*
 * records.h: attacks by records: censored, replayed, forged, too many; and a
 * network that fell into two.
 */
#pragma once

#include "tests/attack/attack.h"

void attack_s5(const struct attack_options *o, struct attack_result *r);
void attack_holes(const struct attack_options *o, struct attack_result *r);
void attack_s7(const struct attack_options *o, struct attack_result *r);
void attack_s11(const struct attack_options *o, struct attack_result *r);
void attack_replay(const struct attack_options *o, struct attack_result *r);
void attack_forged(const struct attack_options *o, struct attack_result *r);
