/*
 * The command line: its table, its parser, its help, and the commands
 * themselves against an API with canned answers in a thread. The node is
 * replaced by a function that fails as told.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <uv.h>

#include "crypto/crypto.h"
#include "node/cli/cli.h"
#include "node/http/http.h"
#include "node/run.h"
#include "test_env.h"

static char dir[] = "/tmp/ohcn-cli-test-XXXXXX";
static char home[64], out_path[64], err_path[64];
static char out[200000], errors[20000];

int
node_run(const struct config *cf, const struct paths *paths,
    struct key_material *km, int ready_fd, struct problem *p)
{
	(void)paths;
	(void)ready_fd;
	key_material_wipe(km);
	if (cf->peers.max == 77)
		return EXIT_DONE;
	problem_set(p, EXIT_NEWER, "E1777", "the store is of version 9");
	problem_hint(p, "a newer ohcn");
	return EXIT_NEWER;
}

static void
slurp(const char *path, char *to, size_t cap)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(to, 1, cap - 1, f);
	to[n] = '\0';
	fclose(f);
}

/* Run a command line; what it prints is in out and errors. */
static int run(const char *line, ...) __attribute__((format(printf, 1, 2)));

static int
run(const char *line, ...)
{
	char text[1024], *argv[40] = { NULL };
	int argc = 0, code, old[2];
	va_list args;

	va_start(args, line);
	vsnprintf(text, sizeof(text), line, args);
	va_end(args);
	for (char *w = strtok(text, " "); w != NULL; w = strtok(NULL, " ")) {
		for (char *c = w; *c != '\0'; c++)
			if (*c == '~')
				*c = ' ';
		argv[argc++] = w;
	}
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		const int fd = open(i == 0 ? out_path : err_path,
		    O_WRONLY | O_CREAT | O_TRUNC, 0600);

		assert_true(fd >= 0);
		old[i] = dup(i + 1);
		dup2(fd, i + 1);
		close(fd);
	}
	code = cli_main(argc, argv);
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		dup2(old[i], i + 1);
		close(old[i]);
	}
	slurp(out_path, out, sizeof(out));
	slurp(err_path, errors, sizeof(errors));
	return code;
}

#define HAS(text, part)                                                        \
	do {                                                                   \
		if (strstr(text, part) == NULL)                                \
			fail_msg("no \"%s\" in: %s", part, text);              \
	} while (0)

/* Every command has what help needs, and help has every command and flag. */
static void
test_help(void **state)
{
	size_t n;
	const struct cli_command *c = cli_commands(&n);
	char title[64];

	(void)state;
	for (size_t i = 0; i < n; i++) {
		snprintf(title, sizeof(title), "%s%s%s", c[i].noun,
		    c[i].verb == NULL ? "" : " ",
		    c[i].verb == NULL ? "" : c[i].verb);
		assert_int_equal(run("ohcn help all"), 0);
		HAS(out, title);
		HAS(out, c[i].summary);
		assert_non_null(c[i].run);
		assert_true(c[i].words_min <= c[i].words_max);
		assert_int_equal(c[i].words_max == 0, c[i].words[0] == '\0');
		assert_non_null(c[i].examples);
		if (strcmp(title, "help") == 0)
			continue;
		assert_int_equal(run("ohcn %s --help", title), 0);
		HAS(out, title);
		HAS(out, c[i].summary);
		HAS(out, c[i].examples[0] == '\0' ? "x" : "ohcn");
		for (const struct cli_flag *f = c[i].flags;
		     f != NULL && f->name != NULL; f++) {
			HAS(out, f->name);
			assert_true(f->help[0] != '\0');
		}
		if (strstr(title, " publish") != NULL ||
		    strstr(title, " post") != NULL ||
		    strstr(title, " close") != NULL ||
		    strcmp(title, "demand import") == 0 ||
		    strcmp(title, "course import") == 0)
			HAS(out, "--dry-run");
	}
	assert_int_equal(run("ohcn help forgetting"), 0);
	assert_int_equal(run("ohcn help exit-codes"), 0);
	for (int code = 0; code < 9; code++) {
		snprintf(title, sizeof(title), "  %3d  ", code);
		HAS(out, title);
	}
	HAS(out, " 78  ");
	assert_int_equal(run("ohcn help config"), 0);
	HAS(out, "[gossip]");
	assert_int_equal(run("ohcn demand --help"), 0);
	HAS(out, "demand import");
	assert_null(strstr(out, "profile import"));
	assert_int_equal(run("ohcn"), 0);
	/* the first help fits a screen of 24 lines of 80 columns */
	size_t lines = 0, column = 0;
	for (const char *at = out; *at != '\0'; at++) {
		column = *at == '\n' ? 0 : column + 1;
		lines += *at == '\n';
		assert_true(column <= 80);
	}
	assert_true(lines >= 10 && lines <= 24);
	assert_int_equal(run("ohcn help demand close"), 0);
	HAS(out, "--status");
}

