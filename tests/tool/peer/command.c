/*
 * command.c: what the test peer is told to do; main.c has the list.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/tool/peer/peer.h"

#define REJECTS_MAX 16

static char rejects[REJECTS_MAX][65];
static unsigned rejects_n;

static void
answer(const char *verb, err e)
{
	printf("{\"event\":\"done\",\"command\":\"%s\",\"error\":\"%s\"}\n",
	    verb, err_name(e));
}

static void
on_dialled(void *ctx, err e, const char *why)
{
	(void)ctx;
	if (e != OK)
		(void)fprintf(stderr, "dial: %s\n", why);
	answer("dial", e);
}

enum gossip_verdict
command_verdict(const char *hex)
{
	for (unsigned i = 0; i < rejects_n; i++)
		if (strncmp(hex, rejects[i], strlen(rejects[i])) == 0)
			return GOSSIP_REJECT;
	return GOSSIP_ACCEPT;
}

static err
publish(const char *topic, const char *hex)
{
	static uint8_t raw[LINE_MAX_BYTES / 2];
	struct buf b = { raw, 0, sizeof(raw) };
	uint32_t sent = 0;

	TRY(hex_get(slice_str(hex), &b));
	return host_publish(
	    peer.host, topic, buf_slice(&b), true, peer_now(), &sent);
}

/* A stream whose bytes come from the command line, and go there. */
static err
open_proxy(const struct peer_id *to, const char *protocol)
{
	unsigned id = 0;

	TRY(flow_start(FLOW_PROXY, to, protocol, 0, &id));
	printf("{\"event\":\"opening\",\"stream\":%u}\n", id);
	return OK;
}

static err
write_proxy(const char *id, const char *hex)
{
	static uint8_t raw[LINE_MAX_BYTES / 2];
	struct buf b = { raw, 0, sizeof(raw) };

	TRY(hex_get(slice_str(hex), &b));
	return flow_write((unsigned)strtoul(id, NULL, 10), buf_slice(&b));
}

/* A stream of its own with these bytes, then closed; nobody reads it. */
static err
write_raw(const struct peer_id *id, const char *protocol, const char *hex)
{
	static char names[16][64]; /* the host keeps the pointer */
	static unsigned turn;
	static uint8_t raw[LINE_MAX_BYTES / 2];
	struct buf b = { raw, 0, sizeof(raw) };
	char *name = names[turn++ % 16];
	struct host_stream s;
	size_t taken = 0;

	(void)snprintf(name, sizeof(names[0]), "%s", protocol);
	TRY(hex_get(slice_str(hex), &b));
	TRY(host_stream_open(peer.host, id, name, peer_now(), &s));
	TRY(host_stream_write(peer.host, s, buf_slice(&b), &taken));
	host_stream_close(peer.host, s);
	printf("{\"event\":\"raw\",\"taken\":%zu}\n", taken);
	return OK;
}

static void
say_memory(void)
{
	struct host_stats s;

	host_stats(peer.host, &s);
	printf("{\"event\":\"memory\",\"now\":%zu,\"cap\":%zu}\n", s.memory_now,
	    s.memory_cap);
}

static void
say_stats(void)
{
	struct host_stats s;

	host_stats(peer.host, &s);
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "rpc_in", s.gossip.rpc_in },
		{ "rpc_out", s.gossip.rpc_out },
		{ "messages_in", s.gossip.messages_in },
		{ "duplicates", s.gossip.duplicates },
		{ "forwarded", s.gossip.forwarded },
		{ "signed_refused", s.gossip.signed_refused },
		{ "oversize", s.gossip.oversize },
		{ "protocol_errors", s.gossip.protocol_errors },
		{ "ihave_in", s.gossip.ihave_in },
		{ "iwant_in", s.gossip.iwant_in },
		{ "iwant_served", s.gossip.iwant_served },
		{ "graft_in", s.gossip.graft_in },
		{ "prune_in", s.gossip.prune_in },
		{ "idontwant_in", s.gossip.idontwant_in },
		{ "idontwant_saved", s.gossip.idontwant_saved },
		{ "exchange_out", s.gossip.exchange_out },
		{ "exchange_in", s.gossip.exchange_in },
		{ "exchange_refused", s.gossip.exchange_refused },
		{ "promises_broken", s.gossip.promises_broken },
		{ "stream_faults", s.stream_faults },
		{ "conns_now", s.conns_now },
		{ "closed_peer", s.closed_peer },
		{ "closed_auth", s.closed_auth },
		{ "closed_limit", s.closed_limit },
		{ "closed_time", s.closed_time },
	};
	printf("{\"event\":\"stats\"");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		printf(",\"%s\":%" PRIu64, rows[i].name, rows[i].value);
	printf("}\n");
}

static void
say_topic(const char *name)
{
	struct gossip_topic t = { 0 };

	(void)host_topic(peer.host, name, &t);
	printf("{\"event\":\"topic\",\"topic\":\"%s\",\"peers\":%" PRIu32
	       ",\"mesh\":%" PRIu32 "}\n",
	    name, t.peers, t.mesh);
}

/* The router counts who told of a topic and names them not: known only when
 * it is everybody or nobody. */
