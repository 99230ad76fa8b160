/*
 * cli.h: the command line: one static table of commands (noun, verb, words,
 * flags, help, examples, handler). Help, checks and completion come from it.
 */
#pragma once

#include "node/base/config.h"
#include "node/base/paths.h"
#include "node/cli/client.h"
#include "node/cli/output.h"
#include "node/keys/keyfile.h"

#define CLI_WORDS_MAX 8
#define CLI_SETS_MAX  64

/* What a flag of a command is; global flags are in cli.c. */
struct cli_flag {
	const char *name;  /* without dashes; NULL ends the list */
	const char *value; /* "FILE"; NULL: a switch */
	const char *help;
};

struct cli;

struct cli_command {
	const char *noun;  /* "profile", or the bare verb */
	const char *verb;  /* NULL: a bare verb */
	const char *words; /* "FILE", "[ID]", "" */
	unsigned words_min, words_max;
	const char *summary;  /* one line, no full stop */
	const char *help;     /* more; may be NULL */
	const char *examples; /* lines, each one a command; may be NULL */
	const struct cli_flag *flags; /* may be NULL */
	int (*run)(struct cli *cli);  /* the exit code */
};

/* One invocation. */
struct cli {
	const struct cli_command *command;
	const char *words[CLI_WORDS_MAX];
	unsigned words_n;
	const char *flag_values[32]; /* by place in the command's list */
	bool help;
	/* global flags */
	const char *home, *api, *passphrase_file, *persona;
	bool json, quiet, yes, no_passphrase;
	const char *sets[CLI_SETS_MAX];
	unsigned sets_n;
	/* made on demand */
	struct output out;
	struct paths paths;
	struct config config;
	bool have_paths, have_config;
	struct client *client;
};

/** cli_commands(n): the whole table (cli/table.c). */
const struct cli_command *cli_commands(size_t *n);

/**
 * cli_parse(cli, argc, argv, p):
 * Fill in ${cli}; nothing is run. ERR_FORM with ${p}: what is wrong and the
 * nearest command or flag.
 */
NODISCARD err cli_parse(
    struct cli *cli, int argc, char **argv, struct problem *p);

/** cli_main(argc, argv): all of it; returns the exit code. */
int cli_main(int argc, char **argv);

/** cli_flag(cli, name): the value given, "" for a switch, NULL if not. */
const char *cli_flag(const struct cli *cli, const char *name);

/* For the handlers. Each prints its own problem and returns its exit code. */
int cli_fail(struct cli *cli, const struct problem *p);
/** cli_need_config(cli): paths and configuration; EXIT_DONE or the code. */
int cli_need_config(struct cli *cli);
/** cli_call(cli, method, path, body, reply): JSON call with all that. */
int cli_call(struct cli *cli, const char *method, const char *path,
    json_t *body, json_t **reply);
/** cli_need_client(cli): cli->client is there; the exit code. */
int cli_need_client(struct cli *cli);
/**
 * cli_show(cli, reply): with --json print ${reply} as the command's answer
 * and take the reference; false without --json, nothing is taken then.
 */
bool cli_show(struct cli *cli, json_t *reply);
/** cli_tell(cli, body): the same, but ${body} is taken in any case. */
bool cli_tell(struct cli *cli, json_t *body);
/** cli_confirm(cli, question): --yes, or "y" on a terminal; else false. */
bool cli_confirm(struct cli *cli, const char *question);
/**
 * cli_query(out, cap, base, name, value, ..., NULL): "BASE?name=value&...",
 * escaped; names whose value is NULL are left out. ERR_MORE.
 */
err cli_query(char *out, size_t cap, const char *base, ...);
/**
 * cli_get(cli, reply, base, name, value, ..., NULL):
 * GET of what cli_query() makes of it. ${reply} is the caller's, to be shown
 * to a person; NULL: the code is the end, with --json or by a problem.
 */
int cli_get(struct cli *cli, json_t **reply, const char *base, ...);
/** cli_number(cli, flag, min, max, out): a flag; ${out} stays without it. */
int cli_number(struct cli *cli, const char *flag, uint64_t min, uint64_t max,
    uint64_t *out);
/** cli_under(out, cap, base, id, rest): BASE/ID/REST; ${rest} may be "". */
err cli_under(
    char *out, size_t cap, const char *base, const char *id, const char *rest);
/** cli_call_one(cli, method, base, rest, body, reply): cli_call() of BASE/ID/REST
 * for the first word; NULL is in ${reply} where it is too long. */
int cli_call_one(struct cli *cli, const char *method, const char *base,
    const char *rest, json_t *body, json_t **reply);
/** cli_put_flag(cli, body, flag, key): what was given, as text; else nothing. */
void cli_put_flag(
    const struct cli *cli, json_t *body, const char *flag, const char *key);
/** cli_words(text, separators): a new list of texts, none of them empty. */
json_t *cli_words(const char *text, const char *separators);
/** cli_not_confirmed(cli, code, what): the owner did not say yes; the exit
 * code. ${what}: "nothing was published". */
int cli_not_confirmed(struct cli *cli, const char *code, const char *what);
/** cli_usage(cli, fmt, ...): a mistake in the words or flags. */
int cli_usage(struct cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** cli_name(cli, out): "demand import". */
void cli_name(const struct cli *cli, char out[48]);

/** cli_help(noun, verb, to): EXIT_DONE, or EXIT_USAGE: no such command. */
int cli_help(const char *noun, const char *verb, FILE *to);
