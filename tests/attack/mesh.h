/*
 * mesh.h: attacks on the gossip mesh by sybils: scenarios S1 to S4 of the
 * evaluation of gossipsub v1.1 (arXiv 2007.02754), at our scale. S1 is the
 * same world in peace.
 */
#pragma once

#include "tests/attack/attack.h"

void attack_s1(const struct attack_options *o, struct attack_result *r);
void attack_s2(const struct attack_options *o, struct attack_result *r);
void attack_s3(const struct attack_options *o, struct attack_result *r);
void attack_s4(const struct attack_options *o, struct attack_result *r);