static err
say_subscribers(const char *name)
{
	struct host_peer_info info;
	struct gossip_topic t = { 0 };
	uint32_t gossips = 0;

	(void)host_topic(peer.host, name, &t);
	for (uint32_t i = 0; host_peer_at(peer.host, i, &info); i++)
		gossips += info.gossips ? 1 : 0;
	if (t.peers != 0 && t.peers != gossips)
		return ERR_NOTFOUND;
	printf("{\"event\":\"subscribers\",\"topic\":\"%s\",\"peers\":[", name);
	const char *comma = "";
	for (uint32_t i = 0; t.peers > 0 && host_peer_at(peer.host, i, &info);
	     i++) {
		if (!info.gossips)
			continue;
		printf("%s\"%s\"", comma, peer_id_text(&info.id));
		comma = ",";
	}
	printf("]}\n");
	return OK;
}

static void
say_peers(void)
{
	struct host_peer_info info;

	printf("{\"event\":\"peers\",\"peers\":[");
	for (uint32_t i = 0; host_peer_at(peer.host, i, &info); i++)
		printf("%s{\"peer\":\"%s\",\"outbound\":%s,\"identified\":%s,"
		       "\"gossips\":%s,\"meshes\":%" PRIu32 "}",
		    i == 0 ? "" : ",", peer_id_text(&info.id),
		    info.outbound ? "true" : "false",
		    info.identified ? "true" : "false",
		    info.gossips ? "true" : "false", info.meshes);
	printf("]}\n");
}

static err
reject(const char *hex)
{
	if (rejects_n == REJECTS_MAX)
		return ERR_LIMIT;
	(void)snprintf(rejects[rejects_n++], sizeof(rejects[0]), "%s", hex);
	return OK;
}

/* Commands about a peer; ${b} may be missing. */
static err
run_peer(const char *verb, const struct peer_id *id, const char *b)
{
	if (strcmp(verb, "ping") == 0)
		return host_ping(peer.host, id, peer_now());
	if (strcmp(verb, "reserve") == 0)
		return circuit_reserve(id);
	if (strcmp(verb, "reset") == 0)
		return flow_start(
		    FLOW_RESET_SEND, id, ECHO_PROTOCOL, 100000, NULL);
	if (b == NULL)
		return ERR_FORM;
	if (strcmp(verb, "echo") == 0)
		return flow_start(FLOW_ECHO_SEND, id, ECHO_PROTOCOL,
		    strtoull(b, NULL, 10), NULL);
	if (strcmp(verb, "drain") == 0)
		return flow_start(FLOW_DRAIN_SEND, id, DRAIN_PROTOCOL,
		    strtoull(b, NULL, 10), NULL);
	if (strcmp(verb, "open") == 0)
		return open_proxy(id, b);
	return ERR_FORM;
}

/* Commands with one or two words; ${b} may be missing. */
static err
run_words(const char *verb, const char *a, const char *b)
{
	const unsigned id = (unsigned)strtoul(a, NULL, 10);

	if (strcmp(verb, "subscribe") == 0)
		return host_subscribe(peer.host, a, peer_now());
	if (strcmp(verb, "unsubscribe") == 0) {
		host_unsubscribe(peer.host, a, peer_now());
		return OK;
	}
	if (strcmp(verb, "topic") == 0) {
		say_topic(a);
		return OK;
	}
	if (strcmp(verb, "subscribers") == 0)
		return say_subscribers(a);
	if (strcmp(verb, "reject") == 0)
		return reject(a);
	if (strcmp(verb, "shut") == 0)
		return flow_shut(id);
	if (strcmp(verb, "abort") == 0)
		return flow_abort(id);
	if (strcmp(verb, "publish") == 0 && b != NULL)
		return publish(a, b);
	if (strcmp(verb, "write") == 0 && b != NULL)
		return write_proxy(a, b);
	return ERR_FORM;
}

void
command_run(char *line)
{
	char *rest = NULL;
	const char *verb = strtok_r(line, " ", &rest);
	const char *a = strtok_r(NULL, " ", &rest);
	const char *b = strtok_r(NULL, " ", &rest);
	const char *c = strtok_r(NULL, " ", &rest);
	struct peer_id id;
	err e = ERR_FORM;

	if (verb == NULL)
		return;
	if (strcmp(verb, "quit") == 0) {
		peer_stop();
		return;
	}
	if (strcmp(verb, "dial") == 0 && a != NULL &&
	    strstr(a, "/p2p-circuit") != NULL) {
		e = circuit_dial(a);
		if (e == OK)
			return; /* answered later */
	} else if (strcmp(verb, "dial") == 0 && a != NULL) {
		e = transport_dial(peer.transport, a, on_dialled, NULL);
		if (e == OK)
			return; /* answered later */
	} else if (strncmp(verb, "dht-", 4) == 0) {
		e = dht_command(verb, a);
	} else if (strcmp(verb, "memory") == 0) {
		say_memory();
		e = OK;
	} else if (strcmp(verb, "stats") == 0) {
		say_stats();
		e = OK;
	} else if (strcmp(verb, "peers") == 0) {
		say_peers();
		e = OK;
	} else if (a != NULL && peer_id_get(slice_str(a), &id) == OK) {
		e = c != NULL && strcmp(verb, "raw") == 0
			? write_raw(&id, b, c)
			: run_peer(verb, &id, b);
	} else if (a != NULL) {
		e = run_words(verb, a, b);
	}
	answer(verb, e);
}
