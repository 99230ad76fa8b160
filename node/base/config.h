/*
 * config.h: the settings of a node. One table (config.c) holds name, type,
 * unit, default, bounds and help of each; the file, the environment, the
 * command line, the checks and the help texts all come from it.
 *
 * A setting is called "section.name". Later sources win: built-in, the
 * user's file ($home/ohcn.conf), OHCN_SECTION_NAME, --set section.name=value.
 * The node reads the user's file and never writes it.
 *
 * Lists: a key repeated in the file, blanks or commas elsewhere. A source
 * replaces the list of the source before it.
 */
#pragma once

#include "proto/base/env.h"

#include "node/base/problem.h"

#define CONFIG_LIST_MAX 64

/* Who hears of our records first: a person had better not tell everybody. */
enum flood { FLOOD_AUTO, FLOOD_YES, FLOOD_NO };
/* What becomes of a card that few others could have: node/api/lint.h. */
enum klint_mode { KLINT_ENFORCE, KLINT_ONLY_WARN };
enum inbox_strangers {
	INBOX_STRANGERS_ACCEPT,
	INBOX_STRANGERS_QUIET,
	INBOX_STRANGERS_DROP,
};
enum inbox_others { INBOX_OTHERS_WARN, INBOX_OTHERS_REFUSE };

/* Which own records go by the stem; see stem_node.h. */
enum stem_publish { STEM_AUTO, STEM_ALWAYS, STEM_NEVER };

enum node_role { NODE_PERSON, NODE_COMPANY, NODE_PROVIDER, NODE_RESEARCHER };
/* Light: on a metered line; connected a few times a day, for sync alone. */
enum node_mode { NODE_FULL, NODE_LIGHT };
/* Kademlia: auto is a server while others can reach us. */
enum kad_mode { KAD_MODE_AUTO, KAD_MODE_CLIENT, KAD_MODE_SERVER, KAD_MODE_OFF };
/* Multicast DNS: listen asks and tells nothing of us. */
enum mdns_mode { MDNS_MODE_ON, MDNS_MODE_LISTEN, MDNS_MODE_OFF };
enum log_format { LOG_TEXT, LOG_JSON };

struct config_list {
	size_t n;
	char *v[CONFIG_LIST_MAX];
};

