/* cli/node.c: the life of a node, as commands. */
#define _GNU_SOURCE /* setsid, pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "node/cli/commands.h"
#include "node/net/invite.h"
#include "node/run.h"
#include "node/sync/restore.h"
#include "proto/libp2p/psk.h"

#define START_SECONDS 60
#define STOP_SECONDS  60

/* Making what is missing */

/*
 * The first ohcn.conf, with what --role, --name and --region say. A file
 * that is there belongs to the user: a contradiction is an error.
 */
/* The key of an invitation into a file, as other programs have it. */
static err
take_key(struct cli *cli, struct invite *v, struct problem *p)
{
	uint8_t raw[PSK_FILE_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	char path[400];

	snprintf(path, sizeof(path), "%.380s/swarm.key", cli->paths.home);
	err e = psk_file_put(&b, v->key);
	if (e == OK)
		e = file_create(path, buf_slice(&b), 0600, p);
	crypto_wipe(raw, sizeof(raw));
	crypto_wipe(v->key, sizeof(v->key));
	return e == OK ? config_set(&cli->config, "network.psk_file", path, p)
		       : e;
}

/*
 * --join: a node that is made now enters the network of the invitation; one
 * that is there already must be of it. ${text} gets the line for the file.
 */
static err
take_network(
    struct cli *cli, bool fresh, char *text, size_t cap, struct problem *p)
{
	const char *link = cli_flag(cli, "join");
	char *const mine = cli->config.node.network;
	struct invite v;
	const size_t n = strlen(text);

	if (link == NULL)
		return OK;
	TRY(invite_get(link, &v, p));
	fresh = fresh && access(cli->paths.key, F_OK) != 0;
	if (v.psk[0] != '\0' && cli->config.network.psk_file[0] == '\0' &&
	    (!v.has_key || !fresh)) {
		problem_set(p, EXIT_CONFIG, "E1011",
		    "the invitation is for a private network, and this node "
		    "has no key");
		problem_hint(p, "get its key file, then add --set "
				"network.psk_file=FILE; or ask for an "
				"invitation --with-key");
		return ERR_CONFIG;
	}
	if (strcmp(v.net, mine) == 0)
		return v.has_key && fresh ? take_key(cli, &v, p) : OK;
	if (!fresh) {
		problem_set(p, EXIT_CONFLICT, "E1010",
		    "the invitation is for the network \"%s\", this node is "
		    "of \"%s\"",
		    v.net, mine);
		problem_why(p, "a node belongs to one network for good");
		problem_hint(p, "a node of its own: ohcn --home DIR up --join "
				"LINK");
		return ERR_EXISTS;
	}
	TRY(config_set(&cli->config, "node.network", v.net, p));
	snprintf(text + n, cap - n, "network = %s\n", v.net);
	return v.has_key ? take_key(cli, &v, p) : OK;
}

static err
make_config(struct cli *cli, struct problem *p)
{
	static const struct {
		const char *flag, *setting;
	} flags[] = { { "role", "node.role" }, { "name", "node.name" },
		{ "region", "node.region" } };
	char text[1024] = "# Settings of this node. `ohcn config list` "
			  "explains all.\n[node]\n";
	const bool fresh = access(cli->paths.config, F_OK) != 0;
	bool any = false;

	const size_t head = strlen(text);
	TRY(take_network(cli, fresh, text, sizeof(text), p));
	any = strlen(text) > head;
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		const char *value = cli_flag(cli, flags[i].flag);
		char before[300], after[300];
		const struct config_setting *s;
		size_t n, at = 0;

		if (value == NULL)
			continue;
		if (strpbrk(value, "\n\r;") != NULL) {
			problem_set(p, EXIT_USAGE, "E1008",
			    "--%s must not hold a line end or ';'",
			    flags[i].flag);
			return ERR_FORM;
		}
		s = config_settings(&n);
		while (strcmp(s[at].name, flags[i].setting) != 0)
			at++;
		TRY(config_text(&cli->config, &s[at], before, sizeof(before)));
		TRY(config_set(&cli->config, flags[i].setting, value, p));
		TRY(config_text(&cli->config, &s[at], after, sizeof(after)));
		if (!fresh && strcmp(before, after) != 0) {
			problem_set(p, EXIT_CONFLICT, "E1009",
			    "%s is \"%s\" in %.200s", flags[i].setting, before,
			    cli->paths.config);
			problem_why(p, "your file is never changed by ohcn");
			problem_hint(p, "edit the file");
			return ERR_EXISTS;
		}
		n = strlen(text);
		snprintf(text + n, sizeof(text) - n, "%s = %s\n", flags[i].flag,
		    after);
		any = true;
	}
	if (cli_flag(cli, "join") != NULL &&
	    cli->config.network.psk_file[0] != '\0') {
		const size_t n = strlen(text);
		snprintf(text + n, sizeof(text) - n,
		    "\n[network]\npsk_file = %s\n",
		    cli->config.network.psk_file);
		any = true;
	}
	if (!fresh || !any)
		return OK;
	return file_create(cli->paths.config, slice_str(text), 0600, p);
}

