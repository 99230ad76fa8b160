/*
 * import/resume.h: a JSON Resume (version 1) to the draft of a profile. Only
 * terms with levels, languages and activities get into the draft. Names,
 * employers, schools, dates, contact data and free text never do: the report
 * lists what stays private, and they are not in it either. Terms that stand
 * word for word in what somebody did (work, volunteer, projects: summary and
 * highlights; courses, names of certificates) get level 3.
 *
 * Levels, from the words of a skill: 1 beginner, basic, Grundkenntnisse,
 * débutant, principiante; 2 elementary, fair; 3 intermediate, good (and when
 * nothing or nothing known is said); 4 advanced, proficient; 5 expert,
 * master, senior, native; also "3", "3/5", "60%". Keywords of a skill have
 * its level. "meta.language" may say what language the file is in, unless the
 * options do; without it the small words of its texts say. Languages: CEFR codes or words ("fluent" C1, "native" 7).
 */
#pragma once

#include "node/import/import.h"

/**
 * import_resume(resume, lookup, o, report):
 * ${report}: {"draft", "region" (suggested, or absent), "mapped", "unmapped",
 * "kept_private": [{"field", "why"}], "messages"}. Of a mapped interest the
 * draft has a purpose (term of that type) or an aspiration of level 2, for
 * the person to accept or drop. ERR_FORM: not a JSON Resume at all
 * (${report} then has only "messages"); ERR_NOMEM.
 */
NODISCARD err import_resume(const json_t *resume,
    const struct term_lookup *lookup, const struct import_options *o,
    json_t **report);

/** level_of_words(text): 1 to 5, or 0: says nothing about a level. */
unsigned level_of_words(struct slice text);
