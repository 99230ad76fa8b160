/* cli/doctor.c: ohcn doctor: looks at everything a node needs. */
#define _GNU_SOURCE /* adjtimex */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "node/cli/commands.h"
#include "store/map.h"

/* Doctor: each check prints one row; the cure stands in it. */

struct checkup {
	struct table *table;
	json_t *list;
	bool bad;
};

static void finding(struct checkup *c, const char *what, const char *state,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
finding(struct checkup *c, const char *what, const char *state, const char *fmt,
    ...)
{
	char text[700];
	const char *row[3] = { what, state, text };
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	table_add(c->table, row);
	json_array_append_new(c->list, json_pack("{s:s,s:s,s:s}", "check", what,
					   "state", state, "text", text));
	if (strcmp(state, "bad") == 0)
		c->bad = true;
}

static void
check_key(struct checkup *c, const struct paths *paths)
{
	struct key_material km;
	struct problem p;
	struct stat st;
	err e;

	if (stat(paths->key, &st) != 0) {
		finding(c, "key", "bad", "none yet: ohcn up");
		return;
	}
	if ((st.st_mode & 077) != 0) {
		finding(c, "key", "bad", "others can read it: chmod 600 %s",
		    paths->key);
		return;
	}
	/* without a passphrase: a sound sealed file says that it needs one */
	e = keyfile_open(paths->key, "", 0, &km, &p);
	key_material_wipe(&km);
	if (e == OK)
		finding(c, "key", "ok", "%s, without a passphrase", paths->key);
	else if (e == ERR_AUTH)
		finding(c, "key", "ok", "%s, sealed", paths->key);
	else
		finding(c, "key", "bad", "%s", p.what);
	if (st.st_mtime > time(NULL) + 86400)
		finding(c, "clock", "bad", "it is behind the key file's time");
}

static void
check_disk(struct checkup *c, const struct cli *cli)
{
	struct statvfs fs;
	char room_text[32], quota_text[32];

	if (statvfs(cli->paths.home, &fs) != 0)
		return;
	const uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
	const uint64_t quota = cli->config.store.quota_bytes;
	size_text(room_text, sizeof(room_text), room);
	size_text(quota_text, sizeof(quota_text), quota);
	if (room < 64 << 20)
		finding(c, "disk", "bad", "%s free: make room", room_text);
	else if (room < quota)
		finding(c, "disk", "look",
		    "%s free; the store may take %s: make room, or lower "
		    "store.quota_bytes",
		    room_text, quota_text);
	else
		finding(c, "disk", "ok", "%s free; the store may take %s",
		    room_text, quota_text);
}

/* Records carry hours, so minutes do no harm; a free clock drifts. */
static void
check_clock(struct checkup *c)
{
	struct timex t = { .modes = 0 };

	if (time(NULL) < 1767225600) /* 2026-01-01 */
		finding(c, "clock", "bad",
		    "it is years behind; records would be refused");
	else if (adjtimex(&t) == TIME_ERROR)
		finding(c, "clock", "look",
		    "no time service keeps it right: timedatectl set-ntp true");
	else
		finding(c, "clock", "ok", "kept right by a time service");
}

static void
check_files(struct checkup *c, const struct cli *cli)
{
	const struct paths *paths = &cli->paths;
	struct stat st;

	if (stat(paths->home, &st) != 0)
		finding(
		    c, "home", "bad", "%s is missing: ohcn up", paths->home);
	else if ((st.st_mode & 077) != 0)
		finding(c, "home", "bad",
		    "others can look into it: chmod 700 %s", paths->home);
	else
		finding(c, "home", "ok", "%s", paths->home);
	check_key(c, paths);
	check_disk(c, cli);
	check_clock(c);
}

/* The store of a node that runs is the node's; else it is opened here. */
static void
check_store(struct checkup *c, const struct cli *cli, const json_t *status)
{
	const struct map_lmdb_options options = {
		.map_bytes = cli->config.store.map_size
	};
	const json_t *store = json_object_get(status, "store");
	char path[PATH_TEXT_MAX + 16], why[MAP_WHY] = "", used[32], most[32];
	struct map *map = NULL;
	err e;

	if (store != NULL) {
		size_text(
		    used, sizeof(used), (uint64_t)json_int(store, "bytes"));
		size_text(most, sizeof(most),
		    (uint64_t)json_int(store, "quota_bytes"));
		finding(c, "store", "ok", "%" PRId64 " records, %s of %s",
		    json_int(store, "records"), used, most);
		return;
	}
	snprintf(path, sizeof(path), "%s/data.mdb", cli->paths.store);
	if (access(path, F_OK) != 0) {
		finding(c, "store", "ok", "none yet");
		return;
	}
	e = map_lmdb_open(cli->paths.store, &options, &map, why);
	if (e == OK) {
		map_close(map);
		finding(c, "store", "ok", "%s opens", cli->paths.store);
	} else {
		finding(c, "store", "bad", "%s", why);
	}
}

/* "/ip4/ADDRESS/tcp/PORT..." to a socket address. */
static bool
address_of(const char *text, struct sockaddr_in *out)
{
	char host[16];
	unsigned port;

	*out = (struct sockaddr_in){ .sin_family = AF_INET };
	if (sscanf(text, "/ip4/%15[0-9.]/tcp/%5u", host, &port) != 2 ||
	    port == 0 || port > 65535 ||
	    inet_pton(AF_INET, host, &out->sin_addr) != 1)
		return false;
	if (out->sin_addr.s_addr == htonl(INADDR_ANY))
		out->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	out->sin_port = htons((uint16_t)port);
	return true;
}

/* From here only: what is between this machine and others is not seen. */
static void
check_ports(struct checkup *c, const json_t *status)
{
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(status, "addresses"), i, v)
	{
		const struct timeval patience = { .tv_sec = 2 };
		struct sockaddr_in to;
		int fd;

		if (!address_of(json_string_value(v), &to))
			continue;
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return;
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
			finding(c, "port", "ok",
			    "%u takes calls from here; others need a way "
			    "through your router",
			    ntohs(to.sin_port));
		else
			finding(c, "port", "bad",
			    "%u takes no calls (%s): another "
			    "listen.addresses?",
			    ntohs(to.sin_port), strerror(errno));
		close(fd);
	}
}

