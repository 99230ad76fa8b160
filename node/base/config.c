#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/base/config.h"
#include "proto/libp2p/multiaddr.h"
#include "proto/record/scope.h"

#define AT(member)                                                             \
	offsetof(struct config, member),                                       \
	    sizeof(((const struct config *)0)->member)
#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)

/* The table. Order is the order of `ohcn config list`. */
static const struct config_setting settings[] = {
	{ "node.role", CONFIG_ENUM, AT(node.role), "person", 0, 0,
	    "person|company|provider|researcher", true, "whose node this is" },
	{ "node.mode", CONFIG_ENUM, AT(node.mode), "full", 0, 0, "full|light",
	    true, "light: connect a few times a day, within light.day_bytes" },
	{ "node.name", CONFIG_STRING, AT(node.name), "", 0, 120, NULL, true,
	    "name that an organisation shows; a person has none" },
	{ "node.network", CONFIG_NETWORK, AT(node.network), "main", 0, 0, NULL,
	    true, "network to take part in; \"test-...\" for trials" },
	{ "node.region", CONFIG_REGION, AT(node.region), "zz", 0, 0, NULL, true,
	    "country in own records (ISO 3166-1, lower case); zz: not said" },
	{ "node.language", CONFIG_LANGUAGE, AT(node.language), "en", 0, 0, NULL,
	    true, "language of labels, if a request does not say" },
	{ "listen.addresses", CONFIG_ADDRESS_LIST, AT(listen.addresses),
	    "/ip4/0.0.0.0/tcp/4141", 0, 0, NULL, true,
	    "multiaddrs to listen on for peers; with /ws for browsers" },
	{ "listen.announce", CONFIG_PLACE_LIST, AT(listen.announce), "", 0, 0,
	    NULL, true,
	    "multiaddrs to tell others, if not those of listen.addresses" },
	{ "network.psk_file", CONFIG_STRING, AT(network.psk_file), "", 0, 400,
	    NULL, true,
	    "key file of a private network; see `ohcn help network key`" },
	{ "network.socks5", CONFIG_STRING, AT(network.socks5), "", 0, 262, NULL,
	    true, "host:port of a SOCKS 5 proxy (Tor: 127.0.0.1:9050)" },
	{ "network.socks5_user", CONFIG_STRING, AT(network.socks5_user), "", 0,
	    255, NULL, true, "user of the proxy; empty: one for each peer" },
	{ "network.socks5_password", CONFIG_SECRET, AT(network.socks5_password),
	    "", 0, 255, NULL, true, "password of that user" },
	{ "peers.bootstrap", CONFIG_PEER_LIST, AT(peers.bootstrap), "", 0, 0,
	    NULL, true, "peers to stay connected to (multiaddr with /p2p/ID)" },
	{ "peers.max", CONFIG_NUMBER, AT(peers.max), "128", 1, 100000, NULL,
	    true, "connections at once, both directions" },
	{ "peers.per_ip_max", CONFIG_NUMBER, AT(peers.per_ip_max), "8", 1,
	    100000, NULL, true, "inbound connections of one address" },
	{ "peers.per_net_max", CONFIG_NUMBER, AT(peers.per_net_max), "16", 1,
	    100000, NULL, true,
	    "inbound connections of one network (IPv4 /24, IPv6 /48)" },
	{ "peers.outbound", CONFIG_NUMBER, AT(peers.outbound), "8", 0, 64, NULL,
	    true, "peers of our own choice that the node keeps up" },
	{ "peers.known", CONFIG_NUMBER, AT(peers.known), "1024", 16, 65536,
	    NULL, true, "peers remembered, connected or not" },
	{ "peers.memory", CONFIG_BYTES, AT(peers.memory), "128MiB", MIB, TIB,
	    NULL, true, "memory of all connections together" },
	{ "kad.mode", CONFIG_ENUM, AT(kad.mode), "auto", 0, 0,
	    "auto|client|server|off", true,
	    "distributed hash table: ask, or answer others too" },
	{ "mdns.mode", CONFIG_ENUM, AT(mdns.mode), "on", 0, 0, "on|listen|off",
	    true, "find peers on the local network; on: be found there too" },
	{ "mdns.loopback", CONFIG_BOOL, AT(mdns.loopback), "no", 0, 1, NULL,
	    true, "mDNS on this machine alone, for tests" },
	{ "mdns.interval", CONFIG_SECONDS, AT(mdns.each_s), "5m", 1, 3600, NULL,
	    true, "time between questions to the local network" },
	{ "nat.port_mapping", CONFIG_BOOL, AT(nat.port_mapping), "yes", 0, 0,
	    NULL, true, "ask the router to let peers in (NAT-PMP, UPnP)" },
	{ "nat.gateway", CONFIG_STRING, AT(nat.gateway), "", 0, 15, NULL, true,
	    "router for NAT-PMP (IPv4); empty: the default route's" },
	{ "nat.hole_punching", CONFIG_BOOL, AT(nat.hole_punching), "yes", 0, 0,
	    NULL, true, "seek direct connections to peers behind relays" },
	{ "nat.answer", CONFIG_BOOL, AT(nat.answer), "yes", 0, 0, NULL, true,
	    "dial others back, so that they know if they can be reached" },
	{ "relay.client", CONFIG_BOOL, AT(relay.client), "yes", 0, 0, NULL,
	    true, "be reached through relays when there is no other way" },
	{ "relay.peers", CONFIG_PEER_LIST, AT(relay.peers), "", 0, 0, NULL,
	    true, "relays to ask first (multiaddr with /p2p/ID)" },
	{ "relay.service", CONFIG_BOOL, AT(relay.service), "no", 0, 0, NULL,
	    true, "carry a little for others who cannot be reached" },
	{ "store.map_size", CONFIG_BYTES, AT(store.map_size), "64GiB", 16 * MIB,
	    16 * TIB, NULL, true, "address space of the store; not disk" },
	{ "store.quota_bytes", CONFIG_BYTES, AT(store.quota_bytes), "8GiB", MIB,
	    16 * TIB, NULL, true, "disk that records may take" },
	{ "store.quota_records", CONFIG_NUMBER, AT(store.quota_records),
	    "10000000", 100, 10000000000, NULL, true, "records at most" },
	{ "store.keep_days", CONFIG_NUMBER, AT(store.keep_days), "14", 0, 3650,
	    NULL, true, "how long the store of before a migration is kept" },
	{ "api.socket", CONFIG_STRING, AT(api.socket), "", 0, 107, NULL, true,
	    "path of the API's Unix socket; empty: see `ohcn paths`" },
	{ "api.port", CONFIG_NUMBER, AT(api.port), "0", 0, 65535, NULL, true,
	    "port of the API on 127.0.0.1; 0: none (4142 is customary)" },
	{ "api.token_file", CONFIG_STRING, AT(api.token_file), "", 0, 400, NULL,
	    true, "where the API's token is written; empty: `ohcn paths`" },
	{ "ingest.threads", CONFIG_NUMBER, AT(ingest.threads), "0", 0, 64, NULL,
	    true, "threads for signatures; 0: one per core, at most 4" },
	{ "ingest.queue", CONFIG_NUMBER, AT(ingest.queue), "4096", 16, 1000000,
	    NULL, true, "records under judgement; those of sync fill half" },
	{ "ingest.queue_bytes", CONFIG_BYTES, AT(ingest.queue_bytes), "64MiB",
	    MIB, TIB, NULL, true, "their bytes" },
	{ "ingest.seen", CONFIG_NUMBER, AT(ingest.seen), "16384", 0, 10000000,
	    NULL, true, "records remembered as verified that are not held" },
	{ "ingest.commit_ms", CONFIG_MILLIS, AT(ingest.commit_ms), "25ms", 0,
	    1000, NULL, true, "longest wait for others in a group commit" },
	{ "gossip.d", CONFIG_NUMBER, AT(gossip.d), "8", 1, 64, NULL, true,
	    "wanted mesh peers of a topic" },
	{ "gossip.d_lo", CONFIG_NUMBER, AT(gossip.d_lo), "6", 1, 64, NULL, true,
	    "below this, mesh peers are added" },
	{ "gossip.d_hi", CONFIG_NUMBER, AT(gossip.d_hi), "12", 1, 128, NULL,
	    true, "above this, mesh peers are pruned" },
	{ "gossip.d_lazy", CONFIG_NUMBER, AT(gossip.d_lazy), "8", 0, 64, NULL,
	    true, "peers outside the mesh that hear of ids" },
	{ "gossip.heartbeat", CONFIG_MILLIS, AT(gossip.heartbeat_ms), "1s", 100,
	    60000, NULL, true, "time between mesh maintenance" },
	{ "gossip.flood_publish", CONFIG_ENUM, AT(gossip.flood_publish), "auto",
	    0, 0, "auto|yes|no", true,
	    "own records to every peer of the topic; auto: not a person's" },
	{ "publish.delay", CONFIG_SECONDS, AT(publish.delay_s), "30m", 0, 86400,
	    NULL, true, "a person's record waits a random time up to this" },
	{ "publish.persona_gap", CONFIG_SECONDS, AT(publish.persona_gap_s),
	    "10m", 0, 86400, NULL, true,
	    "what two personas publish lies this far apart, up to twice as "
	    "far" },
	{ "publish.klint", CONFIG_ENUM, AT(publish.klint), "enforce", 0, 0,
	    "enforce|warn", true,
	    "a card that tells too much is refused; warn: for tests" },
	{ "stem.publish", CONFIG_ENUM, AT(stem.publish), "auto", 0, 0,
	    "auto|always|never", true,
	    "own records by way of others; auto: all of a person's" },
	{ "stem.alone", CONFIG_SECONDS, AT(stem.alone_s), "10m", 0, 86400, NULL,
	    true,
	    "without a peer for that, publish openly after so long; 0: never" },
	{ "stem.guard_wait", CONFIG_SECONDS, AT(stem.guard_wait_s), "2m", 0,
	    86400, NULL, true,
	    "so long a new persona waits for peers to choose its guards from" },
	{ "keys.idle_lock", CONFIG_SECONDS, AT(keys.idle_lock_s), "0s", 0,
	    30 * 86400, NULL, true,
	    "so long after the owner's last act the keys are forgotten until "
	    "`ohcn key unlock`; 0: never; needs a passphrase" },
	{ "match.turn_points", CONFIG_NUMBER, AT(match.turn_points), "200", 0,
	    1000, NULL, true,
	    "people so near in score take turns on top of lists; 0: never" },
	{ "inbox.strangers", CONFIG_ENUM, AT(inbox.strangers), "accept", 0, 0,
	    "accept|quiet|drop", true,
	    "offers of those whom nobody you rely on vouches for" },
	{ "inbox.stranger_pledge", CONFIG_NUMBER, AT(inbox.stranger_pledge),
	    "0", 0, 1000000000, NULL, true,
	    "what a stranger has to pledge, in minor units (an hour: 3000)" },
	{ "inbox.others_demands", CONFIG_ENUM, AT(inbox.others_demands), "warn",
	    0, 0, "warn|refuse", true,
	    "offers that name a demand of somebody else than who sent them" },
	{ "scope.classes", CONFIG_STRING, AT(scope.classes), "", 0, 200, NULL,
	    true, "kept classes: people demand learn mail meta; empty: all" },
	{ "scope.kinds", CONFIG_STRING, AT(scope.kinds), "", 0, 400, NULL, true,
	    "kept kinds: profile demand course ...; empty: all" },
	{ "scope.regions", CONFIG_STRING, AT(scope.regions), "", 0, 200, NULL,
	    true, "kept regions: de fr zz; empty: all (light: node.region)" },
	{ "scope.horizon", CONFIG_SECONDS, AT(scope.horizon_s), "0s", 0,
	    400 * 86400, NULL, true, "kept are records so young; 0: all" },
	{ "sync.sessions", CONFIG_NUMBER, AT(sync.sessions), "8", 2, 64, NULL,
	    true, "peers to compare records with at once" },
	{ "sync.pace", CONFIG_SECONDS, AT(sync.pace_s), "5m", 10, 86400, NULL,
	    true, "time between two comparisons when nothing is missing" },
	{ "light.syncs_per_day", CONFIG_NUMBER, AT(light.syncs_per_day), "4", 1,
	    96, NULL, true, "how often a light node connects and syncs" },
	{ "light.day_bytes", CONFIG_BYTES, AT(light.day_bytes), "3MB", MIB, TIB,
	    NULL, true, "what a light node may use in a day" },
	{ "crawl.allow", CONFIG_BOOL, AT(crawl.allow), "yes", 0, 0, NULL, true,
	    "let researchers' crawlers copy public records from this node" },
	{ "crawl.contact", CONFIG_STRING, AT(crawl.contact), "", 0, 100, NULL,
	    true, "of `ohcn crawl run`: how those it visits can reach you" },
	{ "signals.records", CONFIG_NUMBER, AT(signals.records), "1000000",
	    1000, 100000000, NULL, true,
	    "records that signals count; up to 400 bytes of memory for each" },
	{ "signals.weeks", CONFIG_NUMBER, AT(signals.weeks), "156", 0, 5200,
	    NULL, true, "weeks of signals kept on the disk; 0: none" },
	{ "signals.week_rows", CONFIG_NUMBER, AT(signals.week_rows), "50000",
	    100, 100000, NULL, true,
	    "rows of such a week, about 20 bytes each; the largest stay" },
	{ "evidence.documents", CONFIG_NUMBER, AT(evidence.documents), "4096",
	    16, 100000, NULL, true,
	    "agreements, outcomes, credentials and the like that are held" },
	{ "evidence.shown", CONFIG_NUMBER, AT(evidence.shown), "1024", 0,
	    100000, NULL, true, "of them: those of others" },
	{ "evidence.per_talk", CONFIG_NUMBER, AT(evidence.per_talk), "256", 4,
	    10000, NULL, true, "of them: of one conversation" },
	{ "feeds.directory", CONFIG_STRING, AT(feeds.directory), "", 0, 400,
	    NULL, true, "files that feeds may read; empty: none" },
	{ "feeds.allow_private", CONFIG_BOOL, AT(feeds.allow_private), "no", 0,
	    1, NULL, true, "feeds may come from private addresses, too" },
	{ "feeds.least_interval", CONFIG_SECONDS, AT(feeds.least_interval_s),
	    "15m", 1, 86400, NULL, true, "no feed is read more often" },
	{ "community.promises", CONFIG_NUMBER, AT(community.promises), "512", 1,
	    4096, NULL, true,
	    "welcomes whose agreement is not signed, and waiting requests" },
	{ "community.members", CONFIG_NUMBER, AT(community.members), "1024", 16,
	    16384, NULL, true, "roles looked at of a community or cohort" },
	{ "log.level", CONFIG_ENUM, AT(log.level), "info", 0, 0,
	    "debug|info|unusual|broken", true, "what is written to the log" },
	{ "log.format", CONFIG_ENUM, AT(log.format), "text", 0, 0, "text|json",
	    true, "form of the log" },
	{ "limits.body", CONFIG_BYTES, AT(limits.body_bytes), "16MiB", 64 * KIB,
	    GIB, NULL, true, "body of one API request" },
	{ "limits.api_connections", CONFIG_NUMBER, AT(limits.api_connections),
	    "64", 4, 1024, NULL, true, "API connections at once" },
	{ "limits.event_clients", CONFIG_NUMBER, AT(limits.event_clients), "16",
	    1, 256, NULL, true, "API event streams at once" },
	{ "limits.event_ring", CONFIG_NUMBER, AT(limits.event_ring), "1024", 16,
	    65536, NULL, true, "events kept for clients that come back" },
	{ "limits.vocabulary_terms", CONFIG_NUMBER, AT(limits.vocabulary_terms),
	    "200000", 1000, 10000000, NULL, true,
	    "terms of imported vocabularies" },
	{ "limits.match_records", CONFIG_NUMBER, AT(limits.match_records),
	    "1000000", 0, 100000000, NULL, true,
	    "people, and demands, and courses in the match index; 0: none" },
	{ "limits.message_cache", CONFIG_BYTES, AT(limits.message_cache_bytes),
	    "16MiB", MIB, 4 * GIB, NULL, true,
	    "gossip messages kept for peers that ask" },
	{ "limits.pending_messages", CONFIG_NUMBER, AT(limits.pending_messages),
	    "8192", 16, 1000000, NULL, true,
	    "gossip messages that wait for a verdict" },
	{ "limits.import_rows", CONFIG_NUMBER, AT(limits.import_rows), "100000",
	    1, 10000000, NULL, true, "rows of one import" },
	{ "limits.list_rows", CONFIG_NUMBER, AT(limits.list_rows), "1000", 10,
	    100000, NULL, true, "rows of one answer of the API" },
	{ "limits.sync_memory", CONFIG_BYTES, AT(limits.sync_memory), "128MiB",
	    MIB, TIB, NULL, true,
	    "lists of records in comparison, about 40 bytes for each" },
};
_Static_assert(ARRAY_LEN(settings) <= 160, "struct config: origin");

