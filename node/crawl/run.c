#include "node/crawl/crawl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "node/base/env.h"
#include "node/base/paths.h"
#include "node/crawl/internal.h"
#include "node/net/discovery.h"
#include "node/net/mdns.h"

#include "node/net/swarm_key.h"
#include "proto/record/names.h"

#define TICK_MS         50
#define TELL_MS         1000
#define KEEP_MS         1000 /* between two commits */
#define MEMORY          (UINT64_C(256) << 20)
#define DIAL_TIMEOUT_MS 8000
#define PROXY_DIAL_MS   60000
#define LAN_MS          2500 /* for answers of mDNS */
#define HEARTBEAT_MS    250  /* we ask for a place in meshes soon */
#define KNOWN_MAX       4096
#define NEVER_MS        (UINT32_MAX / 2)
#define MILLION         UINT64_C(1000000) /* of a token: one call */

bool
crawl_check(struct crawl *c, err e)
{
	if (e == OK)
		return true;
	if (c->failed == OK)
		c->failed = e;
	c->stopping = true;
	return false;
}

/* ---- whom others name on their own ---- */

static err
take_known(struct crawl *c, const struct peer_id *id,
    enum frontier_source source, uint32_t depth)
{
	struct slice addrs[PEER_ADDRS_MAX];
	const uint32_t n = host_peer_addrs(c->host, id, addrs);
	const err e = frontier_add(
	    c->f, id, addrs, n, source, depth, c->env.wall_s(c->env.ctx));

	return e == ERR_EXISTS || e == ERR_LIMIT || e == ERR_FORM ? OK : e;
}

/* A peer told of one that is in its mesh. */
static err
take_exchange(struct crawl *c, const struct host_exchange *x)
{
	const struct frontier_name from = frontier_name_of(c->f, &x->teller);
	const struct frontier_name to = frontier_name_of(c->f, &x->id);
	struct visit *v = visit_find(c, &x->teller);
	struct frontier_peer p;

	if (v != NULL)
		v->heard = true;
	if (peer_id_eq(&x->id, host_self(c->host)))
		return OK;
	TRY(take_known(
	    c, &x->id, FRONTIER_EXCHANGE, v == NULL ? 1 : v->peer.depth + 1));
	if (frontier_get(c->f, &to, &p) != OK)
		return OK; /* not taken in */
	const err e = frontier_edge(c->f, &from, &to, FRONTIER_EXCHANGE);
	return e == ERR_EXISTS ? OK : e;
}

/*
 * Peer exchange of gossip and multicast DNS put what they hear into the
 * host's peer store; what is there and not ours goes to the frontier.
 */
static void
take_heard(struct crawl *c)
{
	struct host_exchange x;
	struct host_known_peer k;

	while (host_next_exchange(c->host, &x))
		if (!crawl_check(c, take_exchange(c, &x)))
			return;
	for (uint32_t i = 0; host_known_peer_at(c->host, i, &k); i++) {
		const bool lan = k.source == PEER_LAN;
		if (k.id.n == 0 || (!lan && k.source != PEER_EXCHANGE) ||
		    visit_find(c, &k.id) != NULL)
			continue;
		if (!crawl_check(
			c, take_known(c, &k.id,
			       lan ? FRONTIER_LAN : FRONTIER_EXCHANGE, 1)))
			return;
		host_peer_forget(c->host, &k.id);
	}
}

static void
mdns_tick(struct crawl *c, uint64_t now)
{
	if (!c->mdns_runs)
		return;
	if (mdns_sockets_expiry(c->mdns) <= now)
		mdns_sockets_on_time(c->mdns, now);
	mdns_sockets_drain(c->mdns, now);
}

static void
on_interfaces(void *ctx)
{
	(void)ctx; /* we announce nothing */
}

/* Who is on the local network; we ask and tell nothing. */
static err
open_mdns(struct crawl *c)
{
	if (c->cf->config->mdns.mode == MDNS_MODE_OFF ||
	    config_proxied(c->cf->config))
		return OK;
	c->quiet = *c->cf->config;
	c->quiet.mdns.mode = MDNS_MODE_LISTEN;
	c->n.config = &c->quiet;
	c->n.env = c->env;
	c->n.host = c->host;
	c->n.transport = c->transport;
	c->mdns = mdns_sockets_new(&c->n, on_interfaces, c);
	return c->mdns == NULL ? ERR_NOMEM : OK;
}

/* ---- the pace ---- */

static uint32_t
visiting(const struct crawl *c)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->p.parallel; i++)
		n += c->visits[i].stage != VISIT_FREE;
	return n;
}

