#include "match/index/index.h"

#include "match/index/people.h"

/*
 * The gate of what is sought looks for one bit, or for nothing told at all:
 * which bits pass, and what passes without any that is looked for.
 */
static void
seeks_gates(struct search *s)
{
	const uint32_t other = 1U << 9; /* no bit of a card */
	struct fact_gates *g = &s->gates;
	struct card *c = &s->card;

	for (uint32_t bit = 1; bit < other; bit *= 2) {
		c->seeks = bit;
		c->offers = other;
		if (gate_seeks(s->posting, c).state != GATE_FAIL)
			g->seeks_pass |= bit;
		c->seeks = other;
		c->offers = bit;
		if (gate_seeks(s->posting, c).state != GATE_FAIL)
			g->offers_pass |= bit;
	}
	for (unsigned silent = 0; silent < 4; silent++) {
		c->seeks = (silent & 1) != 0 ? 0 : other;
		c->offers = (silent & 2) != 0 ? 0 : other;
		g->silent_pass[silent] =
		    gate_seeks(s->posting, c).state != GATE_FAIL;
	}
}

static void
place_gates(struct search *s)
{
	const struct posting *p = s->posting;
	struct fact_gates *g = &s->gates;
	struct card c = { .region = "zz" };

	for (uint8_t remote = 0; remote < 4; remote++) {
		const uint8_t bit = (uint8_t)(1U << remote);
		c.remote = remote;
		memcpy(c.region, "zz", 3);
		if (gate_place(p, &c).state != GATE_FAIL)
			g->remote_silent |= bit;
		memcpy(c.region, p->region, 3);
		if (gate_place(p, &c).state != GATE_FAIL)
			g->remote_same |= bit;
		memcpy(c.region, p->region[0] == 'x' ? "yy" : "xx", 3);
		if (gate_place(p, &c).state != GATE_FAIL)
			g->remote_other |= bit;
	}
	for (uint8_t hours = 0; hours < 8; hours++) {
		if (gate_hours(posting_hours_week(p), card_hours_max(hours))
			.state != GATE_FAIL)
			g->hours |= (uint8_t)(1U << hours);
	}
}

static void
add_filter(struct search *s)
{
	const struct index_filter *f = s->filter;
	struct fact_gates *g = &s->gates;
	uint64_t languages = 0;

	if (f == NULL)
		return;
	if (f->remote != 0)
		g->remote &= (uint8_t)f->remote;
	if (f->hours != 0)
		g->hours &= (uint8_t)f->hours;
	g->seeks_asked = f->seeks;
	for (uint16_t i = 0; i < f->languages_n; i++)
		languages |= facts_language(f->languages[i]);
	if (languages != 0)
		g->languages[g->languages_n++] = languages;
}

void
gates_make(struct search *s)
{
	const struct posting *p = s->posting;
	struct fact_gates *g = &s->gates;

	*g = (struct fact_gates){ .region = forward_region(p->region),
		.remote = 15 };
	if (s->excluded) { /* whatever the gates say */
		g->remote_same = g->remote_silent = g->remote_other = 15;
		g->hours = UINT8_MAX;
		memset(g->silent_pass, 1, sizeof(g->silent_pass));
		g->seeks_pass = g->offers_pass = UINT32_MAX;
	} else {
		place_gates(s);
		seeks_gates(s);
		for (uint16_t i = 0; i < p->languages_n; i++)
			g->languages[g->languages_n++] =
			    facts_language(p->languages[i].language) |
			    FACTS_LANGUAGE_NONE;
	}
	add_filter(s);
}

uint8_t
gates_region(const struct search *s, uint16_t region)
{
	const struct index_filter *f = s->filter;
	const struct fact_gates *g = &s->gates;
	bool wanted = f == NULL || f->regions_n == 0;

	for (uint16_t i = 0; !wanted && i < f->regions_n; i++)
		wanted = forward_region(f->regions[i]) == region;
	if (!wanted)
		return 0;
	return g->remote & (region == REGION_NOT_TOLD ? g->remote_silent
			       : region == g->region  ? g->remote_same
						      : g->remote_other);
}

/* ---- words of 32 cards each ---- */

/* Words of the chunk at hand. */
struct words {
	uint32_t from, n;
};

/* The bits ${bit} of the facts of all cards of the words. */
static const uint32_t *
plane(const struct search *s, struct words at, unsigned bit)
{
	return s->cards->facts + (size_t)bit * s->cards->words_n +
	       s->first / 32 + at.from;
}

/* out |= in */
WIDE static void
bits_or(uint32_t *restrict out, const uint32_t *restrict in, uint32_t n)
{
	for (uint32_t w = 0; w < n; w++)
		out[w] |= in[w];
}

