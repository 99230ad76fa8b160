/*
 * ring.h: S12: rings of fakes that sign for each other, against the proved
 * bound of Learnability (SPEC.md, section 21, P5). No network takes part: the
 * worlds are those of tests/eval/rings.h, of which `./dev rings` prints each
 * line.
 */
#pragma once

#include "tests/attack/attack.h"

void attack_s12(const struct attack_options *o, struct attack_result *r);
