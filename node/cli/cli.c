#define _GNU_SOURCE /* getopt_long */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "node/cli/cli.h"

#define FLAGS_MAX 32 /* of one command, cli.h */

extern char **environ;

enum global {
	GLOBAL_HOME,
	GLOBAL_API,
	GLOBAL_JSON,
	GLOBAL_SET,
	GLOBAL_PASSPHRASE_FILE,
	GLOBAL_NO_PASSPHRASE,
	GLOBAL_YES,
	GLOBAL_QUIET,
	GLOBAL_PERSONA,
	GLOBAL_HELP,
	GLOBALS
};

/* getopt_long gives back 1000 + enum global, or 2000 + place in flags. */
static const struct option globals[GLOBALS] = {
	{ "home", required_argument, NULL, 1000 + GLOBAL_HOME },
	{ "api", required_argument, NULL, 1000 + GLOBAL_API },
	{ "json", optional_argument, NULL, 1000 + GLOBAL_JSON },
	{ "set", required_argument, NULL, 1000 + GLOBAL_SET },
	{ "passphrase-file", required_argument, NULL,
	    1000 + GLOBAL_PASSPHRASE_FILE },
	{ "no-passphrase", no_argument, NULL, 1000 + GLOBAL_NO_PASSPHRASE },
	{ "yes", no_argument, NULL, 1000 + GLOBAL_YES },
	{ "quiet", no_argument, NULL, 1000 + GLOBAL_QUIET },
	{ "persona", required_argument, NULL, 1000 + GLOBAL_PERSONA },
	{ "help", no_argument, NULL, 1000 + GLOBAL_HELP },
};

void
cli_name(const struct cli *cli, char out[48])
{
	const struct cli_command *c = cli->command;

	snprintf(out, 48, "%s%s%s", c == NULL ? "" : c->noun,
	    c == NULL || c->verb == NULL ? "" : " ",
	    c == NULL || c->verb == NULL ? "" : c->verb);
}

static err
bad_flag(const struct cli_command *c, const char *given, struct problem *p)
{
	const char *names[GLOBALS + FLAGS_MAX];
	char word[48], command[48];
	size_t n = 0;
	const char *near;

	snprintf(word, sizeof(word), "%.*s",
	    (int)strcspn(given + strspn(given, "-"), "="),
	    given + strspn(given, "-"));
	for (size_t i = 0; i < GLOBALS; i++)
		names[n++] = globals[i].name;
	for (size_t i = 0;
	     c != NULL && c->flags != NULL && c->flags[i].name != NULL; i++)
		names[n++] = c->flags[i].name;
	near = nearest_name(word, names, n, sizeof(names[0]));
	problem_set(p, EXIT_USAGE, "E1001", "unknown flag %s", given);
	cli_name(&(struct cli){ .command = c }, command);
	if (strcmp(word, "version") == 0)
		problem_hint(p, "ohcn version");
	else if (near != NULL)
		problem_hint(p, "--%s", near);
	else
		problem_hint(p, "ohcn %s%s--help", command,
		    command[0] == '\0' ? "" : " ");
	return ERR_FORM;
}

static err
take_global(struct cli *cli, int which, const char *value, struct problem *p)
{
	switch (which) {
	case GLOBAL_HOME:
		cli->home = value;
		break;
	case GLOBAL_API:
		cli->api = value;
		break;
	case GLOBAL_JSON:
		cli->json = true;
		if (value != NULL && strcmp(value, "1") != 0) {
			problem_set(p, EXIT_USAGE, "E1002",
			    "there is no version %s of this output", value);
			problem_hint(p, "--json=1");
			return ERR_FORM;
		}
		break;
	case GLOBAL_SET:
		if (cli->sets_n == CLI_SETS_MAX) {
			problem_set(p, EXIT_USAGE, "E1002", "too many --set");
			return ERR_FORM;
		}
		cli->sets[cli->sets_n++] = value;
		break;
	case GLOBAL_PASSPHRASE_FILE:
		cli->passphrase_file = value;
		break;
	case GLOBAL_NO_PASSPHRASE:
		cli->no_passphrase = true;
		break;
	case GLOBAL_YES:
		cli->yes = true;
		break;
	case GLOBAL_QUIET:
		cli->quiet = true;
		break;
	case GLOBAL_PERSONA:
		if (strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-_") !=
		    strlen(value)) {
			problem_set(p, EXIT_USAGE, "E1002",
			    "\"%s\" is no name of a persona", value);
			problem_hint(p, "a to z, 0 to 9, - and _: ohcn "
					"persona list");
			return ERR_FORM;
		}
		cli->persona = value;
		break;
	case GLOBAL_HELP:
		cli->help = true;
		break;
	default:
		break;
	}
	return OK;
}

