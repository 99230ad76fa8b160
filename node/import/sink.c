/* Entries of an import into the builder of a vocabulary. */
#include "node/import/vocabulary.h"

static err
add_to_builder(void *ctx, const struct term_entry *e)
{
	return vocabulary_builder_add(ctx, e);
}

struct vocabulary_sink
vocabulary_sink_of(struct vocabulary_builder *b)
{
	return (struct vocabulary_sink){ add_to_builder, b };
}
