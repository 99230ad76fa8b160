#include "node/peers.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/vault.h"

#define BACKOFF_FIRST_S 2
#define BACKOFF_LAST_S  300
#define SAVE_EVERY_S    600
#define SAVE_MAX        64 /* addresses kept over a restart */
#define DIALS_PER_TICK  4

struct known {
	char addr[MULTIADDR_TEXT_MAX / 8]; /* with /p2p where it is known */
	struct peer_id id;
	bool has_id, bootstrap, dialling, lost;
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

/* Room for one more: the one that was not seen for longest has to go. */
static struct known *
place(struct peers *p)
{
	struct known *oldest = NULL;

	if (p->known_n < PEERS_KNOWN_MAX)
		return &p->known[p->known_n++];
	for (size_t i = 0; i < p->known_n; i++) {
		struct known *k = &p->known[i];
		if (!k->bootstrap && !k->dialling &&
		    (oldest == NULL || k->seen_s < oldest->seen_s))
			oldest = k;
	}
	return oldest;
}

static struct known *
add(struct peers *p, const char *addr, bool bootstrap)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct known *k = find(p, addr);

	if (k != NULL) {
		k->bootstrap = k->bootstrap || bootstrap;
		return k;
	}
	if (strlen(addr) >= sizeof(k->addr) ||
	    multiaddr_get(slice_str(addr), &b) != OK)
		return NULL;
	k = place(p);
	if (k == NULL)
		return NULL;
	*k = (struct known){ .bootstrap = bootstrap,
		.backoff_s = BACKOFF_FIRST_S };
	memcpy(k->addr, addr, strlen(addr) + 1);
	k->has_id = multiaddr_peer(buf_slice(&b), &k->id) == OK;
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
	p->saved_s = node_now(p->n);
}

static bool
connected(struct peers *p, const struct known *k)
{
	struct host_peer_info info;

	return k->has_id && host_peer_find(p->n->host, &k->id, &info);
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
		struct multiaddr_ip ip;
		if (multiaddr_ip_tcp(info.addrs[i], &ip) != OK ||
		    buf_put(&b, info.addrs[i].p, info.addrs[i].n) != OK ||
		    multiaddr_put_peer(&b, id) != OK ||
		    multiaddr_put(text, sizeof(text), buf_slice(&b)) != OK)
			continue;
		struct known *k = add(p, text, false);
		if (k == NULL)
			continue;
		k->seen_s = node_now(p->n);
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
		k->next_s = node_now(p->n) + k->backoff_s;
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
		k->next_s =
		    node_now(p->n) + (e == ERR_LIMIT ? 1 : BACKOFF_LAST_S);
		free(a);
	}
}

void
peers_tick(struct peers *p)
{
	const uint64_t now = node_now(p->n);
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

	for (size_t i = 0; i < p->known_n && json_array_size(list) < SAVE_MAX;
	     i++)
		if (p->known[i].seen_s > 0)
			(void)json_array_append_new(
			    list, json_string(p->known[i].addr));
	if (list == NULL || vault_put(p->n->vault, "peers", list) != OK)
		env_log(&p->n->env, LOG_UNUSUAL, "peers_not_saved",
		    "what=\"the bootstrap list has to do at the next start\"");
	json_decref(list);
	p->changed = false;
	p->saved_s = node_now(p->n);
}