static int
flag_place(const struct cli_command *c, const char *name)
{
	for (int i = 0; c->flags != NULL && c->flags[i].name != NULL; i++)
		if (strcmp(c->flags[i].name, name) == 0)
			return i;
	return -1;
}

/* Flags up to the first word (no command yet) or all that is there. */
static err
take_flags(struct cli *cli, int argc, char **argv, struct problem *p)
{
	const struct cli_command *c = cli->command;
	struct option options[GLOBALS + FLAGS_MAX + 1] = { { 0 } };
	size_t n = GLOBALS;
	int got;

	memcpy(options, globals, sizeof(globals));
	for (int i = 0;
	     c != NULL && c->flags != NULL && c->flags[i].name != NULL; i++) {
		ASSERT(i < FLAGS_MAX);
		options[n++] = (struct option){ c->flags[i].name,
			c->flags[i].value == NULL ? no_argument
						  : required_argument,
			NULL, 2000 + i };
	}
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((got = getopt_long(argc, argv,
		    c == NULL ? "+:hq" : ":hqno:", options, NULL)) != -1) {
		if (got == 'h') {
			cli->help = true;
		} else if (got == 'q') {
			cli->quiet = true;
		} else if (got == 'n' && flag_place(c, "dry-run") >= 0) {
			cli->flag_values[flag_place(c, "dry-run")] = "";
		} else if (got == 'o' && flag_place(c, "output") >= 0) {
			cli->flag_values[flag_place(c, "output")] = optarg;
		} else if (got == ':') {
			problem_set(p, EXIT_USAGE, "E1003", "%s needs a value",
			    argv[optind - 1]);
			return ERR_FORM;
		} else if (got >= 2000) {
			cli->flag_values[got - 2000] =
			    optarg == NULL ? "" : optarg;
		} else if (got >= 1000) {
			TRY(take_global(cli, got - 1000, optarg, p));
		} else {
			return bad_flag(c, argv[MAX(optind - 1, 1)], p);
		}
	}
	return OK;
}

static err
unknown_command(const char *noun, const char *verb, struct problem *p)
{
	const char *names[128], *near;
	size_t n, k = 0;
	const struct cli_command *c = cli_commands(&n);

	for (size_t i = 0; i < n && k < ARRAY_LEN(names); i++)
		if (verb == NULL || strcmp(c[i].noun, noun) == 0)
			names[k++] = verb == NULL ? c[i].noun : c[i].verb;
	near = nearest_name(
	    verb == NULL ? noun : verb, names, k, sizeof(names[0]));
	problem_set(p, EXIT_USAGE, "E1004", "unknown command \"%s%s%s\"", noun,
	    verb == NULL ? "" : " ", verb == NULL ? "" : verb);
	if (near == NULL)
		problem_hint(p, "ohcn help%s%s", verb == NULL ? "" : " ",
		    verb == NULL ? "" : noun);
	else if (verb == NULL)
		problem_hint(p, "ohcn %s", near);
	else
		problem_hint(p, "ohcn %s %s", noun, near);
	return ERR_FORM;
}

/* ${used}: how many of the words name the command. */
static err
find_command(struct cli *cli, const char *noun, const char *verb,
    unsigned *used, struct problem *p)
{
	size_t n;
	const struct cli_command *c = cli_commands(&n);
	bool noun_known = false;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(c[i].noun, noun) != 0)
			continue;
		noun_known = true;
		if (c[i].verb != NULL &&
		    (verb == NULL || strcmp(c[i].verb, verb) != 0))
			continue;
		cli->command = &c[i];
		*used = c[i].verb == NULL ? 1 : 2;
		return OK;
	}
	if (!noun_known)
		return unknown_command(noun, NULL, p);
	if (verb != NULL && verb[0] != '-')
		return unknown_command(noun, verb, p);
	/* "ohcn demand": teach what can follow. */
	cli->words[0] = noun;
	cli->words_n = 1;
	cli->help = true;
	problem_set(p, EXIT_USAGE, "E1005", "what about %s?", noun);
	problem_hint(p, "ohcn %s --help", noun);
	return verb != NULL &&
		       (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)
		   ? OK
		   : ERR_FORM;
}

