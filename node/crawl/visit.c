/*
 * crawl/visit.c: one visit to one peer: call it, hear by a stream of our own
 * all that identify says, ask whom it knows, compare records, leave, write it
 * down. Who has opted out is left at once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/crawl/internal.h"
#include "proto/base/text.h"
#include "proto/base/varint.h"
#include "proto/libp2p/kad.h"
#include "proto/libp2p/kad_table.h"
#include "proto/sync/sync.h"

#define CALL_MS     30000
#define IDENTIFY_MS 10000
#define QUESTION_MS 10000
#define LEAVE_MS    3000
#define LISTEN_MS   1500 /* for peer exchange */
#define IN_VAIN_MAX 3    /* questions in a row that brought nobody new */

static uint64_t
now_ms(const struct crawl *c)
{
	return c->env.mono_ms(c->env.ctx);
}

static uint64_t
now_s(const struct crawl *c)
{
	return c->env.wall_s(c->env.ctx);
}

struct visit *
visit_find(struct crawl *c, const struct peer_id *id)
{
	for (uint32_t i = 0; i < c->p.parallel; i++)
		if (c->visits[i].stage != VISIT_FREE &&
		    peer_id_eq(&c->visits[i].peer.id, id))
			return &c->visits[i];
	return NULL;
}

/* ---- the end of a visit ---- */

static void
stream_drop(struct visit *v)
{
	if (v->streaming)
		host_stream_reset(v->c->host, v->stream);
	v->streaming = false;
	if (v->reading)
		identify_reader_fini(&v->reader);
	v->reading = false;
}

static void
visit_free(struct visit *v)
{
	stream_drop(v);
	host_peer_forget(v->c->host, &v->peer.id);
	json_decref(v->protocols);
	*v = (struct visit){ .c = v->c };
}

static void
hang_up(struct visit *v)
{
	host_conn conn;

	for (uint32_t i = 0;
	     (conn = host_peer_conn(v->c->host, &v->peer.id, i)) != 0; i++)
		host_conn_close(v->c->host, conn, "visited", now_ms(v->c));
}

static void
put_int(json_t *o, const char *key, uint64_t n)
{
	(void)json_object_set_new(o, key, json_integer((json_int_t)n));
}

static void
put_text(json_t *o, const char *key, const char *text)
{
	if (text != NULL && text[0] != 0)
		(void)json_object_set_new(o, key, json_string(text));
}

/* Peers choose these bytes: what is no clean text is told as such. */
static json_t *
clean_text(struct slice text, size_t max)
{
	const size_t n = MIN(text.n, max);

	if (text_is_clean(slice_of(text.p, n)))
		return json_stringn((const char *)text.p, n);
	return json_string("(not clean text)");
}

static json_t *
visit_json(const struct visit *v, const char *outcome, const char *why)
{
	char name[FRONTIER_NAME_TEXT];
	json_t *o = json_object();

	frontier_name_put(name, &v->peer.name);
	put_text(o, "peer", name);
	put_int(o, "time", v->began_s);
	put_int(o, "attempt", v->peer.attempts);
	put_text(o, "outcome", outcome);
	put_text(o, "why", why);
	put_int(o, "milliseconds", v->left_ms - v->began_ms);
	if (v->identified) {
		(void)json_object_set_new(o, "agent",
		    clean_text(slice_str(v->agent), CRAWL_AGENT_MAX));
		(void)json_object_set(o, "protocols", v->protocols);
	}
	put_int(o, "questions", v->asked);
	if (v->contacts_known)
		put_int(o, "contacts", v->contacts);
	put_text(o, "sync", v->sync);
	if (v->offered_known) {
		put_int(o, "records_offered", v->offered);
		put_int(o, "records_new", v->fresh);
	}
	return o;
}