static err
seed_of_file(const char *path, uint8_t seed[SEED_SIZE], struct problem *p)
{
	struct slice text;
	unsigned bad = 0;
	enum seed_words_result result;

	TRY(file_read(path, 4096, &text, p));
	result = seed_from_words(seed, (const char *)text.p, &bad);
	crypto_wipe((void *)(uintptr_t)text.p, text.n);
	free((void *)(uintptr_t)text.p);
	if (result == SEED_WORDS_OK)
		return OK;
	if (result == SEED_WORDS_COUNT)
		problem_set(
		    p, EXIT_USAGE, "E1311", "%s does not hold 24 words", path);
	else if (result == SEED_WORDS_UNKNOWN)
		problem_set(p, EXIT_USAGE, "E1312",
		    "word %u in %s is not in the list", bad + 1, path);
	else
		problem_set(p, EXIT_USAGE, "E1313",
		    "the words in %s do not belong together", path);
	problem_hint(p, "compare them with your paper, in order");
	return ERR_FORM;
}

static err
make_key(struct cli *cli, struct key_material *km, struct problem *p)
{
	struct passphrase_source source = { .none = cli->no_passphrase,
		.file = cli->passphrase_file,
		.twice = true };
	const char *words = cli_flag(cli, "words-from");
	char pass[PASSPHRASE_MAX];
	uint8_t seed[SEED_SIZE];
	size_t n;
	err e;

	TRY(passphrase_get(&source, pass, &n, p));
	e = words == NULL ? OK : seed_of_file(words, seed, p);
	/* That key may have published elsewhere. */
	if (e == OK && words != NULL)
		e = restore_mark(cli->paths.home, p);
	if (e != OK) {
		crypto_wipe(seed, sizeof(seed));
		crypto_wipe(pass, sizeof(pass));
		return e;
	}
	key_material_new(km, words == NULL ? NULL : seed, (uint64_t)time(NULL));
	e = keyfile_create(cli->paths.key, km, pass, n, keyfile_cost(300), p);
	crypto_wipe(pass, sizeof(pass));
	crypto_wipe(seed, sizeof(seed));
	if (e != OK) {
		key_material_wipe(km);
		return e;
	}
	output_note(&cli->out, "made a key: %s", cli->paths.key);
	if (n == 0)
		output_note(&cli->out,
		    "it has no passphrase: whoever reads this file is you");
	output_note(
	    &cli->out, "back it up: `ohcn key words` shows 24 words for paper");
	return OK;
}

