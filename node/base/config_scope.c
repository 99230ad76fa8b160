/* config_scope.c: scope.classes, .kinds, .regions, .horizon. */
#include "node/base/config.h"

#include <stdio.h>

#include "proto/record/scope.h"

#define WORD_MAX 24

/* The next word of ${text} into ${out}; false: no more. Too long: cut. */
static bool
next_word(const char **text, char out[WORD_MAX])
{
	*text += strspn(*text, " \t,\n");
	const size_t n = strcspn(*text, " \t,\n");

	if (n == 0)
		return false;
	(void)snprintf(out, WORD_MAX, "%.*s", (int)MIN(n, 64U), *text);
	*text += n;
	return true;
}

static err
bad(struct problem *p, const char *name, const char *word, const char *try)
{
	problem_set(p, EXIT_CONFIG, "E1108", "%s: \"%s\" is none of the names",
	    name, word);
	problem_hint(p, "%s", try);
	return ERR_CONFIG;
}

static err
get_classes(const char *text, struct scope *s, struct problem *p)
{
	char word[WORD_MAX];
	uint32_t mask = 0;

	while (next_word(&text, word)) {
		unsigned c = 0;
		while (c < RECORD_CLASSES &&
		       strcmp(class_name((enum record_class)c), word) != 0)
			c++;
		if (c == RECORD_CLASSES)
			return bad(p, "scope.classes", word,
			    "people demand learn mail meta");
		mask |= 1U << c;
	}
	if (mask != 0)
		s->class_mask = mask;
	return OK;
}

static err
get_kinds(const char *text, struct scope *s, struct problem *p)
{
	char word[WORD_MAX];
	uint64_t kinds[2] = { 0, 0 };

	while (next_word(&text, word)) {
		const uint32_t k = kind_by_name(word);
		if (strcmp(word, "open") == 0)
			kinds[1] = ~UINT64_C(0);
		else if (k == 0)
			return bad(p, "scope.kinds", word,
			    "profile organisation demand course assessment "
			    "pathway community attestation vocabulary "
			    "statistic envelope open");
		else
			kinds[k / 64] |= UINT64_C(1) << k % 64;
	}
	if ((kinds[0] | kinds[1]) != 0)
		memcpy(s->kinds, kinds, sizeof(kinds));
	return OK;
}

static err
get_regions(const char *text, struct scope *s, struct problem *p)
{
	char word[WORD_MAX];

	while (next_word(&text, word)) {
		if (strlen(word) != 2 || scope_add_region(s, word) == ERR_FORM)
			return bad(p, "scope.regions", word,
			    "two lower case letters each: de fr zz");
		if (scope_add_region(s, word) != OK) {
			problem_set(p, EXIT_CONFIG, "E1108",
			    "scope.regions: more than %d", SCOPE_REGIONS);
			problem_hint(p, "leave it empty for all of them");
			return ERR_CONFIG;
		}
	}
	return OK;
}

err
config_scope(const struct config *c, uint64_t now_s, struct scope *out,
    struct problem *p)
{
	const uint64_t horizon_h = c->scope.horizon_s / 3600;
	const char *regions = c->scope.regions;

	*out = scope_all();
	TRY(get_classes(c->scope.classes, out, p));
	TRY(get_kinds(c->scope.kinds, out, p));
	if (c->node.mode == NODE_LIGHT && regions[0] == '\0' &&
	    strcmp(c->node.region, "zz") != 0)
		regions = c->node.region;
	TRY(get_regions(regions, out, p));
	if (c->scope.horizon_s > 0)
		out->since_h =
		    (uint32_t)(now_s / 3600 - MIN(now_s / 3600, horizon_h));
	return OK;
}
