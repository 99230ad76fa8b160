#include "node/record/seen.h"

#include <stdlib.h>

err
seen_new(struct seen *s, size_t max)
{
	*s = (struct seen){ NULL, (max + SEEN_GROUP - 1) / SEEN_GROUP };
	if (s->groups == 0)
		return OK;
	s->v = calloc(s->groups, SEEN_GROUP * sizeof(s->v[0]));
	return s->v == NULL ? ERR_NOMEM : OK;
}

void
seen_free(struct seen *s)
{
	free(s->v);
	*s = (struct seen){ 0 };
}

static uint64_t *
group_of(const struct seen *s, uint64_t *hash)
{
	if (s->groups == 0)
		return NULL;
	if (*hash == 0) /* means free */
		*hash = 1;
	return s->v + *hash % s->groups * SEEN_GROUP;
}

void
seen_put(struct seen *s, uint64_t hash)
{
	uint64_t *g = group_of(s, &hash);
	size_t at = 0;

	if (g == NULL)
		return;
	while (at < SEEN_GROUP - 1 && g[at] != hash)
		at++;
	memmove(g + 1, g, at * sizeof(g[0]));
	g[0] = hash;
}

bool
seen_has(const struct seen *s, uint64_t hash)
{
	const uint64_t *g = group_of(s, &hash);

	for (size_t i = 0; g != NULL && i < SEEN_GROUP; i++)
		if (g[i] == hash)
			return true;
	return false;
}