int
unlock_key(struct cli *cli, struct key_material *km)
{
	struct passphrase_source source = { .none = cli->no_passphrase,
		.file = cli->passphrase_file };
	char pass[PASSPHRASE_MAX] = "";
	struct problem p;
	size_t n = 0;
	err e;

	if (access(cli->paths.key, F_OK) != 0 && errno == ENOENT) {
		e = keyfile_open(cli->paths.key, "", 0, km, &p);
		return e == OK ? EXIT_DONE : cli_fail(cli, &p);
	}
	e = passphrase_get(&source, pass, &n, &p);
	if (e == OK)
		e = keyfile_open(cli->paths.key, pass, n, km, &p);
	crypto_wipe(pass, sizeof(pass));
	return e == OK ? EXIT_DONE : cli_fail(cli, &p);
}

int
run_init(struct cli *cli)
{
	struct key_material km;
	struct problem p;
	const int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	if (paths_make(&cli->paths, &p) != OK)
		return cli_fail(cli, &p);
	if (access(cli->paths.key, F_OK) == 0) {
		problem_set(&p, EXIT_CONFLICT, "E1301",
		    "there is a key file already: %s", cli->paths.key);
		problem_why(&p, "a key is never overwritten");
		problem_hint(&p, "ohcn up, or another --home");
		return cli_fail(cli, &p);
	}
	if (make_config(cli, &p) != OK || make_key(cli, &km, &p) != OK)
		return cli_fail(cli, &p);
	key_material_wipe(&km);
	if (!cli_tell(cli,
		json_pack("{s:s,s:s,s:s}", "home", cli->paths.home, "key",
		    cli->paths.key, "role", role_name(cli->config.node.role))))
		output_note(&cli->out, "next: ohcn up");
	return EXIT_DONE;
}

/* Starting */

bool
node_answers(struct cli *cli, json_t **status)
{
	struct client *client;
	struct problem p;
	err e;

	if (client_new(&cli->paths, NULL, &client, &p) != OK)
		return false;
	client_timeout(client, 10);
	e = client_call(client, "GET", "/api/v1/status", NULL, status, &p);
	client_free(client);
	/* A refusal is an answer too. */
	return e != ERR_IO;
}

static void
child(struct cli *cli, struct key_material *km, int ready, int trouble)
{
	struct problem p = { 0 };
	const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int out = open(
	    cli->paths.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int code;

	setsid();
	if (in >= 0)
		dup2(in, STDIN_FILENO);
	if (out >= 0) {
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
	}
	if (chdir("/") != 0)
		_exit(EXIT_DISK);
	code = node_run(&cli->config, &cli->paths, km, ready, &p);
	if (code != EXIT_DONE) {
		problem_print(&p, "daemon");
		if (write(trouble, &p, sizeof(p)) != (ssize_t)sizeof(p))
			_exit(code);
	}
	_exit(code);
}

/* Wait for the byte that says ready. */
static int
wait_ready(struct cli *cli, pid_t pid, int ready, int trouble)
{
	struct pollfd at = { .fd = ready, .events = POLLIN };
	struct problem p;
	int status = 0;
	char byte;
	int n;

	do {
		n = poll(&at, 1, START_SECONDS * 1000);
	} while (n < 0 && errno == EINTR);
	if (n == 0) {
		problem_set(&p, EXIT_TIMEOUT, "E1601",
		    "the node was not ready in %d seconds", START_SECONDS);
		problem_why(&p, "it is still trying, process %ld", (long)pid);
		problem_hint(&p, "look into %s", cli->paths.log);
		return cli_fail(cli, &p);
	}
	if (read(ready, &byte, 1) == 1)
		return EXIT_DONE;
	if (read(trouble, &p, sizeof(p)) != (ssize_t)sizeof(p)) {
		waitpid(pid, &status, 0);
		problem_set(&p, EXIT_TEMPORARY, "E1602",
		    "the node ended at once (%s %d)",
		    WIFSIGNALED(status) ? "signal" : "exit code",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status));
		problem_hint(&p, "look into %s", cli->paths.log);
	}
	return cli_fail(cli, &p);
}

