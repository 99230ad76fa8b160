#include "node/api/parts.h"

#define V1 "/api/v1"

static const struct http_route routes[] = {
	{ HTTP_GET, "/healthz", api_healthz, HTTP_OPEN },
	{ HTTP_GET, "/metrics", api_metrics, 0 },
	{ HTTP_GET, V1 "/metrics", api_metrics, 0 },
	{ HTTP_GET, V1 "/events", NULL, HTTP_EVENTS },
	{ HTTP_GET, V1 "/status", api_status, 0 },
	{ HTTP_POST, V1 "/shutdown", api_shutdown, 0 },
	{ HTTP_GET, V1 "/config", api_config, 0 },
	{ HTTP_GET, V1 "/backup", api_backup, 0 },
	{ HTTP_GET, V1 "/store", api_store, 0 },
	{ HTTP_POST, V1 "/store/check", api_store_check, 0 },
	{ HTTP_POST, V1 "/store/backup", api_store_backup, 0 },
	{ HTTP_GET, V1 "/store/task", api_store_task, 0 },

	{ HTTP_GET, V1 "/personas", api_personas, 0 },
	{ HTTP_POST, V1 "/personas", api_persona_add, 0 },
	{ HTTP_POST, V1 "/personas/{name}/rename", api_persona_rename, 0 },
	{ HTTP_POST, V1 "/personas/{name}/state", api_persona_state, 0 },
	{ HTTP_POST, V1 "/personas/{name}/revoke", api_persona_revoke, 0 },
	{ HTTP_GET, V1 "/profile", api_profile_get, 0 },
	{ HTTP_PUT, V1 "/profile", api_profile_put, 0 },
	{ HTTP_POST, V1 "/profile/import", api_profile_import, 0 },
	{ HTTP_POST, V1 "/profile/publish", api_profile_publish, 0 },
	{ HTTP_POST, V1 "/profile/forget", api_profile_forget, 0 },
	{ HTTP_GET, V1 "/organisation", api_organisation_get, 0 },
	{ HTTP_PUT, V1 "/organisation", api_organisation_put, 0 },
	{ HTTP_POST, V1 "/organisation/publish", api_organisation_publish, 0 },

	{ HTTP_GET, V1 "/demands", api_demands, 0 },
	{ HTTP_POST, V1 "/demands", api_demands_post, 0 },
	{ HTTP_POST, V1 "/demands/import", api_demands_import, 0 },
	{ HTTP_POST, V1 "/demands/{id}/close", api_demands_close, 0 },
	{ HTTP_GET, V1 "/courses", api_courses, 0 },
	{ HTTP_POST, V1 "/courses", api_courses_post, 0 },
	{ HTTP_POST, V1 "/courses/import", api_courses_import, 0 },
	{ HTTP_POST, V1 "/courses/{id}/close", api_courses_close, 0 },

	{ HTTP_GET, V1 "/assessments", api_assessments, 0 },
	{ HTTP_POST, V1 "/assessments", api_assessments_post, 0 },
	{ HTTP_GET, V1 "/assessments/{id}", api_assessment, 0 },
	{ HTTP_POST, V1 "/assessments/{id}/close", api_assessments_close, 0 },
	{ HTTP_POST, V1 "/assessments/{id}/take", api_assessment_take, 0 },
	{ HTTP_POST, V1 "/assessments/{id}/answer", api_assessment_answer, 0 },
	{ HTTP_POST, V1 "/assessments/{id}/finish", api_assessment_finish, 0 },
	{ HTTP_POST, V1 "/assessments/{id}/sign", api_assessment_sign, 0 },
	{ HTTP_GET, V1 "/assessment-results", api_assessment_results, 0 },
	{ HTTP_POST, V1 "/assessment-results", api_assessment_import, 0 },
	{ HTTP_POST, V1 "/assessment-results/{id}/apply", api_assessment_apply,
	    0 },
	{ HTTP_GET, V1 "/learn/next", api_learn_next, 0 },

	{ HTTP_GET, V1 "/matches", api_matches, 0 },
	{ HTTP_GET, V1 "/matches/{record}", api_match, 0 },
	{ HTTP_GET, V1 "/candidates", api_candidates, 0 },
	{ HTTP_GET, V1 "/candidates/{demand}/{record}", api_candidate, 0 },
	{ HTTP_POST, V1 "/candidates", api_candidates_draft, 0 },
	{ HTTP_POST, V1 "/candidates/{record}", api_candidate_draft, 0 },
	{ HTTP_GET, V1 "/compare", api_compare, 0 },
	{ HTTP_GET, V1 "/team", api_team, 0 },
	{ HTTP_GET, V1 "/communities/suggest", api_community_suggest, 0 },
	{ HTTP_GET, V1 "/market", api_market, 0 },
	{ HTTP_GET, V1 "/path", api_path, 0 },
	{ HTTP_GET, V1 "/signals", api_signals, 0 },
	{ HTTP_GET, V1 "/signals/series", api_signals_series, 0 },
	{ HTTP_GET, V1 "/signals/map", api_signals_map, 0 },
	{ HTTP_POST, V1 "/signals/publish", api_signals_publish, 0 },
	{ HTTP_POST, V1 "/signals/import", api_signals_import, 0 },

	{ HTTP_GET, V1 "/records", api_records, 0 },
	{ HTTP_GET, V1 "/records/export", api_records_export, 0 },
	{ HTTP_POST, V1 "/records/import", api_records_import, 0 },
	{ HTTP_GET, V1 "/records/{id}", api_record, 0 },

	{ HTTP_GET, V1 "/peers", api_peers, 0 },
	{ HTTP_GET, V1 "/peers/known", api_peers_known, 0 },
	{ HTTP_POST, V1 "/peers/connect", api_peers_connect, 0 },
	{ HTTP_GET, V1 "/invite", api_invite, 0 },
	{ HTTP_POST, V1 "/join", api_join, 0 },
	{ HTTP_GET, V1 "/discovery", api_discovery, 0 },
	{ HTTP_GET, V1 "/peers/{id}/explain", api_peer_explain, 0 },
	{ HTTP_POST, V1 "/discovery/find", api_discovery_find, 0 },
	{ HTTP_GET, V1 "/sync", api_sync, 0 },
	{ HTTP_POST, V1 "/sync/now", api_sync_now, 0 },
	{ HTTP_GET, V1 "/topics", api_topics, 0 },
	{ HTTP_GET, V1 "/topics/explain", api_topic_explain, 0 },

	{ HTTP_GET, V1 "/vocabulary", api_vocabulary, 0 },
	{ HTTP_GET, V1 "/vocabulary/search", api_vocabulary_search, 0 },
	{ HTTP_POST, V1 "/vocabulary/import", api_vocabulary_import, 0 },
	{ HTTP_POST, V1 "/vocabulary/remove", api_vocabulary_remove, 0 },
	{ HTTP_GET, V1 "/vocabulary/bridge", api_vocabulary_bridge, 0 },
	{ HTTP_GET, V1 "/terms", api_terms, 0 },
	{ HTTP_POST, V1 "/terms", api_terms_add, 0 },
	{ HTTP_POST, V1 "/terms/remove", api_terms_remove, 0 },
};

const struct http_route *
api_routes(size_t *n)
{
	(void)wishes_schema(); /* filled in before a worker reads it */
	*n = ARRAY_LEN(routes);
	return routes;
}
