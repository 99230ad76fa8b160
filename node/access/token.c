#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "node/access/token.h"
#include "node/access/lock.h"
#include "node/keys/persona.h"
#include "node/keys/vault.h"
#include "proto/base/text.h"

#define LIST    "tokens"
#define PREFIX  "ohcn-"
#define CHUNKS  (ACCESS_LOG_MAX / ACCESS_CHUNK)
#define PATH_AT 120 /* bytes of a path that the log keeps */

struct token {
	char name[HTTP_CALLER_MAX + 1];
	uint8_t hash[32];
	unsigned scopes;
	uint32_t only;                   /* 1 + index of a persona; 0: any */
	uint64_t made, expires, revoked; /* seconds; 0: never */
	uint64_t used, calls;            /* since the node started */
	/* The log: the chunk that is written to, newest last. */
	uint64_t chunk;
	json_t *last;
};

/* An expired token's streams are ended for so long, should a tick be late. */
#define EXPIRED_FOR_S 5

struct tokens {
	struct token all[TOKENS_MAX];
	unsigned n;
};

/* ---- the list ---- */

static void
hash_of(uint8_t out[32], const char *text)
{
	const struct crypto_part part = { text, strlen(text) };

	hash_blake2b(out, 32, "ohcn-apitoken-v1", &part, 1);
}

static bool
is_name(const char *name)
{
	const size_t n = strlen(name);

	return n > 0 && n <= HTTP_CALLER_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static struct token *
find(const struct tokens *t, const char *name)
{
	for (unsigned i = 0; t != NULL && i < t->n; i++)
		if (strcmp(t->all[i].name, name) == 0)
			return (struct token *)(uintptr_t)&t->all[i];
	return NULL;
}

static err
save(struct node *n)
{
	const struct tokens *t = n->tokens;
	json_t *list = json_array();

	for (unsigned i = 0; i < t->n; i++) {
		const struct token *k = &t->all[i];
		char hex[65];
		if (hex_put(hex, sizeof(hex), slice_of(k->hash, 32)) != OK)
			hex[0] = '\0';
		(void)json_array_append_new(list,
		    json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "name", k->name,
			"hash", hex, "scopes", (json_int_t)k->scopes, "only",
			(json_int_t)k->only, "made", (json_int_t)k->made,
			"expires", (json_int_t)k->expires, "revoked",
			(json_int_t)k->revoked));
	}
	const err e = vault_put(n->vault, LIST, list);
	json_decref(list);
	return e;
}

static uint64_t
number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static bool
take(struct token *k, const json_t *o)
{
	const char *name = json_string_value(json_object_get(o, "name"));
	const char *hex = json_string_value(json_object_get(o, "hash"));
	struct buf hash = { k->hash, 0, sizeof(k->hash) };

	if (name == NULL || !is_name(name) || hex == NULL ||
	    hex_get(slice_str(hex), &hash) != OK || hash.n != 32)
		return false;
	(void)snprintf(k->name, sizeof(k->name), "%s", name);
	k->scopes = (unsigned)number(o, "scopes") & SCOPE_ALL;
	k->only = (uint32_t)number(o, "only");
	k->made = number(o, "made");
	k->expires = number(o, "expires");
	k->revoked = number(o, "revoked");
	return true;
}

/* ---- the log ---- */

static void
chunk_name(char out[VAULT_NAME_MAX + 1], const struct token *k, uint64_t chunk)
{
	(void)snprintf(out, VAULT_NAME_MAX + 1, "access/%s/%02u", k->name,
	    (unsigned)(chunk % CHUNKS));
}

/* {chunk: its number, calls: [...]}; NULL: none, or one of before. */
static json_t *
chunk_read(struct node *n, const struct token *k, uint64_t chunk)
{
	char name[VAULT_NAME_MAX + 1];

	chunk_name(name, k, chunk);
	json_t *o = vault_get(n->vault, name, NULL);
	if (o != NULL && number(o, "chunk") == chunk)
		return o;
	json_decref(o);
	return NULL;
}

/* Where the log goes on: the chunk with the largest number. */
static void
log_open(struct node *n, struct token *k)
{
	k->chunk = 0;
	for (unsigned i = 0; i < CHUNKS; i++) {
		char name[VAULT_NAME_MAX + 1];
		chunk_name(name, k, i);
		json_t *o = vault_get(n->vault, name, NULL);
		k->chunk = MAX(k->chunk, number(o, "chunk"));
		json_decref(o);
	}
	k->last = chunk_read(n, k, k->chunk);
	if (k->last == NULL)
		k->last = json_pack(
		    "{s:I,s:[]}", "chunk", (json_int_t)k->chunk, "calls");
}

