/*
 * api_vocabulary.h: the imported vocabularies over a restart.
 */
#pragma once

#include "node/node.h"

/**
 * vocabulary_reload(n):
 * Read the directories that were imported before, on a worker; until then,
 * and for those that are gone, the core alone is understood. Called once, at
 * the start.
 */
void vocabulary_reload(struct node *n);
