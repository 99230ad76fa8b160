/* cli/sync.c: sync. */
#include <stdio.h>
#include <time.h>

#include "node/cli/commands.h"

static void
ago_text(char *out, size_t cap, int64_t t)
{
	char span[40];
	const int64_t now = (int64_t)time(NULL);

	if (t <= 0) {
		(void)snprintf(out, cap, "never");
		return;
	}
	span_text(span, sizeof(span), (uint64_t)(now > t ? now - t : 0));
	(void)snprintf(out, cap, "%s ago", span);
}

static void
show_peers(struct cli *cli, const json_t *list)
{
	static const char *const heads[] = { "peer", "agreed", "sessions",
		"bytes", "new", "last: turns", "differed", "state" };
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	size_t i;
	json_t *p;

	json_array_foreach(list, i, p)
	{
		char agreed[48], sessions[24], bytes[32], turns[16], state[96];
		char differed[24], fresh[24], wait[40];
		const char *why = json_str(p, "why");
		const char *row[] = { short_id(json_str(p, "peer_id")), agreed,
			sessions, bytes, fresh, turns, differed, state };

		ago_text(agreed, sizeof(agreed), json_int(p, "agreed_at"));
		(void)snprintf(sessions, sizeof(sessions), "%" PRId64,
		    json_int(p, "sessions"));
		size_text(bytes, sizeof(bytes),
		    (uint64_t)(json_int(p, "bytes_in") +
			       json_int(p, "bytes_out")));
		(void)snprintf(
		    turns, sizeof(turns), "%" PRId64, json_int(p, "turns"));
		(void)snprintf(differed, sizeof(differed), "%" PRId64,
		    json_int(p, "differences"));
		(void)snprintf(fresh, sizeof(fresh), "%" PRId64,
		    json_int(p, "records_new"));
		span_text(wait, sizeof(wait), (uint64_t)json_int(p, "wait_s"));
		if (json_yes(p, "talking"))
			(void)snprintf(state, sizeof(state), "comparing now");
		else if (why[0] != '\0')
			(void)snprintf(state, sizeof(state),
			    "failed: %.30s%s%s", why,
			    json_yes(p, "connected") ? ", again in " : "",
			    json_yes(p, "connected") ? wait : "");
		else
			(void)snprintf(state, sizeof(state), "%s",
			    json_yes(p, "connected") ? "agreed" : "gone");
		table_add(t, row);
	}
	if (i > 0) {
		table_print(t, &cli->out);
		return;
	}
	table_free(t);
	output_line(&cli->out, "no peer was met; ohcn peer list");
}

int
run_sync_status(struct cli *cli)
{
	json_t *reply = NULL;
	char in[32], out[32], memory[32], max[32];
	const int code = cli_get(cli, &reply, "/api/v1/sync", (char *)NULL);
	if (reply == NULL)
		return code;
	show_peers(cli, json_object_get(reply, "peers"));
	size_text(in, sizeof(in), (uint64_t)json_int(reply, "bytes_in"));
	size_text(out, sizeof(out), (uint64_t)json_int(reply, "bytes_out"));
	size_text(memory, sizeof(memory), (uint64_t)json_int(reply, "memory"));
	size_text(max, sizeof(max), (uint64_t)json_int(reply, "memory_max"));
	output_line(&cli->out,
	    "%" PRId64 " agreed, %" PRId64 " of them without a difference; "
	    "%" PRId64 " failed; %s in, %s out; memory %s of %s%s",
	    json_int(reply, "agreed"), json_int(reply, "equal"),
	    json_int(reply, "failed"), in, out, memory, max,
	    json_yes(reply, "behind") ? "; catching up" : "");
	show_light(cli, json_object_get(reply, "light"));
	json_decref(reply);
	return EXIT_DONE;
}

void
show_light(struct cli *cli, const json_t *l)
{
	char used[32], left[32], day[32], when[32];
	const int64_t next = json_int(l, "next_sync_at");

	if (!json_is_object(l))
		return;
	size_text(used, sizeof(used), (uint64_t)json_int(l, "used_today"));
	size_text(left, sizeof(left), (uint64_t)json_int(l, "left_today"));
	size_text(day, sizeof(day), (uint64_t)json_int(l, "day_bytes"));
	time_text(when, sizeof(when), next);
	output_line(&cli->out,
	    "%-10s %s of %s used today, %s left; %" PRId64 " of %" PRId64
	    " syncs; %s%s%s",
	    "light", used, day, left, json_int(l, "syncs_today"),
	    json_int(l, "syncs_per_day"),
	    json_yes(l, "resting") ? "next about "
	    : next > 0             ? "at it; was due "
				   : "at it",
	    next > 0 ? when : "", next > 0 ? " UTC" : "");
	if (json_int(l, "whole_at") == 0)
		output_line(&cli->out,
		    "%-10s not caught up yet: the newest records come first",
		    "");
}

int
run_sync_now(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = cli_call(cli, "POST", "/api/v1/sync/now",
	    cli->words_n > 0 ? json_pack("{s:s}", "peer_id", cli->words[0])
			     : json_object(),
	    &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	if (json_yes(reply, "light"))
		output_line(&cli->out, "it calls a peer now; `ohcn sync "
				       "status` shows how it goes");
	else
		output_line(&cli->out,
		    "begun with %zu peer%s; `ohcn sync status` shows how it "
		    "goes",
		    json_array_size(json_object_get(reply, "begun")),
		    json_array_size(json_object_get(reply, "begun")) == 1
			? ""
			: "s");
	json_decref(reply);
	return EXIT_DONE;
}