/* out = from & (in ^ flip) */
WIDE static void
bits_and(uint32_t *out, const uint32_t *from, const uint32_t *in, uint32_t flip,
    uint32_t n)
{
	for (uint32_t w = 0; w < n; w++)
		out[w] = from[w] & (in[w] ^ flip);
}

/* out &= ~in, from this word of the segment on */
static void
bits_remove(uint32_t *restrict out, const uint64_t *restrict in, uint32_t word,
    uint32_t n)
{
	for (uint32_t w = 0; w < n; w++, word++)
		out[w] &= ~(uint32_t)(in[word / 2] >> word % 2 * 32);
}

/* out |= whose facts have one of ${bits}. */
static void
add_any(const struct search *s, struct words at, uint64_t bits, uint32_t *out)
{
	for (unsigned bit = 0; bits >> bit != 0; bit++) {
		if ((bits >> bit & 1) != 0)
			bits_or(out, plane(s, at, bit), at.n);
	}
}

/* Of two words, bit by bit, as a third one says. */
static inline uint32_t
mux(uint32_t bit, uint32_t zero, uint32_t one)
{
	return (zero & ~bit) | (one & bit);
}

/* Bit ${i} of ${values} for all cards. */
static inline uint32_t
leaf(uint32_t values, unsigned i)
{
	return 0U - (values >> i & 1);
}

/* out &= those whose number of three bits is in ${values}. */
WIDE static void
bits_number(uint32_t *out, const uint32_t *bits, size_t apart, uint32_t values,
    uint32_t n)
{
	const uint32_t *b0 = bits, *b1 = b0 + apart, *b2 = b1 + apart;
	const uint32_t v0 = leaf(values, 0), v1 = leaf(values, 1);
	const uint32_t v2 = leaf(values, 2), v3 = leaf(values, 3);
	const uint32_t v4 = leaf(values, 4), v5 = leaf(values, 5);
	const uint32_t v6 = leaf(values, 6), v7 = leaf(values, 7);

	for (uint32_t w = 0; w < n; w++) {
		const uint32_t low =
		    mux(b1[w], mux(b0[w], v0, v1), mux(b0[w], v2, v3));
		const uint32_t high =
		    mux(b1[w], mux(b0[w], v4, v5), mux(b0[w], v6, v7));
		out[w] &= mux(b2[w], low, high);
	}
}

/* bits |= the cards [from, to). */
static void
add_range(uint32_t *bits, uint32_t from, uint32_t to)
{
	for (; from < to && from % 32 == 0 && to - from >= 32; from += 32)
		bits[from / 32] = UINT32_MAX;
	while (from < to) {
		const uint32_t end = MIN((from | 31) + 1, to);
		bits[from / 32] |= (UINT32_MAX >> (32 - (end - from)))
				   << from % 32;
		from = end;
	}
}

/* out |= those of ${from} whose number of two bits is in ${values}. */
WIDE static void
bits_place(uint32_t *restrict out, const uint32_t *restrict from,
    const uint32_t *b0, const uint32_t *b1, uint32_t values, uint32_t n)
{
	const uint32_t v0 = leaf(values, 0), v1 = leaf(values, 1);
	const uint32_t v2 = leaf(values, 2), v3 = leaf(values, 3);

	for (uint32_t w = 0; w < n; w++)
		out[w] |= from[w] &
			  mux(b1[w], mux(b0[w], v0, v1), mux(b0[w], v2, v3));
}

/* By what the card's region allows, all groups at once that allow the same. */
static void
words_places(struct search *s, struct words at, uint32_t *pass)
{
	const uint32_t begin = s->first + at.from * 32;
	const uint32_t end = MIN(begin + at.n * 32, s->part->segment->n);
	const uint32_t first =
	    at.from == 0 ? s->group_first : group_of(s, begin);
	uint32_t done = 1;

	memset(pass, 0, at.n * sizeof(*pass));
	for (uint32_t i = first;
	     i < s->group_end && s->cards->groups[i].first < end; i++) {
		const uint8_t values = s->passes[i];
		uint32_t there[CHUNK_WORDS];
		if ((done >> values & 1) != 0)
			continue;
		done |= 1U << values;
		memset(there, 0, at.n * sizeof(*there));
		for (uint32_t k = i; k < s->group_end; k++) {
			const uint32_t from =
			    MAX(s->cards->groups[k].first, begin);
			if (from < end && s->passes[k] == values)
				add_range(there, from - begin,
				    MIN(group_end(s, k), end) - begin);
		}
		bits_place(pass, there, plane(s, at, 0), plane(s, at, 1),
		    values, at.n);
	}
}

