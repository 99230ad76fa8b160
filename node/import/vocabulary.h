/*
 * import/vocabulary.h: directories of public vocabularies, read into the
 * builder of match/vocabulary.h as SOURCE_IMPORTED.
 *
 * ESCO: the official CSV layout, any language: skills_LL.csv,
 * occupations_LL.csv, skillGroups_LL.csv, ISCOGroups_LL.csv, the collections
 * (*Collection_LL.csv), broaderRelationsSkillPillar_LL.csv,
 * broaderRelationsOccPillar_LL.csv, skillSkillRelations_LL.csv,
 * occupationSkillRelations_LL.csv. URIs are those of ESCO.
 * O*NET: the tab-separated text files: Content Model Reference, Occupation
 * Data, Skills, Knowledge, Alternate Titles. URIs are urn:onet:<element id>
 * and urn:onet:<O*NET-SOC code>.
 *
 * Columns are found by name. Files that are not there are told, none is
 * required but one with terms. Reads plain files alone, nothing compressed.
 */
#pragma once

#include <jansson.h>

#include "match/vocabulary.h"

/* Where entries go. An error of ${add} ends the import. */
struct vocabulary_sink {
	err (*add)(void *ctx, const struct term_entry *e);
	void *ctx;
};

/** vocabulary_sink_of(b): into a builder. */
struct vocabulary_sink vocabulary_sink_of(struct vocabulary_builder *b);

struct vocabulary_import_options {
	/* After every file and every 1000 entries; may be NULL. */
	void (*progress)(void *ctx, const char *file, uint64_t done);
	void *ctx;
	uint32_t alternatives_max; /* other labels a language; 0: 16 */
};

/**
 * import_esco(dir, sink, o, report), import_onet(...):
 * ${o} may be NULL. ${report}: {"source", "terms", "labels", "links",
 * "filtered" (protected attributes left out), "types": {"skill": n, ...},
 * "languages": [...], "files": [{"file", "rows"}], "missing": [...],
 * "warnings": [...], "licence" (the notice to keep)}.
 * ERR_NOTFOUND: no such directory or no file with terms in it; ERR_IO;
 * ERR_LIMIT: larger than IMPORT limits or the builder's; ERR_NOMEM.
 */
NODISCARD err import_esco(const char *dir, struct vocabulary_sink sink,
    const struct vocabulary_import_options *o, json_t **report);
NODISCARD err import_onet(const char *dir, struct vocabulary_sink sink,
    const struct vocabulary_import_options *o, json_t **report);
