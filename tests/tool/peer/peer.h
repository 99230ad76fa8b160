/*
 * peer.h: what the files of the test peer share. The peer is the host on
 * real TCP, without records or store; main.c tells how it is driven.
 */
#pragma once

#include <stdio.h>

#include "crypto/crypto.h"
#include "node/net/transport.h"
#include "proto/base/text.h"
#include "proto/libp2p/kad.h"

#define ECHO_PROTOCOL  "/ohcn-test/echo/1"
#define DRAIN_PROTOCOL "/ohcn-test/drain/1"
#define PROXY_PROTOCOL "/echo/1.0.0" /* of the @libp2p/interop suites */
#define KAD_PROTOCOL   "/ohcn-test/kad/1.0.0"

#define LINE_MAX_BYTES (256 * 1024)

/* What a stream does; those that are _SERVE were opened by the other side. */
enum flow_kind {
	FLOW_NONE,
	FLOW_ECHO_SERVE,  /* send back what comes */
	FLOW_ECHO_SEND,   /* send a pattern, expect it back */
	FLOW_DRAIN_SERVE, /* half-close at once, read to the end, tell */
	FLOW_DRAIN_SEND,  /* send a pattern to one that said it is done */
	FLOW_RESET_SEND,  /* send some of the pattern, then reset */
	FLOW_PROXY,       /* what comes and goes is for who drives us */
};

struct peer {
	uv_loop_t loop;
	uv_pipe_t in;
	uv_timer_t slow_timer;
	struct env env;
	struct mem mem;
	struct host *host;
	struct transport *transport;
	bool slow;
	bool dht, exchange, relay;
	bool silent;      /* takes no connections */
	const char *seed; /* hex, or NULL: any */
	bool websocket;   /* listens to WebSocket */
	bool private;     /* in the network of ${psk} */
	uint8_t psk[32];
	struct transport_proxy proxy; /* host NULL: none */
	uint8_t secret[ED25519_SECRET];
	char line[LINE_MAX_BYTES];
	size_t line_n;
	char read_buf[65536];
};

extern struct peer peer;

/* In the order of the host's list: HOST_STREAM_OPENED names them. */
extern const enum flow_kind peer_serves[];

uint64_t peer_now(void);

/** peer_id_text(id): static text, until the next call. */
const char *peer_id_text(const struct peer_id *id);

/** peer_stop(): close everything; the loop runs out. */
void peer_stop(void);

/* command.c */

/** command_run(line): one command; writes into ${line}. */
void command_run(char *line);

/** command_verdict(hex): what a message with this text gets. */
enum gossip_verdict command_verdict(const char *hex);

/* flow.c */

/** flow_start(kind, to, protocol, bytes, id): open a stream that does it;
 * ${bytes}: how many to send. ${id}: its number for the three below. */
NODISCARD err flow_start(enum flow_kind kind, const struct peer_id *to,
    const char *protocol, uint64_t bytes, unsigned *id);

/** flow_write(id, in): ERR_LIMIT: there is no room for all of it. */
NODISCARD err flow_write(unsigned id, struct slice in);
NODISCARD err flow_shut(unsigned id);
NODISCARD err flow_abort(unsigned id);

void flow_event(const struct host_event *ev);

/** flow_on_slow(): the next step of the slow echoes. */
void flow_on_slow(void);

/* dht.c; without "dht" none of it does anything. */

/** dht_open(index, addrs, n): ${index} of its protocol in the host's list;
 * ${addrs}: where others reach us. */
bool dht_open(size_t index, const struct slice *addrs, size_t n);
void dht_close(void); /* its timer, before the loop runs out */
void dht_free(void);
bool dht_event(const struct host_event *ev);
void dht_pumped(void); /* after the host was driven */
NODISCARD err dht_command(const char *verb, const char *arg);

/* circuit.c */

/** circuit_open(secret, hop, stop, service, addrs, n): ${hop}, ${stop}: the
 * indices of its protocols; ${service}: carry for others. */
bool circuit_open(const uint8_t *secret, size_t hop, size_t stop, bool service,
    const struct slice *addrs, size_t n);
void circuit_close(void);
void circuit_free(void);
bool circuit_event(const struct host_event *ev);
bool circuit_output(void *ctx, host_conn conn);
void circuit_drain(void);
void circuit_pumped(void);

/** circuit_dial(addr): "RELAY/p2p/R/p2p-circuit/p2p/T"; OK: the answer to
 * the command follows. */
NODISCARD err circuit_dial(const char *addr);
NODISCARD err circuit_reserve(const struct peer_id *id);