static int
start_background(struct cli *cli, struct key_material *km)
{
	int ready[2], trouble[2], code;
	struct problem p;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(trouble, O_CLOEXEC) != 0 ||
	    (pid = fork()) < 0) {
		problem_set(&p, EXIT_TEMPORARY, "E1603",
		    "cannot start a process: %s", strerror(errno));
		return cli_fail(cli, &p);
	}
	if (pid == 0) {
		close(ready[0]);
		close(trouble[0]);
		child(cli, km, ready[1], trouble[1]);
	}
	close(ready[1]);
	close(trouble[1]);
	code = wait_ready(cli, pid, ready[0], trouble[0]);
	close(ready[0]);
	close(trouble[0]);
	return code;
}

/*
 * Where others can call: what is listened on, and in place of "all
 * interfaces" what others are told, which can be copied. Owned by the caller.
 */
static json_t *
dialable(const json_t *status)
{
	const json_t *told =
	    json_object_get(json_object_get(status, "reach"), "announced");
	json_t *list = json_array(), *v;
	bool all = false;
	size_t i;

	json_array_foreach(json_object_get(status, "addresses"), i, v)
	{
		const char *at = json_string_value(v);
		const bool any = strncmp(at, "/ip4/0.0.0.0/", 13) == 0 ||
				 strncmp(at, "/ip6/::/", 8) == 0;
		all = all || any;
		if (!any || json_array_size(told) == 0)
			(void)json_array_append(list, v);
	}
	for (i = 0; all && i < json_array_size(told); i++) {
		const char *at = json_string_value(json_array_get(told, i));
		json_t *text =
		    json_sprintf("%s/p2p/%s", at, json_str(status, "peer_id"));
		bool there = false;
		for (size_t k = 0; k < json_array_size(list); k++)
			there =
			    there || json_equal(json_array_get(list, k), text);
		if (!there)
			(void)json_array_append(list, text);
		json_decref(text);
	}
	return list;
}

static void
show_started(struct cli *cli)
{
	static const char *const next[] = {
		[NODE_PERSON] = "ohcn profile import resume.json --dry-run",
		[NODE_COMPANY] = "ohcn organisation publish, then ohcn demand "
				 "import jobs.csv --dry-run",
		[NODE_PROVIDER] = "ohcn organisation publish, then ohcn course "
				  "import courses.csv --dry-run",
		[NODE_RESEARCHER] = "ohcn record list, ohcn signal top",
	};
	json_t *status = NULL, *at;

	if (!node_answers(cli, &status) || status == NULL)
		return;
	if (cli->json) {
		json_object_set_new(
		    status, "socket", json_string(cli->paths.socket));
		(void)cli_show(cli, status);
		return;
	}
	output_line(&cli->out, "node  %s", json_str(status, "peer_id"));
	at = dialable(status);
	for (size_t i = 0; i < json_array_size(at); i++)
		output_line(&cli->out, "%s  %s", i == 0 ? "at  " : "    ",
		    json_string_value(json_array_get(at, i)));
	json_decref(at);
	output_line(&cli->out, "api   %s", cli->paths.socket);
	output_line(&cli->out, "next  %s", next[cli->config.node.role]);
	if (json_int(status, "peers") == 0 &&
	    cli->config.peers.bootstrap.n == 0)
		output_line(&cli->out,
		    "note  no peer is connected yet: ohcn join INVITATION, or "
		    "peers.bootstrap in %s",
		    cli->paths.config);
	json_decref(status);
}

static int
run_here(struct cli *cli, struct key_material *km)
{
	struct problem p = { 0 };
	const int code = node_run(&cli->config, &cli->paths, km, -1, &p);

	key_material_wipe(km);
	return code == EXIT_DONE ? EXIT_DONE : cli_fail(cli, &p);
}

