#include "node/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "match/core.h"
#include "node/access/lock.h"
#include "node/access/scope.h"
#include "node/access/token.h"
#include "node/api/api.h"
#include "node/api/import.h"
#include "node/base/env.h"
#include "node/care/forget.h"
#include "node/care/keeper.h"
#include "node/community/community.h"
#include "node/community/joining.h"
#include "node/company/feed.h"
#include "node/company/ledger.h"
#include "node/company/told.h"
#include "node/evidence/claims.h"
#include "node/evidence/credentials.h"
#include "node/evidence/documents.h"
#include "node/evidence/follow.h"
#include "node/keys/intro.h"
#include "node/keys/persona.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "node/mail/hand.h"
#include "node/mail/mailbox.h"
#include "node/matcher.h"
#include "node/net/discovery.h"
#include "node/net/nat.h"
#include "node/net/network.h"
#include "node/net/peers.h"
#include "node/record/owner.h"
#include "node/record/publish.h"
#include "node/record/stem_node.h"
#include "node/signals.h"
#include "node/sync/light.h"
#include "node/sync/restore.h"
#include "node/sync/sync_node.h"
#include "node/trust/trust.h"
#include "node/trust/warnings.h"

#define TICK_MS         1000
#define EXPIRE_EVERY    60 /* ticks */
#define EXPIRE_BATCH    1000
#define CLOCK_LEAP_S    86400 /* between two ticks: who is wrong? */
#define CLOCK_HOLD      3600  /* ticks without expiry after a leap */
#define SYNC_SAVE_EVERY 600   /* ticks */

/* ---- gossip ---- */

/* A message under judgement. */
struct judged_message {
	struct node *n;
	uint64_t handle;
};

static void
on_judged(void *ctx, const struct judge_result *r)
{
	struct judged_message *j = ctx;
	struct node *n = j->n;

	if (record_verdict(r->outcome) == VERDICT_REJECT)
		env_log(&n->env, LOG_UNUSUAL, "record_rejected", "outcome=%s",
		    record_outcome_name(r->outcome));
	host_verdict(
	    n->host, j->handle, judge_verdict(r), n->env.mono_ms(n->env.ctx));
	free(j);
	transport_wake(n->transport);
}

static uint32_t
class_of_topic(const struct node *n, const char *topic)
{
	for (unsigned c = 0; c < RECORD_CLASSES; c++) {
		char mine[TOPIC_TEXT];
		node_topic(n, (enum record_class)c, mine);
		if (strcmp(mine, topic) == 0)
			return 1U << c;
	}
	return 0;
}

static void
on_message(struct node *n, const struct gossip_message *m)
{
	const uint32_t mask = class_of_topic(n, m->topic);
	struct judged_message *j = malloc(sizeof(*j));

	if (j == NULL || mask == 0) {
		free(j);
		/* Without memory it may come again. */
		host_verdict(n->host, m->handle,
		    mask == 0 ? GOSSIP_IGNORE : GOSSIP_FORGET,
		    n->env.mono_ms(n->env.ctx));
		return;
	}
	*j = (struct judged_message){ n, m->handle };
	pipeline_submit(n->pipeline, m->data, mask, false, on_judged, j);
}

static void
peer_event(struct node *n, const struct host_event *ev, const char *what)
{
	char id[PEER_ID_TEXT_MAX];
	struct host_peer_info info;
	const bool known = host_peer_find(n->host, &ev->peer, &info);

	peer_id_put(id, &ev->peer);
	env_log(&n->env, LOG_INFO, what, "peer=%s agent=\"%s\"", id,
	    known && info.identified ? info.agent : "");
	node_event(n, "peer",
	    json_pack("{s:s,s:s,s:s}", "what", what, "peer_id", id, "agent",
		known && info.identified ? info.agent : ""));
}

