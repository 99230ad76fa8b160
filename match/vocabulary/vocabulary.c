#include "match/vocabulary/vocabulary.h"

#include <stdlib.h>

#include "match/vocabulary/internal.h"

const struct vocabulary_limits vocabulary_limits_default = {
	.terms_max = 100000,
	.labels_max = 1000000,
	.links_max = 1000000,
	.text_bytes_max = 64U << 20,
};

static void
adjacency_free(struct adjacency *a)
{
	free(a->from);
	free(a->to);
}

void
vocabulary_free(struct vocabulary *v)
{
	if (v == NULL)
		return;
	adjacency_free(&v->broader);
	adjacency_free(&v->narrower);
	adjacency_free(&v->related);
	adjacency_free(&v->essential);
	adjacency_free(&v->optional);
	adjacency_free(&v->close);
	free(v->essential_info);
	free(v->optional_info);
	free(v->parts);
	free(v->places);
	free(v->ids);
	free(v->id_place);
	free(v->labels);
	free(v->label_from);
	free(v->text);
	free(v->rarity_sixteenths);
	free(v);
}

const uint8_t *
vocabulary_hash(const struct vocabulary *v)
{
	return v->hash;
}

const struct vocabulary_counts *
vocabulary_counts(const struct vocabulary *v)
{
	return &v->counts;
}

uint32_t
vocabulary_size(const struct vocabulary *v)
{
	return v->places_n;
}

uint32_t
vocabulary_find(const struct vocabulary *v, uint64_t term)
{
	size_t lo = 0, hi = v->ids_n;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;
		if (v->ids[mid] < term)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < v->ids_n && v->ids[lo] == term ? v->id_place[lo]
						   : TERM_NOWHERE;
}

static const struct place_info *
place_of(const struct vocabulary *v, uint32_t at)
{
	ASSERT(at < v->places_n);
	return &v->places[at];
}

uint64_t
vocabulary_term(const struct vocabulary *v, uint32_t at)
{
	return place_of(v, at)->term;
}

static struct slice
text_of(const struct vocabulary *v, struct text_ref ref)
{
	return slice_of(v->text + ref.at, ref.n);
}

struct slice
vocabulary_uri(const struct vocabulary *v, uint32_t at)
{
	return text_of(v, place_of(v, at)->uri);
}

enum term_type
vocabulary_type(const struct vocabulary *v, uint32_t at)
{
	return (enum term_type)place_of(v, at)->type;
}

enum term_source
vocabulary_source(const struct vocabulary *v, uint32_t at)
{
	return (enum term_source)place_of(v, at)->source;
}

uint32_t
vocabulary_isco(const struct vocabulary *v, uint32_t at)
{
	return place_of(v, at)->isco;
}

uint8_t
vocabulary_zone(const struct vocabulary *v, uint32_t at)
{
	return place_of(v, at)->zone;
}

struct slice
vocabulary_description(const struct vocabulary *v, uint32_t at)
{
	return text_of(v, place_of(v, at)->note);
}

uint32_t
vocabulary_depth(const struct vocabulary *v, uint32_t at)
{
	return place_of(v, at)->depth;
}

struct slice
vocabulary_label(
    const struct vocabulary *v, uint32_t at, uint32_t language, uint32_t *found)
{
	const struct stored_label *best = NULL;

	ASSERT(at < v->places_n);
	for (uint32_t i = v->label_from[at]; i < v->label_from[at + 1]; i++) {
		const struct stored_label *l = &v->labels[i];
		if (!l->preferred)
			continue;
		if (best == NULL || l->language == VOCABULARY_ENGLISH)
			best = l;
		if (l->language == language) {
			best = l;
			break;
		}
	}
	ASSERT(best != NULL); /* each language has a preferred label */
	if (found != NULL)
		*found = best->language;
	return text_of(v, best->text);
}

static struct term_list
list_of(const struct vocabulary *v, const struct adjacency *a, uint32_t at)
{
	ASSERT(at < v->places_n);
	return (struct term_list){ a->to + a->from[at],
		a->from[at + 1] - a->from[at] };
}

struct term_list
vocabulary_broader(const struct vocabulary *v, uint32_t at)
{
	return list_of(v, &v->broader, at);
}

struct term_list
vocabulary_narrower(const struct vocabulary *v, uint32_t at)
{
	return list_of(v, &v->narrower, at);
}

struct term_list
vocabulary_related(const struct vocabulary *v, uint32_t at)
{
	return list_of(v, &v->related, at);
}

struct term_list
vocabulary_needs(const struct vocabulary *v, uint32_t at, bool essential)
{
	return list_of(v, essential ? &v->essential : &v->optional, at);
}

struct term_list
vocabulary_close(const struct vocabulary *v, uint32_t at)
{
	return list_of(v, &v->close, at);
}

struct term_need
vocabulary_need(
    const struct vocabulary *v, uint32_t at, bool essential, uint32_t i)
{
	const struct adjacency *a = essential ? &v->essential : &v->optional;
	const struct need_info *info =
	    essential ? v->essential_info : v->optional_info;

	ASSERT(at < v->places_n && i < a->from[at + 1] - a->from[at]);
	const uint32_t k = a->from[at] + i;
	return (struct term_need){ v->places[a->to[k]].term, essential,
		info[k].level, info[k].weight };
}

const struct vocabulary_part *
vocabulary_parts(const struct vocabulary *v, uint32_t *n)
{
	*n = v->parts_n;
	return v->parts;
}

uint32_t
vocabulary_labels(const struct vocabulary *v)
{
	return v->labels_n;
}

struct vocabulary_label
vocabulary_label_at(const struct vocabulary *v, uint32_t i)
{
	ASSERT(i < v->labels_n);
	const struct stored_label *l = &v->labels[i];
	return (struct vocabulary_label){ l->at, l->language, l->preferred,
		text_of(v, l->text) };
}

const struct rarity *
vocabulary_rarity(const struct vocabulary *v)
{
	return &v->rarity;
}

uint32_t
log2_sixteenths(uint64_t n)
{
	uint32_t whole = 0, part = 0;

	ASSERT(n >= 1);
	while (n >> whole > 1)
		whole++;
	/* x = n / 2^whole in [1, 2), 31 bits behind the point */
	uint64_t x = whole > 31 ? n >> (whole - 31) : n << (31 - whole);
	for (int i = 0; i < 4; i++) {
		x = x * x >> 31;
		part <<= 1;
		if (x >> 32 != 0) {
			part |= 1;
			x >>= 1;
		}
	}
	return whole * 16 + part;
}