/* Each example in the table parses. */
static void
test_examples_parse(void **state)
{
	size_t n;
	const struct cli_command *c = cli_commands(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const char *line = c[i].examples;

		while (*line != '\0') {
			char text[300], *argv[40] = { NULL };
			size_t k = strcspn(line, "\n");
			bool quoted = false;
			struct problem p = { 0 };
			struct cli cli;
			int argc = 0;

			snprintf(text, sizeof(text), "%.*s", (int)k, line);
			line += k + (line[k] == '\n');
			if (strstr(text, "| ") != NULL)
				memmove(text, strstr(text, "| ") + 2,
				    strlen(strstr(text, "| ")) - 1);
			if (strstr(text, " > ") != NULL)
				*strstr(text, " > ") = '\0';
			for (char *at = text; *at != '\0'; at++) {
				if (*at == '"')
					quoted = !quoted;
				if (*at == ' ' && quoted)
					*at = '_';
			}
			for (char *w = strtok(text, " "); w != NULL;
			     w = strtok(NULL, " "))
				argv[argc++] = w;
			if (cli_parse(&cli, argc, argv, &p) != OK)
				fail_msg("%s %s: %s", c[i].noun, c[i].examples,
				    p.what);
			assert_ptr_equal(cli.command, &c[i]);
		}
	}
}

static void
test_parse(void **state)
{
	static const struct {
		const char *line, *what, *hint;
	} wrong[] = {
		{ "ohcn profil show", "unknown command \"profil\"",
		    "ohcn profile" },
		{ "ohcn demand improt x.csv",
		    "unknown command \"demand improt\"", "ohcn demand import" },
		{ "ohcn demand import", "FILE is missing", "--help" },
		{ "ohcn match explain", "explain: ID is missing", "--help" },
		{ "ohcn match compare", "compare: A B is missing", "--help" },
		{ "ohcn demand import a b", "too many words", "--help" },
		{ "ohcn demand list --staus open", "unknown flag --staus",
		    "--status" },
		{ "ohcn demand list --status", "needs a value", "" },
		{ "ohcn --jsn status", "unknown flag --jsn", "--json" },
		{ "ohcn status --dry-run", "unknown flag", "" },
		{ "ohcn status -n", "unknown flag", "" },
		{ "ohcn --json matsch list", "unknown command \"matsch\"",
		    "ohcn match" },
		{ "ohcn match lsit --json", "unknown command \"match lsit\"",
		    "ohcn match list" },
		{ "ohcn match list --limt 3 --json", "unknown flag --limt",
		    "--limit" },
		{ "ohcn match --json", "what about match?", "--help" },
		{ "ohcn watch --count 0", "count cannot be \"0\"",
		    "a whole number from 1" },
		{ "ohcn --json=2 status", "no version 2", "--json=1" },
		{ "ohcn demand", "what about demand?", "--help" },
		{ "ohcn zzzzzzz", "unknown command", "ohcn help" },
	};
	char *argv[] = { (char[]){ "ohcn" }, (char[]){ "--home" },
		(char[]){ "/h" }, (char[]){ "demand" }, (char[]){ "import" },
		(char[]){ "--map" }, (char[]){ "m" }, (char[]){ "f.csv" },
		(char[]){ "-n" }, (char[]){ "--set" }, (char[]){ "a.b=c" },
		(char[]){ "--json" }, (char[]){ "-q" }, NULL };
	struct problem p;
	struct cli cli;

	(void)state;
	assert_int_equal(cli_parse(&cli, 13, argv, &p), OK);
	assert_string_equal(cli.home, "/h");
	assert_string_equal(cli.words[0], "f.csv");
	assert_int_equal(cli.words_n, 1);
	assert_string_equal(cli_flag(&cli, "map"), "m");
	assert_string_equal(cli_flag(&cli, "dry-run"), "");
	assert_null(cli_flag(&cli, "format"));
	assert_true(cli.json && cli.quiet && !cli.yes);
	assert_string_equal(cli.sets[0], "a.b=c");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(run("%s", wrong[i].line), EXIT_USAGE);
		HAS(errors, wrong[i].what);
		HAS(errors, wrong[i].hint);
		if (strstr(wrong[i].line, "--json") == NULL)
			assert_string_equal(out, "");
		else
			HAS(out, "\"schema\": \"ohcn.error/1\"");
	}
}

