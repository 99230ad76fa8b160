/*
 * Any text as an invitation. What is taken has a network, a peer and at
 * least one address, all within bounds; a link is made of it again unless it
 * were too long, and that link says the same and is written the same.
 */
#include <stdlib.h>

#include "node/net/invite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_same(const struct invite *a, const struct invite *b)
{
	ASSERT(strcmp(a->net, b->net) == 0);
	ASSERT(peer_id_eq(&a->id, &b->id));
	ASSERT(a->addrs_n == b->addrs_n);
	for (size_t i = 0; i < a->addrs_n; i++)
		ASSERT(strcmp(a->addrs[i], b->addrs[i]) == 0);
	ASSERT(strcmp(a->psk, b->psk) == 0 && a->has_key == b->has_key);
	ASSERT(memcmp(a->key, b->key, sizeof(a->key)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct invite first, second;
	char link[INVITE_TEXT_MAX], again[INVITE_TEXT_MAX];
	struct problem p = { .what = "" };
	char *text;

	if (size > 3 * INVITE_TEXT_MAX || (text = malloc(size + 1)) == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	const err e = invite_get(text, &first, &p);
	free(text);
	ASSERT(e == OK || (e == ERR_FORM && p.what[0] != '\0'));
	if (e != OK)
		return 0;
	ASSERT(first.net[0] != '\0' && first.id.n > 0);
	ASSERT(first.addrs_n > 0 && first.addrs_n <= INVITE_ADDRS_MAX);
	if (invite_put(&first, link) != OK)
		return 0;
	ASSERT(invite_get(link, &second, &p) == OK);
	check_same(&first, &second);
	ASSERT(invite_put(&second, again) == OK && strcmp(link, again) == 0);
	return 0;
}