static err
check_words(const struct cli *cli, struct problem *p)
{
	const struct cli_command *c = cli->command;
	const char *wanted = c->words;
	char name[48];

	if (cli->help ||
	    (cli->words_n >= c->words_min && cli->words_n <= c->words_max))
		return OK;
	cli_name(cli, name);
	/* "[DEMAND] ID": what may be left out is not what is missing */
	if (wanted[0] == '[' && strstr(wanted, "] ") != NULL)
		wanted = strstr(wanted, "] ") + 2;
	if (cli->words_n < c->words_min)
		problem_set(p, EXIT_USAGE, "E1006", "%s is missing", wanted);
	else
		problem_set(p, EXIT_USAGE, "E1006", "too many words: \"%s\"",
		    cli->words[c->words_max]);
	problem_hint(p, "ohcn %s --help", name);
	return ERR_FORM;
}

err
cli_parse(struct cli *cli, int argc, char **argv, struct problem *p)
{
	unsigned used = 0;
	int at;

	*cli = (struct cli){ 0 };
	TRY(take_flags(cli, argc, argv, p));
	at = optind;
	if (at >= argc) {
		cli->help = true; /* plain "ohcn" */
		return OK;
	}
	TRY(find_command(
	    cli, argv[at], at + 1 < argc ? argv[at + 1] : NULL, &used, p));
	if (cli->command == NULL)
		return OK; /* "ohcn demand --help" */
	/* The last word of the name stands where getopt wants a program. */
	at += (int)used - 1;
	TRY(take_flags(cli, argc - at, argv + at, p));
	for (int i = at + optind; i < argc; i++) {
		if (cli->words_n == CLI_WORDS_MAX) {
			problem_set(p, EXIT_USAGE, "E1006", "too many words");
			return ERR_FORM;
		}
		cli->words[cli->words_n++] = argv[i];
	}
	return check_words(cli, p);
}

const char *
cli_flag(const struct cli *cli, const char *name)
{
	const int i = flag_place(cli->command, name);

	return i < 0 ? NULL : cli->flag_values[i];
}

int
cli_fail(struct cli *cli, const struct problem *p)
{
	char name[48];

	cli_name(cli, name);
	if (cli->json) {
		json_t *o = json_object();

		json_object_set_new(o, "command", json_string(name));
		json_object_set_new(o, "exit", json_integer(p->exit));
		json_object_set_new(o, "code", json_string(p->code));
		json_object_set_new(o, "detail", json_string(p->what));
		if (p->why[0] != '\0')
			json_object_set_new(o, "why", json_string(p->why));
		if (p->hint[0] != '\0')
			json_object_set_new(o, "hint", json_string(p->hint));
		output_json(&cli->out, "ohcn.error/1", o);
	}
	fflush(stdout);
	problem_print(p, name);
	return (int)p->exit;
}

int
cli_usage(struct cli *cli, const char *fmt, ...)
{
	struct problem p;
	char what[400], name[48];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	cli_name(cli, name);
	problem_set(&p, EXIT_USAGE, "E1006", "%s", what);
	problem_hint(&p, "ohcn %s --help", name);
	return cli_fail(cli, &p);
}

static err
load_config(struct cli *cli, struct problem *p)
{
	err e;

	TRY(paths_find(&cli->paths, cli->home, p));
	cli->have_paths = true;
	TRY(config_init(&cli->config));
	cli->have_config = true;
	e = config_read(&cli->config, cli->paths.config, p);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	TRY(config_read_env(&cli->config, environ, p));
	for (unsigned i = 0; i < cli->sets_n; i++) {
		const char *equals = strchr(cli->sets[i], '=');
		char name[80];

		if (equals == NULL || equals == cli->sets[i]) {
			problem_set(p, EXIT_CONFIG, "E1101",
			    "--set %s: section.name=value is needed",
			    cli->sets[i]);
			return ERR_CONFIG;
		}
		snprintf(name, sizeof(name), "%.*s",
		    (int)(equals - cli->sets[i]), cli->sets[i]);
		TRY(config_set(&cli->config, name, equals + 1, p));
	}
	TRY(config_mode(&cli->config));
	TRY(config_check(&cli->config, p));
	return paths_override(&cli->paths, &cli->config, p);
}

