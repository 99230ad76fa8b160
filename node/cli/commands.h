/*
 * cli/commands.h: the handlers of the commands, one function each, in
 * cli/node.c, cli/backup.c, cli/doctor.c, cli/owner.c, cli/match.c,
 * cli/invite.c, cli/market.c, cli/network.c, cli/record_file.c and cli/mesh.c.
 */
#pragma once

#include "node/cli/cli.h"

int run_up(struct cli *cli);
int run_down(struct cli *cli);
int run_daemon(struct cli *cli);
int run_init(struct cli *cli);
int run_status(struct cli *cli);
int run_watch(struct cli *cli);
int run_doctor(struct cli *cli);
int run_version(struct cli *cli);
int run_paths(struct cli *cli);
int run_help(struct cli *cli);
int run_key_words(struct cli *cli);
int run_key_show(struct cli *cli);
int run_key_lock(struct cli *cli);
int run_unlock(struct cli *cli);
int run_network_key(struct cli *cli);
int run_config_list(struct cli *cli);
int run_config_show(struct cli *cli);
int run_config_check(struct cli *cli);
int run_store_stat(struct cli *cli);
int run_store_check(struct cli *cli);
int run_store_repair(struct cli *cli);
int run_store_compact(struct cli *cli);
int run_store_backup(struct cli *cli);
int run_store_restore(struct cli *cli);
int run_store_clean(struct cli *cli);
int run_backup_create(struct cli *cli);
int run_backup_show(struct cli *cli);
int run_backup_restore(struct cli *cli);

int run_persona_list(struct cli *cli);
int run_persona_add(struct cli *cli);
int run_persona_rename(struct cli *cli);
int run_persona_retire(struct cli *cli);
int run_persona_resume(struct cli *cli);
int run_persona_revoke(struct cli *cli);
int run_persona_forget(struct cli *cli);
int run_persona_conflicts(struct cli *cli);
int run_persona_keep(struct cli *cli);
int run_pledge_list(struct cli *cli);
int run_pledge_ledger(struct cli *cli);
int run_pledge_publish(struct cli *cli);
int run_pledge_open(struct cli *cli);
int run_pledge_extend(struct cli *cli);
int run_pledge_verify(struct cli *cli);
int run_bundle_make(struct cli *cli);
int run_bundle_show(struct cli *cli);
int run_bundle_review(struct cli *cli);
int run_token_add(struct cli *cli);
int run_token_list(struct cli *cli);
int run_token_revoke(struct cli *cli);
int run_token_log(struct cli *cli);
int run_token_scopes(struct cli *cli);
int run_key_restore(struct cli *cli);

int run_trust_anchor(struct cli *cli);
int run_trust_show(struct cli *cli);
int run_trust_why(struct cli *cli);
int run_trust_attest(struct cli *cli);
int run_trust_withdraw(struct cli *cli);
int run_trust_given(struct cli *cli);
int run_learnability_show(struct cli *cli);
int run_learnability_why(struct cli *cli);
int run_block_add(struct cli *cli);
int run_block_remove(struct cli *cli);
int run_block_list(struct cli *cli);
int run_warning_import(struct cli *cli);
int run_warning_list(struct cli *cli);
int run_warning_show(struct cli *cli);
int run_warning_set(struct cli *cli);
int run_warning_remove(struct cli *cli);
int run_warning_make(struct cli *cli);
int run_agreement_propose(struct cli *cli);
int run_agreement_list(struct cli *cli);
int run_progress_report(struct cli *cli);
int run_progress_list(struct cli *cli);
int run_progress_export(struct cli *cli);
int run_document_moved(struct cli *cli);
int run_document_link(struct cli *cli);
int run_outcome_propose(struct cli *cli);
int run_outcome_claim(struct cli *cli);
int run_outcome_follow_up(struct cli *cli);
int run_outcome_list(struct cli *cli);
int run_document_list(struct cli *cli);
int run_document_show(struct cli *cli);
int run_document_sign(struct cli *cli);
int run_document_send(struct cli *cli);
int run_document_forget(struct cli *cli);
int run_document_export(struct cli *cli);
int run_document_import(struct cli *cli);