const struct config_setting *
config_settings(size_t *n)
{
	*n = ARRAY_LEN(settings);
	return settings;
}

static size_t
setting_index(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (strcmp(settings[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}

static err
bad_value(struct problem *p, const struct config_setting *s, const char *value,
    const char *why)
{
	problem_set(p, EXIT_CONFIG, "E1102", "%s: \"%s\" is not a valid value",
	    s->name, value);
	problem_why(p, "%s", why);
	problem_hint(p, "for example %s = %s%s", s->name,
	    s->def[0] == '\0' ? "" : s->def,
	    s->type == CONFIG_PEER_LIST
		? "/ip4/192.0.2.1/tcp/4141/p2p/12D3KooW..."
		: "");
	return ERR_CONFIG;
}

struct unit {
	const char *name;
	uint64_t factor;
};
static const struct unit bytes_units[] = { { "", 1 }, { "B", 1 },
	{ "KiB", KIB }, { "MiB", MIB }, { "GiB", GIB }, { "TiB", TIB },
	{ "kB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 } };
static const struct unit seconds_units[] = { { "", 1 }, { "s", 1 }, { "m", 60 },
	{ "min", 60 }, { "h", 3600 }, { "d", 86400 } };
static const struct unit millis_units[] = { { "ms", 1 }, { "s", 1000 },
	{ "m", 60000 } };
static const struct unit plain_units[] = { { "", 1 } };

static const struct unit *
units_of(enum config_type type, size_t *n)
{
	if (type == CONFIG_BYTES) {
		*n = ARRAY_LEN(bytes_units);
		return bytes_units;
	}
	if (type == CONFIG_SECONDS) {
		*n = ARRAY_LEN(seconds_units);
		return seconds_units;
	}
	if (type == CONFIG_MILLIS) {
		*n = ARRAY_LEN(millis_units);
		return millis_units;
	}
	*n = ARRAY_LEN(plain_units);
	return plain_units;
}

static bool
number_get(enum config_type type, const char *text, uint64_t *out)
{
	size_t n;
	const struct unit *units = units_of(type, &n);
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < n; i++)
		if (strcmp(end, units[i].name) == 0)
			return !__builtin_mul_overflow(
			    *out, units[i].factor, out);
	return false;
}

static void
store_number(struct config *c, const struct config_setting *s, uint64_t v)
{
	char *at = (char *)c + s->at;
	const uint32_t small = (uint32_t)v;

	if (s->size == sizeof(uint64_t))
		memcpy(at, &v, sizeof(v));
	else
		memcpy(at, &small, sizeof(small));
}

static uint64_t
load_number(const struct config *c, const struct config_setting *s)
{
	const char *at = (const char *)c + s->at;
	uint64_t v;
	uint32_t small;

	if (s->size == sizeof(uint64_t)) {
		memcpy(&v, at, sizeof(v));
		return v;
	}
	memcpy(&small, at, sizeof(small));
	return small;
}

/* With the largest unit that it is a whole number of: "1MiB", "90s". */
static void
number_put(char *out, size_t cap, enum config_type type, uint64_t v)
{
	size_t n, best = 0;
	const struct unit *units = units_of(type, &n);

	for (size_t i = 0; i < n; i++)
		if ((v % units[i].factor == 0 && v > 0 &&
			units[i].factor > units[best].factor) ||
		    (units[best].name[0] == 0 && units[i].factor == 1))
			best = i;
	(void)snprintf(out, cap, "%" PRIu64 "%s", v / units[best].factor,
	    units[best].name);
}

static err
set_number(struct config *c, const struct config_setting *s, const char *text,
    struct problem *p)
{
	char why[160];
	uint64_t v;

	if (!number_get(s->type, text, &v))
		return bad_value(p, s, text,
		    s->type == CONFIG_NUMBER  ? "a whole number is needed"
		    : s->type == CONFIG_BYTES ? "a size is needed, with KiB, "
						"MiB, GiB or TiB"
					      : "a time is needed, with its "
						"unit: ms, s, m, h or d");
	if (v < s->min || v > s->max) {
		char min[32], max[32], is[32];

		number_put(min, sizeof(min), s->type, s->min);
		number_put(max, sizeof(max), s->type, s->max);
		number_put(is, sizeof(is), s->type, v);
		snprintf(why, sizeof(why),
		    "it must be between %s and %s, it is %s", min, max, is);
		return bad_value(p, s, text, why);
	}
	store_number(c, s, v);
	return OK;
}

static err
set_bool(struct config *c, const struct config_setting *s, const char *text,
    struct problem *p)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			store_number(c, s, strcmp(text, yes[i]) == 0);
			return OK;
		}
	}
	return bad_value(p, s, text, "yes or no is needed");
}

/* The ${i}th of "a|b|c"; false: there is none. */
static bool
choice_at(const char *choices, unsigned i, struct slice *out)
{
	while (i-- > 0) {
		choices = strchr(choices, '|');
		if (choices == NULL)
			return false;
		choices++;
	}
	*out = slice_of(choices, strcspn(choices, "|"));
	return true;
}

static err
set_enum(struct config *c, const struct config_setting *s, const char *text,
    struct problem *p)
{
	struct slice choice;
	char why[160];

	for (unsigned i = 0; choice_at(s->choices, i, &choice); i++) {
		if (slice_eq_str(choice, text)) {
			store_number(c, s, i);
			return OK;
		}
	}
	snprintf(why, sizeof(why), "it must be one of %s", s->choices);
	return bad_value(p, s, text, why);
}

static bool
only(const char *text, size_t min, size_t max, const char *alphabet)
{
	const size_t n = strlen(text);

	return n >= min && n <= max && strspn(text, alphabet) == n;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz"

static err
set_string(struct config *c, const struct config_setting *s, const char *text,
    struct problem *p)
{
	char *copy, **at = (char **)(void *)((char *)c + s->at);

	if (s->type == CONFIG_NETWORK &&
	    !only(text, 1, 16, LETTERS "0123456789-"))
		return bad_value(p, s, text,
		    "a name of 1 to 16 of a-z, 0-9 and - is needed");
	if (s->type == CONFIG_REGION && !only(text, 2, 2, LETTERS))
		return bad_value(p, s, text,
		    "two lower case letters are needed: de, fr, zz");
	if (s->type == CONFIG_LANGUAGE && !only(text, 2, 3, LETTERS))
		return bad_value(p, s, text,
		    "two or three lower case letters are needed: en, gsw");
	if ((s->type == CONFIG_STRING || s->type == CONFIG_SECRET) &&
	    strlen(text) > s->max)
		return bad_value(p, s, text, "it is too long");
	copy = strdup(text);
	if (copy == NULL)
		return ERR_NOMEM;
	free(*at);
	*at = copy;
	return OK;
}

static struct config_list *
list_of(struct config *c, const struct config_setting *s)
{
	return (struct config_list *)(void *)((char *)c + s->at);
}

static void
list_clear(struct config_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	l->n = 0;
}

static err
list_add(struct config *c, const struct config_setting *s, const char *text,
    struct problem *p)
{
	struct config_list *l = list_of(c, s);
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct multiaddr_route route;
	struct peer_id id;
	char *copy;

	if (l->n == CONFIG_LIST_MAX)
		return bad_value(p, s, text, "the list has too many entries");
	if (multiaddr_get(slice_str(text), &b) != OK)
		return bad_value(p, s, text,
		    "an address like /ip4/192.0.2.1/tcp/4141 is needed");
	if (s->type == CONFIG_PEER_LIST &&
	    multiaddr_peer(buf_slice(&b), &id) != OK)
		return bad_value(p, s, text,
		    "the peer's id is missing at the end: /p2p/12D3KooW...");
	if (multiaddr_route(buf_slice(&b), &route) != OK)
		return bad_value(p, s, text,
		    "only TCP and WebSocket (/tcp/N, /tcp/N/ws) are spoken");
	if (s->type == CONFIG_ADDRESS_LIST &&
	    (route.host != MULTIADDR_HOST_IP || route.tls))
		return bad_value(p, s, text,
		    "one listens on /ip4 or /ip6 with /tcp or /tcp/N/ws; a web "
		    "server in front does TLS, listen.announce tells of it");
	if (s->type == CONFIG_PEER_LIST && route.tls)
		return bad_value(p, s, text,
		    "WebSocket within TLS is not dialled, /ws alone is");
	copy = strdup(text);
	if (copy == NULL)
		return ERR_NOMEM;
	l->v[l->n++] = copy;
	return OK;
}

/* ${text} may hold several; on an error the list is left cut. */
static err
list_add_all(struct config *c, const struct config_setting *s, const char *text,
    struct problem *p)
{
	char one[MULTIADDR_TEXT_MAX];

	for (;;) {
		size_t n;

		text += strspn(text, " \t,\n");
		n = strcspn(text, " \t,\n");
		if (n == 0)
			return OK;
		if (n >= sizeof(one))
			return bad_value(p, s, text, "it is too long");
		memcpy(one, text, n);
		one[n] = '\0';
		TRY(list_add(c, s, one, p));
		text += n;
	}
}

static bool
is_list(const struct config_setting *s)
{
	return s->type == CONFIG_ADDRESS_LIST || s->type == CONFIG_PEER_LIST ||
	       s->type == CONFIG_PLACE_LIST;
}

/* ${append}: a list goes on, in the same source. */
static err
set_index(struct config *c, size_t i, const char *value, bool append,
    struct problem *p)
{
	const struct config_setting *s = &settings[i];

	switch (s->type) {
	case CONFIG_NUMBER:
	case CONFIG_BYTES:
	case CONFIG_SECONDS:
	case CONFIG_MILLIS:
		return set_number(c, s, value, p);
	case CONFIG_BOOL:
		return set_bool(c, s, value, p);
	case CONFIG_ENUM:
		return set_enum(c, s, value, p);
	case CONFIG_STRING:
	case CONFIG_SECRET:
	case CONFIG_NETWORK:
	case CONFIG_REGION:
	case CONFIG_LANGUAGE:
		return set_string(c, s, value, p);
	case CONFIG_ADDRESS_LIST:
	case CONFIG_PEER_LIST:
	case CONFIG_PLACE_LIST:
		if (!append)
			list_clear(list_of(c, s));
		return list_add_all(c, s, value, p);
	}
	return ERR_CONFIG;
}

err
config_init(struct config *c)
{
	struct problem p;

	*c = (struct config){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const err e = set_index(c, i, settings[i].def, false, &p);

		ASSERT(e != ERR_CONFIG);
		if (e != OK) {
			config_fini(c);
			return e;
		}
	}
	return OK;
}

void
config_fini(struct config *c)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct config_setting *s = &settings[i];

		if (is_list(s)) {
			list_clear(list_of(c, s));
		} else if (s->type == CONFIG_STRING ||
			   s->type == CONFIG_SECRET ||
			   s->type == CONFIG_NETWORK ||
			   s->type == CONFIG_REGION ||
			   s->type == CONFIG_LANGUAGE) {
			char **at = (char **)(void *)((char *)c + s->at);

			free(*at);
			*at = NULL;
		}
	}
}