/* A store without its key: a new key would be another person. */
static bool
key_is_lost(const struct cli *cli, struct problem *p)
{
	char path[PATH_TEXT_MAX + 16];

	snprintf(path, sizeof(path), "%s/data.mdb", cli->paths.store);
	if (access(path, F_OK) != 0)
		return false;
	problem_set(p, EXIT_CONFLICT, "E1314",
	    "there is a store but no key file: %.200s", cli->paths.key);
	problem_why(p, "a new key would be another author than before");
	problem_hint(p, "put the key file back, or make it from its 24 words: "
			"ohcn init --words-from FILE");
	return true;
}

int
run_up(struct cli *cli)
{
	struct key_material km;
	struct problem p;
	json_t *status = NULL;
	const char *link = cli_flag(cli, "join");
	int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	if (link != NULL && cli_flag(cli, "foreground") != NULL)
		return cli_usage(cli,
		    "--join does not go with --foreground: ohcn join LINK, "
		    "when the node is up");
	if (node_answers(cli, &status)) {
		json_decref(status);
		/* It is up already: then only the rest is to be done. */
		if (link != NULL)
			return join_link(cli, link);
		problem_set(&p, EXIT_CONFLICT, "E1404",
		    "a node is already running here");
		problem_why(&p, "it answers on %s", cli->paths.socket);
		problem_hint(&p, "ohcn status, or ohcn down");
		return cli_fail(cli, &p);
	}
	if (paths_make(&cli->paths, &p) != OK || make_config(cli, &p) != OK)
		return cli_fail(cli, &p);
	if (access(cli->paths.key, F_OK) != 0) {
		if (key_is_lost(cli, &p) || make_key(cli, &km, &p) != OK)
			return cli_fail(cli, &p);
	} else {
		code = unlock_key(cli, &km);
	}
	if (code != EXIT_DONE)
		return code;
	if (cli_flag(cli, "foreground") != NULL)
		return run_here(cli, &km);
	code = start_background(cli, &km);
	key_material_wipe(&km);
	if (code != EXIT_DONE)
		return code;
	if (link != NULL)
		code = join_link(cli, link);
	if (link == NULL || !cli->json)
		show_started(cli);
	return code;
}

int
run_daemon(struct cli *cli)
{
	struct key_material km;
	struct problem p;
	int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	if (paths_make(&cli->paths, &p) != OK)
		return cli_fail(cli, &p);
	code = unlock_key(cli, &km);
	return code != EXIT_DONE ? code : run_here(cli, &km);
}

/* Has the process that had the store open let it go? */
static bool
store_is_free(const struct cli *cli)
{
	char path[PATH_TEXT_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s/owner.lock", cli->paths.store);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	const bool is_free = flock(fd, LOCK_SH | LOCK_NB) == 0;
	(void)close(fd);
	return is_free;
}

/*
 * Down: ask, then wait until nobody answers and the files are closed: what
 * comes next may copy them, repair them or start another node. The socket
 * goes first; what is queued is written after that.
 */
int
run_down(struct cli *cli)
{
	const struct timespec nap = { 0, 50 * 1000 * 1000 };
	json_t *reply = NULL;
	struct problem p;
	const int code =
	    cli_call(cli, "POST", "/api/v1/shutdown", json_object(), &reply);

	if (code != EXIT_DONE)
		return code;
	json_decref(reply);
	for (int i = 0; i < STOP_SECONDS * 20; i++) {
		if (access(cli->paths.socket, F_OK) != 0 &&
		    store_is_free(cli)) {
			if (!cli_tell(cli, json_pack("{s:b}", "stopped", 1)))
				output_note(&cli->out, "stopped");
			return EXIT_DONE;
		}
		nanosleep(&nap, NULL);
	}
	problem_set(&p, EXIT_TIMEOUT, "E1604",
	    "the node has not ended in %d seconds", STOP_SECONDS);
	problem_hint(&p, "look into %s", cli->paths.log);
	return cli_fail(cli, &p);
}

/* Looking */

/* "6 demands": the API's names are in the singular or in the plural. */
static void
put_count(char *out, size_t cap, bool first, const char *name, json_int_t count)
{
	size_t n = strlen(name);
	const bool open = strcmp(name, "open") == 0;

	if (n > 1 && name[n - 1] == 's')
		n--;
	snprintf(out, cap, "%s%" JSON_INTEGER_FORMAT " %.*s%s",
	    first ? "" : ", ", count, (int)n, name,
	    count == 1 || open ? "" : "s");
}

static void
show_counts(struct cli *cli, const char *name, const json_t *counts)
{
	char text[400] = "";
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)counts, key, value)
	{
		const size_t n = strlen(text);

		if (json_integer_value(value) > 0)
			put_count(text + n, sizeof(text) - n, n == 0, key,
			    json_integer_value(value));
	}
	output_line(
	    &cli->out, "%-10s %s", name, text[0] == '\0' ? "none" : text);
}