static bool
same(const json_t *call, const char *method, const char *path, unsigned status,
    const char *note)
{
	const char *m = json_string_value(json_object_get(call, "method"));
	const char *p = json_string_value(json_object_get(call, "path"));
	const char *w = json_string_value(json_object_get(call, "note"));

	return m != NULL && p != NULL && w != NULL && strcmp(m, method) == 0 &&
	       strcmp(p, path) == 0 && strcmp(w, note) == 0 &&
	       number(call, "status") == status;
}

static void
log_add(struct node *n, struct token *k, const char *method, const char *path,
    unsigned status, const char *note)
{
	json_t *calls = json_object_get(k->last, "calls");
	const size_t have = json_array_size(calls);
	json_t *newest = json_array_get(calls, have == 0 ? 0 : have - 1);
	char name[VAULT_NAME_MAX + 1];

	if (have > 0 && same(newest, method, path, status, note)) {
		const uint64_t times = number(newest, "times") + 1;
		(void)json_object_set_new(
		    newest, "times", json_integer((json_int_t)times));
		(void)json_object_set_new(
		    newest, "at", json_integer((json_int_t)node_now(n)));
		/* The first few and then each 64th reach the disk. */
		if (times > 8 && times % 64 != 0)
			return;
	} else {
		if (have >= ACCESS_CHUNK) {
			json_decref(k->last);
			k->last = json_pack("{s:I,s:[]}", "chunk",
			    (json_int_t)++k->chunk, "calls");
			calls = json_object_get(k->last, "calls");
		}
		json_t *said = json_string(note);
		if (said == NULL) /* cut within a character */
			said = json_string("");
		(void)json_array_append_new(calls,
		    json_pack("{s:I,s:s,s:s,s:i,s:o,s:i}", "at",
			(json_int_t)node_now(n), "method", method, "path", path,
			"status", (int)status, "note", said, "times", 1));
	}
	chunk_name(name, k, k->chunk);
	if (vault_put(n->vault, name, k->last) != OK)
		env_log(&n->env, LOG_UNUSUAL, "call_not_logged", "-");
}

/* Bounded, and what JSON would write longer is a question mark. */
static void
plain(char out[PATH_AT + 1], const char *path)
{
	size_t n = 0;

	for (; n < PATH_AT && path[n] != '\0'; n++)
		out[n] = path[n] > ' ' && path[n] < 127 && path[n] != '"' &&
				 path[n] != '\\'
			     ? path[n]
			     : '?';
	out[n] = '\0';
}

static void
answered(void *ctx, const struct http_caller *caller, enum http_method method,
    const char *path, unsigned status, const char *note)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };
	struct node *n = ctx;
	struct token *k = find(n->tokens, caller->name);
	char cut[PATH_AT + 1];

	if (k == NULL)
		return;
	k->used = node_now(n);
	k->calls++;
	if (method == HTTP_GET && status < 400)
		return;
	plain(cut, path);
	log_add(n, k, methods[method], cut, status, note);
}

/* ---- who asks ---- */

static bool
counts(const struct node *n, const struct token *k)
{
	return k->revoked == 0 && (k->expires == 0 || node_now(n) < k->expires);
}

void
tokens_tick(struct node *n)
{
	const struct tokens *t = n->tokens;
	const uint64_t now = node_now(n);

	for (unsigned i = 0; t != NULL && i < t->n; i++) {
		const struct token *k = &t->all[i];
		if (k->revoked == 0 && k->expires != 0 && now >= k->expires &&
		    now < k->expires + EXPIRED_FOR_S)
			http_caller_gone(n->http, k->name);
	}
}

static bool
authorise(void *ctx, const char *text, struct http_caller *caller)
{
	struct node *n = ctx;
	const struct tokens *t = n->tokens;
	const struct token *found = NULL;
	uint8_t hash[32];

	if (t == NULL || strlen(text) != TOKEN_TEXT - 1)
		return false;
	hash_of(hash, text);
	for (unsigned i = 0; i < t->n; i++)
		if (crypto_equal(hash, t->all[i].hash, sizeof(hash)))
			found = &t->all[i];
	if (found == NULL || !counts(n, found))
		return false;
	memcpy(caller->name, found->name, sizeof(caller->name));
	caller->scopes = found->scopes;
	caller->only = found->only;
	return true;
}

const struct http_access *
tokens_access(void)
{
	static const struct http_access access = { authorise, lock_may_act,
		answered, scope_of_event, scopes_text };

	return &access;
}

/* ---- life ---- */