static void
on_host_event(void *ctx, const struct host_event *ev)
{
	struct node *n = ctx;

	switch (ev->type) {
	case HOST_PEER_UP:
		peer_event(n, ev, "peer_up");
		return;
	case HOST_PEER_DOWN:
		peer_event(n, ev, "peer_down");
		syncer_peer_gone(n->syncer, &ev->peer);
		if (n->light != NULL)
			light_event(n->light, ev);
		return;
	case HOST_IDENTIFIED:
		peer_event(n, ev, "peer_identified");
		if (host_peer_speaks(n->host, &ev->peer, SYNC_PROTOCOL))
			syncer_peer(n->syncer, &ev->peer);
		if (n->light != NULL)
			light_event(n->light, ev);
		return;
	case HOST_MESSAGE:
		on_message(n, &ev->message);
		return;
	case HOST_STREAM_OPENED:
		if (ev->protocol != NETWORK_SYNC) {
			host_stream_reset(n->host,
			    (struct host_stream){ ev->conn, ev->stream });
			return;
		}
		(void)syncer_event(n->syncer, ev);
		return;
	case HOST_STREAM_READY:
	case HOST_STREAM_REFUSED:
	case HOST_STREAM_DATA:
	case HOST_STREAM_WRITABLE:
	case HOST_STREAM_END:
	case HOST_STREAM_CLOSED:
		(void)syncer_event(n->syncer, ev);
		return;
	case HOST_UNREACHABLE:
		if (n->light != NULL)
			light_event(n->light, ev);
		return;
	case HOST_PING:
	case HOST_CLOSE: /* the transport's */
		return;
	}
}

/* ---- the store's news ---- */

/* What an event tells; put into words when somebody listens. */
struct stored_event {
	uint64_t rid;
	uint32_t kind, slot;
	uint8_t id[RECORD_ID], author[RECORD_AUTHOR];
	char region[3];
	bool deleted, own;
};
_Static_assert(sizeof(struct stored_event) <= HTTP_EVENT_WHAT, "fits");

struct gone_event {
	uint32_t kind;
	enum store_gone_why why;
	uint8_t id[RECORD_ID];
};
_Static_assert(sizeof(struct gone_event) <= HTTP_EVENT_WHAT, "fits");

static json_t *
stored_json(const void *what)
{
	const struct stored_event *e = what;
	char id[RECORD_ID_TEXT], did[DID_KEY_TEXT];

	record_id_put(id, e->id);
	did_key_put(did, e->author);
	return json_pack("{s:s,s:s,s:s,s:s,s:i,s:b,s:b,s:I}", "id", id, "kind",
	    kind_info(e->kind)->name, "author", did, "region", e->region,
	    "slot", (int)e->slot, "deleted", e->deleted, "own", e->own, "rid",
	    (json_int_t)e->rid);
}

static json_t *
gone_json(const void *what)
{
	static const char *const why[] = { "replaced", "revoked", "expired",
		"evicted" };
	const struct gone_event *e = what;
	char id[RECORD_ID_TEXT];

	record_id_put(id, e->id);
	return json_pack("{s:s,s:s,s:s}", "id", id, "kind",
	    kind_info(e->kind)->name, "why", why[e->why]);
}

static struct stored_event
stored_event_of(const struct record *r, uint64_t rid, bool own)
{
	struct stored_event e = { .rid = rid,
		.kind = r->kind,
		.slot = r->slot,
		.region = { r->region[0], r->region[1], '\0' },
		.deleted = record_deleted(r),
		.own = own };

	memcpy(e.id, r->id, RECORD_ID);
	memcpy(e.author, r->author, RECORD_AUTHOR);
	return e;
}

/* What everybody may know of it. */
static json_t *
open_json(const struct stored_event *e)
{
	json_t *o = stored_json(e);

	(void)json_object_del(o, "own");
	return o;
}

static uint32_t
persona_of(const struct node *n, const uint8_t author[RECORD_AUTHOR])
{
	const struct author *a = persona_of_key(n, author);
	uint32_t index = 0;

	if (a != NULL)
		return a->index;
	return mailbox_persona(n, author, &index) ? index : 0;
}

/* What the owner has replaced, others may see still. */
static bool
is_held(const struct node *n, const uint8_t id[RECORD_ID])
{
	struct store_view *view = NULL;
	struct store_record s;
	bool held = true;

	if (store_view_open(n->store, &view) != OK)
		return true;
	held = store_get(view, id, &s) == OK;
	store_view_close(view);
	return held;
}

static bool
is_hidden(const struct node *n, uint64_t rid)
{
	struct store_view *view = NULL;
	struct store_record s;
	bool hidden = true;

	if (store_view_open(n->store, &view) != OK)
		return true;
	if (store_get_rid(view, rid, &s) == OK)
		hidden = store_is_hidden(&s);
	store_view_close(view);
	return hidden;
}

