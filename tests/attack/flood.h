/*
 * flood.h: attacks on the resources of a node: invalid messages, readers that
 * do not read, bytes that are to be kept.
 */
#pragma once

#include "tests/attack/attack.h"

void attack_s6(const struct attack_options *o, struct attack_result *r);
void attack_s10(const struct attack_options *o, struct attack_result *r);