static err
unknown(const char *name, struct problem *p)
{
	const char *near = nearest_name(
	    name, &settings[0].name, ARRAY_LEN(settings), sizeof(settings[0]));

	problem_set(p, EXIT_CONFIG, "E1101", "unknown setting \"%s\"", name);
	if (near != NULL)
		problem_hint(p, "%s (`ohcn config list` shows all)", near);
	else
		problem_hint(p, "ohcn config list");
	return ERR_CONFIG;
}

err
config_set(
    struct config *c, const char *name, const char *value, struct problem *p)
{
	const size_t i = setting_index(name);

	if (i == SIZE_MAX)
		return unknown(name, p);
	/* as in the file: a list goes on when its name comes again */
	const bool again = c->origin[i].from == ORIGIN_SET && value[0] != '\0';
	TRY(set_index(c, i, value, again, p));
	c->origin[i] = (struct config_origin){ .from = ORIGIN_SET };
	return OK;
}

/*
 * The file. libinih calls us for each key, reads lines through us (so that
 * we know the number and that nothing was cut) and knows nothing of types.
 */
struct reading {
	FILE *f;
	const char *path;
	struct config *c;
	struct problem *p;
	unsigned line;
	unsigned seen[ARRAY_LEN(settings)]; /* line of the first, 0: not */
	err e; /* of the first thing that is wrong */
	unsigned e_line;
};

