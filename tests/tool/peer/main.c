/*
 * main.c: a bare libp2p peer of ours for interop tests: the host on real
 * TCP, without records or store. It prints one JSON object a line on standard
 * output and takes commands, one a line, on standard input:
 *
 *   dial ADDR               connect
 *   ping PEER               one ping
 *   echo PEER BYTES         send BYTES, expect them back
 *   drain PEER BYTES        send BYTES to one that has closed its own side
 *   reset PEER              an echo stream that is reset in the middle
 *   open PEER PROTOCOL      a stream with a number for the three below
 *   write STREAM HEX        shut STREAM (half-close)    abort STREAM
 *   subscribe TOPIC         unsubscribe TOPIC           publish TOPIC HEX
 *   reject HEX              messages with this prefix get the verdict reject
 *   topic TOPIC             peers and mesh              peers
 *   subscribers TOPIC       when it is all of them or none
 *   dht-peer PEER           dht-provide HEX   dht-providers HEX   dht-stats
 *   reserve PEER            a place at a relay; dial takes /p2p-circuit too
 *   memory                  stats                       quit
 *
 * Each is answered by {"event":"done","command":...,"error":...} after what
 * it tells. Streams that others open for /echo/1.0.0 go to who drives the
 * peer, as those of `open` do. Arguments: "slow" makes the echo read in small
 * steps with pauses, to show back-pressure; "nolisten" takes no connections;
 * "exchange" takes the peers that a PRUNE names from anybody, and dials them;
 * "relay" carries for others; "dht" is a Kademlia server; "seed=HEX" is the seed of its key;
 * "ws" listens to WebSocket; "psk=HEX" is the key of a private network;
 * "socks5=[USER:PASSWORD@]HOST:PORT" is what it dials through.
 * Ends when standard input ends.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/base/env.h"
#include "proto/libp2p/relay.h"
#include "tests/tool/peer/peer.h"

struct peer peer;

static const char *const protocols[] = { ECHO_PROTOCOL, DRAIN_PROTOCOL,
	PROXY_PROTOCOL, KAD_PROTOCOL, RELAY_HOP_PROTOCOL, RELAY_STOP_PROTOCOL };
enum { PROXY_INDEX = 2, DHT_INDEX, HOP_INDEX, STOP_INDEX };
static const uint8_t protocol_flags[] = { [PROXY_INDEX] = HOST_PROTOCOL_LIMITED,
	[DHT_INDEX] = HOST_PROTOCOL_OFF,
	[HOP_INDEX] = HOST_PROTOCOL_OFF,
	[STOP_INDEX] = 0 };

static void
log_line(void *ctx, enum log_level level, const char *event, const char *kv)
{
	(void)ctx;
	if (level > LOG_DEBUG)
		(void)fprintf(stderr, "%s %s\n", event, kv);
}

uint64_t
peer_now(void)
{
	return env_mono_ms();
}

const char *
peer_id_text(const struct peer_id *id)
{
	static char text[PEER_ID_TEXT_MAX];

	peer_id_put(text, id);
	return text;
}

static void
on_slow(uv_timer_t *timer)
{
	(void)timer;
	flow_on_slow();
	transport_wake(peer.transport);
}

static void
on_message(const struct gossip_message *m)
{
	char hex[2 * 16384 + 1];

	if (hex_put(hex, sizeof(hex), m->data) != OK)
		hex[0] = 0;
	const enum gossip_verdict v = command_verdict(hex);
	printf("{\"event\":\"message\",\"topic\":\"%s\",\"from\":\"%s\","
	       "\"data\":\"%s\",\"verdict\":\"%s\"}\n",
	    m->topic, peer_id_text(&m->from), hex,
	    v == GOSSIP_ACCEPT ? "accept" : "reject");
	host_verdict(peer.host, m->handle, v, peer_now());
}

static void
on_event(void *ctx, const struct host_event *ev)
{
	struct host_peer_info info;
	char remote[MULTIADDR_TEXT_MAX];

	(void)ctx;
	if (dht_event(ev))
		return;
	const bool relayed = circuit_event(ev);
	circuit_drain();
	if (relayed)
		return;
	switch (ev->type) {
	case HOST_PEER_UP:
	case HOST_PEER_DOWN:
		printf("{\"event\":\"%s\",\"peer\":\"%s\"}\n",
		    ev->type == HOST_PEER_UP ? "up" : "down",
		    peer_id_text(&ev->peer));
		return;
	case HOST_IDENTIFIED:
		if (!host_peer_find(peer.host, &ev->peer, &info) ||
		    multiaddr_put(remote, sizeof(remote), info.remote) != OK)
			return;
		printf("{\"event\":\"identified\",\"peer\":\"%s\","
		       "\"agent\":\"%s\",\"addresses\":%" PRIu32
		       ",\"remote\":\"%s\",\"echo\":%s}\n",
		    peer_id_text(&ev->peer), info.agent, info.addrs_n, remote,
		    host_peer_speaks(peer.host, &ev->peer, ECHO_PROTOCOL)
			? "true"
			: "false");
		return;
	case HOST_PING:
		printf("{\"event\":\"ping\",\"peer\":\"%s\",\"good\":%s}\n",
		    peer_id_text(&ev->peer),
		    ev->rtt_ms == UINT32_MAX ? "false" : "true");
		return;
	case HOST_MESSAGE:
		on_message(&ev->message);
		return;
	case HOST_UNREACHABLE:
	case HOST_CLOSE:
		return;
	case HOST_STREAM_OPENED:
	case HOST_STREAM_READY:
	case HOST_STREAM_REFUSED:
	case HOST_STREAM_DATA:
	case HOST_STREAM_WRITABLE:
	case HOST_STREAM_END:
	case HOST_STREAM_CLOSED:
		flow_event(ev);
		return;
	}
}

void
peer_stop(void)
{
	uv_close((uv_handle_t *)&peer.in, NULL);
	uv_close((uv_handle_t *)&peer.slow_timer, NULL);
	dht_close();
	circuit_close();
	transport_stop(peer.transport);
}

static void
on_alloc(uv_handle_t *handle, size_t want, uv_buf_t *out)
{
	(void)handle;
	(void)want;
	*out = uv_buf_init(peer.read_buf, sizeof(peer.read_buf));
}

static void
on_input(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	(void)stream;
	if (n < 0) {
		peer_stop();
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (b->base[i] != '\n') {
			if (peer.line_n < sizeof(peer.line) - 1)
				peer.line[peer.line_n++] = b->base[i];
			continue;
		}
		peer.line[peer.line_n] = 0;
		peer.line_n = 0;
		command_run(peer.line);
		if (uv_is_closing((uv_handle_t *)&peer.in))
			return;
		transport_wake(peer.transport);
	}
	(void)fflush(stdout);
}

static void
on_pumped(void *ctx)
{
	(void)ctx;
	dht_pumped();
	circuit_pumped();
}

static bool
say_silent(void)
{
	printf("{\"event\":\"listening\",\"peer\":\"%s\"}\n",
	    peer_id_text(host_self(peer.host)));
	return circuit_open(
	    peer.secret, HOP_INDEX, STOP_INDEX, peer.relay, NULL, 0);
}

static bool
listen_and_say(void)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	char addr[MULTIADDR_TEXT_MAX];
	struct problem p;

	if (transport_listen(peer.transport,
		peer.websocket ? "/ip4/127.0.0.1/tcp/0/ws"
			       : "/ip4/127.0.0.1/tcp/0",
		&p) != OK ||
	    !transport_listen_at(peer.transport, 0, addr) ||
	    multiaddr_get(slice_str(addr), &b) != OK)
		return false;
	const struct slice listen = buf_slice(&b);
	const char *self = peer_id_text(host_self(peer.host));
	host_listen_set(peer.host, &listen, 1);
	if ((peer.dht && !dht_open(DHT_INDEX, &listen, 1)) ||
	    !circuit_open(
		peer.secret, HOP_INDEX, STOP_INDEX, peer.relay, &listen, 1))
		return false;
	printf("{\"event\":\"listening\",\"peer\":\"%s\",\"address\":"
	       "\"%s/p2p/%s\"}\n",
	    self, addr, self);
	return true;
}

static bool
seed_of(const char *hex, uint8_t seed[ED25519_SEED])
{
	struct buf b = { seed, 0, ED25519_SEED };

	return hex_get(slice_str(hex), &b) == OK && b.n == ED25519_SEED;
}

static bool
open_host(void)
{
	uint8_t seed[ED25519_SEED], pub[ED25519_PUBLIC];

	peer.env = env_system(log_line, NULL);
	peer.mem = mem_heap(256U << 20);
	crypto_random(seed, sizeof(seed));
	if (peer.seed != NULL && !seed_of(peer.seed, seed))
		return false;
	ed25519_keypair(pub, peer.secret, seed);
	struct gossip_params gossip = gossip_params_default();
	if (peer.exchange)
		gossip.score.exchange_threshold = 0;
	struct host_config hc = {
		.env = &peer.env,
		.mem = &peer.mem,
		.secret = peer.secret,
		.psk = peer.private ? peer.psk : NULL,
		.agent = "ohcn-peer/1",
		.protocol_version = "ohcn/1",
		.protocols = protocols,
		.protocol_flags = protocol_flags,
		.protocols_n = ARRAY_LEN(protocols),
		.limits = host_limits_default(),
		.gossip = gossip,
	};
	/* It dials what it is told to, and nothing else. */
	if (!peer.exchange)
		hc.limits.outbound_wanted = 0;
	hc.limits.feeler_ms = 0;
	peer.host = host_new(&hc, peer_now());
	if (peer.host == NULL)
		return false;
	const struct transport_config tc = { .loop = &peer.loop,
		.env = &peer.env,
		.host = peer.host,
		.dials_max = 16,
		.dial_timeout_ms = 5000,
		.proxy = peer.proxy.host == NULL ? NULL : &peer.proxy,
		.event = on_event,
		.output = circuit_output,
		.after = on_pumped };
	peer.transport = transport_new(&tc);
	if (peer.transport == NULL)
		return false;
	return peer.silent ? say_silent() : listen_and_say();
}