static void
refill(struct crawl *c, uint64_t now)
{
	const uint64_t most = MAX(MILLION, c->p.rate_milli * UINT64_C(500));

	/* rate_milli calls in 10^6 ms: a millionth of a call each ms. */
	c->tokens =
	    MIN(most, c->tokens + (now - c->refilled_ms) * c->p.rate_milli);
	c->refilled_ms = now;
}

static bool
limit_reached(const struct crawl *c)
{
	return c->p.limit > 0 &&
	       frontier_totals(c->f)->visits + visiting(c) >= c->p.limit;
}

static void
begin_visits(struct crawl *c)
{
	struct frontier_peer p;

	while (!c->stopping && c->tokens >= MILLION &&
	       visiting(c) < c->p.parallel && !limit_reached(c)) {
		const err e =
		    frontier_next(c->f, c->env.wall_s(c->env.ctx), &p);
		if (e == ERR_NOTFOUND || !crawl_check(c, e))
			return;
		c->tokens -= MILLION;
		(void)visit_begin(c, &p);
	}
}

static void
tell(struct crawl *c, uint64_t now, bool ended)
{
	struct frontier_totals *t = frontier_totals(c->f);
	struct crawl_progress p;

	t->worked_s = c->worked_before_s + (now - c->begun_ms) / 1000;
	p = (struct crawl_progress){ .totals = *t,
		.seconds = (now - c->begun_ms) / 1000,
		.records = c->records == NULL ? 0 : records_count(c->records),
		.visiting = visiting(c),
		.ended = ended };
	if (c->cf->progress != NULL)
		c->cf->progress(c->cf->ctx, &p);
	c->told_ms = now;
}

static void
on_closed(uv_handle_t *h)
{
	(void)h;
}

static void
finish(struct crawl *c)
{
	if (c->over)
		return;
	c->over = true;
	for (uint32_t i = 0; i < c->p.parallel; i++)
		visit_drop(&c->visits[i]);
	if (c->records != NULL)
		records_stop(c->records);
	if (c->mdns_runs)
		mdns_sockets_stop(c->mdns);
	c->mdns_runs = false;
	transport_stop(c->transport);
	uv_close((uv_handle_t *)&c->tick, on_closed);
	uv_close((uv_handle_t *)&c->sigint, on_closed);
	uv_close((uv_handle_t *)&c->sigterm, on_closed);
}

static void
on_tick(uv_timer_t *timer)
{
	struct crawl *c = CONTAINER_OF(timer, struct crawl, tick);
	const uint64_t now = c->env.mono_ms(c->env.ctx);

	for (uint32_t i = 0; i < c->p.parallel; i++)
		visit_tick(&c->visits[i], now);
	if (c->records != NULL)
		records_tick(c->records);
	mdns_tick(c, now);
	take_heard(c);
	refill(c, now);
	begin_visits(c);
	if (now - c->kept_ms >= KEEP_MS) {
		(void)crawl_check(c, frontier_commit(c->f));
		c->kept_ms = now;
	}
	if (now - c->told_ms >= TELL_MS)
		tell(c, now, false);
	if (!c->stopping && visiting(c) == 0 &&
	    (!c->mdns_runs || now >= c->begun_ms + LAN_MS)) {
		if (limit_reached(c))
			c->end = CRAWL_LIMIT;
		if (limit_reached(c) || frontier_totals(c->f)->waiting == 0) {
			finish(c);
			return;
		}
	}
	if (c->stopping)
		finish(c);
	else
		transport_wake(c->transport);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct crawl *c = handle->data;

	(void)number;
	c->stopping = true;
	c->end = CRAWL_STOPPED;
}

static void
on_event(void *ctx, const struct host_event *ev)
{
	visit_event(ctx, ev);
}

/* ---- the beginning ---- */

static void
log_broken(void *ctx, enum log_level level, const char *event, const char *kv)
{
	(void)ctx;
	if (level == LOG_BROKEN)
		(void)fprintf(stderr, "ohcn: broken: %s %s\n", event, kv);
}

static err
open_host(struct crawl *c)
{
	char topic[TOPIC_TEXT];
	struct host_config hc = {
		.env = &c->env,
		.mem = &c->n.mem,
		.secret = c->secret,
		.psk = c->has_psk ? c->psk : NULL,
		.agent = c->agent,
		.protocol_version = "ohcn/1",
		.limits = host_limits_default(),
		.gossip = gossip_params_default(),
	};

	c->n.mem = mem_heap(MEMORY);
	hc.limits.memory_bytes = MEMORY;
	hc.limits.conns_max = 8 * CRAWL_PARALLEL_MAX;
	hc.limits.outbound_wanted = 0;
	hc.limits.feeler_ms = NEVER_MS;
	hc.limits.dials_max = HOST_DIALS_MAX;
	/* A stranger's word of others is what we are here for. */
	hc.gossip.score.exchange_threshold = 0;
	hc.gossip.heartbeat_ms = HEARTBEAT_MS;
	hc.exchanges = true;
	hc.limits.known.peers_max = KNOWN_MAX;
	hc.limits.known.per_source_max = KNOWN_MAX;
	hc.limits.known.bytes_max = KNOWN_MAX * 2048;
	c->host = host_new(&hc, c->env.mono_ms(c->env.ctx));
	if (c->host == NULL)
		return ERR_NOMEM;
	topic_put(topic, slice_str(c->p.network), CLASS_META);
	return host_subscribe(c->host, topic, c->env.mono_ms(c->env.ctx));
}