static void
at_line(struct reading *r, unsigned line)
{
	char what[400];

	r->e_line = line;
	if (r->p == NULL)
		return;
	snprintf(what, sizeof(what), "%.300s", r->p->what);
	snprintf(r->p->what, sizeof(r->p->what), "%.100s, line %u: %.390s",
	    r->path, line, what);
}

static char *
read_line(char *out, int cap, void *ctx)
{
	struct reading *r = ctx;
	size_t n;

	if (r->e != OK || fgets(out, cap, r->f) == NULL)
		return NULL;
	r->line++;
	n = strlen(out);
	if (n + 1 == (size_t)cap && out[n - 1] != '\n' && !feof(r->f)) {
		r->e = ERR_CONFIG;
		problem_set(r->p, EXIT_CONFIG, "E1104",
		    "the line is longer than %d bytes", cap - 2);
		problem_hint(r->p, "give each entry of a list a line of its "
				   "own and repeat the name");
		at_line(r, r->line);
		return NULL;
	}
	return out;
}

static int
read_key(void *ctx, const char *section, const char *key, const char *value)
{
	struct reading *r = ctx;
	char name[128];
	size_t i;

	if (r->e != OK)
		return 0;
	snprintf(name, sizeof(name), "%s%s%s", section,
	    section[0] == '\0' ? "" : ".", key);
	i = setting_index(name);
	if (i == SIZE_MAX) {
		r->e = unknown(name, r->p);
	} else if (r->seen[i] != 0 && !is_list(&settings[i])) {
		problem_set(r->p, EXIT_CONFIG, "E1105",
		    "%s is set a second time, first on line %u", name,
		    r->seen[i]);
		problem_hint(r->p, "keep one of the two");
		r->e = ERR_CONFIG;
	} else {
		r->e = set_index(r->c, i, value, r->seen[i] != 0, r->p);
	}
	if (r->e != OK) {
		at_line(r, r->line);
		return 0;
	}
	if (r->seen[i] == 0) {
		r->seen[i] = r->line;
		r->c->origin[i] = (struct config_origin){ .from = ORIGIN_FILE,
			.line = r->line };
	}
	return 1;
}

