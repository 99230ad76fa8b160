/*
 * flood.h: attacks by number: messages that are not even records (S6), and
 * good records of ever new authors (S7).
 */
#pragma once

#include "tests/attack/attack.h"

void attack_s6(const struct attack_options *o, struct attack_result *r);
void attack_s7(const struct attack_options *o, struct attack_result *r);
