#include "node/net/peers.h"

#include <stdlib.h>

#include "node/keys/vault.h"

#define SAVE_EVERY_S 600
#define SAVE_MAX     64 /* addresses kept over a restart */
#define SLEPT_S      15 /* the clocks disagree by so much: we were asleep */

struct peers {
	struct node *n;
	uint64_t saved_s;
	uint64_t mono_s, wall_s; /* at the last tick */
};

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

/* ${out} gets the peer that the address names. */
static err
add(struct peers *p, const char *text, enum peer_source source,
    struct peer_id *out)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	const uint64_t now_ms = p->n->env.mono_ms(p->n->env.ctx);

	TRY(multiaddr_get(slice_str(text), &b));
	TRY(host_peer_add(p->n->host, NULL, buf_slice(&b), source, now_ms));
	if (out != NULL)
		TRY(multiaddr_peer(buf_slice(&b), out));
	return OK;
}

/* Those we relied on come first, so that nobody else can be all we meet. */
static void
add_anchors(struct peers *p)
{
	json_t *saved = vault_get(p->n->vault, "anchors", NULL), *item;
	const uint64_t now_ms = p->n->env.mono_ms(p->n->env.ctx);
	struct peer_id id;
	size_t i;

	json_array_foreach(saved, i,
	    item) if (i < PEERS_ANCHORS && json_is_string(item) &&
		      add(p, json_string_value(item), PEER_DISK, &id) == OK)(
	    void) !host_connect(p->n->host, &id, now_ms);
	json_decref(saved);
}

void
peers_start(struct peers *p)
{
	const struct config_list *list = &p->n->config->peers.bootstrap;
	json_t *saved = vault_get(p->n->vault, "peers", NULL), *item;
	size_t i;

	for (i = 0; i < list->n; i++) {
		const err e = add(p, list->v[i], PEER_BOOTSTRAP, NULL);
		if (e != OK && e != ERR_EXISTS)
			env_log(&p->n->env, LOG_UNUSUAL, "bootstrap_unusable",
			    "addr=%s", list->v[i]);
	}
	if (p->n->config->node.mode != NODE_LIGHT) /* it calls by itself */
		add_anchors(p);
	json_array_foreach(saved, i, item) if (json_is_string(item))(void) !add(
	    p, json_string_value(item), PEER_DISK, NULL);
	json_decref(saved);
	p->saved_s = p->mono_s = mono_s(p);
	p->wall_s = node_now(p->n);
}

/*
 * While the machine sleeps the wall clock goes on and the other one does not;
 * while the process is stopped, both go on and no tick comes.
 */
static bool
has_slept(struct peers *p)
{
	const uint64_t mono = mono_s(p), wall = node_now(p->n);
	const uint64_t went = mono - p->mono_s;
	const bool slept = went > SLEPT_S || wall > p->wall_s + went + SLEPT_S;

	p->mono_s = mono;
	p->wall_s = wall;
	return slept;
}

void
peers_tick(struct peers *p)
{
	if (has_slept(p)) {
		env_log(&p->n->env, LOG_INFO, "resumed",
		    "what=\"connections are checked, peers dialled again\"");
		host_resumed(p->n->host, p->n->env.mono_ms(p->n->env.ctx));
	}
	if (mono_s(p) >= p->saved_s + SAVE_EVERY_S)
		peers_save(p);
}

static void
append(json_t *list, const struct host_known *k)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	char text[MULTIADDR_TEXT_MAX];

	if (buf_put(&b, k->addr.p, k->addr.n) == OK &&
	    multiaddr_put_peer(&b, &k->id) == OK &&
	    multiaddr_put(text, sizeof(text), buf_slice(&b)) == OK)
		(void)json_array_append_new(list, json_string(text));
}

static void
put(struct peers *p, const char *name, json_t *list)
{
	if (list == NULL || vault_put(p->n->vault, name, list) != OK)
		env_log(&p->n->env, LOG_UNUSUAL, "peers_not_saved",
		    "what=\"the bootstrap list has to do at the next start\"");
	json_decref(list);
}

void
peers_save(struct peers *p)
{
	json_t *peers = json_array(), *anchors = json_array();
	struct host_known k;

	/* What was proven first: SAVE_MAX may not hold all. */
	for (int proven = 1; proven >= 0; proven--)
		for (uint32_t i = 0; host_known_at(p->n->host, i, &k); i++) {
			if (k.id.n == 0 || k.proven != (proven == 1))
				continue;
			if (json_array_size(peers) < SAVE_MAX)
				append(peers, &k);
			if (k.anchor &&
			    json_array_size(anchors) < PEERS_ANCHORS)
				append(anchors, &k);
		}
	put(p, "peers", peers);
	if (json_array_size(anchors) > 0)
		put(p, "anchors", anchors);
	else
		json_decref(anchors); /* the last ones may do again */
	p->saved_s = mono_s(p);
}
