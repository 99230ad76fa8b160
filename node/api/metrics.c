/*
 * GET /metrics: the numbers of the node in the text format of Prometheus,
 * version 0.0.4.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/api/parts.h"
#include "node/care/care.h"
#include "node/company/feed.h"
#include "node/mail/mailbox.h"
#include "node/matcher.h"
#include "node/signals.h"
#include "node/sync/sync.h"

#define METRICS_MAX (64 * 1024)

struct out {
	char *p;
	size_t n;
	bool full;
};

static void add(struct out *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct out *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	const int n = vsnprintf(o->p + o->n, METRICS_MAX - o->n, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= METRICS_MAX - o->n)
		o->full = true;
	else
		o->n += (size_t)n;
}

static void
head(struct out *o, const char *name, const char *type, const char *help)
{
	add(o, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
counter(struct out *o, const char *name, const char *help, uint64_t v)
{
	head(o, name, "counter", help);
	add(o, "%s %" PRIu64 "\n", name, v);
}

static void
gauge(struct out *o, const char *name, const char *help, uint64_t v)
{
	head(o, name, "gauge", help);
	add(o, "%s %" PRIu64 "\n", name, v);
}

/* One value of a labelled series; the labels are closed sets of words. */
struct sample {
	const char *value; /* of the label */
	uint64_t n;
};

static void
series(struct out *o, const char *name, const char *type, const char *help,
    const char *label, const struct sample *samples, size_t n)
{
	head(o, name, type, help);
	for (size_t i = 0; i < n; i++)
		add(o, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label,
		    samples[i].value, samples[i].n);
}

#define SERIES(o, name, type, help, label, ...)                                \
	series(o, name, type, help, label,                                     \
	    (const struct sample[]){ __VA_ARGS__ },                            \
	    sizeof((const struct sample[]){ __VA_ARGS__ }) /                   \
		sizeof(struct sample))

static void
node_part(struct out *o, struct node *n, const struct host_stats *hs)
{
	struct host_peer_info p;
	uint64_t in = 0, outbound = 0;

	head(o, "ohcn_build_info", "gauge", "Version of the program.");
	add(o, "ohcn_build_info{version=\"%s\"} 1\n", OHCN_VERSION);
	head(o, "ohcn_node_info", "gauge", "Role and network.");
	add(o, "ohcn_node_info{role=\"%s\",network=\"%s\"} 1\n",
	    role_name(n->config->node.role), n->config->node.network);
	gauge(o, "ohcn_start_time_seconds", "When the node began, since 1970.",
	    n->started_s);
	gauge(o, "ohcn_memory_used_bytes", "Memory of the network host.",
	    hs->memory_now);
	gauge(o, "ohcn_memory_limit_bytes", "Its bound.", hs->memory_cap);
	for (uint32_t i = 0; host_peer_at(n->host, i, &p); i++)
		if (p.outbound)
			outbound++;
		else
			in++;
	SERIES(o, "ohcn_peers", "gauge", "Connected peers.", "direction",
	    { "in", in }, { "out", outbound });
	SERIES(o, "ohcn_network_bytes_total", "counter",
	    "Bytes of connections.", "direction", { "in", hs->bytes_in },
	    { "out", hs->bytes_out });
	counter(o, "ohcn_peer_connects_total", "Connections made.",
	    hs->conns_opened);
	counter(o, "ohcn_peer_connects_refused_total", "Connections refused.",
	    hs->conns_refused);
	SERIES(o, "ohcn_peer_disconnects_total", "counter",
	    "Connections closed.", "reason", { "ok", hs->closed_ok },
	    { "peer", hs->closed_peer }, { "auth", hs->closed_auth },
	    { "limit", hs->closed_limit }, { "time", hs->closed_time });
	counter(o, "ohcn_peers_trimmed_total",
	    "Connections closed to make room.", hs->trimmed);
	SERIES(o, "ohcn_dials_total", "counter", "Calls to peers, by result.",
	    "result", { "done", hs->dials_done },
	    { "failed", hs->dials_failed });
	SERIES(o, "ohcn_peers_known", "gauge", "The list of addresses.", "of",
	    { "peers", hs->known_peers }, { "addresses", hs->known_addrs },
	    { "records", hs->known_records });
	gauge(o, "ohcn_peers_chosen", "Peers dialled by our own choice.",
	    hs->peers_out);
	counter(o, "ohcn_streams_refused_total",
	    "Streams of peers over a limit.", hs->streams_refused);
	counter(o, "ohcn_stream_faults_total",
	    "Streams that broke their protocol.", hs->stream_faults);
}

