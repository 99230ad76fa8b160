/*
 * tests/vectors/evidence.json, which another program made from SPEC.md's
 * text: the same documents, faults, trees, proofs and signatures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "crypto/keys.h"
#include "proto/base/text.h"
#include "proto/evidence/claim.h"
#include "proto/evidence/ledger.h"
#include "proto/record/cosign.h"

#define BYTES_MAX 8192

static json_t *vectors;
static uint8_t scratch_bytes[RECORD_SCRATCH_BYTES];
static struct arena scratch;

static const json_t *
member(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (v == NULL)
		fail_msg("no \"%s\"", key);
	return v;
}

static const char *
string(const json_t *o, const char *key)
{
	return json_string_value(member(o, key));
}

static uint32_t
number(const json_t *o, const char *key)
{
	return (uint32_t)json_integer_value(member(o, key));
}

static struct slice
bytes_of(const char *hex, uint8_t *room, size_t cap)
{
	struct buf b = { room, 0, cap };

	assert_int_equal(hex_get(slice_str(hex), &b), OK);
	return buf_slice(&b);
}

static struct slice
bytes(const json_t *o, const char *key, uint8_t *room, size_t cap)
{
	return bytes_of(string(o, key), room, cap);
}

static void
exactly(const json_t *o, const char *key, uint8_t *out, size_t n)
{
	assert_int_equal(bytes(o, key, out, n).n, n);
}

static struct slice
net(void)
{
	return slice_str(string(vectors, "net"));
}

static uint64_t
now(void)
{
	return (uint64_t)json_integer_value(member(vectors, "now"));
}

static void
expect(const json_t *c, const char *name, enum evidence_fault f)
{
	if (strcmp(string(c, "fault"), evidence_fault_name(f)) != 0)
		fail_msg("%s: %s, not %s", name, evidence_fault_name(f),
		    string(c, "fault"));
}

static void
check_document(const json_t *c, const struct document *d)
{
	const char *name = string(c, "name");
	uint8_t id[EVIDENCE_ID], again[DOCUMENT_MAX];
	struct buf out = { again, 0, sizeof(again) };
	struct document unsigned_one;
	uint64_t signed_by = 0;
	size_t i;
	const json_t *role;

	exactly(c, "id", id, sizeof(id));
	assert_memory_equal(d->id, id, sizeof(id));
	assert_string_equal(evidence_type_name(d->is.type), string(c, "type"));
	json_array_foreach(member(c, "signed"), i, role) signed_by |=
	    UINT64_C(1) << json_integer_value(role);
	assert_int_equal(d->signed_by, signed_by);
	if (d->complete != json_is_true(member(c, "complete")))
		fail_msg("%s: complete is %d", name, d->complete);
	/* Without odd keys or a zero, the structs say all there is. */
	if (strstr(name, "odd key") != NULL || strstr(name, "no grade") != NULL)
		return;
	const struct evidence kept = d->is;
	const struct slice body = d->body;
	assert_int_equal(
	    document_write(&kept, net(), &scratch, &out), EVIDENCE_FINE);
	assert_int_equal(document_open(buf_slice(&out), net(), now(), &scratch,
			     &unsigned_one),
	    EVIDENCE_FINE);
	if (!slice_eq(unsigned_one.body, body))
		fail_msg("%s: another body", name);
}

static void
test_documents(void **state)
{
	size_t i;
	const json_t *c;
	unsigned fine = 0;

	(void)state;
	json_array_foreach(member(vectors, "documents"), i, c)
	{
		uint8_t room[BYTES_MAX];
		struct document d;
		const enum evidence_fault f =
		    document_open(bytes(c, "bytes", room, sizeof(room)), net(),
			now(), &scratch, &d);
		expect(c, string(c, "name"), f);
		if (f != EVIDENCE_FINE)
			continue;
		fine++;
		check_document(c, &d);
	}
	assert_true(i > 100 && fine > 30);
}

static void
test_claim_secrets(void **state)
{
	const json_t *all = member(vectors, "claims");
	uint8_t seed[SEED_SIZE], secret[32], want[32];
	size_t i;
	const json_t *s;

	(void)state;
	exactly(all, "seed", seed, sizeof(seed));
	json_array_foreach(member(all, "secrets"), i, s)
	{
		persona_claim_secret(secret, seed, i);
		assert_int_equal(
		    bytes_of(json_string_value(s), want, 32).n, 32);
		assert_memory_equal(secret, want, 32);
	}
	assert_int_equal(i, 3);
}

