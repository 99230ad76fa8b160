#include "tests/bench/rivals_xapian.h"

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <xapian.h>

struct rival_xapian {
	std::string folder;
	std::unique_ptr<Xapian::WritableDatabase> writer;
	std::unique_ptr<Xapian::Database> reader;
};

static std::string
word(uint32_t skill)
{
	return "s" + std::to_string(skill);
}

const char *
rival_xapian_version(void)
{
	return Xapian::version_string();
}

struct rival_xapian *
rival_xapian_new(const char *folder)
try {
	auto x = std::make_unique<rival_xapian>();

	x->folder = folder;
	x->writer = std::make_unique<Xapian::WritableDatabase>(
	    folder, Xapian::DB_CREATE_OR_OVERWRITE | Xapian::DB_NO_SYNC);
	return x.release();
} catch (const Xapian::Error &) {
	return nullptr;
}

int
rival_xapian_add(struct rival_xapian *x, const uint32_t *skills,
    const uint8_t *levels, size_t n, const char *marks)
try {
	Xapian::Document d;
	std::istringstream words(marks);
	std::string mark;

	while (words >> mark)
		d.add_boolean_term(mark);
	for (size_t i = 0; i < n; i++)
		d.add_term(word(skills[i]), levels[i]);
	x->writer->add_document(d);
	return 1;
} catch (const Xapian::Error &) {
	return 0;
}

int
rival_xapian_ready(struct rival_xapian *x)
try {
	x->writer->commit();
	x->writer.reset();
	x->reader = std::make_unique<Xapian::Database>(x->folder);
	return 1;
} catch (const Xapian::Error &) {
	return 0;
}

size_t
rival_xapian_search(struct rival_xapian *x, const uint32_t *skills,
    const uint32_t *weights, size_t n, const char *filter, size_t top)
try {
	std::vector<Xapian::Query> any;
	Xapian::Enquire enquire(*x->reader);
	std::istringstream lines(filter);
	std::string line;

	for (size_t i = 0; i < n; i++)
		any.emplace_back(word(skills[i]), weights[i]);
	Xapian::Query query(Xapian::Query::OP_OR, any.begin(), any.end());
	while (std::getline(lines, line)) {
		std::istringstream words(line);
		std::vector<std::string> marks;
		std::string mark;
		while (words >> mark)
			marks.push_back(mark);
		query = Xapian::Query(Xapian::Query::OP_FILTER, query,
		    Xapian::Query(
			Xapian::Query::OP_OR, marks.begin(), marks.end()));
	}
	enquire.set_query(query);
	const Xapian::MSet found =
	    enquire.get_mset(0, static_cast<Xapian::doccount>(top));
	return found.size();
} catch (const Xapian::Error &) {
	return 0;
}

void
rival_xapian_free(struct rival_xapian *x)
{
	delete x;
}