static void
on_stored(void *ctx, const struct record *r, uint64_t rid, bool own)
{
	const struct stored_event e = stored_event_of(r, rid, own);
	struct node *n = ctx;

	if (r->kind == KIND_ENVELOPE)
		mailbox_stored(ctx, rid);
	trust_stored(ctx, r->kind, r->author);
	/* Which are ours not every token may know; that there is one, those
	 * who would miss it otherwise, as soon as others see it. */
	if (own)
		node_event_own(n, "record", persona_of(n, r->author), SCOPE_OWN,
		    stored_json(&e), is_hidden(n, rid) ? NULL : open_json(&e));
	else
		node_event_later(ctx, "record", stored_json, &e, sizeof(e));
}

/* Its owner was told when it was made. */
static void
on_returned(void *ctx, const struct record *r, uint64_t rid)
{
	const struct stored_event e = stored_event_of(r, rid, true);
	struct node *n = ctx;

	node_event_open(
	    n, "record", persona_of(n, r->author), SCOPE_OWN, open_json(&e));
}

static void
on_gone(void *ctx, const struct store_gone *gone)
{
	struct gone_event e = { .kind = gone->kind, .why = gone->why };
	struct node *n = ctx;

	matcher_gone(n->matcher, gone);
	trust_stored(ctx, gone->kind, gone->author);
	memcpy(e.id, gone->id, RECORD_ID);
	if (gone->own)
		node_event_own(n, "gone", persona_of(n, gone->author),
		    SCOPE_OWN, gone_json(&e),
		    is_held(n, gone->id) ? NULL : gone_json(&e));
	else
		node_event_later(ctx, "gone", gone_json, &e, sizeof(e));
}

static void
expire_gone(void *ctx, const struct store_gone *gone)
{
	const struct node *n = ctx;

	matcher_gone(n->matcher, gone); /* all other readers skip it */
}

static err
expire_work(struct store *s, void *ctx)
{
	const struct node *n = ctx;
	struct problem ignored;
	struct scope scope;
	size_t removed = 0;

	/* The horizon goes with the time. */
	if (n->config->scope.horizon_s > 0 &&
	    config_scope(n->config, node_now(n), &scope, &ignored) == OK)
		store_set_scope(s, &scope);
	do {
		TRY(store_expire(
		    s, node_now(n), EXPIRE_BATCH, expire_gone, ctx, &removed));
	} while (removed == EXPIRE_BATCH);
	return OK;
}

static void
on_expired(void *ctx, err e)
{
	struct node *n = ctx;

	if (e != OK)
		env_log(&n->env, LOG_UNUSUAL, "expiry_failed", "error=%s",
		    err_name(e));
}

/*
 * A clock that leaps ahead would have everything expire, our own records
 * too. When it has leapt, expiry waits: a wrong clock may be set right.
 */
static bool
may_expire(struct node *n)
{
	const uint64_t now = node_now(n);

	if (now > n->tick_s + CLOCK_LEAP_S) {
		n->expire_after = n->ticks + CLOCK_HOLD;
		env_log(&n->env, LOG_UNUSUAL, "clock_leapt",
		    "seconds=%" PRIu64 " what=\"nothing expires for an hour\"",
		    now - n->tick_s);
	}
	n->tick_s = now;
	return n->ticks >= n->expire_after;
}

static void
vault_care(struct node *n)
{
	const err e = vault_tick(n->vault);

	if (e != OK)
		env_log(&n->env, LOG_UNUSUAL, "vault_not_shredded",
		    "what=\"what was deleted may still be on the disk\" "
		    "why=%s",
		    err_name(e));
}

static void
on_tick(uv_timer_t *timer)
{
	struct node *n = CONTAINER_OF(timer, struct node, tick);

	n->ticks++;
	const bool expires = may_expire(n);
	peers_tick(n->peers);
	syncer_tick(n->syncer);
	if (n->light != NULL)
		light_tick(n->light);
	publisher_tick(n->publisher);
	lock_tick(n);
	forget_tick(n);
	owner_tick(n);
	intro_tick(n, expires);
	mailbox_tick(n, expires);
	communities_tick(n);
	joining_tick(n);
	restore_tick(n);
	keeper_tick(n);
	vault_care(n);
	ledgers_tick(n);
	feeds_tick(n);
	matcher_tick(n->matcher);
	signals_tick(n);
	trust_tick(n);
	tokens_tick(n);
	if (n->ticks % SYNC_SAVE_EVERY == 0)
		sync_save(n);
	if (expires && n->ticks % EXPIRE_EVERY == 1 &&
	    pipeline_write(n->pipeline, expire_work, on_expired, n) != OK)
		n->ticks--; /* the queue is full: at the next tick */
	network_wake(n->network);
}

