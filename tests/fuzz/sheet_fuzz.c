/*
 * Any bytes as the sheet of leaves that an issuer hands over. What is taken
 * is written again as bytes that read to the same leaves; it stands for one
 * root, the one its leaves give, and for no other credential.
 */
#include <stdlib.h>

#include "node/evidence/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_root(const struct sheet *s)
{
	struct fact_tree *t = malloc(sizeof(*t));
	struct credential c = { 0 };
	uint8_t other[EVIDENCE_ID];

	ASSERT(t != NULL);
	const err e = facts_tree(s->leaves, s->key, s->tree, t);
	ASSERT(e == OK || e == ERR_FORM);
	if (e == OK) {
		ASSERT(t->n == json_array_size(s->leaves));
		memcpy(c.claims, t->tree.root, sizeof(c.claims));
		ASSERT(sheet_fits(s, s->credential, &c));
		memcpy(other, s->credential, sizeof(other));
		other[0] ^= 1;
		ASSERT(!sheet_fits(s, other, &c));
		c.claims[0] ^= 1;
	}
	ASSERT(!sheet_fits(s, s->credential, &c));
	free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice net = slice_str("test-fuzz");
	uint8_t raw[SHEET_MAX];
	struct buf out = { raw, 0, sizeof(raw) };
	struct sheet one, two;

	const err e = sheet_read(slice_of(data, size), net, &one);
	if (e != OK) {
		ASSERT(e == ERR_FORM && one.leaves == NULL);
		return 0;
	}
	ASSERT(sheet_write(&one, net, &out) == OK);
	ASSERT(out.n <= size); /* but for what a later version may add */
	ASSERT(sheet_read(buf_slice(&out), net, &two) == OK);
	ASSERT(json_equal(one.leaves, two.leaves));
	ASSERT(memcmp(one.credential, two.credential, EVIDENCE_ID) == 0);
	ASSERT(memcmp(one.tree, two.tree, CLAIM_TREE_ID) == 0);
	ASSERT(memcmp(one.key, two.key, sizeof(one.key)) == 0);
	check_root(&one);
	json_decref(one.leaves);
	json_decref(two.leaves);
	return 0;
}
