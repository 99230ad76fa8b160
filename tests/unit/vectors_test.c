#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define VECTORS_WITHOUT_MAIN
#include "tests/tool/make_vectors.c"

static uint8_t scratch_bytes[RECORD_SCRATCH_BYTES];

static json_t *
load(const char *name)
{
	char path[512];
	json_error_t why;

	(void)snprintf(
	    path, sizeof(path), "%s/tests/vectors/%s", OHCN_SOURCE_DIR, name);
	json_t *o = json_load_file(path, 0, &why);
	if (o == NULL)
		fail_msg("%s: %s", path, why.text);
	return o;
}

static json_t *
member(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	if (v == NULL)
		fail_msg("no %s", key);
	return v;
}

static const char *
text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(member(o, key));

	if (text == NULL)
		fail_msg("%s is no text", key);
	return text;
}

static uint64_t
number_of(const json_t *o, const char *key)
{
	const json_t *v = member(o, key);

	assert_true(json_is_integer(v));
	return (uint64_t)json_integer_value(v);
}

static struct slice
hex_of(const json_t *o, const char *key, uint8_t *raw, size_t cap)
{
	struct buf b = { raw, 0, cap };

	assert_int_equal(hex_get(slice_str(text_of(o, key)), &b), OK);
	return buf_slice(&b);
}

/* What is committed is what the tables say. */
static void
test_files_are_up_to_date(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vector_files); i++) {
		json_t *made = vector_files[i].make();
		json_t *held = load(vector_files[i].name);
		if (!json_equal(made, held))
			fail_msg("%s: run tool_make_vectors tests/vectors",
			    vector_files[i].name);
		json_decref(made);
		json_decref(held);
	}
}

static uint32_t
mask_of(const json_t *topic)
{
	if (json_is_null(topic))
		return 0;
	for (unsigned i = 0; i < RECORD_CLASSES; i++)
		if (strcmp(class_name((enum record_class)i),
			json_string_value(topic)) == 0)
			return 1U << i;
	fail_msg("no class %s", json_string_value(topic));
	return 0;
}

static void
check_number(const json_t *c, const char *key, uint64_t have)
{
	if (number_of(c, key) != have)
		fail_msg("%s: %s is %" PRIu64, text_of(c, "name"), key, have);
}

static void
check_bytes(const json_t *c, const char *key, struct slice have)
{
	static uint8_t raw[BYTES_MAX];

	if (!slice_eq(hex_of(c, key, raw, sizeof(raw)), have))
		fail_msg("%s: %s differs", text_of(c, "name"), key);
}

static void
check_fields(const json_t *c, const struct record *r)
{
	char text[RECORD_ID_TEXT], did[DID_KEY_TEXT];

	check_bytes(c, "id", slice_of(r->id, sizeof(r->id)));
	record_id_put(text, r->id);
	assert_string_equal(text, text_of(c, "cid"));
	check_bytes(c, "author", slice_of(r->author, 32));
	did_key_put(did, r->author);
	assert_string_equal(did, text_of(c, "did"));
	check_number(c, "kind", r->kind);
	assert_string_equal(text_of(c, "region"), r->region);
	check_number(c, "slot", r->slot);
	check_number(c, "seq", r->seq);
	check_number(c, "expires", r->expires_h);
	check_number(c, "flags", r->flags);
	check_number(c, "pv", r->pv);
	check_bytes(c, "payload", r->payload);
	if (json_is_true(member(c, "opaque")) != r->opaque)
		fail_msg("%s: opaque is %d", text_of(c, "name"), r->opaque);
}

static void
check_case(const json_t *c, const struct record_rules *net)
{
	uint8_t raw[BYTES_MAX];
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	struct record_rules rules = *net;
	struct record r;

	const struct slice bytes = hex_of(c, "bytes", raw, sizeof(raw));
	rules.class_mask = mask_of(member(c, "class"));
	if (json_object_get(c, "now") != NULL)
		rules.now_s = number_of(c, "now");
	enum record_outcome o = record_open(bytes, &rules, &scratch, &r);
	if (o == RECORD_FINE)
		o = record_verify(&r, &scratch);
	if (strcmp(record_outcome_name(o), text_of(c, "outcome")) != 0)
		fail_msg("%s: %s, not %s", text_of(c, "name"),
		    record_outcome_name(o), text_of(c, "outcome"));
	const enum record_verdict v =
	    o == RECORD_FINE ? VERDICT_ACCEPT : record_verdict(o);
	assert_string_equal(record_verdict_name(v), text_of(c, "verdict"));
	if (o == RECORD_FINE)
		check_fields(c, &r);
}