err
tokens_open(struct node *n)
{
	bool bad = false;
	json_t *list = vault_get(n->vault, LIST, &bad), *one;
	struct tokens *t = calloc(1, sizeof(*t));
	size_t i;

	if (t == NULL || bad) {
		free(t);
		json_decref(list);
		return bad ? ERR_CORRUPT : ERR_NOMEM;
	}
	n->tokens = t;
	json_array_foreach(list, i, one)
	{
		if (t->n < TOKENS_MAX && take(&t->all[t->n], one))
			log_open(n, &t->all[t->n++]);
	}
	json_decref(list);
	return OK;
}

void
tokens_close(struct node *n)
{
	struct tokens *t = n->tokens;

	n->tokens = NULL;
	for (unsigned i = 0; t != NULL && i < t->n; i++)
		json_decref(t->all[i].last);
	free(t);
}

static err
token_drop(struct node *n, unsigned i)
{
	struct tokens *t = n->tokens;
	char prefix[VAULT_NAME_MAX + 1];

	if (n->http != NULL)
		http_caller_gone(n->http, t->all[i].name);
	(void)snprintf(prefix, sizeof(prefix), "access/%s/", t->all[i].name);
	TRY(vault_delete_all(n->vault, prefix));
	json_decref(t->all[i].last);
	memmove(&t->all[i], &t->all[i + 1], (t->n - i - 1) * sizeof(t->all[0]));
	t->n--;
	return OK;
}

/* The oldest that does not count any more goes, with its log. */
static err
make_room(struct node *n)
{
	struct tokens *t = n->tokens;
	unsigned oldest = TOKENS_MAX;

	if (t->n < TOKENS_MAX)
		return OK;
	for (unsigned i = 0; i < t->n; i++)
		if (!counts(n, &t->all[i]) &&
		    (oldest == TOKENS_MAX ||
			t->all[i].made < t->all[oldest].made))
			oldest = i;
	if (oldest == TOKENS_MAX)
		return ERR_LIMIT;
	return token_drop(n, oldest);
}

err
token_add(struct node *n, const char *name, unsigned scopes, uint32_t only,
    uint64_t expires_s, char text[TOKEN_TEXT])
{
	struct tokens *t = n->tokens;
	uint8_t raw[32];

	if (!is_name(name) || (scopes & SCOPE_ALL) == 0)
		return ERR_FORM;
	if (find(t, name) != NULL)
		return ERR_EXISTS;
	TRY(make_room(n));
	struct token *k = &t->all[t->n];
	*k = (struct token){ .scopes = scopes & SCOPE_ALL,
		.only = only,
		.made = node_now(n),
		.expires = expires_s };
	(void)snprintf(k->name, sizeof(k->name), "%s", name);
	crypto_random(raw, sizeof(raw));
	memcpy(text, PREFIX, sizeof(PREFIX) - 1);
	err e = hex_put(text + sizeof(PREFIX) - 1,
	    TOKEN_TEXT - (sizeof(PREFIX) - 1), slice_of(raw, sizeof(raw)));
	crypto_wipe(raw, sizeof(raw));
	hash_of(k->hash, text);
	t->n++;
	if (e == OK)
		e = save(n);
	if (e != OK) {
		t->n--;
		crypto_wipe(text, TOKEN_TEXT);
		return e;
	}
	log_open(n, k);
	return OK;
}

err
token_revoke(struct node *n, const char *name)
{
	struct token *k = find(n->tokens, name);

	if (k == NULL)
		return ERR_NOTFOUND;
	if (k->revoked != 0)
		return OK;
	/* It ends now, even where the disk does not take it. */
	k->revoked = MAX(node_now(n), 1);
	http_caller_gone(n->http, k->name);
	return save(n);
}

/* ---- of a persona that is forgotten ---- */

/* An earlier version wrote names down. True: something has changed. */
static bool
names_out(json_t *chunk, const char *said, const char *instead)
{
	bool changed = false;
	json_t *call;
	size_t i;

	json_array_foreach(json_object_get(chunk, "calls"), i, call)
	{
		const char *note =
		    json_string_value(json_object_get(call, "note"));
		if (note == NULL || strcmp(note, said) != 0)
			continue;
		changed = json_object_set_new(
			      call, "note", json_string(instead)) == 0 ||
			  changed;
	}
	return changed;
}

static err
log_unname(
    struct node *n, struct token *k, const char *said, const char *instead)
{
	char name[VAULT_NAME_MAX + 1];

	for (uint64_t back = 0; back < CHUNKS && back <= k->chunk; back++) {
		const uint64_t chunk = k->chunk - back;
		json_t *o =
		    back == 0 ? json_incref(k->last) : chunk_read(n, k, chunk);
		err e = OK;
		if (names_out(o, said, instead)) {
			chunk_name(name, k, chunk);
			e = vault_put(n->vault, name, o);
		}
		json_decref(o);
		TRY(e);
	}
	return OK;
}