/* Meshes by the class of the topic, which is a closed set, too. */
static void
mesh_part(struct out *o, struct node *n)
{
	struct sample peers[RECORD_CLASSES], mesh[RECORD_CLASSES];

	for (int c = 0; c < RECORD_CLASSES; c++) {
		char topic[TOPIC_TEXT];
		struct gossip_topic t = { 0 };
		node_topic(n, (enum record_class)c, topic);
		(void)host_topic(n->host, topic, &t);
		const char *name = class_name((enum record_class)c);
		peers[c] = (struct sample){ name, t.peers };
		mesh[c] = (struct sample){ name, t.mesh };
	}
	series(o, "ohcn_gossip_topic_peers", "gauge",
	    "Connected peers that want the topic.", "topic", peers,
	    RECORD_CLASSES);
	series(o, "ohcn_gossip_mesh_peers", "gauge",
	    "Those of them in our mesh.", "topic", mesh, RECORD_CLASSES);
}

static void
gossip_part(struct out *o, const struct gossip_stats *g)
{
	SERIES(o, "ohcn_messages_total", "counter",
	    "Gossip messages, per peer that sent or got one.", "direction",
	    { "in", g->messages_in }, { "out", g->forwarded });
	counter(o, "ohcn_gossip_duplicates_total", "Messages that came again.",
	    g->duplicates);
	counter(o, "ohcn_gossip_published_total", "Messages of our own.",
	    g->published);
	SERIES(o, "ohcn_gossip_verdicts_total", "counter",
	    "Messages judged, by verdict.", "verdict",
	    { "accept", g->accepted }, { "ignore", g->ignored },
	    { "reject", g->rejected });
	SERIES(o, "ohcn_gossip_dropped_total", "counter",
	    "What was not sent on or not looked at, by reason.", "reason",
	    { "queue", g->dropped_queue }, { "pending", g->dropped_pending },
	    { "signed", g->signed_refused }, { "oversize", g->oversize },
	    { "unwanted", g->unwanted }, { "topics", g->topics_ignored },
	    { "control", g->control_ignored }, { "score", g->score_ignored },
	    { "graylist", g->graylisted });
	SERIES(o, "ohcn_gossip_control_total", "counter",
	    "Control messages received.", "type", { "ihave", g->ihave_in },
	    { "iwant", g->iwant_in }, { "graft", g->graft_in },
	    { "prune", g->prune_in }, { "idontwant", g->idontwant_in });
	SERIES(o, "ohcn_gossip_breaches_total", "counter",
	    "What peers did against the rules of gossip.", "type",
	    { "backoff", g->backoff_breached },
	    { "promise", g->promises_broken });
	counter(o, "ohcn_gossip_protocol_errors_total",
	    "Frames that cost a connection.", g->protocol_errors);
	counter(o, "ohcn_gossip_iwant_served_total", "Bodies sent when asked.",
	    g->iwant_served);
	gauge(o, "ohcn_gossip_seen_entries", "Ids remembered.", g->seen_now);
	gauge(o, "ohcn_gossip_pending", "Messages that wait for a verdict.",
	    g->pending_now);
}

/* Where records end, and where the time goes. */
static void
stages_part(struct out *o, const struct pipeline_stats *ps)
{
	head(o, "ohcn_ingest_ended_total", "counter",
	    "Records judged, by the stage that decided.");
	for (int s = 0; s < PIPELINE_STAGES; s++)
		for (int i = RECORD_FINE + 1; i < RECORD_OUTCOMES; i++)
			if (ps->ended[s][i] > 0)
				add(o,
				    "ohcn_ingest_ended_total{stage=\"%s\","
				    "outcome=\"%s\"} %" PRIu64 "\n",
				    pipeline_stage_name((enum pipeline_stage)s),
				    record_outcome_name((enum record_outcome)i),
				    ps->ended[s][i]);
	SERIES(o, "ohcn_ingest_busy_milliseconds_total", "counter",
	    "Time at work, by part.", "part",
	    { "checks", ps->loop_ns / 1000000 },
	    { "verify", ps->verify_ns / 1000000 },
	    { "write", ps->write_ns / 1000000 });
	SERIES(o, "ohcn_ingest_waiting", "gauge",
	    "Records before a stage of the pipeline.", "stage",
	    { "verify", ps->to_verify }, { "store", ps->to_write });
}