static void
test_trees(void **state)
{
	static uint8_t values[CLAIM_LEAVES][128];
	size_t i, k;
	const json_t *c, *claim;

	(void)state;
	json_array_foreach(member(member(vectors, "claims"), "trees"), i, c)
	{
		struct claim claims[CLAIM_LEAVES];
		struct claim_tree t;
		uint8_t secret[32], id[CLAIM_TREE_ID], root[32];
		exactly(c, "secret", secret, 32);
		exactly(c, "tree", id, sizeof(id));
		exactly(c, "root", root, 32);
		json_array_foreach(member(c, "claims"), k, claim)
		{
			claims[k].name = slice_str(string(claim, "name"));
			claims[k].value =
			    bytes(claim, "value", values[k], sizeof(values[k]));
		}
		assert_int_equal(
		    claim_tree_build(&t, secret, id, claims, k), OK);
		assert_memory_equal(t.root, root, 32);
		json_array_foreach(member(c, "positions"), k, claim)
		    assert_int_equal(t.place[k], json_integer_value(claim));
		if (k < 5)
			continue;
		uint8_t range[80];
		struct buf out = { range, 0, sizeof(range) };
		assert_int_equal(
		    claim_range_write(secret, id, 2, 12, 40, &out), OK);
		assert_true(slice_eq(buf_slice(&out), claims[2].value));
	}
	assert_true(i >= 6);
}

static void
test_presentations(void **state)
{
	struct presentation_for to = { .net = net() };
	size_t i, k;
	const json_t *c, *name;
	unsigned ranged = 0;

	(void)state;
	exactly(vectors, "verifier", to.verifier, sizeof(to.verifier));
	exactly(vectors, "nonce", to.nonce, sizeof(to.nonce));
	json_array_foreach(
	    member(member(vectors, "claims"), "presentations"), i, c)
	{
		uint8_t room[BYTES_MAX], root[32];
		struct presentation p;
		const enum evidence_fault f =
		    presentation_open(bytes(c, "bytes", room, sizeof(room)),
			&to, now(), &scratch, &p);
		expect(c, string(c, "name"), f);
		if (f != EVIDENCE_FINE)
			continue;
		exactly(c, "root", root, 32);
		assert_memory_equal(p.root, root, 32);
		json_array_foreach(member(c, "shown"), k, name) assert_true(
		    slice_eq_str(p.claims[k].name, json_string_value(name)));
		assert_int_equal(p.claims_n, k);
		if (json_object_get(c, "least") == NULL)
			continue;
		ranged++;
		assert_true(p.claims[0].has_least && p.claims[0].has_most);
		assert_int_equal(p.claims[0].least, number(c, "least"));
		assert_int_equal(p.claims[0].most, number(c, "most"));
	}
	assert_true(i > 15 && ranged > 0);
}

static uint32_t
read_leaves(const json_t *list, struct ledger_leaf *leaves)
{
	size_t i;
	const json_t *leaf;

	json_array_foreach(list, i, leaf)
	{
		uint8_t raw[LEDGER_LEAF];
		assert_int_equal(
		    bytes_of(json_string_value(leaf), raw, sizeof(raw)).n,
		    LEDGER_LEAF);
		leaves[i].event = (enum ledger_event)raw[0];
		leaves[i].at = get_u32be(raw + 1);
		leaves[i].of = get_u32be(raw + 5);
		memcpy(leaves[i].tag, raw + 9, 32);
	}
	return (uint32_t)i;
}

static void
root_at(const json_t *all, uint32_t n, uint8_t root[32])
{
	const json_t *r = json_array_get(member(all, "roots"), n - 1);

	assert_int_equal(bytes_of(json_string_value(r), root, 32).n, 32);
}

