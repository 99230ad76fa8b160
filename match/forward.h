/*
 * forward.h: a resolved card or posting in as few bytes as its score needs:
 * places instead of terms, levels in half bytes. What an index keeps of each
 * record, and scores. Made for one vocabulary and one process; never written
 * to a disk or sent.
 *
 * Reading gives back what the brief scores and the gates look at, so they are
 * the same as of the original: terms come back as the standing id of their
 * place, skills and wants that no vocabulary knows do not come back, nor what
 * a card seeks beyond the known bits.
 */
#pragma once

#include "match/score.h"

/* Bytes of the largest record of either sort. */
#define FORWARD_MAX 2048

/* How wide a place is: 2 bytes, or 4 for vocabularies over 65535 places. */
struct forward_form {
	const struct vocabulary *vocabulary;
	bool wide;
};
struct forward_form forward_form(const struct vocabulary *v);

/** forward_put_card(f, c, out): bytes written, at most FORWARD_MAX. */
size_t forward_put_card(const struct forward_form *f, const struct card *c,
    uint8_t out[FORWARD_MAX]);
size_t forward_put_posting(const struct forward_form *f,
    const struct posting *p, uint8_t out[FORWARD_MAX]);

/** forward_size(bytes): of the record that begins here, even. */
static inline size_t
forward_size(const uint8_t *bytes)
{
	return (size_t)bytes[0] | (size_t)bytes[1] << 8;
}

void forward_card(
    const struct forward_form *f, const uint8_t *bytes, struct card *out);
void forward_posting(
    const struct forward_form *f, const uint8_t *bytes, struct posting *out);

/*
 * A card's first bytes and where its lists are. Places lie one after the
 * other: skills, aspirations, purposes; then the levels of the first two,
 * two a byte, the first in the low half.
 */
struct forward_card_view {
	uint16_t region; /* two letters, the first is the low byte */
	uint8_t remote, hours;
	bool twice;             /* a place is among the skills more than once */
	uint16_t seeks, offers; /* what has no meaning is bit 8 */
	uint16_t skills_n, aspirations_n, purposes_n, languages_n;
	const uint8_t *places, *levels, *languages;
};
#define FORWARD_CARD_HEAD 12

static inline uint32_t
forward_place(const uint8_t *places, size_t i, bool wide)
{
	uint32_t w;
	uint16_t s;

	if (wide) {
		memcpy(&w, places + 4 * i, sizeof(w));
		return w;
	}
	memcpy(&s, places + 2 * i, sizeof(s));
	return s;
}

static inline uint8_t
forward_level(const uint8_t *levels, size_t i)
{
	return (uint8_t)(levels[i / 2] >> i % 2 * 4 & 15);
}

static inline void
forward_view_card(const uint8_t *b, bool wide, struct forward_card_view *out)
{
	const size_t places = (size_t)b[7] + b[8] + b[9];

	out->region = (uint16_t)(b[2] | b[3] << 8);
	out->remote = b[4] & 3;
	out->hours = b[4] >> 2 & 7;
	out->seeks = (uint16_t)(b[5] | (b[11] & 1) << 8);
	out->offers = (uint16_t)(b[6] | (b[11] & 2) << 7);
	out->twice = (b[11] & 4) != 0;
	out->skills_n = b[7];
	out->aspirations_n = b[8];
	out->purposes_n = b[9];
	out->languages_n = b[10];
	out->places = b + FORWARD_CARD_HEAD;
	out->levels = out->places + places * (wide ? 4 : 2);
	out->languages = out->levels + ((size_t)b[7] + b[8] + 1) / 2;
}

/*
 * The same of a posting. Requirements: place, weight, level with 128 for a
 * must; what it teaches: place, level; purposes: place. A place of
 * TERM_NOWHERE (UINT16_MAX when narrow) is not understood.
 */
struct forward_posting_view {
	uint16_t region;
	uint8_t remote, direction, type, status, contract;
	uint8_t hours;     /* a week; 255 stands for more as well */
	uint16_t invested; /* investment_credit() */
	bool tied;         /* an investment names a term */
	uint16_t requirements_n, teaches_n, purposes_n, languages_n;
	const uint8_t *requirements, *teaches, *purposes, *languages;
};
#define FORWARD_POSTING_HEAD 16

static inline void
forward_view_posting(
    const uint8_t *b, bool wide, struct forward_posting_view *out)
{
	const size_t place = wide ? 4 : 2;

	out->region = (uint16_t)(b[2] | b[3] << 8);
	out->remote = b[4] & 3;
	out->direction = b[4] >> 2 & 3;
	out->tied = (b[4] & 64) != 0;
	out->type = b[5];
	out->status = b[7];
	out->hours = b[12];
	out->contract = b[13];
	out->invested = (uint16_t)(b[14] | b[15] << 8);
	out->requirements_n = b[6];
	out->teaches_n = b[8];
	out->purposes_n = b[9];
	out->languages_n = b[10];
	out->requirements = b + FORWARD_POSTING_HEAD;
	out->teaches = out->requirements + b[6] * (place + 2);
	out->purposes = out->teaches + b[8] * (place + 1);
	out->languages = out->purposes + b[9] * place;
}

/** forward_language(at): the next of a view's languages; moves ${at}. */
struct spoken_language forward_language(const uint8_t **at);

/* The region's two letters as in a view; "zz" is not told. */
static inline uint16_t
forward_region(const char region[3])
{
	return (uint16_t)((uint8_t)region[0] | (uint8_t)region[1] << 8);
}
