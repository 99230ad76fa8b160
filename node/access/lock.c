#include "node/access/lock.h"

#include "node/keys/intro.h"
#include "node/keys/signer.h"
#include "node/record/publish.h"

static uint64_t
mono_s(const struct node *n)
{
	return n->env.mono_ms(n->env.ctx) / 1000;
}

void
lock_tick(struct node *n)
{
	const uint64_t idle = n->config->keys.idle_lock_s;

	if (n->acted_s == 0)
		n->acted_s = mono_s(n);
	if (idle == 0 || !n->key_guarded || signer_is_shut(n->signer) ||
	    mono_s(n) < n->acted_s + idle)
		return;
	(void)!lock_now(n); /* a dead signer has nothing to forget */
}

err
lock_now(struct node *n)
{
	if (!n->key_guarded)
		return ERR_CONFIG;
	n->lock_orders++;
	if (signer_is_shut(n->signer))
		return OK;
	TRY(signer_lock(n->signer));
	n->locked_s = node_now(n);
	if (publisher_held(n->publisher) > 0)
		env_log(&n->env, LOG_INFO, "publications_wait",
		    "what=\"until ohcn key unlock\" n=%zu",
		    publisher_held(n->publisher));
	env_log(&n->env, LOG_INFO, "keys_locked", "-");
	node_event(n, "keys", json_pack("{s:b}", "locked", 1));
	return OK;
}

err
lock_open(struct node *n, const struct key_material *km, uint64_t orders)
{
	if (n->lock_orders != orders)
		return ERR_EXISTS;
	TRY(signer_unlock(n->signer, km->seed));
	n->acted_s = mono_s(n);
	n->locked_s = 0;
	intro_load_again(n);
	env_log(&n->env, LOG_INFO, "keys_unlocked", "-");
	node_event(n, "keys", json_pack("{s:b}", "locked", 0));
	publisher_unlocked(n->publisher);
	return OK;
}

bool
lock_may_act(void *ctx, struct http_request *r, bool keys)
{
	struct node *n = ctx;

	if (!signer_is_shut(n->signer)) {
		n->acted_s = mono_s(n);
		return true;
	}
	if (!keys)
		return true;
	http_fail(r, 423, "E2021", NULL, "ohcn key unlock",
	    "the keys are locked: nobody asked this node for anything for a "
	    "while, or the owner locked them; this needs them");
	return false;
}

json_t *
lock_json(const struct node *n)
{
	return json_pack("{s:b,s:o,s:I,s:b,s:I}", "locked",
	    signer_is_shut(n->signer), "since",
	    n->locked_s == 0 ? json_null()
			     : json_integer((json_int_t)n->locked_s),
	    "idle_lock", (json_int_t)n->config->keys.idle_lock_s, "guarded",
	    n->key_guarded, "waiting",
	    (json_int_t)publisher_held(n->publisher));
}