/* What is public of the owner's, as the role needs it. */
static void
show_own(struct cli *cli, const json_t *s, const json_t *own)
{
	const bool person = strcmp(json_str(s, "role"), "person") == 0;
	const char *what = person ? "profile" : "organisation";

	output_line(&cli->out,
	    "%-10s %s %s; %" PRId64 " demand%s open, %" PRId64 " course%s",
	    "own", what,
	    json_is_object(json_object_get(own, what)) ? "published"
						       : "not published",
	    json_int(own, "demands_open"),
	    json_int(own, "demands_open") == 1 ? "" : "s",
	    json_int(own, "courses_open"),
	    json_int(own, "courses_open") == 1 ? "" : "s");
}

static void
show_connections(struct cli *cli, const json_t *c)
{
	const json_t *known = json_object_get(c, "known");
	const json_t *dials = json_object_get(c, "dials");
	char bytes[32];

	output_line(&cli->out,
	    "%-10s %" PRId64 " in (of %" PRId64 "), %" PRId64 " out, %" PRId64
	    " by relay; %" PRId64 " of %" PRId64 " wanted are up",
	    "links", json_int(c, "inbound"), json_int(c, "inbound_max"),
	    json_int(c, "outbound"), json_int(c, "limited"),
	    json_int(c, "chosen"), json_int(c, "chosen_wanted"));
	size_text(bytes, sizeof(bytes), (uint64_t)json_int(known, "bytes"));
	output_line(&cli->out,
	    "%-10s %" PRId64 " of %" PRId64 " peers, %" PRId64
	    " address%s, %s; dials: %" PRId64 " done, %" PRId64 " failed",
	    "known", json_int(known, "peers"), json_int(known, "peers_max"),
	    json_int(known, "addresses"),
	    json_int(known, "addresses") == 1 ? "" : "es", bytes,
	    json_int(dials, "done"), json_int(dials, "failed"));
}

/* What searches for matches look at. */
static void
show_index(struct cli *cli, const json_t *m)
{
	const char *state = json_str(m, "state");
	const int64_t of = json_int(m, "of");

	if (!json_is_object(m))
		return;
	if (strcmp(state, "ready") == 0)
		output_line(&cli->out,
		    "%-10s %" PRId64 " people, %" PRId64 " demands, %" PRId64
		    " courses in the index",
		    "matching", json_int(m, "people"), json_int(m, "demands"),
		    json_int(m, "courses"));
	else if (strcmp(state, "off") == 0)
		output_line(&cli->out,
		    "%-10s no index: each record is looked "
		    "at (limits.match_records)",
		    "matching");
	else
		output_line(&cli->out,
		    "%-10s the index %s (%" PRId64
		    " %%); until then each record is looked at",
		    "matching",
		    strcmp(state, "waiting") == 0 ? "waits to be built"
						  : "is being built",
		    of > 0 ? json_int(m, "done") * 100 / of : 0);
}