/* Not to be reached is no fault: it costs others a way round. */
static void
check_reach(struct checkup *c, json_t *status)
{
	json_t *reach = json_object_get(status, "reach");
	const char *hint = json_str(reach, "hint");

	if (strcmp(json_str(reach, "state"), "reachable") == 0)
		finding(c, "reach", "ok", "%s", json_str(reach, "text"));
	else
		finding(c, "reach", "look", "%s%s%s", json_str(reach, "text"),
		    hint[0] == '\0' ? "" : "; ", hint);
}

static void
check_node(struct checkup *c, struct cli *cli)
{
	json_t *status = NULL, *v;
	size_t i;

	if (!node_answers(cli, &status)) {
		finding(c, "node", "bad", "does not run: ohcn up");
		check_store(c, cli, NULL);
		return;
	}
	if (status == NULL) {
		finding(c, "node", "bad",
		    "something else answers on %s, or it refuses you",
		    cli->paths.socket);
		return;
	}
	finding(c, "node", "ok", "%s", json_str(status, "peer_id"));
	check_store(c, cli, status);
	check_ports(c, status);
	if (json_int(status, "peers") > 0)
		finding(
		    c, "peers", "ok", "%" PRId64, json_int(status, "peers"));
	else
		finding(c, "peers", "bad",
		    "none: ohcn join INVITATION, ohcn peer connect, or "
		    "peers.bootstrap");
	check_reach(c, status);
	json_array_foreach(json_object_get(status, "warnings"), i, v)
	{
		if (strcmp(json_str(v, "code"), "no-peers") != 0)
			finding(c, "warning", "look", "%s; %s", any_text(v),
			    json_str(v, "hint"));
	}
	json_decref(status);
}

int
run_doctor(struct cli *cli)
{
	static const char *const heads[] = { "check", "state", "what" };
	struct checkup c = { .table = table_new(heads, 3),
		.list = json_array() };
	const int code = cli_need_config(cli);

	if (code != EXIT_DONE) {
		json_decref(c.list);
		table_free(c.table);
		return code;
	}
	finding(&c, "settings", "ok", "%s",
	    access(cli->paths.config, F_OK) == 0 ? cli->paths.config
						 : "built-in ones");
	check_files(&c, cli);
	check_node(&c, cli);
	if (cli_tell(
		cli, json_pack("{s:b,s:O}", "well", !c.bad, "checks", c.list)))
		table_free(c.table);
	else
		table_print(c.table, &cli->out);
	if (!cli->json)
		output_note(&cli->out,
		    c.bad ? "what is bad needs you; the cure is in its line"
			  : "nothing is bad");
	json_decref(c.list);
	return c.bad ? EXIT_REFUSED : EXIT_DONE;
}
