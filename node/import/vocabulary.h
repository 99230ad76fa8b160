/*
 * import/vocabulary.h: directories of public vocabularies, read into the
 * builder of match/vocabulary/vocabulary.h as SOURCE_IMPORTED.
 *
 * ESCO: the official CSV layout, any languages beside each other:
 * skills_LL.csv, occupations_LL.csv, skillGroups_LL.csv, ISCOGroups_LL.csv,
 * the collections (*Collection_LL.csv), skillsHierarchy_LL.csv,
 * broaderRelationsSkillPillar_LL.csv, broaderRelationsOccPillar_LL.csv,
 * skillSkillRelations_LL.csv, occupationSkillRelations_LL.csv. Where there is
 * no skills_LL.csv or no occupationSkillRelations_LL.csv, compact_skills.tsv
 * (idx, uri, label, type, broaderUris) and compact_occupations.tsv (uri,
 * essential, optional: lists of idx) stand in. URIs are those of ESCO.
 * A skill that is related to another needs it (essential or not) and is near
 * it. Descriptions are kept of occupations alone.
 *
 * O*NET: the tab-separated text files: Content Model Reference, Occupation
 * Data, Alternate Titles, Skills, Knowledge, Job Zones, Technology Skills,
 * DWA Reference, Tasks to DWAs. URIs are urn:onet:<id> of elements,
 * occupations (SOC codes), intermediate and detailed work activities;
 * urn:onet:unspsc:<commodity code> and urn:onet:technology:<slug> of
 * technology (the normal form of its name, words joined by '-').
 * An occupation needs what is rated 3.0 or more on the scale of importance
 * (IM, 1 to 5), essentially from 3.5; weight = (IM - 1) * 25, at least 1. The
 * level on O*NET's scale LV (0 to 7) is one of our five in equal steps:
 * ceil(LV * 5 / 7), at least 1. Technology is essential where postings for
 * the occupation often ask for it ("In Demand"); activities are optional.
 *
 * Crosswalk: links between ESCO and O*NET occupations: see import_crosswalk.
 *
 * Columns are found by name. Files that are not there are told, none is
 * required but one with terms. Reads plain files alone, nothing compressed.
 */
#pragma once

#include <jansson.h>

#include "match/vocabulary/vocabulary.h"

/* Where entries go. An error ends the import. */
struct vocabulary_sink {
	err (*add)(void *ctx, const struct term_entry *e);
	void *ctx;
	/* for crosswalks; may be NULL otherwise */
	err (*link)(void *ctx, uint64_t from, uint64_t to, enum term_link kind);
	bool (*knows)(void *ctx, uint64_t term);
};

/** vocabulary_sink_of(b): into a builder. */
struct vocabulary_sink vocabulary_sink_of(struct vocabulary_builder *b);

struct vocabulary_import_options {
	/* After every file and every 1000 entries; may be NULL. */
	void (*progress)(void *ctx, const char *file, uint64_t done);
	void *ctx;
	uint32_t alternatives_max; /* other labels a language; 0: 256 */
};

/**
 * import_esco(dir, sink, o, report), import_onet(...):
 * ${o} may be NULL. ${report}: {"source", "terms", "labels", "links",
 * "filtered" (protected attributes left out), "types": {"skill": n, ...},
 * "languages": [...], "files": [{"file", "rows"}], "missing": [...],
 * "warnings": [...], "notes": [{"file", "line", "column", "message", "hint"}]
 * (the first rows that were not taken as they are), "errors": [the same],
 * "licence" (the notice to keep)}.
 * ERR_NOTFOUND: no such directory or no file with terms in it; ERR_FORM: a
 * file is not what it should be, "errors" tells where; nothing was added;
 * ERR_IO; ERR_LIMIT: larger than IMPORT limits or the builder's; ERR_NOMEM.
 */
NODISCARD err import_esco(const char *dir, struct vocabulary_sink sink,
    const struct vocabulary_import_options *o, json_t **report);
NODISCARD err import_onet(const char *dir, struct vocabulary_sink sink,
    const struct vocabulary_import_options *o, json_t **report);

/**
 * import_crosswalk(dir, sink, o, report):
 * Every *.csv of ${dir} with a column of ESCO URIs ("ESCO or ISCO URI",
 * "concept_uri", ...) and one of O*NET-SOC codes ("O*NET Id", "onet_code",
 * ...), and "Type of Match" or "confidence" (0 to 2). After the vocabularies
 * themselves: a code that is not known counts as its main one (".00") when
 * that is. A row is taken from confidence 1 or a close, narrow or broad match
 * on. Two terms become the same only by an exact match (confidence 2) that is
 * the only exact one of both; everything else is a close link, which merges
 * nothing. ${report} as above with "same", "close", "left_out" (rows) in the
 * place of terms. Errors as above; ERR_NOTFOUND: no such file.
 */
NODISCARD err import_crosswalk(const char *dir, struct vocabulary_sink sink,
    const struct vocabulary_import_options *o, json_t **report);