/* Offers that the owner's rules dropped; their senders do not know. */
static void
show_inbox(struct cli *cli, const json_t *inbox)
{
	static const struct {
		const char *rule, *why;
	} rules[] = {
		{ "stranger", "from strangers (inbox.strangers = drop)" },
		{ "pledge", "from strangers who pledge less than "
			    "inbox.stranger_pledge" },
		{ "warned", "from keys on a warning list that drops" },
		{ "demand", "that name a demand of somebody else "
			    "(inbox.others_demands = refuse)" },
	};
	const json_t *dropped = json_object_get(inbox, "dropped");

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (json_int(dropped, rules[i].rule) > 0)
			output_line(&cli->out,
			    "%-10s %" PRId64 " offers dropped since the "
			    "start: %s",
			    "inbox", json_int(dropped, rules[i].rule),
			    rules[i].why);
}

static void
show_way(struct cli *cli, const json_t *stem)
{
	const int64_t n = json_int(stem, "own_now");

	if (n == 0)
		return;
	output_line(&cli->out,
	    "%-10s %" PRId64 " own record%s on the way to others%s", "", n,
	    n == 1 ? "" : "s",
	    json_int(stem, "relays") == 0
		? "; no peer is there to hand to: ohcn peer connect ADDRESS"
		: "");
}

static void
show_status(struct cli *cli, const json_t *s)
{
	const json_t *store = json_object_get(s, "store");
	const json_t *memory = json_object_get(s, "memory");
	const json_t *own = json_object_get(s, "own");
	char up[40], a[32], b[32];
	size_t i;
	json_t *v;

	span_text(up, sizeof(up), (uint64_t)json_int(s, "uptime_s"));
	output_line(&cli->out, "%-10s %s", "node", json_str(s, "peer_id"));
	output_line(&cli->out, "%-10s %s on network %s, up %s", "role",
	    json_str(s, "role"), json_str(s, "network"), up);
	v = dialable(s);
	for (i = 0; i < json_array_size(v); i++)
		output_line(&cli->out, "%-10s %s", i == 0 ? "address" : "",
		    json_string_value(json_array_get(v, i)));
	json_decref(v);
	output_line(&cli->out, "%-10s %" PRId64, "peers", json_int(s, "peers"));
	show_connections(cli, json_object_get(s, "connections"));
	output_line(&cli->out, "%-10s %s", "reach",
	    json_str(json_object_get(s, "reach"), "text"));
	show_counts(cli, "records", json_object_get(s, "records"));
	size_text(a, sizeof(a), (uint64_t)json_int(store, "bytes"));
	size_text(b, sizeof(b), (uint64_t)json_int(store, "quota_bytes"));
	output_line(&cli->out,
	    "%-10s %s of %s, %" PRId64 " of %" PRId64 " records", "store", a, b,
	    json_int(store, "records"), json_int(store, "quota_records"));
	if (json_int(store, "authors_ppm") < 1000000)
		output_line(&cli->out,
		    "%-10s it was full and keeps %.4g %% of authors; %" PRId64
		    " records have left for that",
		    "", (double)json_int(store, "authors_ppm") / 10000,
		    json_int(store, "evicted"));
	show_index(cli, json_object_get(s, "match_index"));
	size_text(a, sizeof(a), (uint64_t)json_int(memory, "used"));
	size_text(b, sizeof(b), (uint64_t)json_int(memory, "cap"));
	output_line(&cli->out, "%-10s %s of %s", "memory", a, b);
	show_light(cli, json_object_get(s, "light"));
	show_own(cli, s, own);
	show_way(cli, json_object_get(s, "stem"));
	show_inbox(cli, json_object_get(s, "inbox"));
	if (json_int(own, "publish_at") > 0) {
		time_text(up, sizeof(up), json_int(own, "publish_at"));
		output_line(
		    &cli->out, "%-10s profile goes out at %s UTC", "", up);
	}
	show_counts(cli, "new", json_object_get(s, "new_since_last_visit"));
	json_array_foreach(json_object_get(s, "warnings"), i, v)
	{
		output_line(&cli->out, "%-10s %s%s%s", "warning", any_text(v),
		    json_str(v, "hint")[0] == '\0' ? "" : "; ",
		    json_str(v, "hint"));
	}
}

