/*
 * bomb.h: peers that want to cost a node memory: scenario S10. They speak
 * libp2p by themselves (tests/sim/talker.h), since a host would behave.
 */
#pragma once

#include "tests/attack/attack.h"

void attack_s10(const struct attack_options *o, struct attack_result *r);
