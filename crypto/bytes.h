/* bytes.h: big-endian numbers in the files that crypto/ seals. */
#pragma once

#include <stdint.h>

static inline void
bytes_put_u32be(uint8_t *p, uint32_t v)
{
	for (int i = 3; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

static inline uint32_t
bytes_get_u32be(const uint8_t *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 8 | p[i];
	return v;
}
