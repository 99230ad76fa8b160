/*
 * api/parts.h: what the handlers of the API share: records as JSON, previews
 * and results of publications, work on a thread with a continuation.
 *
 * A handler has the node as its context. What runs on a worker says so.
 */
#pragma once

#include "node/api/api.h"
#include "node/api/task.h"
#include "node/base/json.h"
#include "node/keys/vault.h"
#include "node/record/labels.h"
#include "node/record/owner.h"
#include "node/record/payload_json.h"
#include "node/record/reader.h"
#include "node/record/wishes.h"

#define LIST_DEFAULT 20 /* entries of a list that does not say */

/** language_of(n, r): of ?lang=, else of the configuration; 0: none. */
uint32_t language_of(const struct node *n, const struct http_request *r);

/* ---- records; any thread ---- */

/**
 * record_json(rd, s, v, language, full):
 * The header and the payload with labels; ${full}: the bytes as well. ${rd}
 * is used for reading; what it had is forgotten.
 */
json_t *record_json(struct reader *rd, const struct store_record *s,
    const struct vocabulary *v, uint32_t language, bool full);

/** organisation_name(view, posting, rd2, language, out):
 * The name that the organisation of a posting publishes, if the posting's
 * author is its key or one of its posting keys. ${rd2} is used. A new
 * string or NULL. */
json_t *organisation_name(struct store_view *view, const uint8_t *author,
    const struct value *payload, struct reader *rd2, uint32_t language);

/* ---- payloads of users ---- */

/** labels_from(v, at): the number of the first label of a place. */
uint32_t labels_from(const struct vocabulary *v, uint32_t at);

/**
 * own_terms_carry(v, kind, draft): a copy of ${draft} in which "terms" holds
 * the URI and labels of each own term that it uses, for those who do not know
 * them. Any thread; the caller's.
 */
json_t *own_terms_carry(
    const struct vocabulary *v, uint32_t kind, const json_t *draft);

/** fail_payload(r, e, f): answers the request. */
void fail_payload(struct http_request *r, err e, const struct payload_fault *f);

/* ---- publishing ---- */

/**
 * preview_json(n, q, out):
 * What would be published, readable, and who would read it: the answer to
 * a dry run. On an error the request is answered and NULL returned.
 */
json_t *preview_json(
    struct node *n, struct http_request *r, const struct publish_request *q);

/** result_json(n, r): of a publication. */
json_t *result_json(
    const struct node *n, uint32_t kind, const struct publish_result *r);

/** reply_published(n, q, r, extra): publish, answer after the fsync; takes
 * ${extra}, an object whose members are put into the answer. */
void reply_published(struct node *n, const struct publish_request *q,
    struct http_request *r, json_t *extra);

/** fail_publish(r, result): answers the request. */
void fail_publish(struct http_request *r, const struct publish_result *p);

/* ---- work on a thread, then on the loop ---- */

struct job;
typedef void job_fn(struct job *j);

struct job {
	uv_work_t work;
	struct node *node; /* for the loop's thread alone */
	struct http_request *request;
	struct terms *terms;
	job_fn *run;   /* on a worker */
	job_fn *done;  /* on the loop; replies; job_end() */
	json_t *input; /* owned */
	json_t *result;
	err error;
	void *more; /* of the handler */
};

/** job_start(n, r, run, done, input, more): takes ${input}; NULL: no memory,
 * the request is answered. */
bool job_start(struct node *n, struct http_request *r, job_fn *run,
    job_fn *done, json_t *input, void *more);
void job_end(struct job *j);

/* ---- the private drafts ---- */

#define VISIT_MARK "visit"

/**
 * strange(r): may the caller not know which records are this node's? A token
 * that speaks for one persona may not: they are of all personas, and what two
 * of them have made would say that they are one.
 */
bool strange(const struct http_request *r);

/* ---- the handlers ---- */

http_handler api_invite, api_join, api_discovery, api_discovery_find;
http_handler api_keys_lock, api_keys_unlock, api_persona_forget;
http_handler api_status, api_shutdown, api_peers, api_peers_known,
    api_peers_connect, api_topics, api_peer_explain, api_topic_explain,
    api_config, api_metrics, api_healthz;