int run_feed_list(struct cli *cli);
int run_feed_show(struct cli *cli);
int run_feed_add(struct cli *cli);
int run_feed_sync(struct cli *cli);
int run_feed_review(struct cli *cli);
int run_feed_remove(struct cli *cli);

int run_shortlist_list(struct cli *cli);
int run_shortlist_new(struct cli *cli);
int run_shortlist_show(struct cli *cli);
int run_shortlist_add(struct cli *cli);
int run_shortlist_set(struct cli *cli);
int run_shortlist_drop(struct cli *cli);
int run_shortlist_export(struct cli *cli);
int run_shortlist_remove(struct cli *cli);

int run_offer_send(struct cli *cli);
int run_offer_template(struct cli *cli);
int run_hand_raise(struct cli *cli);
int run_hand_list(struct cli *cli);
int run_hand_show(struct cli *cli);
int run_hand_withdraw(struct cli *cli);
int run_talk_introduce(struct cli *cli);
int run_offer_ledger(struct cli *cli);
int run_offer_list(struct cli *cli);
int run_offer_show(struct cli *cli);
int run_offer_answer(struct cli *cli);
int run_offer_withdraw(struct cli *cli);
int run_inbox_list(struct cli *cli);
int run_inbox_show(struct cli *cli);
int run_inbox_answer(struct cli *cli);

int run_fact_list(struct cli *cli);
int run_fact_set(struct cli *cli);
int run_fact_remove(struct cli *cli);
int run_talk_ask(struct cli *cli);
int run_talk_claims(struct cli *cli);
int run_inbox_disclose(struct cli *cli);

int run_profile_import(struct cli *cli);
int run_profile_edit(struct cli *cli);
int run_draft_edit(struct cli *cli);
int run_draft_show(struct cli *cli);
int run_draft_publish(struct cli *cli);
int run_profile_forget(struct cli *cli);
int run_post_import(struct cli *cli);
int run_post_one(struct cli *cli);
int run_post_list(struct cli *cli);
int run_post_close(struct cli *cli);

/** community_base(cli): the routes of its noun, community or cohort. */
const char *community_base(const struct cli *cli);
int run_community_edit(struct cli *cli);
int run_cohort_wait(struct cli *cli);
int run_community_release(struct cli *cli);
int run_cohort_finish(struct cli *cli);
int run_community_publish(struct cli *cli);
int run_community_list(struct cli *cli);
int run_community_show(struct cli *cli);
int run_community_end(struct cli *cli);
int run_community_join(struct cli *cli);
int run_community_members(struct cli *cli);
int run_community_welcome(struct cli *cli);
int run_community_accept(struct cli *cli);
int run_community_leave(struct cli *cli);
int run_session_propose(struct cli *cli);
int run_session_sign(struct cli *cli);
int run_session_take(struct cli *cli);
int run_session_send(struct cli *cli);
int run_session_list(struct cli *cli);
int run_session_show(struct cli *cli);
int run_session_forget(struct cli *cli);
int run_pathway_list(struct cli *cli);
int run_pathway_show(struct cli *cli);

int run_match_list(struct cli *cli);
int run_match_explain(struct cli *cli);
int run_match_compare(struct cli *cli);
int run_candidate_list(struct cli *cli);
int run_candidate_explain(struct cli *cli);
int run_team_form(struct cli *cli);
int run_community_suggest(struct cli *cli);
int run_market(struct cli *cli);
int run_path(struct cli *cli);
int run_signal_top(struct cli *cli);
int run_signal_series(struct cli *cli);
int run_signal_map(struct cli *cli);
int run_signal_import(struct cli *cli);
int run_signal_publish(struct cli *cli);

int run_assess_list(struct cli *cli);
int run_assess_show(struct cli *cli);
int run_assess_new(struct cli *cli);
int run_assess_close(struct cli *cli);
int run_assess_take(struct cli *cli);
int run_assess_result(struct cli *cli);
int run_assess_apply(struct cli *cli);
int run_assess_forget(struct cli *cli);
int run_assess_import(struct cli *cli);
int run_assess_sign(struct cli *cli);
int run_learn_next(struct cli *cli);