static void
test_init(void **state)
{
	char words[SEED_TEXT_MAX], author[100], path[100], other[100];
	struct stat st;
	FILE *f;

	(void)state;
	assert_int_equal(
	    run("ohcn --home %s init --role compny --no-passphrase", home),
	    EXIT_CONFIG);
	HAS(errors, "node.role");
	assert_int_equal(run("ohcn --home %s init --role company --name "
			     "Acme~Werke --no-passphrase",
			     home),
	    0);
	HAS(errors, "whoever reads this file is you");
	snprintf(path, sizeof(path), "%s/key", home);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(home, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(run("ohcn --home %s config show node.name", home), 0);
	assert_string_equal(out, "Acme Werke\n");
	assert_int_equal(
	    run("ohcn --home %s init --no-passphrase", home), EXIT_CONFLICT);
	assert_int_equal(
	    run("ohcn --home %s up --role person --no-passphrase", home),
	    EXIT_CONFLICT);
	HAS(errors, "your file is never changed");

	assert_int_equal(
	    run("ohcn --home %s key words --no-passphrase", home), 0);
	snprintf(words, sizeof(words), "%.255s", out);
	assert_int_equal(
	    run("ohcn --home %s key show --no-passphrase --json", home), 0);
	HAS(out, "\"schema\": \"ohcn.key.show/1\"");
	snprintf(author, sizeof(author), "%.80s", strstr(out, "did:key:"));
	*strchr(author, '"') = '\0';

	/* the words make the same author in another home, with a passphrase */
	snprintf(path, sizeof(path), "%s/words", dir);
	f = fopen(path, "w");
	fputs(words, f);
	fclose(f);
	snprintf(other, sizeof(other), "%s/other", dir);
	assert_int_equal(run("ohcn --home %s init --words-from %s "
			     "--passphrase-file %s",
			     other, path, path),
	    0);
	assert_int_equal(
	    run("ohcn --home %s key show --passphrase-file %s", other, path),
	    0);
	HAS(out, author);
	assert_int_equal(
	    run("ohcn --home %s key show --no-passphrase", other), EXIT_AUTH);
	f = fopen(path, "w");
	fputs("abandon ability", f);
	fclose(f);
	snprintf(other, sizeof(other), "%s/third", dir);
	assert_int_equal(run("ohcn --home %s init --words-from %s "
			     "--no-passphrase",
			     other, path),
	    EXIT_USAGE);
	HAS(errors, "24 words");
}

static void
test_config(void **state)
{
	char path[100];
	FILE *f;

	(void)state;
	assert_int_equal(run("ohcn --home %s config list", home), 0);
	HAS(out, "gossip.d_lazy");
	assert_int_equal(run("ohcn --home %s --set peers.max=9 config show "
			     "--origin",
			     home),
	    0);
	HAS(out, "--set");
	assert_int_equal(
	    run("ohcn --home %s --set peers.mx=9 status", home), EXIT_CONFIG);
	HAS(errors, "peers.max");
	assert_int_equal(
	    run("ohcn --home %s --set nonsense status", home), EXIT_CONFIG);
	assert_int_equal(
	    run("ohcn --home %s config show peers.mx", home), EXIT_NOTFOUND);
	snprintf(path, sizeof(path), "%s/bad.conf", dir);
	f = fopen(path, "w");
	fputs("[peers]\nmax = 1\nmx = 2\n", f);
	fclose(f);
	assert_int_equal(
	    run("ohcn --home %s config check %s", home, path), EXIT_CONFIG);
	HAS(errors, "line 3");
	HAS(errors, "try: peers.max");
	assert_int_equal(run("ohcn --home %s config check", home), 0);
	assert_int_equal(run("ohcn --home %s paths --json", home), 0);
	HAS(out, "api.sock");
}

static void
test_start(void **state)
{
	char path[100];
	FILE *f;

	(void)state;
	assert_int_equal(
	    run("ohcn --home %s up --foreground --no-passphrase", home),
	    EXIT_NEWER);
	HAS(errors, "ohcn: up: the store is of version 9 [E1777]");
	HAS(errors, "  try: a newer ohcn");
	assert_int_equal(
	    run("ohcn --home %s up --no-passphrase", home), EXIT_NEWER);
	HAS(errors, "the store is of version 9");
	assert_int_equal(run("ohcn --home %s daemon --no-passphrase "
			     "--set peers.max=77",
			     home),
	    0);
	assert_int_equal(run("ohcn --home %s/none daemon --no-passphrase", dir),
	    EXIT_NOTFOUND);
	/* a store whose key is lost gets no other one by the way */
	snprintf(path, sizeof(path), "%s/none/store/data.mdb", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(
	    run("ohcn --home %s/none up --no-passphrase", dir), EXIT_CONFLICT);
	HAS(errors, "no key file");
	snprintf(path, sizeof(path), "%s/none/key", dir);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(run("ohcn --home %s status", home), EXIT_UNREACHABLE);
	HAS(errors, "try: ohcn up");
	assert_int_equal(
	    run("ohcn --home %s status --json", home), EXIT_UNREACHABLE);
	HAS(out, "\"schema\": \"ohcn.error/1\"");
	assert_int_equal(run("ohcn --home %s doctor", home), EXIT_REFUSED);
	HAS(out, "does not run");
}

/* The API in a thread: one canned answer for each path. */
struct canned {
	const char *method, *path;
	int status;
	const char *answer;
};

#define BARRIER(label) "{\"label\":\"" label "\",\"people\":9,\"alone\":1}"

static const struct canned canned[] = {
	{ "GET", "/api/v1/path", 200,
	    "{\"target\":{\"kind\":\"occupation\",\"name\":\"welder\","
	    "\"guessed_of\":[{\"label\":\"welder\"},{\"label\":"
	    "\"welding inspector\"}]},\"strategy\":\"s\"}" },
	{ "GET", "/api/v1/status", 200,
	    "{\"peer_id\":\"12D3KooWtest\",\"addresses\":[\"/ip4/1.2.3.4\"],"
	    "\"role\":\"person\",\"network\":\"main\",\"uptime_s\":3700,"
	    "\"peers\":3,\"records\":{\"demand\":5},\"store\":{\"bytes\":2048,"
	    "\"quota_bytes\":4096},\"own\":{\"profile\":{\"id\":\"x\"}},"
	    "\"new_since_last_visit\":{\"demands\":2},\"warnings\":[{\"code\":"
	    "\"x\",\"text\":\"w1\",\"hint\":\"h1\"}]}" },
	{ "GET", "/api/v1/matches", 200,
	    "{\"matches\":[{\"record\":\"bafy0123456789abcdef\",\"title\":"
	    "\"Welder\",\"organisation\":\"Acme\",\"region\":\"de\","
	    "\"score\":712,\"fit\":800,\"wish\":640,\"teaches\":[{\"label\":"
	    "\"MIG\",\"level\":3}],\"pays\":[{\"kind\":\"course-budget\","
	    "\"amount\":150000,\"currency\":\"EUR\"}],\"missing\":[],"
	    "\"next_step\":\"ask\"}],\"vocabulary_hash\":\"aa\","
	    "\"rarity_hash\":\"bb\",\"scanned\":9}" },
	{ "GET", "/api/v1/candidates", 200,
	    "{\"candidates\":[],\"scanned\":99,\"excluded\":99,\"excluded_by\":"
	    "[" BARRIER("must 1") "," BARRIER("must 2") "," BARRIER("must 3") "," BARRIER("must 4") "," BARRIER(
		"must 5") "," BARRIER("must 6") "," BARRIER("must 7") "," BARRIER("must 8") "," BARRIER("must 9") "]}" },
	{ "POST", "/api/v1/demands/import", 200,
	    "{\"rows\":[{\"row\":2,\"external_id\":\"A-1\",\"state\":"
	    "\"created\",\"id\":\"bafyabc\"},{\"row\":3,\"external_id\":"
	    "\"A-2\",\"state\":\"error\",\"field\":\"pay\",\"message\":"
	    "\"no such currency\",\"hint\":\"EUR\"}],\"created\":1,"
	    "\"updated\":0,\"unchanged\":0,\"errors\":1}" },
	{ "POST", "/api/v1/profile/publish", 200,
	    "{\"record\":{\"id\":\"bafyxyz\",\"size\":300,\"bytes_hex\":"
	    "\"93c4\",\"body\":{\"kind\":\"profile\"}},\"readers\":"
	    "\"everyone\",\"topic\":\"/ohcn/1/main/people/0\",\"warnings\":"
	    "[\"k is low\"],\"sent_to\":0}" },
	{ "GET", "/api/v1/signals", 400,
	    "{\"detail\":\"k cannot be \\\"1\\\"\",\"code\":\"E2001\","
	    "\"field\":\"k\",\"hint\":\"a whole number from 10 to 1000\"}" },
	{ "GET", "/api/v1/signals/series", 200,
	    "{\"label\":\"welding\",\"region\":\"zz\",\"weeks\":[{\"week\":"
	    "\"2026-W01\",\"demand\":12,\"supply\":null}],\"k\":{\"people\":"
	    "10,\"companies\":3}}" },
	{ "GET", "/api/v1/records/nosuchid", 404,
	    "{\"detail\":\"no such record\",\"code\":\"E2004\"}" },
	{ "GET", "/api/v1/vocabulary/search", 200,
	    "{\"terms\":[{\"term\":\"00112233aabbccdd\",\"label\":"
	    "\"welding\\u001b[31m\",\"type\":\"skill\",\"source\":\"core\","
	    "\"match\":\"exact\"}]"
	    "}" },
	{ "GET", "/api/v1/profile", 200,
	    "{\"draft\":{\"skills\":[{\"term\":{\"term\":"
	    "\"00112233aabbccdd\",\"label\":\"welding\"},\"level\":1}]},"
	    "\"published\":null}" },
	{ "PUT", "/api/v1/profile", 0, NULL }, /* echoes */
	{ "GET", "/api/v1/records/export", 200, "0123456789" },
};

static char last_body[4096];

static void
answer(struct http_request *r, void *ctx)
{
	const struct slice body = http_body(r);

	(void)ctx;
	snprintf(last_body, sizeof(last_body), "%.*s", (int)body.n,
	    body.n == 0 ? "" : (const char *)body.p);
	for (size_t i = 0; i < ARRAY_LEN(canned); i++) {
		if (strcmp(canned[i].path, http_path(r)) != 0 ||
		    (canned[i].answer == NULL) !=
			(body.n > 0 && strcmp(canned[i].method, "PUT") == 0))
			continue;
		if (canned[i].answer == NULL) {
			http_reply_bytes(r, 200, "application/json", body);
			return;
		}
		http_reply_bytes(r, (unsigned)canned[i].status,
		    "application/json", slice_str(canned[i].answer));
		return;
	}
	http_fail(r, 404, "E2004", NULL, NULL, "nothing canned for this");
}

static const struct http_route routes[] = {
	{ HTTP_GET, "/api/v1/{a}", answer, 0 },
	{ HTTP_GET, "/api/v1/{a}/{b}", answer, 0 },
	{ HTTP_PUT, "/api/v1/{a}", answer, 0 },
	{ HTTP_POST, "/api/v1/{a}/{b}", answer, 0 },
};

struct api {
	uv_loop_t loop;
	uv_async_t stop;
	uv_thread_t thread;
	struct http_server *server;
	struct test_env env;
};

static void
on_stop(uv_async_t *async)
{
	struct api *api = async->data;

	http_server_stop(api->server);
	uv_close((uv_handle_t *)async, NULL);
}

static void
serve(void *ctx)
{
	uv_run(&((struct api *)ctx)->loop, UV_RUN_DEFAULT);
}

static void
start_api(struct api *api)
{
	static char path[100];
	struct http_config cf = { .routes = routes,
		.routes_n = ARRAY_LEN(routes),
		.socket_path = path };
	struct problem p;

	snprintf(path, sizeof(path), "%s/run/api.sock", home);
	test_env_init(&api->env, 1);
	cf.env = &api->env.env;
	uv_loop_init(&api->loop);
	uv_async_init(&api->loop, &api->stop, on_stop);
	api->stop.data = api;
	assert_int_equal(
	    http_server_new(&api->loop, &cf, &api->server, &p), OK);
	assert_int_equal(uv_thread_create(&api->thread, serve, api), 0);
}

static void
stop_api(struct api *api)
{
	uv_async_send(&api->stop);
	uv_thread_join(&api->thread);
	assert_int_equal(uv_loop_close(&api->loop), 0);
}

static void
test_commands(void **state)
{
	static struct api api;
	char path[100];
	FILE *f;

	(void)state;
	start_api(&api);
	assert_int_equal(run("ohcn --home %s status", home), 0);
	HAS(out, "12D3KooWtest");
	HAS(out, "up 1 h 1 min");
	HAS(out, "5 demand");
	HAS(out, "2.0 KiB of 4.0 KiB");
	HAS(out, "warning    w1; h1");
	assert_int_equal(run("ohcn --home %s status --json", home), 0);
	HAS(out, "\"schema\": \"ohcn.status/1\"");
	assert_string_equal(errors, "");
	assert_int_equal(run("ohcn --home %s match list --limit 3", home), 0);
	HAS(out, "Welder, Acme");
	HAS(out, "#  score  fit   wish  kind  where  record      title");
	HAS(errors, "ohcn match explain 6789abcdef");
	HAS(out, "\n\nfor number 1, Welder:\n");
	assert_int_equal(
	    run("ohcn --home %s match list --limit 3 --long", home), 0);
	HAS(out, "Welder, Acme (de)");
	HAS(out, "7.12 (fit 8.00, wish 6.40)");
	HAS(out, "course-budget 1500.00 EUR");
	HAS(out, "ohcn match explain 6789abcdef");
	assert_int_equal(
	    run("ohcn --home %s candidate list --demand A-1", home), 0);
	HAS(out, "9 by must 6 (1 by this alone)");
	assert_null(strstr(out, "must 7"));
	HAS(out, "and by 3 more, fewer people each: --all or --json");
	assert_int_equal(
	    run("ohcn --home %s candidate list --demand A-1 --all", home), 0);
	HAS(out, "must 9");
	snprintf(path, sizeof(path), "%s/jobs.csv", dir);
	f = fopen(path, "w");
	fputs("\xef\xbb\xbfid,title\n", f);
	fclose(f);
	assert_int_equal(
	    run("ohcn --home %s demand import %s --dry-run", home, path),
	    EXIT_PARTIAL);
	HAS(out, "no such currency; EUR");
	HAS(errors, "nothing was published");
	HAS(last_body, "\"format\":\"csv\",\"data\":\"id,title\\n\"");
	HAS(last_body, "\"dry_run\":true");
	f = fopen(path, "w");
	fputs("caf\xe9\n", f);
	fclose(f);
	assert_int_equal(
	    run("ohcn --home %s demand import %s", home, path), EXIT_USAGE);
	HAS(errors, "not UTF-8");
	assert_int_equal(run("ohcn --home %s profile publish -n", home), 0);
	HAS(out, "93c4");
	HAS(out, "\"kind\": \"profile\"");
	HAS(errors, "warning: k is low");
	HAS(errors, "nothing was published");
	assert_int_equal(
	    run("ohcn --home %s record show nosuchid", home), EXIT_NOTFOUND);
	HAS(errors, "ohcn: record show: no such record [E2004]");
	/* what, why and what to try, in the words of the command line */
	assert_int_equal(
	    run("ohcn --home %s signal top --k 1", home), EXIT_REFUSED);
	HAS(errors, "ohcn: signal top: k cannot be \"1\" [E2001]\n"
		    "  why: it is about --k\n"
		    "  try: a whole number from 10 to 1000\n");
	assert_int_equal(run("ohcn --home %s signal series welding", home), 0);
	HAS(out, "demand  12");
	HAS(out, "supply  few");
	HAS(errors, "few: fewer than 10 people or 3 companies");
	/* a label from the network cannot paint the terminal */
	assert_int_equal(run("ohcn --home %s path --occupation weld", home), 0);
	HAS(out, "guessed: nothing is called just so; there is welder, "
		 "welding inspector");
	assert_int_equal(run("ohcn --home %s vocabulary search weld", home), 0);
	HAS(out, "welding [31m");
	/* the term is replaced, not doubled */
	assert_int_equal(run("ohcn --home %s profile edit --add-skill "
			     "welding --level 4 --language de=B2 --json",
			     home),
	    0);
	HAS(last_body, "{\"draft\":{\"skills\":[{\"term\":"
		       "\"00112233aabbccdd\",\"level\":4}],\"languages\":"
		       "[{\"language\":\"de\",\"cefr\":\"B2\"}]}}");
	assert_int_equal(
	    run("ohcn --home %s profile forget", home), EXIT_USAGE);
	snprintf(path, sizeof(path), "%s/all.ohcn", dir);
	assert_int_equal(
	    run("ohcn --home %s record export -o %s", home, path), 0);
	slurp(path, out, sizeof(out));
	assert_string_equal(out, "0123456789");
	assert_int_equal(
	    run("ohcn --home %s up --no-passphrase", home), EXIT_CONFLICT);
	HAS(errors, "already running");
	assert_int_equal(run("ohcn --home %s doctor --json", home), 0);
	HAS(out, "\"well\": true");
	stop_api(&api);
}

/* A case of tests/vectors/credential.json, into a file. */
static json_t *
credential_file(const json_t *all, const char *name, const char *path)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(all, "cases"), i, v)
	{
		json_t *document = json_object_get(v, "document");
		if (strcmp(json_string_value(json_object_get(v, "name")),
			name) != 0)
			continue;
		assert_int_equal(json_dump_file(document, path, 0), 0);
		return document;
	}
	fail_msg("no case %s", name);
	return NULL;
}

