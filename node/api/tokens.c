/*
 * Tokens of the API: made (shown once), listed, revoked; the log of what each
 * did; which scope opens which route.
 */
#include <stdio.h>

#include "node/access/token.h"
#include "node/api/parts.h"

void
api_tokens(struct http_request *r, void *ctx)
{
	http_reply(r, 200, json_pack("{s:o}", "tokens", tokens_json(ctx)));
}

/* "scopes": names; 0: answered. */
static unsigned
scopes_of(struct http_request *r, const json_t *body)
{
	const json_t *list = json_object_get(body, "scopes");
	unsigned scopes = 0;
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		const char *name = json_string_value(one);
		const unsigned scope = name == NULL ? 0 : scope_find(name);
		if (scope == 0) {
			http_fail(r, 422, "E3161", "scope", "ohcn token scopes",
			    "there is no scope \"%.40s\"",
			    name == NULL ? "" : name);
			return 0;
		}
		scopes |= scope;
	}
	if (scopes == 0)
		http_fail(r, 422, "E3161", "scope", "ohcn token scopes",
		    "a token without a scope could do nothing");
	return scopes;
}

static void
fail_token(struct http_request *r, err e, const char *name)
{
	switch ((int)e) {
	case ERR_FORM:
		http_fail(r, 422, "E3160", "name",
		    "a to z, 0 to 9, - and _; at most 32",
		    "\"%.60s\" is no name of a token", name);
		break;
	case ERR_EXISTS:
		http_fail(r, 409, "E3162", "name",
		    "another name: those of revoked tokens stay, for the log",
		    "there is, or was, a token \"%.60s\"", name);
		break;
	case ERR_LIMIT:
		http_fail(r, 409, "E3163", NULL, "ohcn token revoke NAME",
		    "there are %d tokens that count: as many as a node keeps",
		    TOKENS_MAX);
		break;
	case ERR_NOTFOUND:
		http_fail(r, 404, "E3164", "name", "ohcn token list",
		    "there is no token \"%.60s\"", name);
		break;
	default:
		http_fail_err(
		    r, e, "the tokens cannot be saved: %s", err_name(e));
	}
}

void
api_token_add(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *persona = http_query(r, "persona");
	uint32_t index = 0;
	json_t *body = persona_asked(n, r, &index) ? http_json(r) : NULL;
	char text[TOKEN_TEXT];

	if (body == NULL)
		return;
	const uint32_t only =
	    persona != NULL && persona[0] != 0 ? index + 1 : 0;
	const char *name = json_string_value(json_object_get(body, "name"));
	const json_t *ends = json_object_get(body, "expires");
	const json_int_t end = json_integer_value(ends);
	const unsigned scopes = scopes_of(r, body);
	if (scopes == 0) {
		json_decref(body);
		return;
	}
	if (ends != NULL && !json_is_null(ends) &&
	    (end <= 0 || (uint64_t)end <= node_now(n))) {
		http_fail(r, 422, "E3165", "expires", "90d, or 2027-01-31",
		    "the token would have ended already");
		json_decref(body);
		return;
	}
	const err e = token_add(
	    n, name == NULL ? "" : name, scopes, only, (uint64_t)end, text);
	if (e != OK) {
		fail_token(r, e, name == NULL ? "" : name);
	} else {
		json_t *o = token_json(n, name);
		(void)json_object_set_new(o, "token", json_string(text));
		crypto_wipe(text, sizeof(text));
		http_reply(r, 200, o);
	}
	json_decref(body);
}

void
api_token_revoke(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name");
	const err e = token_revoke(n, name);

	if (e != OK)
		fail_token(r, e, name);
	else
		http_reply(r, 200, token_json(n, name));
}

void
api_token_log(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_query(r, "token");
	uint64_t limit;

	if (!http_query_range(r, "limit", 1, LIST_DEFAULT,
		(uint64_t)TOKENS_MAX * ACCESS_LOG_MAX, &limit))
		return;
	if (name != NULL) {
		json_t *known = token_json(n, name);
		json_decref(known);
		if (known == NULL) {
			fail_token(r, ERR_NOTFOUND, name);
			return;
		}
	}
	http_reply(r, 200,
	    json_pack(
		"{s:o}", "calls", access_log_json(n, name, (size_t)limit)));
}

/* The routes that a scope opens, or (0) that are the owner's alone. */
static json_t *
routes_of(unsigned scope)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };
	json_t *list = json_array();
	size_t n;
	const struct http_route *all = api_routes(&n);

	for (size_t i = 0; i < n; i++) {
		const unsigned held = all[i].flags & HTTP_SCOPES;
		if ((all[i].flags & HTTP_OPEN) != 0 ||
		    (scope == 0 ? held != 0 : (held & scope) == 0))
			continue;
		(void)json_array_append_new(list,
		    json_sprintf("%s %s", methods[all[i].method], all[i].path));
	}
	return list;
}

void
api_token_scopes(struct http_request *r, void *ctx)
{
	size_t n;
	const struct scope_info *table = scope_table(&n);
	json_t *list = json_array();

	(void)ctx;
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list,
		    json_pack("{s:s,s:s,s:o}", "name", table[i].name, "text",
			table[i].text, "routes", routes_of(table[i].scope)));
	http_reply(r, 200,
	    json_pack("{s:o,s:o}", "scopes", list, "owner_alone",
		routes_of(SCOPE_OWNER)));
}
