#include "node/peers.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/vault.h"

#define BACKOFF_FIRST_S 2
#define BACKOFF_LAST_S  300
#define SAVE_EVERY_S    600
#define SAVE_MAX        64 /* addresses kept over a restart */
#define DIALS_PER_TICK  4
#define ADDRS_PER_PEER  4 /* of one peer that are remembered */

struct known {
	char addr[MULTIADDR_TEXT_MAX / 8]; /* with /p2p where it is known */
	struct peer_id id;
	bool has_id, bootstrap, dialling;
	bool proven; /* we dialled it, and its peer was there */
	uint64_t next_s;
	uint32_t backoff_s;
	uint64_t seen_s; /* last time it was identified */
};

struct peers {
	struct node *n;
	struct known known[PEERS_KNOWN_MAX];
	size_t known_n;
	uint64_t saved_s;
	bool changed;
};

/* A wall clock that is set back must not stop the dialling. */
static uint64_t
mono_s(const struct peers *p)
{
	return p->n->env.mono_ms(p->n->env.ctx) / 1000;
}

struct peers *
peers_new(struct node *n)
{
	struct peers *p = calloc(1, sizeof(*p));

	if (p != NULL)
		p->n = n;
	return p;
}

void
peers_free(struct peers *p)
{
	free(p);
}

static struct known *
find(struct peers *p, const char *addr)
{
	for (size_t i = 0; i < p->known_n; i++)
		if (strcmp(p->known[i].addr, addr) == 0)
			return &p->known[i];
	return NULL;
}

/* What is only heard of goes before what was proven, then by age. */
static bool
goes_before(const struct known *a, const struct known *b)
{
	if (a->proven != b->proven)
		return b->proven;
	return a->seen_s < b->seen_s;
}

/*
 * Room for one more: a new one, or the place of another. With ${id} only one
 * of that peer has to go.
 */
static struct known *
place(struct peers *p, const struct peer_id *id)
{
	struct known *last = NULL;

	if (id == NULL && p->known_n < PEERS_KNOWN_MAX)
		return &p->known[p->known_n++];
	for (size_t i = 0; i < p->known_n; i++) {
		struct known *k = &p->known[i];
		if (k->bootstrap || k->dialling ||
		    (id != NULL && !(k->has_id && peer_id_eq(&k->id, id))))
			continue;
		if (last == NULL || goes_before(k, last))
			last = k;
	}
	/* Hearsay does not push out what was proven. */
	return last != NULL && last->proven ? NULL : last;
}

static size_t
count_of(const struct peers *p, const struct peer_id *id)
{
	size_t n = 0;

	for (size_t i = 0; i < p->known_n; i++)
		n += p->known[i].has_id && peer_id_eq(&p->known[i].id, id);
	return n;
}

static struct known *
add(struct peers *p, const char *addr, bool bootstrap)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct known *k = find(p, addr);
	struct peer_id id;

	if (k != NULL) {
		k->bootstrap = k->bootstrap || bootstrap;
		return k;
	}
	if (strlen(addr) >= sizeof(k->addr) ||
	    multiaddr_get(slice_str(addr), &b) != OK)
		return NULL;
	const bool has_id = multiaddr_peer(buf_slice(&b), &id) == OK;
	k = place(p, has_id && !bootstrap && count_of(p, &id) >= ADDRS_PER_PEER
			 ? &id
			 : NULL);
	if (k == NULL)
		return NULL;
	*k = (struct known){ .bootstrap = bootstrap,
		.has_id = has_id,
		.backoff_s = BACKOFF_FIRST_S };
	memcpy(k->addr, addr, strlen(addr) + 1);
	if (has_id)
		k->id = id;
	return k;
}

void
peers_start(struct peers *p)
{
	const struct config_list *list = &p->n->config->peers.bootstrap;
	json_t *saved = vault_get(p->n->vault, "peers", NULL), *item;
	size_t i;

	for (i = 0; i < list->n; i++)
		if (add(p, list->v[i], true) == NULL)
			env_log(&p->n->env, LOG_UNUSUAL, "bootstrap_unusable",
			    "addr=%s", list->v[i]);
	json_array_foreach(saved, i, item) if (json_is_string(item))(void)
	    add(p, json_string_value(item), false);
	json_decref(saved);
	p->saved_s = mono_s(p);
}

static bool
connected(struct peers *p, const struct known *k)
{
	struct host_peer_info info;

	return k->has_id && host_peer_find(p->n->host, &k->id, &info);
}

/* How far away an address can be reached from. */
enum reach { NOWHERE, THIS_MACHINE, THIS_SITE, EVERYWHERE };

static enum reach
reach_v4(const uint8_t ip[4])
{
	if (ip[0] == 0 || ip[0] >= 224)
		return NOWHERE;
	if (ip[0] == 127)
		return THIS_MACHINE;
	if (ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
	    (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254) ||
	    (ip[0] == 100 && (ip[1] & 0xc0) == 64))
		return THIS_SITE;
	return EVERYWHERE;
}