static void
test_ledger(void **state)
{
	const json_t *all = member(vectors, "ledger");
	struct ledger_of l = { .net = net() };
	struct ledger_leaf leaves[32];
	uint8_t root[32], older[32], is[32], room[BYTES_MAX], made[BYTES_MAX];
	size_t i;
	const json_t *c;

	(void)state;
	exactly(all, "company", l.company, sizeof(l.company));
	const uint32_t n = read_leaves(member(all, "leaves"), leaves);
	json_array_foreach(member(all, "ids"), i, c)
	{
		uint8_t id[EVIDENCE_ID];
		assert_int_equal(
		    bytes_of(json_string_value(c), id, sizeof(id)).n, 32);
		assert_int_equal(ledger_find(leaves, n, id), i);
	}
	for (uint32_t k = 1; k <= n; k++) {
		struct ledger_head head;
		ledger_head_of(leaves, k, &head);
		ledger_root(is, l.net, l.company, &head);
		root_at(all, k, root);
		assert_memory_equal(is, root, 32);
	}
	json_array_foreach(member(all, "openings"), i, c)
	{
		struct buf out = { made, 0, sizeof(made) };
		struct ledger_opening o;
		const uint32_t size = number(c, "n");
		const struct slice in = bytes(c, "bytes", room, sizeof(room));
		assert_int_equal(
		    ledger_opening_write(&l, leaves, size, number(c, "first"),
			number(c, "count"), &scratch, &out),
		    OK);
		assert_true(slice_eq(buf_slice(&out), in));
		root_at(all, size, root);
		assert_int_equal(
		    ledger_opening_read(in, &l, root, &scratch, &o),
		    EVIDENCE_FINE);
	}
	json_array_foreach(member(all, "extensions"), i, c)
	{
		struct buf out = { made, 0, sizeof(made) };
		struct ledger_extension x;
		const struct slice in = bytes(c, "bytes", room, sizeof(room));
		assert_int_equal(
		    ledger_extension_write(&l, leaves, number(c, "old"),
			number(c, "n"), &scratch, &out),
		    OK);
		assert_true(slice_eq(buf_slice(&out), in));
		root_at(all, number(c, "old"), older);
		root_at(all, number(c, "n"), root);
		assert_int_equal(
		    ledger_extension_read(in, &l, older, root, &scratch, &x),
		    EVIDENCE_FINE);
	}
}

static void
test_ledger_faults(void **state)
{
	const json_t *all = member(vectors, "ledger");
	struct ledger_of l = { .net = net() };
	size_t i;
	const json_t *c;

	(void)state;
	exactly(all, "company", l.company, sizeof(l.company));
	json_array_foreach(member(all, "bad"), i, c)
	{
		uint8_t room[BYTES_MAX], root[32], older[32];
		const struct slice in = bytes(c, "bytes", room, sizeof(room));
		struct ledger_opening o;
		struct ledger_extension x;
		exactly(c, "root", root, 32);
		if (json_object_get(c, "old") == NULL) {
			expect(c, string(c, "name"),
			    ledger_opening_read(in, &l, root, &scratch, &o));
			continue;
		}
		exactly(c, "old", older, 32);
		expect(c, string(c, "name"),
		    ledger_extension_read(in, &l, older, root, &scratch, &x));
	}
	assert_true(i >= 10);
}

static void
test_cosignatures(void **state)
{
	size_t i;
	const json_t *c;

	(void)state;
	json_array_foreach(member(vectors, "cosignatures"), i, c)
	{
		uint8_t author[32], seed[32], want[64], id[COSIGN_ID];
		uint8_t room[BYTES_MAX], pub[32], secret[64], sig[64];
		exactly(c, "author", author, 32);
		exactly(c, "seed", seed, 32);
		ed25519_keypair(pub, secret, seed);
		assert_int_equal(
		    cosign_id(number(c, "kind"), author, string(c, "region"),
			number(c, "slot"), number(c, "pv"),
			bytes(c, "payload", room, sizeof(room)), &scratch, id),
		    OK);
		exactly(c, "cid", want, 32);
		assert_memory_equal(id, want, 32);
		cosign_make(sig, net(), number(c, "role"), number(c, "until"),
		    id, secret);
		exactly(c, "sig", want, 64);
		assert_memory_equal(sig, want, 64);
	}
	assert_int_equal(i, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_claim_secrets),
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_presentations),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_ledger_faults),
		cmocka_unit_test(test_cosignatures),
	};

	if (!crypto_init())
		return 1;
	scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	vectors = json_load_file(
	    OHCN_SOURCE_DIR "/tests/vectors/evidence.json", 0, NULL);
	if (vectors == NULL)
		return 1;
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(vectors);
	return failed;
}
