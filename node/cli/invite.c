/* cli/invite.c: invitations: the link, its QR code, and taking one in. */
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "node/cli/commands.h"
#include "node/net/invite.h"

#define QUIET     2  /* light modules around the code; 4 by the book */
#define CONNECT_S 10 /* that we wait to see it connected */

/*
 * Two rows of modules in a line of text: dark on light whatever the colours
 * of the terminal are, for not every reader knows inverted codes.
 */
static void
print_code(const QRcode *code)
{
	static const char *const halves[] = { "\u2588", "\u2580", "\u2584",
		" " };
	const int n = code->width;

	for (int y = -QUIET; y < n + QUIET; y += 2) {
		(void)fputs("\033[97;40m", stdout); /* white on black */
		for (int x = -QUIET; x < n + QUIET; x++) {
			int dark[2];
			for (int h = 0; h < 2; h++) {
				const int at = y + h;
				dark[h] = x >= 0 && x < n && at >= 0 &&
					  at < n &&
					  (code->data[at * n + x] & 1) != 0;
			}
			(void)fputs(halves[2 * dark[0] + dark[1]], stdout);
		}
		(void)fputs("\033[0m\n", stdout);
	}
}

static int
show_code(struct cli *cli, const char *link)
{
	struct problem p;
	QRcode *code = QRcode_encodeString8bit(link, 0, QR_ECLEVEL_L);

	if (code == NULL) {
		problem_set(&p, EXIT_REFUSED, "E1451",
		    "the link is too long for a QR code");
		return cli_fail(cli, &p);
	}
	print_code(code);
	QRcode_free(code);
	return EXIT_DONE;
}

int
run_invite(struct cli *cli)
{
	json_t *reply = NULL;
	int code = cli_call(cli, "GET",
	    cli_flag(cli, "with-key") != NULL ? "/api/v1/invite?key=1"
					      : "/api/v1/invite",
	    NULL, &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	const char *link = json_str(reply, "link");
	output_line(&cli->out, "%s", link);
	if (cli_flag(cli, "qr") != NULL)
		code = show_code(cli, link);
	if (strcmp(json_str(reply, "reach"), "internet") != 0)
		output_note(&cli->out,
		    "it works on this %s alone: no address of this node is "
		    "known that reaches farther",
		    strcmp(json_str(reply, "reach"), "this machine") == 0
			? "machine"
			: "local network");
	json_decref(reply);
	return code;
}

/* Is the peer among those who are connected? */
static bool
is_connected(struct cli *cli, const char *id)
{
	json_t *reply = NULL, *peer;
	bool found = false;
	size_t i;

	if (cli_call(cli, "GET", "/api/v1/peers", NULL, &reply) != EXIT_DONE)
		return false;
	json_array_foreach(json_object_get(reply, "peers"), i, peer) found =
	    found || strcmp(json_str(peer, "peer_id"), id) == 0;
	json_decref(reply);
	return found;
}

int
join_link(struct cli *cli, const char *link)
{
	const struct timespec pause = { .tv_nsec = 250000000 };
	json_t *reply = NULL;
	const int code = cli_call(cli, "POST", "/api/v1/join",
	    json_pack("{s:s}", "link", link), &reply);

	if (code != EXIT_DONE)
		return code;
	bool connected = json_yes(reply, "connected");
	for (int i = 0; i < 4 * CONNECT_S && !connected; i++) {
		(void)nanosleep(&pause, NULL);
		connected = is_connected(cli, json_str(reply, "peer_id"));
	}
	(void)json_object_set_new(reply, "connected", json_boolean(connected));
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out, "%s %s",
	    connected ? "joined: connected to"
		      : "kept, and called again; not connected yet:",
	    json_str(reply, "peer_id"));
	if (!connected)
		output_note(&cli->out, "why: ohcn peer explain %s",
		    json_str(reply, "peer_id"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_join(struct cli *cli)
{
	struct invite v;
	struct problem p;

	/* What is wrong with a link is said without a node, too. */
	if (invite_get(cli->words[0], &v, &p) != OK)
		return cli_fail(cli, &p);
	return join_link(cli, cli->words[0]);
}
