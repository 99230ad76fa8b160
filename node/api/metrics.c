/*
 * GET /metrics: the numbers of the node in the text format of Prometheus,
 * version 0.0.4.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/api/parts.h"
#include "node/fetch.h"

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
	head(o, "ohcn_peers", "gauge", "Connected peers.");
	add(o, "ohcn_peers{direction=\"in\"} %" PRIu64 "\n", in);
	add(o, "ohcn_peers{direction=\"out\"} %" PRIu64 "\n", outbound);
	head(o, "ohcn_network_bytes_total", "counter", "Bytes of connections.");
	add(o, "ohcn_network_bytes_total{direction=\"in\"} %" PRIu64 "\n",
	    hs->bytes_in);
	add(o, "ohcn_network_bytes_total{direction=\"out\"} %" PRIu64 "\n",
	    hs->bytes_out);
	counter(o, "ohcn_peer_connects_total", "Connections made.",
	    hs->conns_opened);
	counter(o, "ohcn_peer_connects_refused_total", "Connections refused.",
	    hs->conns_refused);
	head(
	    o, "ohcn_peer_disconnects_total", "counter", "Connections closed.");
	add(o, "ohcn_peer_disconnects_total{reason=\"ok\"} %" PRIu64 "\n",
	    hs->closed_ok);
	add(o, "ohcn_peer_disconnects_total{reason=\"peer\"} %" PRIu64 "\n",
	    hs->closed_peer);
	add(o, "ohcn_peer_disconnects_total{reason=\"auth\"} %" PRIu64 "\n",
	    hs->closed_auth);
	add(o, "ohcn_peer_disconnects_total{reason=\"limit\"} %" PRIu64 "\n",
	    hs->closed_limit);
	add(o, "ohcn_peer_disconnects_total{reason=\"time\"} %" PRIu64 "\n",
	    hs->closed_time);
	counter(o, "ohcn_stream_faults_total",
	    "Streams that broke their protocol.", hs->stream_faults);
}

static void
gossip_part(struct out *o, const struct gossip_stats *g)
{
	head(o, "ohcn_messages_total", "counter",
	    "Gossip messages, per peer that sent or got one.");
	add(o, "ohcn_messages_total{direction=\"in\"} %" PRIu64 "\n",
	    g->messages_in);
	add(o, "ohcn_messages_total{direction=\"out\"} %" PRIu64 "\n",
	    g->forwarded);
	counter(o, "ohcn_gossip_duplicates_total", "Messages that came again.",
	    g->duplicates);
	counter(o, "ohcn_gossip_published_total", "Messages of our own.",
	    g->published);
	head(o, "ohcn_gossip_verdicts_total", "counter",
	    "Messages judged, by verdict.");
	add(o, "ohcn_gossip_verdicts_total{verdict=\"accept\"} %" PRIu64 "\n",
	    g->accepted);
	add(o, "ohcn_gossip_verdicts_total{verdict=\"ignore\"} %" PRIu64 "\n",
	    g->ignored);
	add(o, "ohcn_gossip_verdicts_total{verdict=\"reject\"} %" PRIu64 "\n",
	    g->rejected);
	head(o, "ohcn_gossip_dropped_total", "counter",
	    "Messages not passed on because a queue was full.");
	add(o, "ohcn_gossip_dropped_total{queue=\"peer\"} %" PRIu64 "\n",
	    g->dropped_queue);
	add(o, "ohcn_gossip_dropped_total{queue=\"verdict\"} %" PRIu64 "\n",
	    g->dropped_pending);
	counter(o, "ohcn_gossip_protocol_errors_total",
	    "Frames that cost a connection.", g->protocol_errors);
	counter(o, "ohcn_gossip_iwant_served_total", "Bodies sent when asked.",
	    g->iwant_served);
	gauge(o, "ohcn_gossip_seen_entries", "Ids remembered.", g->seen_now);
}

static void
records_part(struct out *o, struct node *n, const struct store_totals *t,
    const struct pipeline_stats *ps)
{
	const struct fetch_stats f = fetch_stats(n->fetch);
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
	counter(o, "ohcn_signature_checks_total", "Signatures checked.",
	    ps->verified);
	counter(o, "ohcn_store_commits_total", "Transactions.", ps->commits);
	counter(o, "ohcn_store_write_errors_total", "Transactions that failed.",
	    ps->write_errors);
	gauge(o, "ohcn_ingest_queue", "Records that are being judged.",
	    ps->queued);
	gauge(o, "ohcn_store_bytes", "Bytes of the records held.", t->bytes);
	gauge(o, "ohcn_store_quota_bytes", "Their bound.",
	    n->config->store.quota_bytes);
	gauge(o, "ohcn_store_map_bytes", "Address space of the store.",
	    n->config->store.map_size);
	gauge(o, "ohcn_records_unannounced",
	    "Records of our own that no peer has taken yet.",
	    publisher_waiting(n->publisher));
	counter(o, "ohcn_fetch_asked_total", "Questions for missed records.",
	    f.asked);
	counter(o, "ohcn_fetch_records_total", "Records that they brought.",
	    f.records_in);
}

static void
api_part(struct out *o, struct node *n)
{
	const struct http_stats h = http_server_stats(n->http);

	head(o, "ohcn_api_requests_total", "counter",
	    "Requests to the local API.");
	add(o, "ohcn_api_requests_total{result=\"ok\"} %" PRIu64 "\n",
	    h.requests - MIN(h.requests, h.refused + h.failed));
	add(o, "ohcn_api_requests_total{result=\"refused\"} %" PRIu64 "\n",
	    h.refused);
	add(o, "ohcn_api_requests_total{result=\"failed\"} %" PRIu64 "\n",
	    h.failed);
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
	records_part(&o, n, &totals, &ps);
	api_part(&o, n);
	if (o.full)
		http_fail(r, 500, "E3903", NULL, NULL,
		    "the metrics do not fit into their buffer");
	else
		http_reply_bytes(
		    r, 200, "text/plain; version=0.0.4", slice_of(o.p, o.n));
	free(o.p);
}