static void
match_part(struct out *o, struct node *n)
{
	struct matcher_stats m;

	matcher_stats(n->matcher, &m);
	SERIES(o, "ohcn_match_index_entries", "gauge",
	    "Records of others in the match index.", "kind",
	    { "profile", m.records[MATCH_PEOPLE] },
	    { "demand", m.records[MATCH_DEMANDS] },
	    { "course", m.records[MATCH_COURSES] });
	gauge(o, "ohcn_match_index_ready",
	    "1: searches use the index; 0: they look at each record.",
	    m.state == MATCHER_READY);
	gauge(
	    o, "ohcn_match_index_bytes", "Memory of the match index.", m.bytes);
	gauge(o, "ohcn_match_index_segments", "Its sorted parts.", m.segments);
	gauge(o, "ohcn_match_index_left_out",
	    "Records over limits.match_records.", m.left_out);
	counter(o, "ohcn_match_index_added_total", "Records put in.", m.added);
	counter(o, "ohcn_match_index_removed_total", "Records taken out.",
	    m.removed);
	counter(o, "ohcn_match_index_builds_total",
	    "Times it was built from the store.", m.builds);
	gauge(o, "ohcn_match_index_build_milliseconds", "Of the last build.",
	    m.build_ms);
	counter(o, "ohcn_match_searches_total", "Searches by the index.",
	    m.searches);
}

static void
signals_part(struct out *o, struct node *n)
{
	struct signal_stats s;
	uint64_t at;

	signals_stats(n->signals, &s, &at);
	gauge(o, "ohcn_signals_records", "Records that signals count.",
	    s.records);
	gauge(o, "ohcn_signals_cells",
	    "Terms by region and industry that are counted.", s.cells);
	gauge(o, "ohcn_signals_bytes", "Memory of the counters.", s.bytes);
	gauge(o, "ohcn_signals_left_out",
	    "Records over signals.records or its cells.", s.left_out);
	gauge(o, "ohcn_signals_counted_seconds",
	    "When they were last brought up to date, since 1970; 0: never.",
	    at);
}

static uint64_t
time_of(const json_t *notes, const char *what)
{
	const json_int_t t = json_integer_value(
	    json_object_get(json_object_get(notes, what), "at"));

	return t < 0 ? 0 : (uint64_t)t;
}

/* When the owner last looked after it; 0: never. */
static void
store_care_part(struct out *o, struct node *n)
{
	json_t *notes = care_notes(n->paths);
	unsigned live = 0, cleared = 0;

	gauge(o, "ohcn_last_check_timestamp_seconds", "Of the store; 0: never.",
	    time_of(notes, "check"));
	gauge(o, "ohcn_last_backup_timestamp_seconds",
	    "Of the whole node; 0: never.", time_of(notes, "node_backup"));
	json_decref(notes);
	if (map_lmdb_readers(n->map, &live, &cleared) == OK)
		gauge(o, "ohcn_store_reader_slots", "Readers of the store.",
		    live);
}

static void
mail_part(struct out *o, const struct node *n)
{
	struct mailbox_stats s;

	mailbox_stats(n, &s);
	head(o, "ohcn_mail_outcomes_total", "counter",
	    "Envelopes that opened here, by what became of them.");
	for (int i = 0; i < MAIL_OUTCOMES; i++)
		add(o, "ohcn_mail_outcomes_total{outcome=\"%s\"} %" PRIu64 "\n",
		    mail_outcome_name((enum mail_outcome)i), s.outcome[i]);
	counter(o, "ohcn_mail_not_kept_total",
	    "What came by a conversation and could not be stored.", s.not_kept);
	gauge(o, "ohcn_mail_damaged", "Conversations that cannot be read.",
	    s.damaged);
}

static void
records_part(struct out *o, struct node *n, const struct store_totals *t,
    const struct pipeline_stats *ps)
{
	uint64_t open = 0;

	head(o, "ohcn_records", "gauge", "Records held, by kind.");
	for (uint32_t k = 1; k <= KIND_LAST; k++)
		add(o, "ohcn_records{kind=\"%s\"} %" PRIu32 "\n",
		    kind_info(k)->name, t->kind[k]);
	for (uint32_t k = KIND_OPEN_FIRST; k <= KIND_OPEN_LAST; k++)
		open += t->kind[k];
	add(o, "ohcn_records{kind=\"open\"} %" PRIu64 "\n", open);
	head(o, "ohcn_record_outcomes_total", "counter",
	    "Records judged, by outcome.");
	for (int i = RECORD_FINE + 1; i < RECORD_OUTCOMES; i++)
		add(o,
		    "ohcn_record_outcomes_total{outcome=\"%s\"} %" PRIu64 "\n",
		    record_outcome_name((enum record_outcome)i),
		    ps->outcomes[i]);
	stages_part(o, ps);
	counter(o, "ohcn_signature_checks_total", "Signatures checked.",
	    ps->verified);
	counter(o, "ohcn_signature_checks_spared_total",
	    "Signatures known to be good, or checked for a copy.", ps->spared);
	counter(o, "ohcn_store_commits_total", "Transactions.", ps->commits);
	counter(o, "ohcn_store_write_errors_total", "Transactions that failed.",
	    ps->write_errors);
	gauge(o, "ohcn_ingest_queue", "Records that are being judged.",
	    ps->queued);
	gauge(o, "ohcn_ingest_queue_bytes", "Their bytes.", ps->queued_bytes);
	gauge(o, "ohcn_store_bytes", "Bytes of the records held.", t->bytes);
	gauge(o, "ohcn_store_quota_bytes", "Their bound.",
	    n->config->store.quota_bytes);
	store_care_part(o, n);
	gauge(o, "ohcn_store_map_bytes", "Address space of the store.",
	    n->config->store.map_size);
	gauge(o, "ohcn_records_unannounced",
	    "Records of our own that no peer has taken yet.",
	    publisher_waiting(n->publisher));
}

