#include "node/net/portmap.h"

#include <arpa/inet.h>
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>
#include <natpmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define NATPMP_TRIES 3    /* 250 ms, 500 ms, 1 s */
#define DISCOVER_MS  2000 /* for routers to answer */
#define RETRY_S      30   /* after the first failure; doubles */
#define RETRY_MAX_S  1800
#define PORTS_TRIED  4 /* outside, when one is taken */
#define DESCRIPTION  "ohcn"
#define PERMANENT    725 /* UPnP: only leases without end */
#define CONFLICT     718 /* UPnP: the port is somebody else's */

struct portmap {
	struct portmap_config cf;
	char gateway[16];
	uv_thread_t thread;
	uv_async_t async;
	uv_mutex_t lock; /* of what follows */
	uv_cond_t wake;
	bool stop, ended;
	struct portmap_status status;
	/* The thread's alone. */
	struct UPNPUrls urls;
	struct IGDdatas igd;
	bool has_igd;
	uint16_t outside; /* port of the mapping, 0: none */
	enum portmap_method method;
};

const char *
portmap_method_name(enum portmap_method m)
{
	return m == PORTMAP_NATPMP ? "NAT-PMP"
	       : m == PORTMAP_UPNP ? "UPnP"
				   : "none";
}

static void
say(struct portmap *p, enum portmap_method method,
    const struct multiaddr_ip *at, const char *why)
{
	uv_mutex_lock(&p->lock);
	p->status.method = method;
	if (at != NULL)
		p->status.external = *at;
	(void)snprintf(p->status.why, sizeof(p->status.why), "%s", why);
	p->status.tries++;
	uv_mutex_unlock(&p->lock);
	(void)uv_async_send(&p->async);
}

/* ---- NAT-PMP ---- */

static int
natpmp_answer(natpmp_t *n, natpmpresp_t *out)
{
	for (;;) {
		struct timeval left = { 0, 0 };
		if (getnatpmprequesttimeout(n, &left) != 0)
			return NATPMP_ERR_UNDEFINEDERROR;
		const long ms = left.tv_sec * 1000 + left.tv_usec / 1000;
		struct pollfd fd = { .fd = n->s, .events = POLLIN };
		(void)poll(&fd, 1, ms < 0 ? 0 : (int)ms + 1);
		const int rc = readnatpmpresponseorretry(n, out);
		if (rc != NATPMP_TRYAGAIN || n->try_number > NATPMP_TRIES)
			return rc;
	}
}

/* ${lifetime} 0 removes. */
static const char *
natpmp_map(struct portmap *p, unsigned lifetime, struct multiaddr_ip *out)
{
	const bool forced = p->gateway[0] != '\0';
	natpmpresp_t r;
	natpmp_t n;
	int rc = initnatpmp(&n, forced, forced ? inet_addr(p->gateway) : 0);

	*out = (struct multiaddr_ip){ 0 };
	if (rc != 0)
		return "there is no default route";
	if (sendpublicaddressrequest(&n) < 0 ||
	    (rc = natpmp_answer(&n, &r)) != 0) {
		(void)closenatpmp(&n);
		return "the router does not speak NAT-PMP";
	}
	memcpy(out->ip, &r.pnu.publicaddress.addr, 4);
	if (sendnewportmappingrequest(&n, NATPMP_PROTOCOL_TCP, p->cf.port,
		lifetime == 0 ? 0
		: p->outside  ? p->outside
			      : p->cf.port,
		lifetime) < 0 ||
	    (rc = natpmp_answer(&n, &r)) != 0) {
		(void)closenatpmp(&n);
		return "the router refuses by NAT-PMP";
	}
	out->port = r.pnu.newportmapping.mappedpublicport;
	(void)closenatpmp(&n);
	return out->port != 0 || lifetime == 0
		   ? NULL
		   : "the router answers nonsense by NAT-PMP";
}

/* ---- UPnP ---- */

static void
upnp_forget(struct portmap *p)
{
	if (p->has_igd)
		FreeUPNPUrls(&p->urls);
	p->has_igd = false;
}

static int
upnp_add(struct portmap *p, const char *lan, uint16_t outside)
{
	char in[8], out[8], lease[12];

	(void)snprintf(in, sizeof(in), "%u", (unsigned)p->cf.port);
	(void)snprintf(out, sizeof(out), "%u", (unsigned)outside);
	(void)snprintf(lease, sizeof(lease), "%u", p->cf.lifetime_s);
	int rc =
	    UPNP_AddPortMapping(p->urls.controlURL, p->igd.first.servicetype,
		out, in, lan, DESCRIPTION, "TCP", NULL, lease);
	if (rc == PERMANENT)
		rc = UPNP_AddPortMapping(p->urls.controlURL,
		    p->igd.first.servicetype, out, in, lan, DESCRIPTION, "TCP",
		    NULL, "0");
	return rc;
}