static err
info_put(const struct visit *v)
{
	json_t *o = json_object();

	(void)json_object_set_new(
	    o, "agent", clean_text(slice_str(v->agent), CRAWL_AGENT_MAX));
	(void)json_object_set(o, "protocols", v->protocols);
	(void)json_object_set_new(o, "kad", json_boolean(v->speaks_kad));
	const err e = frontier_info(v->c->f, &v->peer.name, o);
	json_decref(o);
	return e;
}

/* It has opted out: not a word of it, but for the count. */
static err
write_opted_out(struct visit *v)
{
	v->peer.state = FRONTIER_OPTED_OUT;
	v->peer.answered_s = 0;
	return frontier_done(v->c->f, &v->peer);
}

/* What it speaks, or how it refused to compare, is another network's. */
static bool
is_foreign(const struct visit *v)
{
	return !v->ohcn || v->other_kad || v->other_net;
}

static err
write_down(struct visit *v, const char *outcome, const char *why)
{
	struct crawl *c = v->c;
	json_t *o;
	err e;

	if (v->opted_out)
		return write_opted_out(v);
	v->peer.attempts++;
	o = visit_json(v, outcome, why);
	e = o == NULL ? ERR_NOMEM : frontier_visit(c->f, o);
	json_decref(o);
	TRY(e);
	if (v->identified)
		TRY(info_put(v));
	if (!v->identified && v->peer.attempts <= c->p.retries)
		return frontier_later(c->f, &v->peer, now_s(c) + c->p.retry_s);
	v->peer.state = !v->identified  ? FRONTIER_UNREACHABLE
			: is_foreign(v) ? FRONTIER_FOREIGN
					: FRONTIER_ANSWERED;
	v->peer.answered_s = v->identified ? (uint32_t)v->began_s : 0;
	return frontier_done(c->f, &v->peer);
}

static void
visit_end(struct visit *v, const char *outcome, const char *why)
{
	struct host_peer_info info;
	struct crawl *c = v->c;

	(void)crawl_check(c, write_down(v, outcome, why));
	if (!host_peer_find(c->host, &v->peer.id, &info)) {
		visit_free(v);
		return;
	}
	v->stage = VISIT_LEAVING;
	v->deadline_ms = now_ms(c) + LEAVE_MS;
	hang_up(v);
}

static void
leave(struct visit *v, const char *outcome, const char *why)
{
	struct host_peer_info info;
	struct crawl *c = v->c;

	stream_drop(v);
	v->left_ms = now_ms(c);
	/*
	 * Who has no room for us in its meshes names others: that takes a
	 * heartbeat or two of gossip. Not written down before: if we are
	 * killed now, whom it names is heard of by another visit alone.
	 */
	if (v->identified && !v->opted_out && !is_foreign(v) && !v->heard &&
	    v->left_ms < v->up_ms + LISTEN_MS &&
	    host_peer_find(c->host, &v->peer.id, &info)) {
		v->stage = VISIT_LISTENING;
		v->deadline_ms = v->up_ms + LISTEN_MS;
		v->outcome = outcome;
		v->why = why;
		return;
	}
	visit_end(v, outcome, why);
}

void
visit_drop(struct visit *v)
{
	struct crawl *c = v->c;

	if (v->stage == VISIT_FREE)
		return;
	if (v->stage != VISIT_LEAVING)
		(void)crawl_check(c, frontier_later(c->f, &v->peer, now_s(c)));
	hang_up(v);
	visit_free(v);
}

/* ---- comparing records ---- */

static void
compare(struct visit *v)
{
	struct crawl *c = v->c;

	stream_drop(v);
	if (c->records == NULL) {
		leave(v, "answered", NULL);
		return;
	}
	if (!v->speaks_sync) {
		v->sync = "unspoken";
		leave(v, "answered", NULL);
		return;
	}
	v->stage = VISIT_COMPARING;
	v->deadline_ms = v->end_ms;
	(void)records_compare(c->records, v); /* or at a later tick */
}