int run_credential_verify(struct cli *cli);
int run_credential_show(struct cli *cli);
int run_credential_issue(struct cli *cli);
int run_credential_accept(struct cli *cli);
int run_credential_list(struct cli *cli);
int run_credential_present(struct cli *cli);
int run_credential_revoke(struct cli *cli);
int run_credential_export(struct cli *cli);
int run_credential_import(struct cli *cli);
int run_credential_forget(struct cli *cli);
int run_coach_list(struct cli *cli);
/** show_credential(cli): of the node, by the id in the first word. */
int show_credential(struct cli *cli);

int run_record_list(struct cli *cli);
int run_record_show(struct cli *cli);
int run_record_export(struct cli *cli);
int run_record_import(struct cli *cli);
int run_peer_list(struct cli *cli);
int run_peer_connect(struct cli *cli);
int run_peer_find(struct cli *cli);
int run_invite(struct cli *cli);
int run_join(struct cli *cli);
int run_peer_explain(struct cli *cli);
int run_sync_status(struct cli *cli);
int run_sync_now(struct cli *cli);
int run_topic_list(struct cli *cli);
int run_topic_explain(struct cli *cli);
int run_crawl_run(struct cli *cli);
int run_crawl_diff(struct cli *cli);
int run_term_list(struct cli *cli);
int run_term_add(struct cli *cli);
int run_term_remove(struct cli *cli);
int run_vocabulary_bridge(struct cli *cli);
int run_vocabulary_search(struct cli *cli);
int run_vocabulary_import(struct cli *cli);
int run_vocabulary_list(struct cli *cli);
int run_vocabulary_remove(struct cli *cli);
int run_vocabulary_diff(struct cli *cli);

/* Parts that several of them use. */

/** join_link(cli, link): give an invitation to the node; the exit code. */
int join_link(struct cli *cli, const char *link);

/** unlock_key(cli, km): open the key file, asking for the passphrase. */
int unlock_key(struct cli *cli, struct key_material *km);
/** show_publication(cli, reply): what was, or would be, published. */
int show_publication(struct cli *cli, json_t *reply);
/** node_answers(cli, status): a node does; ${status} NULL: it refused. */
bool node_answers(struct cli *cli, json_t **status);
/** show_import(cli, reply): rows, what was left out, what is wrong. */
void show_import(struct cli *cli, const json_t *reply);
/** read_text(cli, path, out): a file as a JSON string; the exit code. */
int read_text(struct cli *cli, const char *path, json_t **out);
/** read_json(cli, path, out): a file that holds one JSON object. */
int read_json(struct cli *cli, const char *path, json_t **out);
/** label_list(list, key, out, cap): labels of a list, ", " between. */
void label_list(const json_t *list, char *out, size_t cap);
/** show_guess(cli, guessed_of): what else was near; nothing if it is null. */
void show_guess(struct cli *cli, const json_t *guessed_of);
/** any_text(v): of a string, {"text"} or {"en": ...}; "" if none. */
const char *any_text(const json_t *v);
/** show_light(cli, l): the budget of a light node; nothing for others. */
void show_light(struct cli *cli, const json_t *l);
/** short_id(id): what people type of an id: its last ten characters. */
const char *short_id(const char *id);
/** time_text(out, cap, t): "2026-01-02 03:04", or "-". */
void time_text(char *out, size_t cap, int64_t t);
/**
 * find_term(cli, words, type, term, label, cap): what ${words} surely mean; the
 * exit code. ${type}: a type's name, NULL: any.
 */
int find_term(struct cli *cli, const char *words, const char *type,
    char term[20], char *label, size_t label_cap);
/** list_of(draft, name): a list in it, made if it is not there; borrowed. */
json_t *list_of(json_t *draft, const char *name);
/** list_remove(draft, name, term): takes a term out of such a list. */
void list_remove(json_t *draft, const char *name, const char *term);
