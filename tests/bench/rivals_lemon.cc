#include "tests/bench/rivals_lemon.h"

#include <utility>
#include <vector>

#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

using Graph = lemon::SmartDigraph;
using Simplex = lemon::NetworkSimplex<Graph, int64_t, int64_t>;

/*
 * A unit for each seat flows to a person's place and on to the sink, or past
 * everybody for nothing.
 */
int64_t
rival_lemon(const struct rival_market *m)
try {
	Graph g;
	std::vector<Graph::Node> people(m->people_n);
	std::vector<int64_t> most, cost;
	const Graph::Node sink = g.addNode();
	int64_t seats = 0;

	const auto arc = [&](Graph::Node from, Graph::Node to, int64_t room,
			     int64_t price) {
		(void)g.addArc(from, to);
		most.push_back(room);
		cost.push_back(price);
	};
	for (uint32_t i = 0; i < m->people_n; i++) {
		people[i] = g.addNode();
		arc(people[i], sink, m->places == nullptr ? 1 : m->places[i],
		    0);
	}
	std::vector<std::pair<Graph::Node, int64_t>> gigs;
	for (uint32_t i = 0; i < m->gigs_n; i++) {
		const int64_t n = m->seats == nullptr ? 1 : m->seats[i];
		const Graph::Node gig = g.addNode();
		gigs.emplace_back(gig, n);
		seats += n;
		arc(gig, sink, n, 0);
		for (uint32_t e = m->start[i]; e < m->start[i + 1]; e++)
			arc(gig, people[m->edges[e].person], 1,
			    -int64_t{ m->edges[e].value });
	}
	Graph::ArcMap<int64_t> upper(g), costs(g);
	Graph::NodeMap<int64_t> supply(g, 0);
	for (Graph::ArcIt a(g); a != lemon::INVALID; ++a) {
		upper[a] = most[static_cast<size_t>(Graph::id(a))];
		costs[a] = cost[static_cast<size_t>(Graph::id(a))];
	}
	for (const auto &gig : gigs)
		supply[gig.first] = gig.second;
	supply[sink] = -seats;
	Simplex s(g);
	s.upperMap(upper).costMap(costs).supplyMap(supply);
	return s.run() == Simplex::OPTIMAL ? -s.totalCost<int64_t>() : -1;
} catch (...) {
	return -1;
}
