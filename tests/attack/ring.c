#include "tests/attack/ring.h"

#include "tests/eval/rings.h"

struct rings_sum {
	uint64_t cases, exceeded, over, disturbed;
	uint64_t tightest; /* the most that was gained, of 1000 of its bound */
	uint64_t hash;
};

static void
add(struct rings_sum *sum, const struct ring_case *c,
    const struct ring_result *r)
{
	sum->cases++;
	sum->exceeded += r->holds ? 0 : 1;
	sum->over += r->over > c->edges ? r->over - c->edges : 0;
	sum->disturbed += r->disturbed ? 1 : 0;
	for (unsigned i = 0; i <= LEARN_PARTS; i++) {
		sum->hash =
		    (sum->hash ^ r->gained[i]) * UINT64_C(0x9e3779b97f4a7c15);
		if (r->bound >= 1000)
			sum->tightest = MAX(
			    sum->tightest, r->gained[i] / (r->bound / 1000));
	}
}

/* Without budgets and caps a ring gains what it likes. */
void
attack_s12(const struct attack_options *o, struct attack_result *r)
{
	static const unsigned fakes[] = { 10, 100, 1000 };
	static const unsigned edges[] = { 0, 1, 2, 4, 8 };
	const size_t sizes = o->percent < 100 ? 2 : 3;
	struct rings_sum sum = { 0 };

	for (unsigned n = 0; n < 2 * RING_TOPOLOGIES * sizes; n++)
		for (size_t k = 0; k < ARRAY_LEN(edges); k++) {
			const struct ring_case c = {
				.topology = (enum ring_topology)(
				    n / 2 % RING_TOPOLOGIES),
				.role = n % 2 ? LEARN_COMPANY : LEARN_PERSON,
				.fakes = fakes[n / 2 / RING_TOPOLOGIES],
				.edges = edges[k],
				.seed = 1000 * o->seed + n,
				.unbounded = o->defenceless,
			};
			struct ring_result got;
			const err e = rings_run(&c, &got);
			ASSERT(e == OK);
			add(&sum, &c, &got);
		}
	attack_least(r, "rings", "", 1, sum.cases, 1);
	attack_most(r, "that gain more than P5 allows", "", 1, sum.exceeded, 0);
	attack_most(
	    r, "fakes with 0.3 beyond attack edges", "", 1, sum.over, 0);
	attack_most(
	    r, "honest ones changed by a ring", "", 1, sum.disturbed, 0);
	attack_figure(r, "most gained, of the bound", "", 1000, sum.tightest);
	r->hash = sum.hash;
}