int
run_status(struct cli *cli)
{
	json_t *reply = NULL;
	/* A program that looks is no visit of its owner. */
	const char *path =
	    cli->json ? "/api/v1/status" : "/api/v1/status?visit=1";
	const int code = cli_get(cli, &reply, path, (char *)NULL);
	if (reply == NULL)
		return code;
	show_status(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

struct watching {
	struct cli *cli;
	uint64_t seen, max; /* 0: no end */
};

static bool
watch_event(void *ctx, const char *id, const char *type, const char *data)
{
	struct watching *w = ctx;
	json_t *body = json_loads(data, 0, NULL);
	char text[1024] = "", when[16];
	const time_t now = time(NULL);
	struct tm tm;
	const char *key;
	json_t *value;

	if (w->cli->json) {
		json_t *o = json_pack("{s:s,s:s,s:s,s:o?}", "schema",
		    "ohcn.watch/1", "id", id, "type", type, "data", body);

		json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		fputc('\n', stdout);
		json_decref(o);
	} else {
		json_object_foreach(body, key, value)
		{
			const size_t n = strlen(text);
			char *shown = json_dumps(value, JSON_ENCODE_ANY);

			snprintf(text + n, sizeof(text) - n, "  %s=%s", key,
			    json_is_string(value) ? json_string_value(value)
			    : shown == NULL       ? "?"
						  : shown);
			free(shown);
		}
		localtime_r(&now, &tm);
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
		output_line(&w->cli->out, "%s  %-8s%s", when, type, text);
		json_decref(body);
	}
	fflush(stdout);
	return ++w->seen != w->max;
}

int
run_watch(struct cli *cli)
{
	struct watching w = { .cli = cli };
	char path[512];
	struct problem p;
	int code = cli_number(cli, "count", 1, INT64_MAX, &w.max);

	if (code == EXIT_DONE)
		code = cli_need_client(cli);

	if (code != EXIT_DONE)
		return code;
	if (cli_query(path, sizeof(path), "/api/v1/events", "types",
		cli_flag(cli, "types"), "since", cli_flag(cli, "since"),
		(char *)NULL) != OK)
		return cli_usage(cli, "--types is too long");
	if (client_events(cli->client, path, watch_event, &w, &p) != OK)
		return cli_fail(cli, &p);
	return EXIT_DONE;
}

int
run_version(struct cli *cli)
{
	if (!cli_tell(cli,
		json_pack("{s:s,s:s}", "version", OHCN_VERSION, "api", "v1")))
		output_line(&cli->out, "ohcn %s", OHCN_VERSION);
	return EXIT_DONE;
}

int
run_paths(struct cli *cli)
{
	const int code = cli_need_config(cli);
	const struct {
		const char *name, *path;
	} rows[] = { { "home", cli->paths.home },
		{ "settings", cli->paths.config }, { "key", cli->paths.key },
		{ "store", cli->paths.store },
		{ "private", cli->paths.private_dir },
		{ "socket", cli->paths.socket }, { "token", cli->paths.token },
		{ "log", cli->paths.log } };
	json_t *o;

	if (code != EXIT_DONE)
		return code;
	o = json_object();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		json_object_set_new(o, rows[i].name, json_string(rows[i].path));
	if (cli_tell(cli, o))
		return EXIT_DONE;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		output_line(&cli->out, "%-9s %s", rows[i].name, rows[i].path);
	return EXIT_DONE;
}