static err
open_transport(struct crawl *c)
{
	const struct config *cf = c->cf->config;
	const bool proxied = config_proxied(cf);
	struct transport_config tc = { .loop = &c->n.loop,
		.env = &c->env,
		.host = c->host,
		.dials_max = HOST_DIALS_MAX,
		.dial_timeout_ms = proxied ? PROXY_DIAL_MS : DIAL_TIMEOUT_MS,
		.event = on_event,
		.ctx = c };

	if (proxied) {
		if (!config_proxy(cf, c->proxy_host, &c->proxy.port))
			return ERR_CONFIG;
		c->proxy.host = c->proxy_host;
		if (cf->network.socks5_user[0] != 0) {
			c->proxy.user = cf->network.socks5_user;
			c->proxy.password = cf->network.socks5_password;
		}
		tc.proxy = &c->proxy;
	}
	c->transport = transport_new(&tc);
	return c->transport == NULL ? ERR_NOMEM : OK;
}

/* The names' key, ids and addresses: gone with the folder. */
static void
remove_work(const char *dir)
{
	static const char *const names[] = { "walk/data.mdb", "walk/lock.mdb",
		"walk/owner.lock", "walk", "store/data.mdb", "store/lock.mdb",
		"store/owner.lock", "store", "" };
	char path[PATH_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		crawl_path(path, "%s/%s/%s", dir, CRAWL_WORK, names[i]);
		(void)remove(path);
	}
}

/* One that was killed before it had begun: nothing is lost with it. */
static bool
is_stillborn(const char *dir)
{
	char work[PATH_TEXT_MAX], manifest[PATH_TEXT_MAX];
	struct stat st;

	crawl_path(work, "%s/%s", dir, CRAWL_WORK);
	crawl_path(manifest, "%s/%s", dir, CRAWL_MANIFEST);
	return stat(work, &st) == 0 && stat(manifest, &st) != 0;
}

/* The folder: new and empty, or one to go on in. */
static err
open_folder(struct crawl *c)
{
	char path[PATH_TEXT_MAX];
	struct stat st;
	const char *dir = c->cf->dir;

	crawl_path(path, "%s/%s", dir, CRAWL_WORK);
	if (c->cf->resume)
		return OK;
	if (is_stillborn(dir))
		remove_work(dir);
	if (stat(dir, &st) == 0 && rmdir(dir) != 0) {
		problem_set(c->problem, EXIT_CONFLICT, "E1024",
		    "%s is there already and not empty", dir);
		if (stat(path, &st) == 0)
			problem_hint(
			    c->problem, "ohcn crawl run --resume -o %s", dir);
		else
			problem_hint(c->problem, "-o with a new folder");
		return ERR_EXISTS;
	}
	if (mkdir(dir, 0755) != 0 || mkdir(path, 0700) != 0) {
		problem_set(c->problem, EXIT_DISK, "E1012",
		    "cannot make %s: %s", dir, strerror(errno));
		return ERR_IO;
	}
	return OK;
}

static err
open_frontier(struct crawl *c)
{
	char path[PATH_TEXT_MAX];
	const uint64_t now_s = c->env.wall_s(c->env.ctx);
	const struct frontier_config fc = { .env = &c->env,
		.dir = path,
		.create = !c->cf->resume,
		.peers_max = c->p.peers_max,
		.group_pause_s = c->p.subnet_s };

	crawl_path(path, "%s/%s/walk", c->cf->dir, CRAWL_WORK);
	TRY(frontier_open(&fc, &c->f, c->problem));
	json_t *o = parameters_json(&c->p);
	err e = o == NULL ? ERR_NOMEM : frontier_note(c->f, "parameters", o);
	json_decref(o);
	for (uint32_t i = 0; e == OK && i < c->cf->seeds_n; i++) {
		const struct crawl_seed *s = &c->cf->seeds[i];
		const struct slice a = slice_of(s->addr.bytes, s->addr.n);
		e = frontier_add(c->f, &s->id, &a, 1, s->source, 0, now_s);
		if (e == ERR_EXISTS || e == ERR_FORM || e == ERR_LIMIT)
			e = OK;
	}
	c->worked_before_s = frontier_totals(c->f)->worked_s;
	frontier_totals(c->f)->runs++;
	return e == OK ? frontier_commit(c->f) : e;
}