static enum reach
reach_of(const struct multiaddr_ip *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t zero[15];

	if (!a->v6)
		return reach_v4(a->ip);
	if (memcmp(a->ip, mapped, sizeof(mapped)) == 0)
		return reach_v4(a->ip + 12);
	if (memcmp(a->ip, zero, sizeof(zero)) == 0)
		return a->ip[15] == 1 ? THIS_MACHINE : NOWHERE;
	if (a->ip[0] == 0xff)
		return NOWHERE;
	if ((a->ip[0] & 0xfe) == 0xfc ||
	    (a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80))
		return THIS_SITE;
	return EVERYWHERE;
}

/*
 * A peer far away that names addresses of this machine or site would have us
 * knock at our own doors.
 */
static bool
may_name(const struct host_peer_info *info, struct slice addr)
{
	struct multiaddr_ip from, to;
	const enum reach near = multiaddr_ip_tcp(info->remote, &from) == OK
				    ? reach_of(&from)
				    : EVERYWHERE;

	return multiaddr_ip_tcp(addr, &to) == OK && to.port != 0 &&
	       reach_of(&to) != NOWHERE && reach_of(&to) >= near;
}

void
peers_identified(struct peers *p, const struct peer_id *id)
{
	struct host_peer_info info;

	if (!host_peer_find(p->n->host, id, &info))
		return;
	for (uint32_t i = 0; i < info.addrs_n; i++) {
		uint8_t raw[MULTIADDR_MAX];
		struct buf b = { raw, 0, sizeof(raw) };
		char text[MULTIADDR_TEXT_MAX];
		const struct slice plain = multiaddr_strip_peer(info.addrs[i]);
		if (!may_name(&info, plain) ||
		    buf_put(&b, plain.p, plain.n) != OK ||
		    multiaddr_put_peer(&b, id) != OK ||
		    multiaddr_put(text, sizeof(text), buf_slice(&b)) != OK)
			continue;
		struct known *k = add(p, text, false);
		if (k == NULL)
			continue;
		if (info.outbound && slice_eq(info.remote, plain))
			k->proven = true;
		k->seen_s = mono_s(p);
		k->backoff_s = BACKOFF_FIRST_S;
		p->changed = true;
	}
}

/* A dial's answer finds its entry by the address: entries may move. */
struct attempt {
	struct peers *p;
	char addr[MULTIADDR_TEXT_MAX / 8];
};

static void
on_dialled(void *ctx, err e, const char *why)
{
	struct attempt *a = ctx;
	struct peers *p = a->p;
	struct known *k = find(p, a->addr);

	if (e != OK)
		env_log(&p->n->env, LOG_INFO, "dial_failed",
		    "addr=%s why=\"%s\"", a->addr, why);
	if (k != NULL) {
		k->dialling = false;
		if (e != OK && k->backoff_s == BACKOFF_LAST_S)
			k->proven = false; /* it was, long ago */
		k->next_s = mono_s(p) + k->backoff_s;
		k->backoff_s = MIN(2 * k->backoff_s, BACKOFF_LAST_S);
	}
	free(a);
}

static void
dial(struct peers *p, struct known *k)
{
	struct attempt *a = malloc(sizeof(*a));

	if (a == NULL)
		return;
	a->p = p;
	memcpy(a->addr, k->addr, sizeof(a->addr));
	k->dialling = true;
	const err e = transport_dial(p->n->transport, a->addr, on_dialled, a);
	if (e != OK) {
		k->dialling = false;
		k->next_s = mono_s(p) + (e == ERR_LIMIT ? 1 : BACKOFF_LAST_S);
		free(a);
	}
}

void
peers_tick(struct peers *p)
{
	const uint64_t now = mono_s(p);
	struct host_stats stats;
	unsigned dials = 0;

	host_stats(p->n->host, &stats);
	for (size_t i = 0; i < p->known_n && dials < DIALS_PER_TICK; i++) {
		struct known *k = &p->known[i];
		if (k->dialling || now < k->next_s || connected(p, k))
			continue;
		if (k->has_id && peer_id_eq(&k->id, host_self(p->n->host)))
			continue;
		if (!k->bootstrap && stats.peers_now + dials >= PEERS_WANTED)
			continue;
		/* An address without an id cannot be told connected. */
		if (!k->has_id && stats.peers_now > 0)
			continue;
		dial(p, k);
		dials++;
	}
	if (p->changed && now >= p->saved_s + SAVE_EVERY_S)
		peers_save(p);
}

void
peers_save(struct peers *p)
{
	json_t *list = json_array();

	/* What was proven first: SAVE_MAX may not hold all. */
	for (size_t i = 0; i < 2 * p->known_n; i++) {
		const struct known *k = &p->known[i % p->known_n];
		if (k->seen_s > 0 && k->proven == (i < p->known_n) &&
		    json_array_size(list) < SAVE_MAX)
			(void)json_array_append_new(list, json_string(k->addr));
	}
	if (list == NULL || vault_put(p->n->vault, "peers", list) != OK)
		env_log(&p->n->env, LOG_UNUSUAL, "peers_not_saved",
		    "what=\"the bootstrap list has to do at the next start\"");
	json_decref(list);
	p->changed = false;
	p->saved_s = mono_s(p);
}