err
tokens_forget(struct node *n, uint32_t persona)
{
	const struct author *a = persona_get(n, persona);
	struct tokens *t = n->tokens;
	char said[sizeof("persona ") + PERSONA_NAME_MAX], instead[32];

	for (unsigned i = t == NULL ? 0 : t->n; i-- > 0;)
		if (t->all[i].only == persona + 1)
			TRY(token_drop(n, i));
	if (t == NULL)
		return OK;
	TRY(save(n)); /* also where it failed the last time */
	(void)snprintf(said, sizeof(said), "persona %s", a->name);
	(void)snprintf(
	    instead, sizeof(instead), PERSONA_NOTE "%u", (unsigned)persona);
	for (unsigned i = 0; i < t->n; i++)
		TRY(log_unname(n, &t->all[i], said, instead));
	return OK;
}

/* ---- as JSON ---- */

static json_t *
when(uint64_t at)
{
	return at == 0 ? json_null() : json_integer((json_int_t)at);
}

static json_t *
one_json(const struct node *n, const struct token *k)
{
	size_t count;
	const struct scope_info *table = scope_table(&count);
	json_t *held = json_array();

	for (size_t i = 0; i < count; i++)
		if ((k->scopes & table[i].scope) != 0)
			(void)json_array_append_new(
			    held, json_string(table[i].name));
	const struct author *a =
	    k->only == 0 ? NULL : persona_get(n, k->only - 1);

	return json_pack("{s:s,s:o,s:s?,s:s,s:I,s:o,s:o,s:o,s:I}", "name",
	    k->name, "scopes", held, "persona", a == NULL ? NULL : a->name,
	    "state",
	    k->revoked != 0 ? "revoked"
	    : counts(n, k)  ? "live"
			    : "expired",
	    "made", (json_int_t)k->made, "expires", when(k->expires), "revoked",
	    when(k->revoked), "used", when(k->used), "calls",
	    (json_int_t)k->calls);
}

json_t *
token_json(struct node *n, const char *name)
{
	const struct token *k = find(n->tokens, name);

	return k == NULL ? NULL : one_json(n, k);
}

json_t *
tokens_json(struct node *n)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < n->tokens->n; i++)
		(void)json_array_append_new(
		    list, one_json(n, &n->tokens->all[i]));
	return list;
}

/* A persona by its name of now. */
static void
note_name(const struct node *n, json_t *call)
{
	const char *note = json_string_value(json_object_get(call, "note"));
	const size_t head = sizeof(PERSONA_NOTE) - 1;

	if (note == NULL || strncmp(note, PERSONA_NOTE, head) != 0)
		return;
	const struct author *a =
	    persona_get(n, (uint32_t)strtoul(note + head, NULL, 10));
	if (a != NULL)
		(void)json_object_set_new(
		    call, "note", json_sprintf("persona %s", a->name));
}

/* The calls of one token, newest first. */
static void
log_of(struct node *n, const struct token *k, size_t limit, json_t *list)
{
	for (uint64_t back = 0; back < CHUNKS && back <= k->chunk; back++) {
		json_t *o = back == 0 ? json_incref(k->last)
				      : chunk_read(n, k, k->chunk - back);
		const json_t *calls = json_object_get(o, "calls");
		for (size_t i = json_array_size(calls); i > 0 && limit > 0;
		     i--, limit--) {
			json_t *one = json_copy(json_array_get(calls, i - 1));
			note_name(n, one);
			(void)json_object_set_new(
			    one, "token", json_string(k->name));
			(void)json_array_append_new(list, one);
		}
		json_decref(o);
	}
}

static int
newer(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;
	const uint64_t s = number(*x, "at"), t = number(*y, "at");

	return (s < t) - (s > t);
}

json_t *
access_log_json(struct node *n, const char *name, size_t limit)
{
	json_t *list = json_array(), *sorted = json_array();
	size_t count;

	for (unsigned i = 0; i < n->tokens->n; i++)
		if (name == NULL || strcmp(n->tokens->all[i].name, name) == 0)
			log_of(n, &n->tokens->all[i], limit, list);
	count = json_array_size(list);
	json_t **all = calloc(count + 1, sizeof(json_t *));
	for (size_t i = 0; all != NULL && i < count; i++)
		all[i] = json_array_get(list, i);
	if (all != NULL && name == NULL)
		qsort(all, count, sizeof(json_t *), newer);
	for (size_t i = 0; all != NULL && i < MIN(count, limit); i++)
		(void)json_array_append(sorted, all[i]);
	free(all);
	json_decref(list);
	return sorted;
}