void
visit_compared(struct crawl *c, struct visit *v, bool good, const char *why,
    uint64_t wait_ms)
{
	const bool refused = strcmp(why, "crawler") == 0;

	/* The opt-out again, from who serves. */
	v->opted_out |= refused;
	v->sync = good ? "done" : refused ? "refused" : "failed";
	v->other_net = strcmp(why, "net") == 0;
	(void)snprintf(v->sync_why, sizeof(v->sync_why), "%s", why);
	v->deadline_ms = now_ms(c) + wait_ms;
}

/* Its last words are out, what it brought is stored: it may be counted. */
static void
comparing_tick(struct visit *v, uint64_t now)
{
	struct crawl *c = v->c;
	const bool good = v->sync != NULL && strcmp(v->sync, "done") == 0;

	if (v->sync == NULL && now < v->deadline_ms) {
		if (!v->comparing)
			(void)records_compare(c->records, v);
		return;
	}
	if (v->sync == NULL) {
		v->sync = "failed";
		leave(v, "answered", "the comparison took too long");
	} else if (now >= v->deadline_ms ||
		   (!good && records_idle(c->records))) {
		leave(v, v->other_net ? "other-network" : "answered",
		    v->sync_why);
	}
}

/* ---- questions ---- */

/* Keys whose point shares the first bits with the peer's: its bucket. */
static void
key_near(
    struct crawl *c, const struct peer_id *to, uint32_t bits, uint8_t key[36])
{
	static const uint8_t head[] = { 0, 0x24, 8, 1, 0x12, 0x20 };
	const struct kad_point at = kad_point_of(peer_id_slice(to));

	memcpy(key, head, sizeof(head));
	for (uint32_t i = 0; i < 64U << bits; i++) {
		c->env.random(c->env.ctx, key + sizeof(head), 30);
		const struct kad_point p = kad_point_of(slice_of(key, 36));
		if (kad_shared_bits(&p, &at) == bits)
			return;
	}
}

/* The first asks who belongs to the network, the others bucket by bucket. */
err
question_put(
    struct crawl *c, uint32_t i, const struct peer_id *to, struct buf *out)
{
	char name[32];
	uint8_t key[36];

	c->out = (struct kad_message){ .type = KAD_FIND_NODE };
	if (i == 0) {
		(void)snprintf(name, sizeof(name), "ohcn/%s", c->p.network);
		kad_topic_key(slice_str(name), key);
		c->out.type = KAD_GET_PROVIDERS;
		c->out.key = slice_of(key, KAD_TOPIC_KEY);
	} else {
		memset(key, 0, sizeof(key));
		key_near(c, to, i - 1, key);
		c->out.key = slice_of(key, sizeof(key));
	}
	return kad_message_put(out, &c->out);
}

static void
ask(struct visit *v)
{
	struct crawl *c = v->c;
	struct buf out = { c->bytes, 0, sizeof(c->bytes) };
	size_t taken = 0;

	if (v->asked == CRAWL_QUESTIONS_MAX || v->in_vain >= IN_VAIN_MAX ||
	    question_put(c, v->asked, &v->peer.id, &out) != OK ||
	    host_stream_write(c->host, v->stream, buf_slice(&out), &taken) !=
		OK ||
	    taken != out.n) {
		compare(v);
		return;
	}
	v->asked++;
	frontier_totals(c->f)->questions++;
	v->deadline_ms = now_ms(c) + QUESTION_MS;
}

static void
ask_begin(struct visit *v)
{
	struct crawl *c = v->c;

	v->stage = VISIT_ASKING;
	if (!v->speaks_kad ||
	    host_stream_open(c->host, &v->peer.id, c->kad_protocol, now_ms(c),
		&v->stream) != OK) {
		compare(v);
		return;
	}
	v->streaming = true;
	v->contacts_known = true;
	ask(v);
}

/* What a peer says of where others are, as far as it may say it. */
static uint32_t
may_name(struct visit *v, const struct kad_contact *k,
    struct slice out[KAD_ADDRS_MAX])
{
	struct host_peer_info info;
	struct crawl *c = v->c;
	uint32_t n = 0;