err
config_read(struct config *c, const char *path, struct problem *p)
{
	struct reading r = { .path = path, .c = c, .p = p };
	int bad;

	r.f = fopen(path, "re");
	if (r.f == NULL) {
		const bool absent = errno == ENOENT || errno == ENOTDIR;

		problem_set(p, absent ? EXIT_NOTFOUND : EXIT_CONFIG, "E1103",
		    "cannot read %s: %s", path, strerror(errno));
		return absent ? ERR_NOTFOUND : ERR_IO;
	}
	bad = ini_parse_stream(read_line, &r, read_key, &r);
	if (r.e == OK && ferror(r.f) != 0) {
		problem_set(p, EXIT_CONFIG, "E1103", "cannot read %s", path);
		r.e = ERR_IO;
	}
	fclose(r.f);
	if (bad != 0 && (r.e == OK || (unsigned)bad < r.e_line)) {
		problem_set(p, EXIT_CONFIG, "E1106",
		    "neither a [section] nor name = value");
		problem_hint(p, "ohcn help config");
		at_line(&r, bad > 0 ? (unsigned)bad : 0);
		r.e = ERR_CONFIG;
	}
	return r.e;
}

/* "OHCN_NODE_ROLE": the only names of that form that are settings. */
static bool
env_name(const struct config_setting *s, const char *entry, const char **value)
{
	const char *name = s->name;

	if (strncmp(entry, "OHCN_", 5) != 0)
		return false;
	for (entry += 5; *name != '\0'; name++, entry++) {
		const char want =
		    *name == '.' ? '_' : (char)toupper((unsigned char)*name);

		if (*entry != want)
			return false;
	}
	*value = entry + 1;
	return *entry == '=';
}