/* ---- starting ---- */

/* From here on the seed is the signer's alone. */
static err
take_keys(struct node *n, struct key_material *km)
{
	uint8_t pub[ED25519_PUBLIC];

	crypto_wipe(km->seed, sizeof(km->seed));
	if (!secret_lock(n->node_secret, sizeof(n->node_secret)) ||
	    !signer_locked(n->signer))
		env_log(&n->env, LOG_UNUSUAL, "secrets_not_locked",
		    "what=\"keys may be written to swap: raise the limit of "
		    "locked memory (ulimit -l)\"");
	ed25519_keypair(pub, n->node_secret, km->node_seed);
	const err e = vault_open(n->paths->private_dir, km->private_key,
	    &n->env, &n->vault, n->problem);
	key_material_wipe(km);
	return e;
}

static err
open_terms(struct node *n)
{
	struct vocabulary *core = NULL;
	const err e = core_vocabulary_new(&core);

	return e == OK ? terms_replace(n, core) : e;
}

static void
on_came(void *ctx, const struct record *r)
{
	stem_node_heard(ctx, r);
}

static err
quietly(void *node, const struct store_record *r)
{
	return stem_node_publish(node, r->author, r->bytes);
}

static err
open_parts(struct node *n)
{
	unsigned threads = n->config->ingest.threads;

	if (threads == 0)
		threads = MIN(uv_available_parallelism(), 4U);
	const struct pipeline_config pc = {
		.loop = &n->loop,
		.env = &n->env,
		.store = n->store,
		.net = slice_str(n->config->node.network),
		.threads = MIN(threads, 16U),
		.queue_max = n->config->ingest.queue,
		.bytes_max = n->config->ingest.queue_bytes,
		.commit_ms = n->config->ingest.commit_ms,
		.own_quiet = stem_node_quiet(n),
		.seen_max = n->config->ingest.seen,
		.stored = on_stored,
		.returned = on_returned,
		.judged = on_came,
		.gone = on_gone,
		.ctx = n,
	};
	n->pipeline = pipeline_new(&pc);
	n->publisher = publisher_new(n, stem_node_on(n) ? quietly : NULL);
	n->peers = peers_new(n);
	n->matcher = matcher_new(n);
	if (n->pipeline == NULL || n->publisher == NULL || n->peers == NULL ||
	    n->matcher == NULL)
		return ERR_NOMEM;
	TRY(signals_open(n));
	return sync_open(n);
}

static err
open_http(struct node *n)
{
	const struct config *c = n->config;
	struct http_config hc = {
		.socket_path = n->paths->socket,
		.port = (int)c->api.port,
		.token_path = n->paths->token,
		.ctx = n,
		.access = tokens_access(),
		.env = &n->env,
		.body_max = (size_t)c->limits.body_bytes,
		.connections_max = c->limits.api_connections,
		.event_clients_max = c->limits.event_clients,
		.event_ring = c->limits.event_ring,
	};

	const err e = tokens_open(n);
	if (e == ERR_CORRUPT)
		problem_set(n->problem, EXIT_DAMAGED, "E1410",
		    "the list of API tokens cannot be read");
	TRY(e);
	hc.routes = api_routes(&hc.routes_n);
	return http_server_new(&n->loop, &hc, &n->http, n->problem);
}

static err
subscribe(struct node *n)
{
	if (n->light != NULL)
		return OK; /* it hears by sync alone */
	for (unsigned c = 0; c < RECORD_CLASSES; c++) {
		char topic[TOPIC_TEXT];
		node_topic(n, (enum record_class)c, topic);
		TRY(host_subscribe(n->host, topic, n->env.mono_ms(n->env.ctx)));
	}
	return OK;
}

static void
on_signal(uv_signal_t *handle, int signum)
{
	struct node *n = handle->data;

	env_log(&n->env, LOG_INFO, "signal", "number=%d", signum);
	node_stop(n);
}

