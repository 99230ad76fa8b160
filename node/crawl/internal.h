/*
 * crawl/internal.h: what the files of node/crawl share; not for others.
 *
 *   run.c         the process: loop, signals, pace, beginning and end
 *   visit.c       one visit: call, identify, questions, comparison of records
 *   records.c     the records: sync, pipeline, a store in the working folder
 *   parameters.c  parameters as JSON, the plan
 *   frontier.c    what is known while it goes on (frontier.h)
 *   dataset.c     the files that come of it
 *   counts.c      the table of counts
 *   diff.c        two data sets compared
 *   rows.c, columns.c  files of rows (rows.h)
 */
#pragma once

#include "node/crawl/crawl.h"
#include "node/crawl/rows.h"
#include "node/node.h"
#include "proto/libp2p/identify.h"
#include "proto/libp2p/kad_message.h"
#include "store/store.h"

#define CRAWL_AGENT_MAX     128
#define CRAWL_PROTOCOLS_MAX 64 /* of a peer that are written down */
#define CRAWL_QUESTIONS_MAX 13 /* to one peer */
#define CRAWL_WORDS         (CRAWL_CONTACT_MAX + 40)

struct crawl;
struct crawl_records;

/* ---- visits ---- */

enum visit_stage {
	VISIT_FREE,
	VISIT_CALLING,
	VISIT_IDENTIFY, /* our own stream, for all it says */
	VISIT_ASKING,   /* whom it knows */
	VISIT_COMPARING,
	VISIT_LISTENING, /* has no table to ask: peer exchange may come */
	VISIT_LEAVING,   /* written down; the connection is going */
};

struct visit {
	struct crawl *c;
	enum visit_stage stage;
	struct frontier_peer peer;
	uint64_t began_ms, began_s, up_ms, deadline_ms, end_ms, left_ms;
	const char *outcome, *why; /* while listening: to be written down */
	struct host_stream stream;
	bool streaming; /* ${stream} is ours */
	struct identify_reader reader;
	bool reading; /* ${reader} is in use */
	bool identified, opted_out, speaks_kad, speaks_sync;
	bool ohcn, other_kad, other_net;
	bool heard; /* peer exchange came */
	char agent[CRAWL_AGENT_MAX + 1];
	json_t *protocols;
	/* questions */
	uint32_t asked, in_vain, contacts;
	bool contacts_known;
	/* the comparison */
	bool comparing;
	const char *sync; /* static text; NULL: not over */
	char sync_why[64];
	uint64_t offered, fresh;
	bool offered_known;
};

struct crawl {
	const struct crawl_config *cf;
	struct crawl_parameters p;
	struct problem *problem;
	/* What mDNS needs of a node: loop, env, mem, config, host. */
	struct node n;
	struct config quiet; /* the configuration, but mDNS says nothing */
	struct mdns_sockets *mdns; /* NULL: off */
	bool mdns_runs;
	uv_timer_t tick;
	uv_signal_t sigint, sigterm;
	struct env env;
	struct host *host;
	struct transport *transport;
	struct frontier *f;
	struct crawl_records *records; /* NULL: --no-records */
	char agent[CRAWL_WORDS];
	char kad_protocol[48];
	uint8_t secret[ED25519_SECRET];
	uint8_t psk[32];
	bool has_psk;
	struct transport_proxy proxy;
	char proxy_host[256];
	struct visit visits[CRAWL_PARALLEL_MAX];
	uint64_t begun_ms, told_ms, kept_ms, tokens, refilled_ms;
	uint64_t worked_before_s;
	bool stopping, over;
	enum crawl_end end;
	err failed; /* of the frontier: the crawl cannot go on */
	/* for questions */
	struct kad_message in, out;
	uint8_t in_key[KAD_KEY_MAX];
	uint8_t bytes[KAD_MESSAGE_MAX + 16];
};

/** visit_begin(c, p): call the peer; false: not now. */
bool visit_begin(struct crawl *c, const struct frontier_peer *p);
/** visit_event(c, ev): of the host. */
void visit_event(struct crawl *c, const struct host_event *ev);
/** visit_tick(v): deadlines. */
void visit_tick(struct visit *v, uint64_t now_ms);
/** visit_compared(c, v, good, why, wait_ms): the comparison of records is over;
 * what it brought may be under judgement for so long. */
void visit_compared(struct crawl *c, struct visit *v, bool good,
    const char *why, uint64_t wait_ms);
/** visit_drop(v): the crawl stops: the peer waits again. */
void visit_drop(struct visit *v);
/** visit_find(c, id): NULL. */
struct visit *visit_find(struct crawl *c, const struct peer_id *id);

/** crawl_check(c, e): an error of the frontier or the store ends the crawl;
 * false: it does. */
bool crawl_check(struct crawl *c, err e);

/** question_put(c, i, to, out): the i-th question to a peer, framed. */
err question_put(
    struct crawl *c, uint32_t i, const struct peer_id *to, struct buf *out);

/* ---- records ---- */

/** records_open(c, out): the store in the working folder, its pipeline, and
 * sync over the crawl's host. */
NODISCARD err records_open(struct crawl *c, struct crawl_records **out);
/** records_compare(r, v): false: it cannot be begun now. */
bool records_compare(struct crawl_records *r, struct visit *v);
bool records_event(struct crawl_records *r, const struct host_event *ev);
void records_gone(struct crawl_records *r, const struct peer_id *peer);
/** records_idle(r): nothing is under judgement. */
bool records_idle(struct crawl_records *r);
/** records_tick(r): often; does something each second. */
void records_tick(struct crawl_records *r);
/** records_stop(r): ends sessions, finishes what is queued; with the loop. */
void records_stop(struct crawl_records *r);
void records_free(struct crawl_records *r);
uint64_t records_count(struct crawl_records *r);
struct store *records_store(struct crawl_records *r);

/* ---- parameters ---- */

json_t *parameters_json(const struct crawl_parameters *p);
bool parameters_take(const json_t *o, struct crawl_parameters *p);
void crawl_agent(const struct crawl_parameters *p, char out[CRAWL_WORDS]);

/* ---- the data set ---- */

struct dataset {
	const struct crawl_config *cf;
	const struct crawl_parameters *p;
	struct frontier *f;
	struct store *store; /* NULL: no records */
	enum crawl_end end;
	uint64_t now_s;
	struct problem *problem;
	json_t *files;   /* of the manifest */
	json_t *records; /* {kind: count} */
	uint64_t cells_shown, cells_hidden, edges;
};

/** dataset_write(d, manifest): all files, the manifest last. */
NODISCARD err dataset_write(struct dataset *d, json_t **manifest);
/** dataset_begun(d): the manifest of a crawl that is under way. */
NODISCARD err dataset_begun(struct dataset *d);
/** dataset_file(d, done, about): a line of the manifest. */
void dataset_file(
    struct dataset *d, const struct rows_done *done, const char *schema);

/** counts_write(d): the table of counts, by the k rule. */
NODISCARD err counts_write(struct dataset *d, struct store_view *view);
