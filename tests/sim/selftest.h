/*
 * selftest.h: the parts of the simulator that no swarm uses: raw ends and
 * actors, faults by hand. Aborts when one fails.
 */
#pragma once

void selftest(void);
