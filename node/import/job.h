/*
 * import/job.h: schema.org JobPosting in JSON-LD to drafts of demands: one
 * object, an array, or an object with @graph. Contexts are not fetched; keys
 * may have the prefix "schema:" or "https://schema.org/".
 *
 * Where no "skills" are listed, those that responsibilities, qualifications
 * and description name word for word are taken, with a lower weight, lowest if
 * they are "of advantage". A language with a level in these texts ("Deutsch
 * mindestens B2") is one that is needed, unless "ohcn:languages" tells. A
 * title that is an occupation stands for occupationalCategory.
 *
 * Used: title, description, inLanguage, skills, qualifications,
 * experienceRequirements, educationRequirements, occupationalCategory,
 * employmentType, baseSalary, jobLocation, jobLocationType,
 * applicantLocationRequirements, validThrough, jobStartDate, workHours,
 * totalJobOpenings, identifier, hiringOrganization, url. Our own properties
 * say what schema.org cannot: "ohcn:teaches" (as skills, with
 * "ohcn:level"), "ohcn:invests" [{"kind", "amount", "currency", "hours"}],
 * and in a DefinedTerm "ohcn:level" 1 to 5, "ohcn:must", "ohcn:weight".
 */
#pragma once

#include "node/import/import.h"

/**
 * import_job(document, lookup, o, report):
 * ${report}: {"demands": [{"index", "state": "ready" | "failed", "draft",
 * "external_id", "region", "expires" (unix hour), "organisation" (its name),
 * "mapped", "unmapped", "messages"}], "ready", "failed", "messages"}. A
 * failed one has no draft. Promises of training in jobBenefits or
 * incentiveCompensation are only listed as unmapped: money and hours must be
 * said exactly. ERR_FORM: no JobPosting in it (${report} has "messages");
 * ERR_LIMIT: more than IMPORT_DOCS_MAX; ERR_NOMEM.
 */
NODISCARD err import_job(const json_t *document,
    const struct term_lookup *lookup, const struct import_options *o,
    json_t **report);
