/*
 * path_glpk.h: the cheapest good set by GLPK, a solver of others, where it is
 * installed (libglpk-dev; GPL, so in tests and benchmarks alone). Its model
 * knows no weeks, and no circles among needs.
 */
#pragma once

#include "match/path/cover.h"
#include "tests/unit/match_world.h"

#ifdef OHCN_GLPK
#include <glpk.h>

/* A row: at least one offer gives ${step}; for ${who}: if it is taken. */
static inline void
glpk_row(glp_prob *lp, const struct cover_problem *p, unsigned step, int who)
{
	static int at[COVER_OFFERS_MAX + 2];
	static double one[COVER_OFFERS_MAX + 2];
	const int row = glp_add_rows(lp, 1);
	int n = 0;

	glp_set_row_bnds(lp, row, GLP_LO, who < 0 ? 1 : 0, 0);
	for (size_t i = 0; i < p->offers_n; i++) {
		if ((int)i != who && (p->offers[i].gives >> step & 1) == 0)
			continue;
		at[++n] = (int)i + 1;
		one[n] = (int)i == who ? -1 : 1;
	}
	glp_set_mat_row(lp, row, n, at, one);
}

/** glpk_cheapest(p): the optimum; UINT64_MAX: there is none. */
static inline uint64_t
glpk_cheapest(const struct cover_problem *p)
{
	glp_prob *lp = glp_create_prob();
	glp_iocp how;
	uint64_t cost = UINT64_MAX;

	glp_term_out(GLP_OFF);
	glp_set_obj_dir(lp, GLP_MIN);
	glp_add_cols(lp, (int)p->offers_n);
	for (size_t i = 0; i < p->offers_n; i++) {
		glp_set_col_kind(lp, (int)i + 1, GLP_BV);
		glp_set_obj_coef(lp, (int)i + 1, (double)p->offers[i].cost);
	}
	for (unsigned s = 0; s < COVER_STEPS_MAX; s++) {
		if ((p->goal >> s & 1) != 0)
			glpk_row(lp, p, s, -1);
		for (size_t i = 0; i < p->offers_n; i++)
			if ((p->offers[i].needs >> s & 1) != 0)
				glpk_row(lp, p, s, (int)i);
	}
	glp_init_iocp(&how);
	how.presolve = GLP_ON;
	if (glp_intopt(lp, &how) == 0 && glp_mip_status(lp) == GLP_OPT)
		cost = (uint64_t)(glp_mip_obj_val(lp) + 0.5);
	glp_delete_prob(lp);
	return cost;
}
#endif

/* Of a gap of ${steps}: offers that give one to four of them. */
static inline void
random_cover(uint64_t *seed, unsigned steps, bool needs, size_t n,
    struct cover_offer *offers)
{
	for (size_t i = 0; i < n; i++) {
		struct cover_offer *o = &offers[i];
		unsigned lowest = steps;
		*o = (struct cover_offer){ .start = COVER_ANY_WEEK };
		for (uint64_t g = chance(seed, 4) + 1; g > 0; g--) {
			const unsigned s = (unsigned)chance(seed, steps);
			o->gives |= UINT64_C(1) << s;
			lowest = s < lowest ? s : lowest;
		}
		/* what is needed comes before, so that there is no circle */
		if (needs && lowest > 0 && chance(seed, 2) == 0)
			o->needs = UINT64_C(1) << chance(seed, lowest);
		o->hours = (uint32_t)chance(seed, 60) + 1;
		o->cost = 500 + chance(seed, 400) *
				    (uint64_t)__builtin_popcountll(o->gives);
	}
}