err
config_read_env(struct config *c, char *const *env, struct problem *p)
{
	for (; *env != NULL; env++) {
		for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
			const char *value;

			if (!env_name(&settings[i], *env, &value))
				continue;
			const err e = set_index(c, i, value, false, p);
			if (e != OK && p != NULL)
				snprintf(p->hint, sizeof(p->hint),
				    "change or unset %.*s",
				    (int)strcspn(*env, "="), *env);
			TRY(e);
			c->origin[i] =
			    (struct config_origin){ .from = ORIGIN_ENV };
		}
	}
	return OK;
}

bool
config_proxied(const struct config *c)
{
	return c->network.socks5[0] != '\0';
}

/* "127.0.0.1:9050", "[::1]:9050", "tor:9050". */
bool
config_proxy(const struct config *c, char host[256], uint16_t *port)
{
	const char *text = c->network.socks5;
	const char *colon = strrchr(text, ':');
	uint64_t v = 0;

	if (colon == NULL || !number_get(CONFIG_NUMBER, colon + 1, &v) ||
	    v == 0 || v > UINT16_MAX)
		return false;
	size_t n = (size_t)(colon - text);
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	} else if (memchr(text, ':', n) != NULL) {
		return false;
	}
	if (n == 0 || n > 255)
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	*port = (uint16_t)v;
	return true;
}