/* Without a node, a home or a network. */
static void
test_credential(void **state)
{
	json_t *all = json_load_file(
	    OHCN_SOURCE_DIR "/tests/vectors/credential.json", 0, NULL);
	char path[100];

	(void)state;
	assert_non_null(all);
	const char *issuer = json_string_value(json_object_get(all, "issuer"));
	snprintf(path, sizeof(path), "%s/credential.json", dir);
	(void)credential_file(all, "good", path);
	assert_int_equal(
	    run("ohcn credential verify %s --at 2026-09-21", path), 0);
	HAS(out, "good: signed by its issuer, and valid then");
	HAS(out, issuer);
	HAS(out, "\"quoted\"?"); /* not the line feed of the name */
	assert_int_equal(
	    run("ohcn credential verify %s --at 2026-09-21 --json", path), 0);
	HAS(out, "\"schema\": \"ohcn.credential.verify/1\"");
	HAS(out, "\"valid\": true");
	assert_int_equal(
	    run("ohcn credential verify %s --at 2028-01-01", path), 1);
	HAS(errors, "[expired]");
	HAS(errors, "  try: ");
	assert_int_equal(
	    run("ohcn credential verify %s --key did:key:z6x", path), 2);
	assert_int_equal(
	    run("ohcn credential verify %s --at whenever", path), 2);
	assert_int_equal(run("ohcn credential show %s", path), 0);
	HAS(errors, "nothing of this is checked");

	(void)credential_file(all, "tampered", path);
	assert_int_equal(
	    run("ohcn credential verify %s --at 2026-09-21", path), 1);
	HAS(errors, "[bad-signature]");
	assert_string_equal(out, "");
	assert_int_equal(
	    run("ohcn credential verify %s --at 2026-09-21 --json", path), 1);
	HAS(out, "\"valid\": false");
	HAS(out, "\"outcome\": \"bad-signature\"");
	HAS(out, "\"signed_by\": null");

	(void)credential_file(all, "issuer-is-a-website", path);
	assert_int_equal(
	    run("ohcn credential verify %s --at 2026-09-21", path), 1);
	HAS(errors, "[unbound-issuer]");
	HAS(errors, "--key did:key:");
	assert_int_equal(run("ohcn credential verify %s --at 2026-09-21 "
			     "--key %s",
			     path, issuer),
	    0);

	(void)credential_file(all, "no-type", path);
	assert_int_equal(run("ohcn credential show %s", path), 1);
	HAS(errors, "[not-a-credential]");
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("{\"a\":1,\"a\":2}", f);
	fclose(f);
	assert_int_equal(run("ohcn credential show %s", path), 2);
	HAS(errors, "duplicate");
	assert_int_equal(run("ohcn credential show %s/nothing", dir), 5);
	unlink(path);
	json_decref(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_examples_parse),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_credential),
	};

	if (!crypto_init() || mkdtemp(dir) == NULL)
		return 1;
	snprintf(home, sizeof(home), "%s/home", dir);
	snprintf(out_path, sizeof(out_path), "%s/out", dir);
	snprintf(err_path, sizeof(err_path), "%s/err", dir);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