static void
start_timers(struct node *n)
{
	uv_signal_t *signals[] = { &n->sigint, &n->sigterm, &n->sighup };
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

	(void)uv_timer_init(&n->loop, &n->tick);
	(void)uv_timer_start(&n->tick, on_tick, TICK_MS, TICK_MS);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		(void)uv_signal_init(&n->loop, signals[i]);
		signals[i]->data = n;
		(void)uv_signal_start(signals[i], on_signal, numbers[i]);
	}
}

static uint32_t
trust_for_mail(
    struct node *n, uint32_t persona, const uint8_t author[ED25519_PUBLIC])
{
	(void)
	    persona; /* the owner is one person: anchors are of all personas */
	return trust_of_key(n, author);
}

static err
document_for_mail(
    struct node *n, struct talk *t, enum mail_document kind, struct slice bytes)
{
	return kind == MAIL_LEDGER ? told_take(n, t, bytes)
				   : credentials_from_talk(n, t, kind, bytes);
}

static enum mailbox_rule
rule_for_mail(struct node *n, const struct mailbox_asked *a, const char **why)
{
	const enum trust_inbox rule =
	    trust_inbox(n, a->author, a->pledge, a->foreign);

	*why = trust_inbox_name(rule);
	if (!trust_inbox_drops(rule))
		return rule == TRUST_INBOX_IN ? MAILBOX_SHOWN : MAILBOX_QUIET;
	if (a->arrives)
		trust_inbox_count(n, rule);
	return MAILBOX_DROPPED;
}

static void
ask_soon(struct node *n)
{
	syncer_soon(n->syncer);
}

static err
open_all(struct node *n, struct key_material *km)
{
	keeper_before(n);
	TRY(take_keys(n, km));
	TRY(personas_open(n));
	TRY(intro_open(n));
	restore_open(n);
	TRY(keeper_open(n));
	TRY(open_terms(n));
	TRY(network_open(n, on_host_event));
	TRY(nat_open(n, n->network));
	TRY(stem_node_open(n, n->network));
	stem_node_on_told(n, ask_soon);
	TRY(open_parts(n));
	TRY(documents_open(n));
	TRY(communities_open(n));
	TRY(trust_open(n));
	TRY(mailbox_open(n));
	mailbox_on_rule(n, rule_for_mail);
	mailbox_on_trust(n, trust_for_mail);
	mailbox_on_hands(n, hand_taken);
	claims_open(n);
	documents_follow(n);
	credentials_open(n);
	mailbox_on_document(n, document_for_mail);
	TRY(ledgers_open(n));
	TRY(feeds_open(n, import_start));
	TRY(open_http(n));
	return subscribe(n);
}

static void
log_start(struct node *n)
{
	char id[PEER_ID_TEXT_MAX], addr[MULTIADDR_TEXT_MAX];

	peer_id_put(id, host_self(n->host));
	for (size_t i = 0; transport_listen_at(n->transport, i, addr); i++)
		env_log(
		    &n->env, LOG_INFO, "listening", "addr=%s/p2p/%s", addr, id);
	config_log_limits(n->config, &n->env);
}

/* ---- stopping ---- */

static void
on_pipeline_stopped(void *ctx)
{
	struct node *n = ctx;

	uv_close((uv_handle_t *)&n->tick, NULL);
	uv_close((uv_handle_t *)&n->sigint, NULL);
	uv_close((uv_handle_t *)&n->sigterm, NULL);
	uv_close((uv_handle_t *)&n->sighup, NULL);
}

void
node_stop(struct node *n)
{
	if (n->stopping)
		return;
	n->stopping = true;
	env_log(&n->env, LOG_INFO, "stopping", "queued=done_first");
	(void)uv_timer_stop(&n->tick);
	peers_save(n->peers);
	sync_save(n);
	syncer_stop(n->syncer);
	publisher_stop(n->publisher);
	mailbox_stop(n);
	feeds_stop(n);
	keeper_stop(n);
	matcher_stop(n->matcher);
	signals_stop(n);
	trust_stop(n);
	http_server_stop(n->http);
	n->http = NULL;
	network_stop(n->network);
	pipeline_stop(n->pipeline, on_pipeline_stopped, n);
}