bool
config_is_default(const struct config *c, const char *name)
{
	const size_t i = setting_index(name);

	ASSERT(i != SIZE_MAX);
	return c->origin[i].from == ORIGIN_DEFAULT;
}

static err
check_proxy(const struct config *c, struct problem *p)
{
	char host[256];
	uint16_t port;

	if (config_proxied(c) && !config_proxy(c, host, &port)) {
		problem_set(p, EXIT_CONFIG, "E1107",
		    "network.socks5: \"%s\" is not host:port",
		    c->network.socks5);
		problem_hint(p, "network.socks5 = 127.0.0.1:9050");
		return ERR_CONFIG;
	}
	if ((c->network.socks5_user[0] == '\0') !=
	    (c->network.socks5_password[0] == '\0')) {
		problem_set(p, EXIT_CONFIG, "E1107",
		    "network.socks5_user and socks5_password go together");
		problem_hint(p, "set both, or neither");
		return ERR_CONFIG;
	}
	return OK;
}

static err
check_gateway(const struct config *c, struct problem *p)
{
	struct in_addr at;

	if (c->nat.gateway[0] == '\0' ||
	    inet_pton(AF_INET, c->nat.gateway, &at) == 1)
		return OK;
	problem_set(p, EXIT_CONFIG, "E1107",
	    "nat.gateway: \"%s\" is not an IPv4 address", c->nat.gateway);
	problem_hint(p, "nat.gateway = 192.168.1.1, or leave it empty");
	return ERR_CONFIG;
}

/* What a light node does without, if nobody wants it by name. */
static const struct {
	const char *name, *value;
} light[] = {
	{ "listen.addresses", "" },
	{ "kad.mode", "off" },
	{ "mdns.mode", "listen" },
	{ "nat.port_mapping", "no" },
	{ "nat.hole_punching", "no" },
	{ "nat.answer", "no" },
	{ "relay.client", "no" },
};

err
config_mode(struct config *c)
{
	if (c->node.mode != NODE_LIGHT)
		return OK;
	for (size_t i = 0; i < ARRAY_LEN(light); i++) {
		const size_t at = setting_index(light[i].name);
		struct problem p;
		ASSERT(at != SIZE_MAX);
		if (c->origin[at].from != ORIGIN_DEFAULT)
			continue;
		TRY(set_index(c, at, light[i].value, false, &p));
		c->origin[at] = (struct config_origin){ .from = ORIGIN_MODE };
	}
	return OK;
}