/* Sizes are bytes, times are in the unit of the member's name. */
struct config {
	struct {
		uint32_t role;  /* enum node_role */
		uint32_t mode;  /* enum node_mode */
		char *name;     /* shown by organisations; "" */
		char *network;  /* 1..16 of [a-z0-9-] */
		char *region;   /* two lower case letters, or "zz" */
		char *language; /* BCP 47, "en" */
	} node;
	struct {
		struct config_list addresses; /* multiaddrs, text */
		struct config_list announce;  /* told instead of those */
	} listen;
	struct {
		char *psk_file;    /* key of a private network; "" */
		char *socks5;      /* "host:port" of a proxy; "" */
		char *socks5_user; /* "": none wanted */
		char *socks5_password;
	} network;
	struct {
		struct config_list bootstrap; /* multiaddrs with /p2p */
		uint32_t max;
		uint64_t memory; /* of all connections together */
		uint32_t per_ip_max;
		uint32_t per_net_max;
		uint32_t outbound;
		uint32_t known; /* remembered */
	} peers;
	struct {
		uint32_t publish; /* enum stem_publish */
		uint32_t alone_s;
		uint32_t guard_wait_s;
	} stem;
	struct {
		uint64_t idle_lock_s; /* 0: never */
	} keys;
	struct {
		uint32_t mode; /* enum kad_mode */
	} kad;
	struct {
		uint32_t mode;     /* enum mdns_mode */
		uint32_t loopback; /* bool: on this machine alone */
		uint32_t each_s;
	} mdns;
	struct {
		uint32_t port_mapping;  /* bool */
		uint32_t answer;        /* bool: dial others back */
		uint32_t hole_punching; /* bool */
		char *gateway;          /* for NAT-PMP; "": the default route */
	} nat;
	struct {
		uint32_t client;  /* bool */
		uint32_t service; /* bool */
		struct config_list peers;
	} relay;
	struct {
		uint64_t map_size;
		uint64_t quota_bytes;
		uint64_t quota_records;
		uint32_t keep_days; /* snapshots of migrations */
	} store;
	struct {
		char *socket;     /* "": where paths.h says */
		uint32_t port;    /* loopback TCP; 0: off */
		char *token_file; /* "": where paths.h says */
	} api;
	struct {
		uint32_t threads; /* 0: one per core, at most 4 */
		uint32_t queue;   /* records under judgement */
		uint64_t queue_bytes;
		uint32_t seen;      /* verified ones remembered, not held */
		uint32_t commit_ms; /* a group commit waits at most this */
	} ingest;
	struct {
		uint32_t d, d_lo, d_hi, d_lazy;
		uint32_t heartbeat_ms;
		uint32_t flood_publish; /* enum flood */
	} gossip;
	struct {
		uint32_t klint;         /* enum klint_mode */
		uint32_t delay_s;       /* a person's record waits up to this */
		uint32_t persona_gap_s; /* between two personas */
	} publish;
	struct {
		uint32_t turn_points; /* people so near take turns; 0: never */
	} match;
	struct {
		uint32_t strangers;       /* enum inbox_strangers */
		uint64_t stranger_pledge; /* minor units; an hour is 3000 */
		uint32_t others_demands;  /* enum inbox_others */
	} inbox;
	struct {
		char *classes; /* names, "": all */
		char *kinds;
		char *regions;
		uint32_t horizon_s; /* 0: all */
	} scope;
	struct {
		uint32_t sessions; /* at once, both directions */
		uint32_t pace_s;   /* between two of the slow round */
	} sync;
	struct {
		uint32_t syncs_per_day;
		uint64_t day_bytes; /* both directions */
	} light;
	struct {
		uint32_t allow; /* bool: serve those who crawl */
		char *contact;  /* of who crawls, told to peers; "" */
	} crawl;
	struct {
		uint32_t records;   /* counted, at most */
		uint32_t weeks;     /* kept; 0: none */
		uint32_t week_rows; /* of each */
	} signals;
	struct {
		uint32_t documents; /* held, of all personas */
		uint32_t shown;     /* of them: of others */
		uint32_t per_talk;
	} evidence;
	struct {
		char *directory; /* of files that a feed may name */
		bool allow_private;
		uint32_t least_interval_s;
	} feeds;
	struct {
		uint32_t promises; /* to requests, of a persona */
		uint32_t members;  /* looked at of a community or cohort */
	} community;
	struct {
		uint32_t level;  /* enum log_level */
		uint32_t format; /* enum log_format */
	} log;
	struct {
		uint64_t body_bytes; /* of an API request */
		uint32_t api_connections;
		uint32_t event_clients;
		uint32_t event_ring;
		uint32_t vocabulary_terms;
		uint32_t match_records; /* of each list of the match index */
		uint64_t message_cache_bytes; /* gossip bodies for IWANT */
		uint32_t pending_messages;    /* wait for a verdict */
		uint32_t import_rows;
		uint32_t list_rows;   /* of any list the API answers */
		uint64_t sync_memory; /* items of all sessions of sync */
	} limits;
	/* Where each setting comes from, by its place in the table. */
	struct config_origin {
		enum {
			ORIGIN_DEFAULT,
			ORIGIN_FILE,
			ORIGIN_ENV,
			ORIGIN_SET,
			ORIGIN_MODE /* what node.mode = light makes of it */
		} from;
		unsigned line;
	} origin[160];
};