static void
test_records(void **state)
{
	json_t *o = load("records.json");
	const struct record_rules rules = { slice_str(text_of(o, "net")),
		number_of(o, "now"), 0 };
	const json_t *cases = member(o, "cases");
	bool kinds[128] = { false }, outcomes[RECORD_OUTCOMES] = { false };
	size_t i, refused = 0;
	json_t *c;

	(void)state;
	json_array_foreach(cases, i, c)
	{
		check_case(c, &rules);
		const char *want = text_of(c, "outcome");
		for (unsigned k = 0; k < RECORD_OUTCOMES; k++)
			if (strcmp(want, record_outcome_name(k)) == 0)
				outcomes[k] = true;
		if (strcmp(want, "fine") == 0)
			kinds[number_of(c, "kind") & 127] = true;
		else
			refused++;
	}
	/* None of what must be shown was lost from the file. */
	assert_true(refused >= 300);
	for (unsigned k = 1; k <= KIND_LAST; k++)
		assert_true(kinds[k]);
	for (unsigned k = 0; k < RECORD_OUTCOMES; k++) {
		const bool by_others = k == RECORD_STORED ||
				       k == RECORD_RELAYED ||
				       k >= RECORD_DUPLICATE;
		if (!by_others && !outcomes[k])
			fail_msg("no case for %s", record_outcome_name(k));
	}
	json_decref(o);
}

/* A prefix of a record is no record, whatever it is a prefix of. */
static void
test_prefixes(void **state)
{
	json_t *o = load("records.json");
	const struct record_rules rules = { slice_str(text_of(o, "net")),
		number_of(o, "now"), 0 };
	const json_t *cases = member(o, "cases");
	size_t i;
	json_t *c;

	(void)state;
	json_array_foreach(cases, i, c)
	{
		uint8_t raw[BYTES_MAX];
		struct arena a = arena_of(scratch_bytes, sizeof(scratch_bytes));
		struct record r;
		const struct slice s = hex_of(c, "bytes", raw, sizeof(raw));
		if (strcmp(text_of(c, "outcome"), "fine") != 0 || s.n > 400)
			continue;
		for (size_t n = 0; n < s.n; n++)
			assert_int_equal(
			    record_open(slice_of(raw, n), &rules, &a, &r),
			    RECORD_NOT_CANONICAL);
	}
	json_decref(o);
}

static void
check_ids(const json_t *ids)
{
	size_t i;
	json_t *v;

	json_array_foreach(ids, i, v)
	{
		uint8_t raw[32], back[32];
		char text[RECORD_ID_TEXT], did[DID_KEY_TEXT];
		assert_int_equal(hex_of(v, "bytes", raw, 32).n, 32);
		record_id_put(text, raw);
		assert_string_equal(text, text_of(v, "cid"));
		assert_int_equal(
		    record_id_get(slice_str(text_of(v, "cid")), back), OK);
		assert_memory_equal(raw, back, 32);
		did_key_put(did, raw);
		assert_string_equal(did, text_of(v, "did"));
		assert_int_equal(
		    did_key_get(slice_str(text_of(v, "did")), back), OK);
		assert_memory_equal(raw, back, 32);
	}
}

static void
check_refused(const json_t *refused)
{
	size_t i;
	json_t *v;

	json_array_foreach(refused, i, v)
	{
		uint8_t back[32];
		const json_t *cid = json_object_get(v, "cid");
		const char *text = text_of(v, cid != NULL ? "cid" : "did");
		const err e = cid != NULL ? record_id_get(slice_str(text), back)
					  : did_key_get(slice_str(text), back);
		if (e != ERR_FORM)
			fail_msg("%s is taken", text);
	}
}

static void
check_languages(const json_t *languages)
{
	size_t i;
	json_t *v;

	json_array_foreach(languages, i, v)
	{
		char letters[4];
		const char *text = text_of(v, "text");
		const uint32_t code = language_code(slice_str(text));
		assert_int_equal(code, number_of(v, "code"));
		if (code == 0)
			continue;
		assert_true(language_put(letters, code));
		assert_string_equal(letters, text);
	}
}

