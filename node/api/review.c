#include "node/api/review.h"

bool
review_check(struct http_request *r, const json_t *body)
{
	json_t *said = json_object_get(body, "decisions"), *v;
	const json_t *least = json_object_get(body, "min_confidence");
	const char *words;

	if (least != NULL &&
	    (!json_is_integer(least) || json_integer_value(least) < 1 ||
		json_integer_value(least) > 100)) {
		http_fail(r, 422, "E3109", "min_confidence", "50 is usual",
		    "the least confidence is 1 to 100 percent");
		return false;
	}
	if (said == NULL)
		return true;
	if (!json_is_object(said) ||
	    json_object_size(said) > REVIEW_DECISIONS_MAX) {
		http_fail(r, 422, "E3109", "decisions",
		    "{\"words\": true, false or \"term\"}",
		    "decisions are an object of at most %d words",
		    REVIEW_DECISIONS_MAX);
		return false;
	}
	json_object_foreach(said, words, v)
	{
		if (json_is_boolean(v) || json_string_length(v) > 0)
			continue;
		http_fail(r, 422, "E3109", "decisions",
		    "true, false, or a term, its URI or whole label",
		    "what was decided about \"%.60s\" is none of these", words);
		return false;
	}
	return true;
}

void
review_options(const json_t *body, struct import_options *o)
{
	o->decisions = json_object_get(body, "decisions");
	o->confidence_min = (unsigned)json_integer_value(
	    json_object_get(body, "min_confidence"));
}
