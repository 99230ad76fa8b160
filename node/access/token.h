/*
 * access/token.h: tokens with scopes, for plug-ins and for each of several
 * recruiters, and the log of what each did.
 *
 * A token is "ohcn-" and 64 hexadecimal digits (32 random bytes), shown once
 * when it is made. The vault holds its hash (BLAKE2b-256), name, scopes, end
 * and whether it was revoked; all hashes are compared, in constant time.
 * Names of revoked tokens stay, so that the log stays true.
 *
 * The log has every call that could change something, and every refused one:
 * the last ACCESS_LOG_MAX of each token apart, so that none pushes out what
 * another one did. Calls like the one before are counted, not written again.
 * It is sealed with the vault and never leaves the node.
 *
 * For the loop's thread.
 */
#pragma once

#include "node/access/scope.h"
#include "node/node.h"

#define TOKEN_TEXT     (5 + 64 + 1)
#define TOKENS_MAX     64 /* with those revoked */
#define ACCESS_CHUNK   48 /* calls in one value of the vault */
#define ACCESS_LOG_MAX (16 * ACCESS_CHUNK)

struct tokens;

/** tokens_open(n): sets ${n}->tokens. ERR_CORRUPT: the list is unreadable. */
NODISCARD err tokens_open(struct node *n);
void tokens_close(struct node *n);

/** tokens_tick(n): each second; streams of expired tokens end. */
void tokens_tick(struct node *n);

/** tokens_access(): how the server asks; its context is the node. */
const struct http_access *tokens_access(void);

/**
 * token_add(n, name, scopes, only, expires_s, text):
 * ${only}: 1 + the index of the one persona that it speaks for (whatever its
 * name becomes): who names none means that one, and is refused any other; 0:
 * any. ${expires_s} 0: no end. ERR_FORM: not a name (a-z 0-9 - _, at most 32) or
 * no scope; ERR_EXISTS: the name is or was taken; ERR_LIMIT: TOKENS_MAX that
 * count (the oldest revoked one makes room, with its log); ERR_IO.
 */
NODISCARD err token_add(struct node *n, const char *name, unsigned scopes,
    uint32_t only, uint64_t expires_s, char text[TOKEN_TEXT]);

/** token_revoke(n, name): at once, open streams too. ERR_NOTFOUND; ERR_IO.
 * Revoking again changes nothing. */
NODISCARD err token_revoke(struct node *n, const char *name);

/**
 * tokens_forget(n, persona): that one is forgotten: tokens that speak for it
 * alone end and go with their logs, and its name goes out of the logs of the
 * others. Of the vault; it may be asked again.
 */
NODISCARD err tokens_forget(struct node *n, uint32_t persona);

/** token_json(n, name): one as the API shows it; NULL: there is none. */
json_t *token_json(struct node *n, const char *name);
/** tokens_json(n): [{name, scopes[], persona, made, expires, revoked, used,
 * calls}] */
json_t *tokens_json(struct node *n);

/**
 * access_log_json(n, name, limit):
 * [{token, at, method, path, status, note, times}], the newest first, of one
 * token or (NULL) of all.
 */
json_t *access_log_json(struct node *n, const char *name, size_t limit);