int
cli_need_config(struct cli *cli)
{
	struct problem p = {
		.exit = EXIT_TEMPORARY, .code = "E1000", .what = "no memory"
	};

	if (cli->have_config)
		return EXIT_DONE;
	return load_config(cli, &p) == OK ? EXIT_DONE : cli_fail(cli, &p);
}

/* For the client: what the node calls a field was given by a flag. */
static bool
is_flag(const void *ctx, const char *name)
{
	const struct cli_command *c = ctx;

	return flag_place(c, name) >= 0;
}

static int
need_client(struct cli *cli)
{
	struct problem p;
	const int code = cli_need_config(cli);
	const char *api = cli->api != NULL ? cli->api : getenv("OHCN_API");

	if (code != EXIT_DONE || cli->client != NULL)
		return code;
	if (client_new(&cli->paths, api, &cli->client, &p) != OK)
		return cli_fail(cli, &p);
	client_flags(cli->client, is_flag, cli->command);
	client_persona(cli->client, cli->persona);
	return EXIT_DONE;
}

int
cli_call(struct cli *cli, const char *method, const char *path, json_t *body,
    json_t **reply)
{
	struct problem p;
	const int code = need_client(cli);

	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	if (client_call(cli->client, method, path, body, reply, &p) != OK)
		return cli_fail(cli, &p);
	return EXIT_DONE;
}

int
cli_need_client(struct cli *cli)
{
	return need_client(cli);
}

bool
cli_show(struct cli *cli, json_t *reply)
{
	char schema[80];
	const struct cli_command *c = cli->command;

	if (!cli->json)
		return false;
	snprintf(schema, sizeof(schema), "ohcn.%s%s%s/1", c->noun,
	    c->verb == NULL ? "" : ".", c->verb == NULL ? "" : c->verb);
	output_json(&cli->out, schema, reply);
	return true;
}

bool
cli_tell(struct cli *cli, json_t *body)
{
	if (cli_show(cli, body))
		return true;
	json_decref(body);
	return false;
}

bool
cli_confirm(struct cli *cli, const char *question)
{
	char answer[16];

	if (cli->yes)
		return true;
	if (isatty(STDIN_FILENO) != 1)
		return false;
	fprintf(stderr, "%s [y/N] ", question);
	return fgets(answer, sizeof(answer), stdin) != NULL &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static err
query(char *out, size_t cap, const char *base, va_list args)
{
	size_t n = (size_t)snprintf(out, cap, "%s", base);
	char mark = strchr(base, '?') == NULL ? '?' : '&';
	const char *name;
	err e = n < cap ? OK : ERR_MORE;

	while (e == OK && (name = va_arg(args, const char *)) != NULL) {
		const char *value = va_arg(args, const char *);

		if (value == NULL)
			continue;
		n += (size_t)snprintf(out + n, cap - n, "%c%s=", mark, name);
		mark = '&';
		e = n < cap ? url_escape(out + n, cap - n, value) : ERR_MORE;
		if (e == OK)
			n += strlen(out + n);
	}
	return e;
}

err
cli_query(char *out, size_t cap, const char *base, ...)
{
	va_list args;

	va_start(args, base);
	const err e = query(out, cap, base, args);
	va_end(args);
	return e;
}

int
cli_get(struct cli *cli, json_t **reply, const char *base, ...)
{
	char path[3600];
	va_list args;

	*reply = NULL;
	va_start(args, base);
	const err e = query(path, sizeof(path), base, args);
	va_end(args);
	if (e != OK)
		return cli_usage(cli, "the words or flags are too long");
	const int code = cli_call(cli, "GET", path, NULL, reply);
	if (code == EXIT_DONE && cli_show(cli, *reply))
		*reply = NULL;
	return code;
}

int
cli_number(struct cli *cli, const char *flag, uint64_t min, uint64_t max,
    uint64_t *out)
{
	const char *text = cli_flag(cli, flag);
	struct problem p;
	char *end = NULL;

	if (text == NULL)
		return EXIT_DONE;
	errno = 0;
	const uint64_t v = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	    v >= min && v <= max) {
		*out = v;
		return EXIT_DONE;
	}
	problem_set(
	    &p, EXIT_USAGE, "E1006", "%s cannot be \"%.40s\"", flag, text);
	problem_why(&p, "it is about --%s", flag);
	problem_hint(
	    &p, "a whole number from %" PRIu64 " to %" PRIu64, min, max);
	return cli_fail(cli, &p);
}