http_handler api_personas, api_persona_add, api_persona_rename,
    api_persona_state, api_persona_revoke, api_persona_revocation;
http_handler api_conflicts, api_conflict_keep, api_restore;
http_handler api_profile_get, api_profile_put, api_profile_import,
    api_profile_publish, api_profile_forget;
http_handler api_organisation_get, api_organisation_put,
    api_organisation_publish;
http_handler api_demands, api_demands_import, api_demands_post,
    api_demands_close, api_courses, api_courses_import, api_courses_post,
    api_courses_close;
http_handler api_matches, api_match, api_candidates, api_candidate,
    api_candidates_draft, api_candidate_draft, api_compare;
http_handler api_records, api_record, api_records_export, api_records_import;
http_handler api_vocabulary, api_vocabulary_search, api_vocabulary_import,
    api_vocabulary_remove;
http_handler api_vocabulary_bridge, api_terms, api_terms_add, api_terms_remove;
http_handler api_pathways, api_pathways_post, api_pathway, api_pathways_close;
http_handler api_communities, api_community_get, api_community_put,
    api_community_publish, api_community_end, api_community_members,
    api_community_join, api_community_welcome, api_community_accept,
    api_community_leave, api_community_wait, api_community_release,
    api_cohort_finish;
http_handler api_sessions, api_session, api_session_propose, api_session_sign,
    api_session_take, api_session_send, api_session_forget;
http_handler api_team, api_community_suggest, api_market;
http_handler api_signals, api_signals_series, api_signals_map,
    api_signals_publish, api_signals_import;
http_handler api_path;
http_handler api_assessments, api_assessments_post, api_assessments_close,
    api_assessment, api_assessment_take, api_assessment_answer,
    api_assessment_finish;
http_handler api_credential_verify;
http_handler api_assessment_results, api_assessment_import, api_assessment_sign,
    api_assessment_apply;
http_handler api_learn_next;
http_handler api_backup, api_store, api_store_check, api_store_backup,
    api_store_task;
http_handler api_sync, api_sync_now;
http_handler api_pledges, api_ledger, api_ledger_publish, api_ledger_open,
    api_ledger_extend, api_ledger_verify;
http_handler api_shortlists, api_shortlist, api_shortlist_new,
    api_shortlist_remove, api_shortlist_add, api_shortlist_set,
    api_shortlist_drop;
http_handler api_feeds, api_feed, api_feed_set, api_feed_remove, api_feed_sync,
    api_feed_review;
http_handler api_templates, api_template, api_template_put, api_template_remove;
http_handler api_bundle_make, api_bundle_review;
http_handler api_tokens, api_token_add, api_token_revoke, api_token_log,
    api_token_scopes;
http_handler api_credentials, api_credential, api_credential_issue,
    api_credential_accept, api_credential_send, api_credential_revoke,
    api_credential_file, api_credential_badge, api_credential_import,
    api_credential_forget, api_badge, api_coaches;
http_handler api_facts, api_facts_change, api_talk_claims, api_talk_ask,
    api_talk_disclose;
http_handler api_trust, api_trust_anchor_add, api_trust_anchor_remove,
    api_trust_find, api_trust_key, api_attestations, api_attest,
    api_attest_withdraw;
http_handler api_learnability;
http_handler api_blocks, api_block_add, api_block_remove, api_warnings,
    api_warning, api_warning_import, api_warning_effect, api_warning_remove,
    api_warning_make;
http_handler api_documents, api_document, api_document_import,
    api_document_sign, api_document_send, api_document_forget,
    api_agreement_propose, api_progress_report, api_outcome_propose,
    api_agreement_claim, api_follow_up, api_progress_xapi, api_talk_moved,
    api_personas_link;
http_handler api_talks, api_talk, api_talk_offer, api_talk_say, api_hand_raise,
    api_talk_introduce, api_talk_ledger;