	if (!host_peer_find(c->host, &v->peer.id, &info))
		return 0;
	for (uint32_t i = 0; i < k->addrs_n && i < KAD_ADDRS_MAX; i++) {
		if (reach_may_name(info.remote, kad_contact_addr(k, i)))
			out[n++] = kad_contact_addr(k, i);
		else
			frontier_totals(c->f)->unnameable++;
	}
	return n;
}

/* true: this peer had not named it before. */
static bool
take_contact(
    struct visit *v, const struct kad_contact *k, enum frontier_source how)
{
	struct crawl *c = v->c;
	struct slice addrs[KAD_ADDRS_MAX];

	if (peer_id_eq(&k->id, host_self(c->host)) ||
	    peer_id_eq(&k->id, &v->peer.id))
		return false;
	err e = frontier_add(c->f, &k->id, addrs, may_name(v, k, addrs),
	    FRONTIER_DHT, v->peer.depth + 1, now_s(c));
	if (e == ERR_FORM || e == ERR_LIMIT)
		return false; /* counted */
	if (e != ERR_EXISTS && !crawl_check(c, e))
		return false;
	const struct frontier_name to = frontier_name_of(c->f, &k->id);
	e = frontier_edge(c->f, &v->peer.name, &to, how);
	if (e == ERR_EXISTS || !crawl_check(c, e))
		return false;
	v->contacts += how == FRONTIER_DHT;
	return true;
}

static void
on_answer(struct visit *v)
{
	struct crawl *c = v->c;
	const struct slice in = host_stream_read(c->host, v->stream);
	uint64_t len = 0;
	size_t head = 0;
	bool news = false;
	const err e = varint_get(in, &len, &head);

	if (e == ERR_MORE ||
	    (e == OK && len <= KAD_MESSAGE_MAX && in.n - head < len)) {
		if (host_stream_ended(c->host, v->stream))
			compare(v);
		return;
	}
	if (e != OK || len > KAD_MESSAGE_MAX ||
	    kad_message_get(slice_of(in.p + head, (size_t)len), &c->n.mem,
		&c->in, c->in_key) != OK) {
		compare(v); /* it does not speak it well: enough */
		return;
	}
	host_stream_consume(c->host, v->stream, head + (size_t)len);
	for (uint32_t i = 0; i < c->in.closer_n; i++)
		news |= take_contact(v, &c->in.closer[i], FRONTIER_DHT);
	for (uint32_t i = 0; i < c->in.providers_n; i++)
		news |= take_contact(v, &c->in.providers[i], FRONTIER_PROVIDER);
	v->in_vain = news ? 0 : v->in_vain + 1;
	ask(v);
}

/* ---- identify ---- */

static void
note_protocol(struct visit *v, struct slice p)
{
	v->speaks_kad |= slice_eq_str(p, v->c->kad_protocol);
	v->speaks_sync |= slice_eq_str(p, SYNC_PROTOCOL);
	v->ohcn |= p.n > 6 && memcmp(p.p, "/ohcn/", 6) == 0;
	v->other_kad |= p.n > 16 && memcmp(p.p, "/ohcn/", 6) == 0 &&
			memcmp(p.p + p.n - 10, "/kad/1.0.0", 10) == 0 &&
			!slice_eq_str(p, v->c->kad_protocol);
	v->opted_out |= slice_eq_str(p, SYNC_NO_CRAWL);
	if (json_array_size(v->protocols) < CRAWL_PROTOCOLS_MAX)
		(void)json_array_append_new(v->protocols, clean_text(p, 140));
}

