/*
 * node.h: what the parts of node/ share. Everything here belongs to the
 * loop's thread; a worker gets what it needs handed over (see task.h). The
 * life of the process is in run.h.
 */
#pragma once

#include <jansson.h>
#include <uv.h>

#include "match/score.h"
#include "match/search.h"
#include "node/base/config.h"
#include "node/base/log.h"
#include "node/base/paths.h"
#include "node/http/http.h"
#include "node/keys/keyfile.h"
#include "node/net/transport.h"
#include "node/record/pipeline.h"
#include "proto/libp2p/host.h"
#include "store/store.h"

struct vault;
struct signer;
struct intro;
struct syncer;
struct light;
struct peers;
struct publisher;
struct owner;
struct keeper;
struct matcher;
struct signals;
struct network;
struct discovery;
struct nat;
struct stem_node;
struct mailbox;
struct communities;
struct trust_keeper;
struct warnings;
struct tokens;
struct ledgers;
struct feeds;
struct documents;

#define PERSONAS_MAX     32 /* in all: those that are no longer used, too */
#define PERSONA_NAME_MAX 32 /* bytes: a-z 0-9 - _ */

enum persona_state {
	PERSONA_LIVE,
	PERSONA_RETIRED, /* publishes nothing any more; may come back */
	PERSONA_REVOKED, /* for good */
};

/* A key that signs records of this node: see persona.h. */
struct author {
	uint32_t index; /* of the persona */
	enum persona_state state;
	char name[PERSONA_NAME_MAX + 1];
	uint64_t made_s;
	uint8_t pub[ED25519_PUBLIC];
	uint8_t stamp[STAMP_WORK_BYTES];
	bool stamped; /* false: the work is still being done */
};

/* A frozen vocabulary and its search index; shared with workers. */
struct terms {
	unsigned users; /* counted on the loop's thread; the last one frees */
	struct vocabulary *vocabulary;
	struct search_index *search;
};

struct node {
	const struct config *config;
	const struct paths *paths;
	uv_loop_t loop;
	struct log log;
	struct env env;
	struct mem mem; /* of the host */

	struct signer *signer;               /* signer.h; has the secrets */
	struct author authors[PERSONAS_MAX]; /* persona.h */
	uint32_t authors_n;
	struct intro *intro;          /* intro.h */
	bool restoring, restore_busy; /* restore.h */
	unsigned restore_calm;        /* ticks */
	uint8_t node_secret[ED25519_SECRET];

	struct map *map; /* the public store's */
	struct store *store;
	struct vault *vault;
	struct terms *terms;

	struct network *network; /* network.h; owns the two below */
	struct discovery *discovery;
	struct nat *nat;        /* nat.h; the network's */
	struct stem_node *stem; /* stem_node.h; the network's */
	struct host *host;
	struct transport *transport;
	struct pipeline *pipeline;
	struct peers *peers;
	struct syncer *syncer; /* sync.h */
	struct mem sync_mem;   /* of its lists */
	struct pipeline_waiter sync_room;
	struct light *light; /* light.h; NULL: a full node */
	struct publisher *publisher;
	struct owner *owner;     /* owner.h */
	struct keeper *keeper;   /* keeper.h; of the store */
	struct matcher *matcher; /* matcher.h */
	struct signals *signals; /* signals.h */
	struct mailbox *mailbox; /* mailbox.h */
	bool (*one_time)(const struct node *n, const uint8_t *author,
	    uint32_t *persona); /* its mailbox_persona(): keys/persona.h */
	struct communities *communities; /* community/community.h */
	struct documents *documents;     /* evidence/documents.h */
	struct trust_keeper *trust;      /* trust/trust.h */
	struct warnings *warnings;       /* trust/warnings.h */
	struct http_server *http;
	struct tokens *tokens;   /* access/token.h */
	struct ledgers *ledgers; /* company/ledger.h */
	struct feeds *feeds;     /* company/feed.h */

	uv_timer_t tick; /* each second: expiry, publishing, peers */
	uv_signal_t sigint, sigterm, sighup;
	uint64_t started_s;
	uint64_t ticks;
	uint64_t tick_s;       /* the clock at the last one */
	uint64_t expire_after; /* ticks; see run.c */
	bool unlocking;        /* a passphrase is being tried */
	bool key_guarded;      /* the key file has a passphrase: lock.h */
	uint64_t acted_s;      /* the owner's last act, monotonic */
	uint64_t locked_s;     /* since when the keys are locked; 0: not */
	uint64_t lock_orders;  /* so often it was said: lock.h */
	bool stopping;
	enum exit_code exit;
	struct problem *problem;
};

/** node_now(n): seconds since 1970. */
uint64_t node_now(const struct node *n);

/** node_topic(n, class, out): the topic of a class in our network. */
void node_topic(
    const struct node *n, enum record_class c, char out[TOPIC_TEXT]);

/** terms_take(n) / terms_give(n, t): hold a snapshot while a worker reads. */
struct terms *terms_take(struct node *n);
void terms_give(struct node *n, struct terms *t);

/** terms_free(t): at the end, when nobody uses it. */
void terms_free(struct terms *t);

/** terms_replace(n, v): put a new vocabulary in place; takes ${v}. */
NODISCARD err terms_replace(struct node *n, struct vocabulary *v);

/** node_event(n, type, data): to those who watch; takes the reference. */
void node_event(struct node *n, const char *type, json_t *data);

/**
 * node_event_of(n, type, persona, scopes, data): of a persona's: tokens with
 * any of ${scopes} hear of it, but none that speaks for another persona alone.
 */
void node_event_of(struct node *n, const char *type, uint32_t persona,
    unsigned scopes, json_t *data);

/** node_event_own(n, type, persona, scopes, data, open): the same; others that
 * may hear of the type get ${open}, which may be NULL. Takes both. */
void node_event_own(struct node *n, const char *type, uint32_t persona,
    unsigned scopes, json_t *data, json_t *open);

/** node_event_open(n, type, persona, scopes, open): to those others alone: the
 * owner, and who has the scopes for that persona, knew before. */
void node_event_open(struct node *n, const char *type, uint32_t persona,
    unsigned scopes, json_t *open);

/** node_event_later(): the same as http_events_publish_later() is. */
void node_event_later(struct node *n, const char *type, http_event_make *make,
    const void *what, size_t size);
