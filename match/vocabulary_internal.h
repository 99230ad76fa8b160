/*
 * vocabulary_internal.h: the snapshot's arrays, for the files that build and
 * read it. Nobody else includes this; match/vocabulary.h comes before it.
 */
#pragma once

struct text_ref {
	uint32_t at; /* into ${text} */
	uint32_t n;
};

struct stored_label {
	uint32_t at;
	uint32_t language;
	struct text_ref text;
	bool preferred;
};

/* Lists of all places in one array: those of i are [from[i], from[i + 1]). */
struct adjacency {
	uint32_t *from; /* places + 1 */
	uint32_t *to;
};

struct place_info {
	uint64_t term;
	struct text_ref uri;
	uint32_t isco;
	uint32_t depth;
	uint8_t type;
	uint8_t source;
};

struct vocabulary {
	uint32_t places_n;
	uint32_t ids_n;
	uint32_t labels_n;
	struct place_info *places;
	uint64_t *ids;      /* ascending, all known ids */
	uint32_t *id_place; /* of each id */
	struct stored_label *labels;
	uint32_t *label_from; /* places + 1 */
	uint8_t *text;
	struct adjacency broader, narrower, related, essential, optional;
	uint8_t *rarity_sixteenths;
	struct rarity rarity;
	struct vocabulary_counts counts;
	uint8_t hash[VOCABULARY_HASH];
};