static void
sync_part(struct out *o, struct node *n)
{
	const struct syncer_stats s = syncer_stats(n->syncer);

	SERIES(o, "ohcn_sync_sessions_total", "counter",
	    "Sessions of sync begun, by who began.", "by", { "us", s.begun },
	    { "peers", s.served });
	SERIES(o, "ohcn_sync_ends_total", "counter",
	    "Sessions of sync ended; differed and equal agreed.", "how",
	    { "differed", s.agreed - s.equal }, { "equal", s.equal },
	    { "failed", s.failed - s.lied }, { "lied", s.lied },
	    { "busy", s.busy });
	counter(o, "ohcn_sync_declined_total",
	    "Sessions that peers wanted and did not get.", s.declined);
	SERIES(o, "ohcn_sync_bytes_total", "counter",
	    "Bytes of sessions, records included.", "direction",
	    { "in", s.bytes_in }, { "out", s.bytes_out });
	SERIES(o, "ohcn_sync_records_total", "counter",
	    "Records in sessions; new: of those that came.", "what",
	    { "in", s.records_in }, { "new", s.records_new },
	    { "out", s.records_out }, { "winner", s.winners_out },
	    { "refused_by_us", s.refused_out },
	    { "refused_by_peers", s.refused_in });
	counter(o, "ohcn_sync_held_back_total",
	    "Times that a record waited since the queue was full.",
	    s.held_back);
	gauge(o, "ohcn_sync_memory_bytes", "Lists of sessions.", s.memory_now);
	gauge(o, "ohcn_sync_sessions", "Sessions under way.",
	    s.own_now + s.serving_now);
}

static void
feed_part(struct out *o, struct node *n)
{
	struct feed_stats s;

	feed_stats(n, &s);
	SERIES(o, "ohcn_feed_reads_total", "counter",
	    "Feeds read; asks: something waits for the owner's word.", "result",
	    { "changed", s.changed }, { "unchanged", s.unchanged },
	    { "asks", s.asked }, { "failed", s.failed });
	gauge(o, "ohcn_feeds", "Feeds that are set up.", s.feeds);
	gauge(o, "ohcn_feeds_failing", "Of them: the last read failed.",
	    s.failing);
}

static void
api_part(struct out *o, struct node *n)
{
	const struct http_stats h = http_server_stats(n->http);

	SERIES(o, "ohcn_api_requests_total", "counter",
	    "Requests to the local API.", "result",
	    { "ok", h.requests - MIN(h.requests, h.refused + h.failed) },
	    { "refused", h.refused }, { "failed", h.failed });
	gauge(o, "ohcn_api_pending", "Requests not answered yet.", h.pending);
	gauge(
	    o, "ohcn_api_sse_clients", "Listeners to events.", h.event_clients);
	counter(o, "ohcn_events_total", "Events published.", h.events);
	counter(o, "ohcn_events_dropped_total",
	    "Times a listener fell out of the ring.", h.event_gaps);
	counter(o, "ohcn_log_broken_total", "Log lines about our own faults.",
	    n->log.broken);
}

void
api_metrics(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct store_view *view = NULL;
	struct store_totals totals = { 0 };
	struct pipeline_stats ps;
	struct host_stats hs;
	struct out o = { malloc(METRICS_MAX), 0, false };

	if (o.p == NULL) {
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	err e = store_view_open(n->store, &view);
	if (e == OK)
		e = store_totals(view, &totals);
	store_view_close(view);
	if (e != OK) {
		free(o.p);
		http_fail_err(r, e, "the store cannot be read");
		return;
	}
	pipeline_stats(n->pipeline, &ps);
	host_stats(n->host, &hs);
	node_part(&o, n, &hs);
	gossip_part(&o, &hs.gossip);
	mesh_part(&o, n);
	records_part(&o, n, &totals, &ps);
	mail_part(&o, n);
	match_part(&o, n);
	signals_part(&o, n);
	sync_part(&o, n);
	api_part(&o, n);
	feed_part(&o, n);
	if (o.full)
		http_fail(r, 500, "E3903", NULL, NULL,
		    "the metrics do not fit into their buffer");
	else
		http_reply_bytes(
		    r, 200, "text/plain; version=0.0.4", slice_of(o.p, o.n));
	free(o.p);
}