static err
open_all(struct crawl *c)
{
	const struct config *cf = c->cf->config;
	uint8_t pub[ED25519_PUBLIC], seed[ED25519_SEED];

	crypto_random(seed, sizeof(seed));
	ed25519_keypair(pub, c->secret, seed);
	crypto_wipe(seed, sizeof(seed));
	crawl_agent(&c->p, c->agent);
	discovery_protocol(c->p.network, c->kad_protocol);
	if (cf->network.psk_file[0] != 0) {
		TRY(swarm_key_read(cf->network.psk_file, c->psk, c->problem));
		c->has_psk = true;
	}
	TRY(open_folder(c));
	TRY(open_frontier(c));
	TRY(open_host(c));
	TRY(open_transport(c));
	TRY(open_mdns(c));
	return c->p.records ? records_open(c, &c->records) : OK;
}

static void
start(struct crawl *c)
{
	const uint64_t now = c->env.mono_ms(c->env.ctx);

	c->begun_ms = c->kept_ms = c->refilled_ms = now;
	c->tokens = MILLION;
	(void)uv_timer_init(&c->n.loop, &c->tick);
	(void)uv_timer_start(&c->tick, on_tick, 0, TICK_MS);
	(void)uv_signal_init(&c->n.loop, &c->sigint);
	(void)uv_signal_init(&c->n.loop, &c->sigterm);
	c->sigint.data = c->sigterm.data = c;
	(void)uv_signal_start(&c->sigint, on_signal, SIGINT);
	(void)uv_signal_start(&c->sigterm, on_signal, SIGTERM);
	c->mdns_runs = c->mdns != NULL && mdns_sockets_start(c->mdns);
}

/* ---- the end ---- */

static void
close_all(struct crawl *c)
{
	records_free(c->records);
	mdns_sockets_free(c->mdns);
	transport_free(c->transport);
	host_free(c->host);
	frontier_close(c->f);
	crypto_wipe(c->secret, sizeof(c->secret));
	crypto_wipe(c->psk, sizeof(c->psk));
	free(c);
}

static void
say_failed(struct crawl *c, err e)
{
	if (c->problem->what[0] == 0)
		problem_set(c->problem, problem_exit(e), "E1025",
		    "the crawl cannot go on: %s", err_name(e));
	if (c->problem->hint[0] == 0)
		problem_hint(
		    c->problem, "ohcn crawl run --resume -o %s", c->cf->dir);
}

static err
write_all(struct crawl *c, json_t **manifest)
{
	struct dataset d = { .cf = c->cf,
		.p = &c->p,
		.f = c->f,
		.store = c->records == NULL ? NULL : records_store(c->records),
		.end = c->end,
		.now_s = c->env.wall_s(c->env.ctx),
		.problem = c->problem };

	tell(c, c->env.mono_ms(c->env.ctx), true);
	TRY(frontier_commit(c->f));
	return dataset_write(&d, manifest);
}

err
crawl_run(const struct crawl_config *cf, enum crawl_end *end, json_t **manifest,
    struct problem *p)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct crawl *c = calloc(1, sizeof(*c));
	err e;

	*manifest = NULL;
	*p = (struct problem){ .exit = EXIT_TEMPORARY, .code = "E1025" };
	if (c == NULL || uv_loop_init(&c->n.loop) != 0) {
		free(c);
		return ERR_NOMEM;
	}
	(void)sigaction(SIGPIPE, &ignore, NULL);
	c->cf = cf;
	c->p = cf->parameters;
	c->problem = p;
	c->env = env_system(log_broken, NULL);
	e = open_all(c);
	if (e == OK) {
		struct dataset d = {
			.cf = cf, .p = &c->p, .f = c->f, .problem = p
		};
		e = dataset_begun(&d);
	}
	if (e == OK) {
		start(c);
	} else {
		if (c->records != NULL)
			records_stop(c->records);
		if (c->transport != NULL)
			transport_stop(c->transport);
	}
	(void)uv_run(&c->n.loop, UV_RUN_DEFAULT);
	if (e == OK)
		e = c->failed;
	if (e == OK)
		e = write_all(c, manifest);
	if (e != OK && c->f != NULL)
		say_failed(c, e);
	else if (e != OK && p->what[0] == 0)
		problem_set(p, problem_exit(e), "E1025",
		    "the crawl cannot begin: %s", err_name(e));
	*end = c->end;
	(void)uv_loop_close(&c->n.loop);
	const bool complete = e == OK && c->end != CRAWL_STOPPED;
	close_all(c);
	if (complete)
		remove_work(cf->dir);
	return e;
}