/* "socks5=HOST:PORT", "socks5=USER:PASSWORD@HOST:PORT" */
static bool
read_proxy(char *text)
{
	char *at = strrchr(text, '@'), *colon = strrchr(text, ':');

	if (colon == NULL)
		return false;
	*colon = 0;
	peer.proxy.port = (uint16_t)strtoul(colon + 1, NULL, 10);
	peer.proxy.host = at == NULL ? text : at + 1;
	if (at == NULL)
		return true;
	*at = 0;
	char *password = strchr(text, ':');
	if (password == NULL)
		return false;
	*password = 0;
	peer.proxy.user = text;
	peer.proxy.password = password + 1;
	return true;
}

static bool
read_option(char *option)
{
	struct buf psk = { peer.psk, 0, sizeof(peer.psk) };

	if (strcmp(option, "slow") == 0)
		return peer.slow = true;
	if (strcmp(option, "nolisten") == 0)
		return peer.silent = true;
	if (strcmp(option, "ws") == 0)
		return peer.websocket = true;
	if (strcmp(option, "dht") == 0)
		return peer.dht = true;
	if (strcmp(option, "relay") == 0)
		return peer.relay = true;
	if (strcmp(option, "exchange") == 0)
		return peer.exchange = true;
	if (strncmp(option, "seed=", 5) == 0) {
		peer.seed = option + 5;
		return true;
	}
	if (strncmp(option, "psk=", 4) == 0) {
		peer.private = true;
		return hex_get(slice_str(option + 4), &psk) == OK &&
		       psk.n == sizeof(peer.psk);
	}
	if (strncmp(option, "socks5=", 7) == 0)
		return read_proxy(option + 7);
	return false;
}

int
main(int argc, char **argv)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGPIPE, &ignore, NULL);
	for (int i = 1; i < argc; i++)
		if (!read_option(argv[i]))
			return 2;
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (!crypto_init() || uv_loop_init(&peer.loop) != 0 || !open_host())
		return 1;
	(void)uv_pipe_init(&peer.loop, &peer.in, 0);
	(void)uv_timer_init(&peer.loop, &peer.slow_timer);
	if (peer.slow)
		(void)uv_timer_start(&peer.slow_timer, on_slow, 20, 20);
	if (uv_pipe_open(&peer.in, STDIN_FILENO) != 0 ||
	    uv_read_start((uv_stream_t *)&peer.in, on_alloc, on_input) != 0)
		return 1;
	(void)uv_run(&peer.loop, UV_RUN_DEFAULT);
	transport_free(peer.transport);
	dht_free();
	circuit_free();
	host_free(peer.host);
	(void)uv_loop_close(&peer.loop);
	/* What is still held here leaked. */
	return peer.mem.used == 0 ? 0 : 3;
}