enum config_type {
	CONFIG_NUMBER,
	CONFIG_BYTES,   /* "256MiB"; KiB MiB GiB TiB, or plain */
	CONFIG_SECONDS, /* "30s"; s m h d, or plain */
	CONFIG_MILLIS,  /* "700ms"; ms s m */
	CONFIG_BOOL,    /* yes no true false on off 1 0 */
	CONFIG_STRING,
	CONFIG_SECRET,       /* a string that is never shown */
	CONFIG_NETWORK,      /* 1..16 of [a-z0-9-] */
	CONFIG_REGION,       /* two lower case letters */
	CONFIG_LANGUAGE,     /* two or three lower case letters */
	CONFIG_ENUM,         /* choices: "a|b|c" */
	CONFIG_ADDRESS_LIST, /* multiaddrs */
	CONFIG_PEER_LIST,    /* multiaddrs that end in /p2p/ID */
	CONFIG_PLACE_LIST,   /* multiaddrs at which others reach us */
};

struct config_setting {
	const char *name; /* "section.name" */
	enum config_type type;
	size_t at, size;   /* of the member of struct config */
	const char *def;   /* as text; lists: separated by blanks */
	uint64_t min, max; /* of numbers; bytes of a string */
	const char *choices;
	bool restart; /* takes effect at the next start */
	const char *help;
};

/** config_settings(n): the table; ${n} gets its length. */
const struct config_setting *config_settings(size_t *n);

/** config_init(c): built-in values; ERR_NOMEM. */
NODISCARD err config_init(struct config *c);
void config_fini(struct config *c);

/**
 * config_set(c, name, value, p): one setting, as --set does.
 * ERR_CONFIG with ${p} filled: unknown name, value of the wrong form.
 */
NODISCARD err config_set(
    struct config *c, const char *name, const char *value, struct problem *p);

/**
 * config_read(c, path, p): ERR_NOTFOUND: no such file, nothing changed and
 * ${p} filled; ERR_IO; ERR_CONFIG: with file and line in ${p}.
 */
NODISCARD err config_read(
    struct config *c, const char *path, struct problem *p);

/** config_read_env(c, env, p): "OHCN_SECTION_NAME=value", others skipped. */
NODISCARD err config_read_env(
    struct config *c, char *const *env, struct problem *p);

/**
 * config_mode(c): settings that nobody has set become those of node.mode: a
 * light node listens on nothing, maps no port, answers no DHT. After all
 * sources were read, before config_check(). ERR_NOMEM.
 */
NODISCARD err config_mode(struct config *c);

struct scope; /* proto/record/scope.h */

/**
 * config_scope(c, now_s, out, p): what the settings want to keep; the sample is
 * the store's. A light node that says nothing of regions keeps its own, if it
 * has one. ERR_CONFIG with ${p} filled: an unknown name; too many regions.
 */
NODISCARD err config_scope(const struct config *c, uint64_t now_s,
    struct scope *out, struct problem *p);

/** config_check(c, p): what spans settings (d_lo <= d <= d_hi, quota). */
NODISCARD err config_check(const struct config *c, struct problem *p);

/** config_text(c, s, out, cap): the value as it may stand in a file. */
NODISCARD err config_text(const struct config *c,
    const struct config_setting *s, char *out, size_t cap);

/** config_origin_text(c, i, out, cap): "default", "file, line 12", ... */
void config_origin_text(
    const struct config *c, size_t i, char *out, size_t cap);

/** config_log_limits(c, env): one event with each bound, at start. */
void config_log_limits(const struct config *c, const struct env *env);

/**
 * config_proxied(c): does everything go through a proxy? Then nothing may
 * tell our address: no multicast, no port mapping, no look-ups of names.
 */
bool config_proxied(const struct config *c);

/** config_proxy(c, host, port): where it is; false: malformed, or none. */
bool config_proxy(const struct config *c, char host[256], uint16_t *port);

/** config_is_default(c, name): nobody has set it. */
bool config_is_default(const struct config *c, const char *name);

const char *role_name(uint32_t role);