static const char *
upnp_map(struct portmap *p, struct multiaddr_ip *out)
{
	char lan[64] = "", ip[64] = "";
	int e = 0, rc = CONFLICT;

	*out = (struct multiaddr_ip){ 0 };
	upnp_forget(p);
	struct UPNPDev *found =
	    upnpDiscover(DISCOVER_MS, NULL, NULL, 0, 0, 2, &e);
	if (found == NULL)
		return "no router answers by UPnP or NAT-PMP";
	p->has_igd =
	    UPNP_GetValidIGD(found, &p->urls, &p->igd, lan, sizeof(lan)) == 1;
	freeUPNPDevlist(found);
	if (!p->has_igd) {
		FreeUPNPUrls(&p->urls);
		return "no router with a connection answers by UPnP";
	}
	if (UPNP_GetExternalIPAddress(p->urls.controlURL,
		p->igd.first.servicetype, ip) != UPNPCOMMAND_SUCCESS ||
	    inet_pton(AF_INET, ip, out->ip) != 1)
		return "the router does not tell its address by UPnP";
	const uint16_t first = p->outside != 0 ? p->outside : p->cf.port;
	for (uint16_t i = 0; i < PORTS_TRIED && rc == CONFLICT; i++) {
		out->port = (uint16_t)(first + i);
		rc = upnp_add(p, lan, out->port);
	}
	return rc == UPNPCOMMAND_SUCCESS ? NULL : "the router refuses by UPnP";
}

/* ---- the thread ---- */

static void
unmap(struct portmap *p)
{
	struct multiaddr_ip ignored;
	char out[8];

	if (p->method == PORTMAP_NATPMP)
		(void)natpmp_map(p, 0, &ignored);
	(void)snprintf(out, sizeof(out), "%u", (unsigned)p->outside);
	if (p->method == PORTMAP_UPNP && p->has_igd)
		(void)UPNP_DeletePortMapping(p->urls.controlURL,
		    p->igd.first.servicetype, out, "TCP", NULL);
	p->method = PORTMAP_NONE;
	p->outside = 0;
}

static bool
stopping(struct portmap *p)
{
	uv_mutex_lock(&p->lock);
	const bool stop = p->stop;
	uv_mutex_unlock(&p->lock);
	return stop;
}

/* True: mapped. */
static bool
map(struct portmap *p)
{
	struct multiaddr_ip at;
	enum portmap_method m = PORTMAP_NATPMP;
	const char *why = natpmp_map(p, p->cf.lifetime_s, &at);

	if (why != NULL && !stopping(p)) {
		m = PORTMAP_UPNP;
		why = upnp_map(p, &at);
	}
	p->method = why == NULL ? m : PORTMAP_NONE;
	p->outside = why == NULL ? at.port : 0;
	say(p, p->method, &at, why == NULL ? "" : why);
	return why == NULL;
}

static void
run(void *arg)
{
	struct portmap *p = arg;
	uint64_t retry_s = RETRY_S;
	bool stop = false;

	while (!stop) {
		const bool mapped = map(p);
		const uint64_t wait_s =
		    mapped ? MAX(p->cf.lifetime_s / 2, 1U) : retry_s;
		retry_s = mapped ? RETRY_S : MIN(retry_s * 2, RETRY_MAX_S);
		const uint64_t until = uv_hrtime() + wait_s * 1000000000;
		uv_mutex_lock(&p->lock);
		for (uint64_t now = uv_hrtime(); !p->stop && now < until;
		     now = uv_hrtime())
			(void)uv_cond_timedwait(
			    &p->wake, &p->lock, until - now);
		stop = p->stop;
		uv_mutex_unlock(&p->lock);
	}
	unmap(p);
	upnp_forget(p);
	uv_mutex_lock(&p->lock);
	p->ended = true;
	uv_mutex_unlock(&p->lock);
	(void)uv_async_send(&p->async);
}

static void
on_async(uv_async_t *async)
{
	struct portmap *p = CONTAINER_OF(async, struct portmap, async);

	uv_mutex_lock(&p->lock);
	const bool ended = p->ended, stop = p->stop;
	uv_mutex_unlock(&p->lock);
	if (ended)
		uv_close((uv_handle_t *)&p->async, NULL);
	else if (!stop)
		p->cf.changed(p->cf.ctx);
}

/* ---- on the loop ---- */

static void
destroy(struct portmap *p)
{
	uv_cond_destroy(&p->wake);
	uv_mutex_destroy(&p->lock);
	free(p);
}

/* There was no thread for it. */
static void
on_unborn(uv_handle_t *handle)
{
	destroy(CONTAINER_OF((uv_async_t *)handle, struct portmap, async));
}

err
portmap_new(const struct portmap_config *cf, struct portmap **out)
{
	struct portmap *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NOMEM;
	p->cf = *cf;
	(void)snprintf(p->gateway, sizeof(p->gateway), "%s", cf->gateway);
	p->cf.gateway = p->gateway;
	(void)snprintf(
	    p->status.why, sizeof(p->status.why), "the router is being asked");
	if (uv_mutex_init(&p->lock) != 0)
		goto fail1;
	if (uv_cond_init(&p->wake) != 0)
		goto fail2;
	if (uv_async_init(cf->loop, &p->async, on_async) != 0)
		goto fail3;
	if (uv_thread_create(&p->thread, run, p) != 0) {
		uv_close((uv_handle_t *)&p->async, on_unborn);
		return ERR_IO;
	}
	*out = p;
	return OK;
fail3:
	uv_cond_destroy(&p->wake);
fail2:
	uv_mutex_destroy(&p->lock);
fail1:
	free(p);
	return ERR_NOMEM;
}

void
portmap_status(struct portmap *p, struct portmap_status *out)
{
	uv_mutex_lock(&p->lock);
	*out = p->status;
	uv_mutex_unlock(&p->lock);
}

void
portmap_stop(struct portmap *p)
{
	if (p == NULL)
		return;
	uv_mutex_lock(&p->lock);
	p->stop = true;
	uv_cond_signal(&p->wake);
	uv_mutex_unlock(&p->lock);
}

void
portmap_free(struct portmap *p)
{
	if (p == NULL)
		return;
	(void)uv_thread_join(&p->thread);
	destroy(p);
}
