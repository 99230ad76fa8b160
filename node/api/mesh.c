#include "node/api/mesh.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/base/text.h"

void
mesh_points(json_t *o, const char *key, int64_t thousandths)
{
	(void)json_object_set_new(
	    o, key, json_real((double)thousandths / GOSSIP_POINT));
}

void
mesh_string(json_t *o, const char *key, const char *text)
{
	(void)json_object_set_new(o, key, json_string(text));
}

void
mesh_peer(json_t *o, const struct peer_id *id)
{
	char text[PEER_ID_TEXT_MAX];

	peer_id_put(text, id);
	mesh_string(o, "peer_id", text);
}

void
mesh_agent(json_t *o, const char *agent)
{
	mesh_string(o, "agent", text_is_clean(slice_str(agent)) ? agent : "?");
}

void
mesh_backoff(json_t *o, uint64_t until_ms, uint64_t now_ms)
{
	json_uint(o, "backoff_s",
	    until_ms > now_ms ? (until_ms - now_ms + 999) / 1000 : 0);
}

void
mesh_say(json_t *list, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), text) ==
		    0)
			return;
	(void)json_array_append_new(list, json_string(text));
}

const char *
mesh_standing(enum gossip_standing s)
{
	static const char *const names[] = {
		[GOSSIP_MEMBER] = "member",
		[GOSSIP_NOT_OURS] = "not-ours",
		[GOSSIP_NOT_WANTED] = "not-wanted",
		[GOSSIP_EXPLICIT] = "explicit",
		[GOSSIP_POOR_SCORE] = "poor-score",
		[GOSSIP_BACKOFF] = "back-off",
		[GOSSIP_MESH_FULL] = "mesh-full",
		[GOSSIP_NOT_CHOSEN] = "not-chosen",
	};

	return names[s];
}
