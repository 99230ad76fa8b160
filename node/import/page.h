/*
 * import/page.h: the JSON-LD of a web page: what stands in its
 * <script type="application/ld+json"> elements. No HTML parser: the elements
 * are found as text, which is how browsers end a script, too.
 */
#pragma once

#include "node/import/import.h"

/** is_page(text): begins as HTML does, with '<'. */
bool is_page(struct slice text);

/**
 * import_page(text): all JSON-LD objects of the page in one array, lists and
 * graphs taken apart; blocks that are no JSON are passed over. At most
 * IMPORT_DOCS_MAX. Never NULL but without memory; the caller's reference.
 */
json_t *import_page(struct slice text);
