/*
 * transport_internal.h: what the files of the transport share: transport.c
 * (listening, dialling, the host's events) and link.c (one socket and the
 * layers over it). Nobody else includes it.
 *
 * A link is a byte stream: TCP, then SOCKS 5 when we dial through a proxy,
 * then WebSocket where the address says so, then the host, whose connections
 * put the PSK of a private network below all else. Each layer is a state
 * machine of proto/libp2p; what runs its handshake is freed after it.
 */
#pragma once

#include "node/net/transport.h"
#include "proto/libp2p/socks5.h"
#include "proto/libp2p/websocket.h"

#define LISTENERS_MAX 16
#define WRITE_BYTES   (65536 + 256)
#define READ_BYTES    (256 * 1024)
#define BACKLOG       128
#define BUCKETS       1024 /* of links by connection */
/* Written at once before others get their turn, and before the loop looks
 * for input and timers again. */
#define TURN_BYTES (256 * 1024)
#define PUMP_BYTES (4096 * 1024)

struct listener {
	uv_tcp_t tcp;
	struct transport *t;
	bool open, websocket;
	struct multiaddr_ip at;
};

/* Until every layer stands. */
struct link_handshake {
	struct socks5 socks5;
	struct websocket_upgrade upgrade;
};

enum link_phase { LINK_SOCKS5, LINK_UPGRADE, LINK_OPEN };

struct link {
	struct link *next, **back; /* in transport.links */
	struct link *bucket_next;  /* while it has a connection */
	uv_tcp_t tcp;
	struct transport *t;
	struct dial *dial; /* until it has become a connection */
	host_conn conn;    /* 0: not yet, or no longer */
	enum link_phase phase;
	struct link_handshake *handshake; /* NULL: done, or none */
	struct websocket *websocket;      /* NULL: none */
	uv_write_t write;
	uint8_t *out; /* being written */
	bool closing;
	bool from_port; /* the peer sees the port that we listen on */
	/* Who waits until it is secured, or over; NULL: nobody. */
	transport_dialled *done;
	void *ctx;
};

/* A connection attempt; becomes a link. */
struct dial {
	struct dial *next, **back;
	struct transport *t;
	uv_getaddrinfo_t lookup;
	uv_connect_t connect;
	uv_timer_t timer;
	struct link *link;
	uint8_t addr[MULTIADDR_MAX];
	size_t addr_n;
	bool has_peer, looking_up, connecting, timed_out;
	struct peer_id peer;
	transport_dialled *done;
	void *ctx;
	uint32_t number; /* of the host's, or 0 */
	bool port_taken; /* from our port it did not go */
	bool punch;      /* from our port, or not at all */
	bool listener;   /* the role above TCP */
	bool world;      /* its name may not lead to this machine or site */
};

/**
 * transport_pick(list, world, out): the first result of a lookup that may be
 * dialled; false: there is none. ${world}: see host_dial.
 */
bool transport_pick(
    const struct addrinfo *list, bool world, struct sockaddr_storage *out);

struct transport {
	struct transport_config cf;
	struct listener listeners[LISTENERS_MAX];
	size_t listeners_n;
	struct link *links;
	struct link *buckets[BUCKETS];
	struct dial *dials;
	unsigned dials_n;
	uv_timer_t timer;
	unsigned awaited_n; /* links with a done */
	bool pumping, stopping;
	uint8_t isolation[16]; /* key of the names that we tell the proxy */
	uint8_t read_buf[READ_BYTES];
	uint8_t write_buf[WRITE_BYTES];
};

static inline uint64_t
transport_now(const struct transport *t)
{
	return t->cf.env->mono_ms(t->cf.env->ctx);
}

/* Runs the host's events and output, arms its timer. */
void transport_pump(struct transport *t);

/* Tell who waits for this connection, if anybody does. */
void link_answer(struct link *l, err e, const char *why);

/* The layers of a dial's link all stand; or they do not, and why. */
void dial_ready(struct dial *d);
void dial_failed(struct dial *d, err e, const char *why);

/* ---- link.c ---- */

struct link *link_new(struct transport *t);
struct link *link_of(struct transport *t, host_conn id);

/** link_name(l, id): it is this connection of the host. */
void link_name(struct link *l, host_conn id);

/**
 * link_begin(l, to, host, port):
 * A socket is connected; read it, and begin the layers: SOCKS 5 to ${to} (NULL:
 * none), then, with ${host} (NULL: none), WebSocket as client. dial_ready()
 * follows, maybe at once. ERR_FORM, ERR_NOMEM, ERR_IO: close it.
 */
NODISCARD err link_begin(struct link *l, const struct socks5_target *to,
    const char *host, uint16_t port);

/** link_accepted(l, websocket): the same for a socket that came to us. */
NODISCARD err link_accepted(struct link *l, bool websocket);

/**
 * link_flush(l): write what the layers and the host have, until the socket
 * takes no more or TURN_BYTES are gone; how many were written.
 */
size_t link_flush(struct link *l);

/** link_finish(l): the last words of host and layers, then link_close(). */
void link_finish(struct link *l);

/** link_close(l): at once; freed from the loop. */
void link_close(struct link *l);