err
cli_under(
    char *out, size_t cap, const char *base, const char *id, const char *rest)
{
	size_t n = (size_t)snprintf(out, cap, "%s/", base);

	if (n >= cap)
		return ERR_MORE;
	TRY(url_escape(out + n, cap - n, id));
	n += strlen(out + n);
	n += (size_t)snprintf(
	    out + n, cap - n, "%s%s", rest[0] == '\0' ? "" : "/", rest);
	return n < cap ? OK : ERR_MORE;
}

int
cli_call_one(struct cli *cli, const char *method, const char *base,
    const char *rest, json_t *body, json_t **reply)
{
	char path[512];

	*reply = NULL;
	if (cli_under(path, sizeof(path), base, cli->words[0], rest) == OK)
		return cli_call(cli, method, path, body, reply);
	json_decref(body);
	return cli_usage(cli, "the id is too long");
}

void
cli_put_flag(
    const struct cli *cli, json_t *body, const char *flag, const char *key)
{
	const char *value = cli_flag(cli, flag);

	if (value != NULL)
		(void)json_object_set_new(body, key, json_string(value));
}

json_t *
cli_words(const char *text, const char *separators)
{
	json_t *list = json_array();
	char *copy = strdup(text), *rest = NULL;

	for (char *one = copy == NULL ? NULL
				      : strtok_r(copy, separators, &rest);
	     one != NULL; one = strtok_r(NULL, separators, &rest))
		(void)json_array_append_new(list, json_string(one));
	free(copy);
	return list;
}

int
cli_not_confirmed(struct cli *cli, const char *code, const char *what)
{
	struct problem p = { 0 };

	problem_set(&p, EXIT_REFUSED, code, "%s", what);
	problem_why(&p, "it was not confirmed");
	problem_hint(&p, "--yes where there is no terminal");
	return cli_fail(cli, &p);
}

/* Was --json asked for, though the words cannot be read? */
static bool
wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0 ||
		    strncmp(argv[i], "--json=", 7) == 0)
			return true;
	return false;
}

int
cli_main(int argc, char **argv)
{
	struct cli cli;
	struct problem p = { 0 };
	int code;
	err e;

	setlocale(LC_CTYPE, "");
	/* A limit on the size of files is an error of the write, not our end. */
	(void)signal(SIGXFSZ, SIG_IGN);
	if (!crypto_init()) {
		fputs("ohcn: libsodium cannot start [E1000]\n", stderr);
		return EXIT_TEMPORARY;
	}
	e = cli_parse(&cli, argc, argv, &p);
	cli.json = cli.json || (e != OK && wants_json(argc, argv));
	output_init(&cli.out, cli.json, cli.quiet);
	if (e != OK) {
		if (cli.command == NULL && cli.words_n == 1 && !cli.json)
			(void)cli_help(cli.words[0], NULL, stderr);
		return cli_fail(&cli, &p);
	}
	if (cli.help && cli.command == NULL)
		return cli_help(
		    cli.words_n > 0 ? cli.words[0] : NULL, NULL, stdout);
	if (cli.help)
		return cli_help(cli.command->noun, cli.command->verb, stdout);
	code = cli.command->run(&cli);
	client_free(cli.client);
	if (cli.have_config)
		config_fini(&cli.config);
	if (fflush(stdout) != 0 && code == EXIT_DONE) {
		problem_set(&p, EXIT_DISK, "E1007", "cannot write the output");
		return cli_fail(&cli, &p);
	}
	return code;
}
