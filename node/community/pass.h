/*
 * community/pass.h: sessions and roles on their way through the sealed
 * conversations of this node (mail/mailbox.h), on the owner's word alone.
 */
#pragma once

#include "node/community/role.h"
#include "node/mail/mailbox.h"

/**
 * session_pass(n, persona, id): to all participants with whom there is a
 * conversation: who founded a community to its members, a member to who leads
 * it. [{to: did:key, talk, outcome}]; "no-talk" where there is none.
 */
json_t *session_pass(
    struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID]);