err
config_check(const struct config *c, struct problem *p)
{
	struct scope scope;

	TRY(config_scope(c, 0, &scope, p));
	TRY(check_proxy(c, p));
	TRY(check_gateway(c, p));
	if (c->gossip.d_lo > c->gossip.d || c->gossip.d > c->gossip.d_hi) {
		problem_set(p, EXIT_CONFIG, "E1107",
		    "gossip.d_lo <= gossip.d <= gossip.d_hi does not hold");
		problem_why(p, "they are %" PRIu32 ", %" PRIu32 ", %" PRIu32,
		    c->gossip.d_lo, c->gossip.d, c->gossip.d_hi);
		return ERR_CONFIG;
	}
	if (c->store.quota_bytes > c->store.map_size / 2) {
		problem_set(p, EXIT_CONFIG, "E1107",
		    "store.quota_bytes is over half of store.map_size");
		problem_why(p, "indexes and free pages need room beside the "
			       "records");
		problem_hint(p, "a larger store.map_size; it costs no disk");
		return ERR_CONFIG;
	}
	if (c->listen.addresses.n == 0 && c->peers.bootstrap.n == 0 &&
	    c->node.mode != NODE_LIGHT) {
		problem_set(p, EXIT_CONFIG, "E1107",
		    "no address to listen on and no peer to call");
		problem_hint(p, "set listen.addresses or peers.bootstrap");
		return ERR_CONFIG;
	}
	return OK;
}

static int
number_text(const struct config_setting *s, uint64_t v, char *out, size_t cap)
{
	size_t n;
	const struct unit *units = units_of(s->type, &n);
	const struct unit *best = &units[0];

	if (s->type == CONFIG_NUMBER)
		return snprintf(out, cap, "%" PRIu64, v);
	for (size_t i = 0; i < n; i++)
		if (v != 0 && v % units[i].factor == 0 &&
		    units[i].factor > best->factor)
			best = &units[i];
	if (best->factor == 1)
		best = &units[s->type == CONFIG_MILLIS ? 0 : 1];
	return snprintf(
	    out, cap, "%" PRIu64 "%s", v / best->factor, best->name);
}

err
config_text(const struct config *c, const struct config_setting *s, char *out,
    size_t cap)
{
	struct slice choice = { 0 };
	size_t at = 0;
	int n = 0;

	ASSERT(cap > 0);
	out[0] = '\0';
	switch (s->type) {
	case CONFIG_NUMBER:
	case CONFIG_BYTES:
	case CONFIG_SECONDS:
	case CONFIG_MILLIS:
		n = number_text(s, load_number(c, s), out, cap);
		break;
	case CONFIG_BOOL:
		n = snprintf(
		    out, cap, "%s", load_number(c, s) != 0 ? "yes" : "no");
		break;
	case CONFIG_ENUM:
		(void)choice_at(
		    s->choices, (unsigned)load_number(c, s), &choice);
		n = snprintf(
		    out, cap, "%.*s", (int)choice.n, (const char *)choice.p);
		break;
	case CONFIG_SECRET:
		n = snprintf(out, cap, "%s",
		    **(char *const *)(const void *)((const char *)c + s->at) ==
			    '\0'
			? ""
			: "(set, not shown)");
		break;
	case CONFIG_STRING:
	case CONFIG_NETWORK:
	case CONFIG_REGION:
	case CONFIG_LANGUAGE:
		n = snprintf(out, cap, "%s",
		    *(char *const *)(const void *)((const char *)c + s->at));
		break;
	case CONFIG_ADDRESS_LIST:
	case CONFIG_PEER_LIST:
	case CONFIG_PLACE_LIST: {
		const struct config_list *l =
		    (const struct config_list *)(const void *)((const char *)c +
							       s->at);

		for (size_t i = 0; i < l->n && at < cap; i++)
			at += (size_t)snprintf(out + at, cap - at, "%s%s",
			    i == 0 ? "" : " ", l->v[i]);
		n = (int)at;
		break;
	}
	}
	return (size_t)n < cap ? OK : ERR_MORE;
}

void
config_origin_text(const struct config *c, size_t i, char *out, size_t cap)
{
	ASSERT(i < ARRAY_LEN(settings));
	switch (c->origin[i].from) {
	case ORIGIN_DEFAULT:
		snprintf(out, cap, "built-in");
		break;
	case ORIGIN_FILE:
		snprintf(out, cap, "file, line %u", c->origin[i].line);
		break;
	case ORIGIN_ENV:
		snprintf(out, cap, "environment");
		break;
	case ORIGIN_SET:
		snprintf(out, cap, "--set");
		break;
	case ORIGIN_MODE:
		snprintf(out, cap, "node.mode = light");
		break;
	}
}

void
config_log_limits(const struct config *c, const struct env *env)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct config_setting *s = &settings[i];
		char value[64];

		if (s->max == 0 || s->type == CONFIG_STRING ||
		    s->type == CONFIG_SECRET ||
		    config_text(c, s, value, sizeof(value)) != OK)
			continue;
		env_log(env, LOG_INFO, "limit", "%s=%s", s->name, value);
	}
}

const char *
role_name(uint32_t role)
{
	static const char *const names[] = { "person", "company", "provider",
		"researcher" };

	return role < ARRAY_LEN(names) ? names[role] : "unknown";
}