static void
test_names(void **state)
{
	json_t *o = load("names.json");
	size_t i;
	json_t *v;

	(void)state;
	check_ids(member(o, "ids"));
	check_refused(member(o, "refused"));
	check_languages(member(o, "languages"));
	json_array_foreach(member(o, "terms"), i, v)
	{
		uint8_t raw[8];
		assert_int_equal(hex_of(v, "term", raw, 8).n, 8);
		assert_int_equal(
		    term_of_uri(slice_str(text_of(v, "uri"))), get_u64be(raw));
	}
	json_array_foreach(member(o, "nets"), i, v)
	{
		const struct slice net = slice_str(text_of(v, "net"));
		const uint64_t bits = number_of(v, "bits");
		assert_int_equal(net_is_valid(net), bits != 0);
		if (bits != 0)
			assert_int_equal(net_stamp_bits(net), bits);
	}
	json_array_foreach(member(o, "topics"), i, v)
	{
		char text[TOPIC_TEXT];
		const enum record_class c =
		    (enum record_class)number_of(v, "number");
		assert_string_equal(class_name(c), text_of(v, "class"));
		topic_put(text, slice_str(text_of(v, "net")), c);
		assert_string_equal(text, text_of(v, "topic"));
	}
	json_decref(o);
}

static void
check_seed(const json_t *s)
{
	uint8_t seed[SEED_SIZE], back[SEED_SIZE], want[32];
	char words[SEED_TEXT_MAX];
	unsigned bad = 0;
	size_t i;
	json_t *p;

	assert_int_equal(hex_of(s, "seed", seed, SEED_SIZE).n, SEED_SIZE);
	seed_to_words(words, seed);
	assert_string_equal(words, text_of(s, "words"));
	assert_int_equal(
	    seed_from_words(back, text_of(s, "words"), &bad), SEED_WORDS_OK);
	assert_memory_equal(seed, back, SEED_SIZE);
	json_array_foreach(member(s, "spellings"), i, p)
	{
		assert_int_equal(
		    seed_from_words(back, json_string_value(p), &bad),
		    SEED_WORDS_OK);
		assert_memory_equal(seed, back, SEED_SIZE);
	}
	assert_int_equal(i, 4);
	json_array_foreach(member(s, "personas"), i, p)
	{
		uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
		persona_keypair(pub, secret, seed, number_of(p, "index"));
		(void)hex_of(p, "public", want, 32);
		assert_memory_equal(pub, want, 32);
	}
}

static void
test_keys(void **state)
{
	json_t *o = load("keys.json");
	const json_t *sealed = member(o, "sealed");
	uint8_t file[256], secret[256], out[256];
	size_t i;
	json_t *s;

	(void)state;
	json_array_foreach(member(o, "seeds"), i, s) check_seed(s);
	const struct slice f = hex_of(sealed, "file", file, sizeof(file));
	const struct slice want =
	    hex_of(sealed, "secret", secret, sizeof(secret));
	const char *pass = text_of(sealed, "passphrase");
	assert_int_equal(f.n, want.n + SEAL_OVERHEAD);
	assert_int_equal(seal_open(out, f.p, f.n, pass, strlen(pass)), SEAL_OK);
	assert_memory_equal(out, want.p, want.n);
	assert_int_equal(
	    seal_open(out, f.p, f.n, pass, strlen(pass) - 1), SEAL_WRONG);
	json_decref(o);
}

static void
test_stamps(void **state)
{
	json_t *o = load("stamps.json");
	size_t i;
	json_t *s;

	(void)state;
	json_array_foreach(member(o, "stamps"), i, s)
	{
		uint8_t key[32], nonce[8];
		const struct slice net = slice_str(text_of(s, "net"));
		assert_int_equal(hex_of(s, "key", key, 32).n, 32);
		assert_int_equal(hex_of(s, "nonce", nonce, 8).n, 8);
		assert_int_equal(net_stamp_bits(net), number_of(s, "bits"));
		assert_int_equal(
		    stamp_check(net.p, net.n, key, nonce, net_stamp_bits(net)),
		    json_is_true(member(s, "good")));
	}
	json_decref(o);
}

/* The winner beats every other, and is beaten by none. */
static void
test_winners(void **state)
{
	json_t *o = load("winners.json");
	size_t i, k;
	json_t *s, *r;

	(void)state;
	json_array_foreach(member(o, "sets"), i, s)
	{
		const json_t *records = member(s, "records");
		const size_t winner = number_of(s, "winner");
		const json_t *w = json_array_get(records, winner);
		uint8_t best[32], id[32];
		(void)hex_of(w, "id", best, 32);
		const uint64_t seq = number_of(w, "seq");
		json_array_foreach(records, k, r)
		{
			(void)hex_of(r, "id", id, 32);
			const uint64_t other = number_of(r, "seq");
			assert_int_equal(
			    record_beats(seq, best, other, id), k != winner);
			assert_false(record_beats(other, id, seq, best));
		}
	}
	json_decref(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_are_up_to_date),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_winners),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
