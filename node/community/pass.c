#include "node/community/pass.h"

static void
pass_to(struct node *n, const struct community_role *role, const uint8_t *key,
    struct slice bytes, json_t *out)
{
	struct talk *t =
	    role->talk[0] == 0 ? NULL : mailbox_find(n, role->talk);
	enum mail_outcome outcome = MAIL_WRONG_STATE;
	char did[DID_KEY_TEXT], name[TALK_ID_TEXT] = "";
	const char *word = "no-talk";

	did_key_put(did, key);
	if (t != NULL) {
		talk_id_text(t, name);
		const err e =
		    mailbox_say_document(n, t, MAIL_SESSION, bytes, &outcome);
		word = e == OK ? mail_outcome_name(outcome) : err_name(e);
	}
	(void)json_array_append_new(out, json_pack("{s:s,s:s,s:s}", "to", did,
					     "talk", name, "outcome", word));
}

json_t *
session_pass(struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID])
{
	const struct holding *h = documents_find(n, persona, id);
	const uint8_t *me = persona_get(n, persona)->pub;
	char name[COMMUNITY_NAME_MAX + 1];
	struct community_role role;
	struct held_document held;
	json_t *out = json_array();

	if (h == NULL || documents_read(n, h, &held) != OK)
		return out;
	const struct session *s = &held.d.is.session;
	json_t *value = community_with(n, persona, s->subject, name);
	if (value == NULL)
		return out;
	const bool founded = json_is_true(json_object_get(value, "founded"));
	for (unsigned i = 0; i < s->peers_n && founded; i++)
		if (memcmp(s->peers[i], me, ED25519_PUBLIC) != 0 &&
		    community_role_of(n, persona, value, s->peers[i], &role))
			pass_to(n, &role, s->peers[i], held.d.bytes, out);
	if (!founded && community_role_of(n, persona, value, me, &role))
		pass_to(n, &role, role.company, held.d.bytes, out);
	json_decref(value);
	return out;
}
