#include "tests/attack/sybil.h"

/* The author's key stands in the clear in every record. */
static bool
is_censored(const struct sybil_brain *b, struct slice data)
{
	if (!b->censors)
		return false;
	for (size_t i = 0; i + sizeof(b->censored) <= data.n; i++)
		if (memcmp(data.p + i, b->censored, sizeof(b->censored)) == 0)
			return true;
	return false;
}

static bool
event(struct sim *s, unsigned node, void *brain, const struct host_event *ev)
{
	const struct sybil_brain *b = brain;

	if (ev->type != HOST_MESSAGE)
		return false;
	const bool drops =
	    sim_now(s) >= b->silent_from || is_censored(b, ev->message.data);
	host_verdict(sim_host(s, node), ev->message.handle,
	    drops ? GOSSIP_IGNORE : GOSSIP_ACCEPT, sim_mono_ms(s, node));
	return true;
}

const struct sim_actor sybil = { .name = "sybil", .event = event };

bool
sybil_accept(
    struct sim *s, unsigned node, void *brain, const struct host_event *ev)
{
	(void)brain;
	if (ev->type != HOST_MESSAGE)
		return false;
	host_verdict(sim_host(s, node), ev->message.handle, GOSSIP_ACCEPT,
	    sim_mono_ms(s, node));
	return true;
}