static void
note_identify(struct visit *v, const struct identify *m)
{
	struct crawl *c = v->c;
	struct host_peer_info info;
	struct slice addrs[IDENTIFY_ADDRS_MAX];
	uint32_t n = 0;

	v->identified = true;
	if (m->agent.n > 0) {
		const size_t len = MIN(m->agent.n, sizeof(v->agent) - 1);
		memcpy(v->agent, m->agent.p, len);
		v->agent[len] = 0;
	}
	for (uint32_t i = 0; i < m->protocols_n; i++)
		note_protocol(v, m->protocols[i]);
	if (v->opted_out || !host_peer_find(c->host, &v->peer.id, &info))
		return;
	for (uint32_t i = 0; i < m->addrs_n; i++)
		if (reach_may_name(info.remote, m->addrs[i]))
			addrs[n++] = m->addrs[i];
	const err e = frontier_add(c->f, &v->peer.id, addrs, n, v->peer.source,
	    v->peer.depth, now_s(c));
	if (e != ERR_EXISTS)
		(void)crawl_check(c, e == OK ? ERR_CORRUPT : e);
}

static void
identify_over(struct visit *v)
{
	stream_drop(v);
	if (!v->identified)
		leave(v, "no-identify", "it did not say who it is");
	else if (v->opted_out)
		leave(v, "", NULL);
	else if (is_foreign(v))
		leave(v, "other-network", NULL);
	else
		ask_begin(v);
}

static void
on_identify(struct visit *v)
{
	struct crawl *c = v->c;
	struct slice in = host_stream_read(c->host, v->stream);
	const size_t n = in.n;
	struct identify m;
	err e;

	while ((e = identify_recv(&v->reader, &in, &m)) == OK)
		note_identify(v, &m);
	host_stream_consume(c->host, v->stream, n);
	if (e != ERR_MORE || host_stream_ended(c->host, v->stream))
		identify_over(v);
}

static void
identify_begin(struct visit *v)
{
	struct crawl *c = v->c;

	v->stage = VISIT_IDENTIFY;
	v->up_ms = now_ms(c);
	v->deadline_ms = now_ms(c) + IDENTIFY_MS;
	v->protocols = json_array();
	if (host_stream_open(c->host, &v->peer.id, IDENTIFY_PROTOCOL, now_ms(c),
		&v->stream) != OK) {
		leave(v, "closed", "no stream can be opened");
		return;
	}
	v->streaming = true;
	identify_reader_init(&v->reader, &c->n.mem);
	v->reading = true;
	host_stream_close(c->host, v->stream); /* we say nothing on it */
}

/* ---- the beginning ---- */

bool
visit_begin(struct crawl *c, const struct frontier_peer *p)
{
	const uint64_t now = now_ms(c);
	struct visit *v = NULL;
	uint32_t usable = 0;

	for (uint32_t i = 0; i < c->p.parallel && v == NULL; i++)
		if (c->visits[i].stage == VISIT_FREE)
			v = &c->visits[i];
	if (v == NULL)
		return false;
	*v = (struct visit){ .c = c,
		.stage = VISIT_CALLING,
		.peer = *p,
		.began_ms = now,
		.began_s = now_s(c),
		.deadline_ms = now + CALL_MS,
		.end_ms = now + c->p.visit_s * UINT64_C(1000) };
	for (uint32_t i = 0; i < p->addrs_n; i++) {
		const struct slice a =
		    slice_of(p->addrs[i].bytes, p->addrs[i].n);
		if (transport_cannot_dial(c->transport, a) == NULL &&
		    host_peer_add(c->host, &p->id, a, PEER_INVITATION, now) ==
			OK)
			usable++;
	}
	if (usable == 0) {
		/* Calling again would not help. */
		v->peer.attempts = MAX(v->peer.attempts, c->p.retries);
		leave(v, "no-address",
		    "reached by a relay or a transport that we lack");
		return true;
	}
	const err e = host_connect(c->host, &p->id, now);
	if (e == OK) {
		frontier_totals(c->f)->dials++;
		return true;
	}
	if (e == ERR_EXISTS)
		leave(v, "closed", "it is we, or connected already");
	else
		visit_drop(v);
	return true;
}

