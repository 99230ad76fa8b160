#include "node/node.h"

#include <stdlib.h>

uint64_t
node_now(const struct node *n)
{
	return n->env.wall_s(n->env.ctx);
}

void
node_topic(const struct node *n, enum record_class c, char out[TOPIC_TEXT])
{
	topic_put(out, slice_str(n->config->node.network), c);
}

void
node_event(struct node *n, const char *type, json_t *data)
{
	if (n->http != NULL && data != NULL && !n->stopping)
		http_events_publish(n->http, type, data);
	else
		json_decref(data);
}

void
node_event_own(struct node *n, const char *type, uint32_t persona,
    unsigned scopes, json_t *data, json_t *open)
{
	const struct http_event_for to = { scopes, persona + 1, false };

	if (n->http != NULL && data != NULL && !n->stopping) {
		http_events_publish_to(n->http, type, &to, data, open);
		return;
	}
	json_decref(data);
	json_decref(open);
}

void
node_event_open(struct node *n, const char *type, uint32_t persona,
    unsigned scopes, json_t *open)
{
	const struct http_event_for to = { scopes, persona + 1, true };

	if (n->http != NULL && open != NULL && !n->stopping)
		http_events_publish_to(n->http, type, &to, NULL, open);
	else
		json_decref(open);
}

void
node_event_of(struct node *n, const char *type, uint32_t persona,
    unsigned scopes, json_t *data)
{
	node_event_own(n, type, persona, scopes, data, NULL);
}

void
node_event_later(struct node *n, const char *type, http_event_make *make,
    const void *what, size_t size)
{
	if (n->http != NULL && !n->stopping)
		http_events_publish_later(n->http, type, make, what, size);
}

void
terms_free(struct terms *t)
{
	search_index_free(t->search);
	vocabulary_free(t->vocabulary);
	free(t);
}

struct terms *
terms_take(struct node *n)
{
	n->terms->users++;
	return n->terms;
}

void
terms_give(struct node *n, struct terms *t)
{
	ASSERT(t->users > 0);
	if (--t->users == 0) {
		ASSERT(t != n->terms);
		terms_free(t);
	}
}

err
terms_replace(struct node *n, struct vocabulary *v)
{
	struct terms *t = calloc(1, sizeof(*t)), *old = n->terms;

	if (t == NULL || search_index_new(v, &t->search) != OK) {
		vocabulary_free(v);
		free(t);
		return ERR_NOMEM;
	}
	t->vocabulary = v;
	t->users = 1; /* the node's own */
	n->terms = t;
	if (old != NULL)
		terms_give(n, old);
	return OK;
}