static void
words_seeks(const struct search *s, struct words at, uint32_t *pass)
{
	const struct fact_gates *g = &s->gates;
	uint32_t ok[CHUNK_WORDS];

	memset(ok, 0, at.n * sizeof(*ok));
	add_any(s, at,
	    (g->seeks_pass & FACTS_MANY) << FACTS_SEEKS |
		(g->offers_pass & FACTS_MANY) << FACTS_OFFERS,
	    ok);
	for (unsigned silent = 0; silent < 4; silent++) {
		uint32_t those[CHUNK_WORDS];
		if (!g->silent_pass[silent])
			continue;
		bits_and(those, pass, plane(s, at, FACTS_SILENT),
		    (silent & 1) - 1, at.n);
		bits_and(those, those, plane(s, at, FACTS_SILENT + 1),
		    (silent >> 1) - 1, at.n);
		bits_or(ok, those, at.n);
	}
	bits_and(pass, pass, ok, 0, at.n);
}

/* Only those stay who have one of the facts. */
static void
words_any(
    const struct search *s, struct words at, uint64_t bits, uint32_t *pass)
{
	uint32_t ok[CHUNK_WORDS];

	memset(ok, 0, at.n * sizeof(*ok));
	add_any(s, at, bits, ok);
	bits_and(pass, pass, ok, 0, at.n);
}

static void
words_gate(struct search *s, struct words at)
{
	const struct fact_gates *g = &s->gates;
	const bool *silent = g->silent_pass;
	uint32_t *pass = s->pass + at.from;

	words_places(s, at, pass);
	if (g->hours != UINT8_MAX)
		bits_number(pass, plane(s, at, FACTS_HOURS), s->cards->words_n,
		    g->hours, at.n);
	if (!(silent[0] && silent[1] && silent[2] && silent[3]))
		words_seeks(s, at, pass);
	if (g->seeks_asked != 0)
		words_any(
		    s, at, (g->seeks_asked & FACTS_MANY) << FACTS_SEEKS, pass);
	for (uint32_t i = 0; i < g->languages_n; i++)
		words_any(s, at, g->languages[i], pass);
	if (s->part->dead->count > 0)
		bits_remove(pass, s->part->dead->bits, s->first / 32 + at.from,
		    MIN(at.n,
			(s->part->segment->n - s->first + 31) / 32 - at.from));
}

void
gates_line(struct search *s, uint32_t line)
{
	if ((s->gated >> line & 1) != 0)
		return;
	s->gated |= 1U << line;
	words_gate(s, (struct words){ line * LINE_WORDS, LINE_WORDS });
}

void
gates_chunk(struct search *s)
{
	if (s->gated != 0) { /* some bits may be cleared already */
		for (uint32_t line = 0; line < CHUNK_WORDS / LINE_WORDS; line++)
			gates_line(s, line);
		return;
	}
	s->gated = UINT32_MAX;
	words_gate(s, (struct words){ 0, CHUNK_WORDS });
}

bool
view_wanted(const struct index_filter *f, const struct forward_card_view *v)
{
	const uint8_t *at = v->languages;
	bool ok = f->regions_n == 0;

	for (uint16_t i = 0; i < f->regions_n && !ok; i++)
		ok = forward_region(f->regions[i]) == v->region;
	if (!ok || (f->remote != 0 && (f->remote >> v->remote & 1) == 0) ||
	    (f->hours != 0 && (f->hours >> v->hours & 1) == 0) ||
	    (f->seeks != 0 && (v->seeks & f->seeks) == 0))
		return false;
	ok = f->languages_n == 0;
	for (uint16_t i = 0; i < v->languages_n && !ok; i++) {
		const uint32_t l = forward_language(&at).language;
		for (uint16_t k = 0; k < f->languages_n && !ok; k++)
			ok = f->languages[k] == l;
	}
	return ok;
}

/* Does the gate of what is sought let these through? */
static inline bool
seeks_pass(const struct fact_gates *g, uint32_t seeks, uint32_t offers)
{
	return (seeks & g->seeks_pass) != 0 || (offers & g->offers_pass) != 0 ||
	       g->silent_pass[(seeks == 0) | (offers == 0) << 1];
}

bool
view_passes(struct search *s, const struct forward_card_view *v)
{
	const uint8_t *at = v->languages;
	const struct fact_gates *g = &s->gates;
	const struct posting *p = s->posting;
	const uint8_t remote = v->region == REGION_NOT_TOLD ? g->remote_silent
			       : v->region == g->region     ? g->remote_same
							    : g->remote_other;
	struct card *c = &s->card;

	if ((remote >> v->remote & 1) == 0 || (g->hours >> v->hours & 1) == 0 ||
	    !seeks_pass(g, v->seeks, v->offers))
		return false;
	if (p->languages_n == 0)
		return true;
	c->languages_n = v->languages_n;
	for (uint16_t i = 0; i < v->languages_n; i++)
		c->languages[i] = forward_language(&at);
	for (uint16_t i = 0; i < p->languages_n; i++) {
		if (gate_language(&p->languages[i], c).state == GATE_FAIL)
			return false;
	}
	return true;
}