/* ---- events ---- */

static bool
is_ours(const struct visit *v, const struct host_event *ev)
{
	return v->streaming && v->stream.conn == ev->conn &&
	       v->stream.stream == ev->stream;
}

static void
on_stream(struct visit *v, const struct host_event *ev)
{
	const bool ended =
	    ev->type == HOST_STREAM_CLOSED || ev->type == HOST_STREAM_REFUSED;

	if (v->stage == VISIT_IDENTIFY) {
		if (ended)
			identify_over(v);
		else if (ev->type == HOST_STREAM_DATA ||
			 ev->type == HOST_STREAM_END)
			on_identify(v);
	} else if (v->stage == VISIT_ASKING) {
		if (ended)
			compare(v);
		else if (ev->type == HOST_STREAM_DATA ||
			 ev->type == HOST_STREAM_END)
			on_answer(v);
	}
}

void
visit_event(struct crawl *c, const struct host_event *ev)
{
	struct visit *v = visit_find(c, &ev->peer);

	switch (ev->type) {
	case HOST_PEER_UP:
		if (v == NULL)
			host_conn_close(
			    c->host, ev->conn, "not asked for", now_ms(c));
		else if (v->stage == VISIT_CALLING)
			identify_begin(v);
		return;
	case HOST_PEER_DOWN:
		if (c->records != NULL)
			records_gone(c->records, &ev->peer);
		if (v == NULL)
			return;
		if (v->stage == VISIT_LEAVING)
			visit_free(v);
		else if (v->stage == VISIT_LISTENING)
			visit_end(v, v->outcome, v->why);
		else
			leave(v, v->identified ? "answered" : "closed",
			    "it closed the connection");
		return;
	case HOST_UNREACHABLE:
		if (v != NULL && v->stage == VISIT_CALLING)
			leave(v, "unreachable", "no address answered");
		return;
	case HOST_STREAM_OPENED: /* we serve nothing */
		host_stream_reset(
		    c->host, (struct host_stream){ ev->conn, ev->stream });
		return;
	case HOST_STREAM_READY:
	case HOST_STREAM_REFUSED:
	case HOST_STREAM_DATA:
	case HOST_STREAM_WRITABLE:
	case HOST_STREAM_END:
	case HOST_STREAM_CLOSED:
		for (uint32_t i = 0; i < c->p.parallel; i++)
			if (is_ours(&c->visits[i], ev)) {
				if (ev->type == HOST_STREAM_CLOSED ||
				    ev->type == HOST_STREAM_REFUSED)
					c->visits[i].streaming = false;
				on_stream(&c->visits[i], ev);
				return;
			}
		if (c->records != NULL)
			(void)records_event(c->records, ev);
		return;
	case HOST_MESSAGE:
		host_verdict(
		    c->host, ev->message.handle, GOSSIP_IGNORE, now_ms(c));
		return;
	case HOST_IDENTIFIED:
	case HOST_PING:
	case HOST_CLOSE:
		return;
	}
}

void
visit_tick(struct visit *v, uint64_t now)
{
	if (v->stage == VISIT_FREE)
		return;
	if (v->stage == VISIT_COMPARING) {
		comparing_tick(v, now);
		return;
	}
	if (v->stage == VISIT_LISTENING && v->heard) {
		visit_end(v, v->outcome, v->why);
		return;
	}
	if (v->deadline_ms > now && v->end_ms + LEAVE_MS > now)
		return;
	switch (v->stage) {
	case VISIT_CALLING:
		leave(v, "unreachable", "no answer in time");
		return;
	case VISIT_IDENTIFY:
		identify_over(v);
		return;
	case VISIT_ASKING:
		compare(v);
		return;
	case VISIT_LISTENING:
		visit_end(v, v->outcome, v->why);
		return;
	case VISIT_LEAVING:
		visit_free(v);
		return;
	case VISIT_COMPARING:
	case VISIT_FREE:
		return;
	}
}
