/*
 * evidence.h: the documents that a node holds, all together, as the plain
 * input of match/trust.h and match/learn/learnability.h: which outcome belongs to
 * which agreement, who took part in a session with whom, which credentials
 * count, what was moved to another key. What a single document says is read
 * by match/learn/document.h.
 *
 * Pure: neither the order of the documents nor one that is there twice
 * changes the result. For any thread. SPEC.md, "From documents".
 */
#pragma once

#include "match/learn/document.h"

struct evidence_set {
	struct learn_event *events;
	struct learn_term (*terms)[LEARN_TERMS]; /* of each event */
	size_t events_n;
	struct trust_attestation *vouches; /* of credentials */
	size_t vouches_n;
	struct trust_link *links;
	size_t links_n;
	size_t documents; /* that could be read, each once */
	size_t waiting;   /* of them not complete: they count for nothing */
	size_t left_out;  /* unreadable, or over LEARN_EVENTS_MAX */
};

/**
 * evidence_set_make(documents, n, net, v, now_h, out):
 * ${documents}: bytes of signed documents. What cannot be read is counted, no
 * more. Their times are not compared with ${now_h}, but for the ends of
 * credentials and the grace of pledges. Gaps of terms are left untold. Takes
 * about 0.1 ms a signature. ERR_NOMEM: ${out} is empty.
 */
NODISCARD err evidence_set_make(const struct slice *documents, size_t n,
    struct slice net, const struct vocabulary *v, uint32_t now_h,
    struct evidence_set *out);

void evidence_set_free(struct evidence_set *s); /* zeros are fine */