static void
on_part_stopped(void *ctx)
{
	(void)ctx;
}

/* Of a start that failed half way: whatever was opened. */
static void
abandon(struct node *n)
{
	n->stopping = true;
	if (n->http != NULL)
		http_server_stop(n->http);
	n->http = NULL;
	if (n->network != NULL)
		network_stop(n->network);
	if (n->pipeline != NULL)
		pipeline_stop(n->pipeline, on_part_stopped, n);
	(void)uv_run(&n->loop, UV_RUN_DEFAULT);
}

static void
close_all(struct node *n)
{
	owner_stop(n);
	keeper_free(n->keeper);
	pipeline_free(n->pipeline);
	publisher_free(n->publisher);
	light_free(n->light);
	syncer_free(n->syncer);
	peers_free(n->peers);
	network_free(n->network);
	matcher_free(n->matcher);
	signals_free(n->signals);
	trust_keeper_free(n->trust);
	warnings_close(n);
	if (n->terms != NULL) {
		ASSERT(n->terms->users == 1);
		terms_free(n->terms);
	}
	mailbox_close(n);
	communities_close(n);
	feeds_close(n);
	ledgers_close(n);
	documents_close(n);
	intro_close(n);
	tokens_close(n);
	vault_close(n->vault);
	/* The last file that is let go: `ohcn down` waits for its lock. */
	store_close(n->store);
	map_close(n->map);
	const int busy = uv_loop_close(&n->loop);
	if (busy != 0)
		env_log(
		    &n->env, LOG_BROKEN, "handles_left_open", "rc=%d", busy);
	log_flush(&n->log);
	secret_unlock(n->node_secret, sizeof(n->node_secret));
	signer_stop(n->signer);
}

static void
say_ready(int fd)
{
	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		(void)fprintf(stderr, "ohcn: nobody waits for the start\n");
	(void)close(fd);
}

/* No other process of the user may read our memory. The sanitizers' leak
 * check does just that. */
static void
be_private(void)
{
#ifndef __SANITIZE_ADDRESS__
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int
node_run(const struct config *cf, const struct paths *paths,
    struct key_material *km, int ready_fd, struct problem *p)
{
	const struct rlimit no_core = { 0, 0 };
	/* A peer that has gone is an error of the write, not our end. */
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct node *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return EXIT_TEMPORARY;
	(void)setrlimit(RLIMIT_CORE, &no_core); /* secrets are in memory */
	be_private();
	p->exit = EXIT_DONE;
	n->key_guarded = km->guarded;
	if (signer_start(km, &n->signer, p) != OK) {
		key_material_wipe(km);
		free(n);
		return p->exit == EXIT_DONE ? EXIT_TEMPORARY : (int)p->exit;
	}
	(void)sigaction(SIGPIPE, &ignore, NULL);
	/* API tasks, lists for sync, name look-ups, the stamp share the pool. */
	(void)uv_os_setenv("UV_THREADPOOL_SIZE", "8");
	json_object_seed(0); /* before a second thread makes an object */
	n->config = cf;
	n->paths = paths;
	n->problem = p;
	log_init(&n->log, STDERR_FILENO, (enum log_level)cf->log.level,
	    (enum log_format)cf->log.format);
	n->env = env_system(log_sink, &n->log);
	n->started_s = node_now(n);
	n->tick_s = n->started_s; /* a leap before the first tick counts */
	if (uv_loop_init(&n->loop) != 0) {
		key_material_wipe(km);
		signer_stop(n->signer);
		free(n);
		return EXIT_TEMPORARY;
	}
	p->exit = EXIT_DONE;
	const err e = open_all(n, km);
	if (e != OK) {
		if (p->exit == EXIT_DONE)
			problem_set(p, problem_exit(e), "E1300",
			    "the node cannot start: %s", err_name(e));
		abandon(n);
	} else {
		network_announce(n->network);
		discovery_start(n->discovery);
		nat_start(n->nat);
		start_timers(n);
		owner_start(n);
		peers_start(n->peers);
		publisher_start(n->publisher);
		matcher_tick(n->matcher);
		log_start(n);
		network_wake(n->network);
		say_ready(ready_fd);
		(void)uv_run(&n->loop, UV_RUN_DEFAULT);
	}
	close_all(n);
	free(n);
	return (int)p->exit;
}
