#!/usr/bin/env python3
"""Section "Trust and Learnability" of proto/SPEC.md once more, from its text.

  learnability.py            compare with learnability.json; fails if not same
  learnability.py --write    make learnability.json

Nothing here is shared with match/: the vectors are made by this program and
the C test compares. What is "the largest" is found here by layers of trust,
each with a flow of its own.
"""
import hashlib
import json
import random
import sys
from collections import defaultdict, deque
from pathlib import Path

FILE = Path(__file__).with_name("learnability.json")
ONE = 65536
TABLE = [int(x) for x in """
    65536 63670 61857 60096 58385 56723 55108 53540 52015 50535 49096 47698
    46340 45021 43740 42494 41285 40109 38967 37858 36780 35733 34716 33728
""".split()]
KIND = {1: 600, 2: 600, 3: 600, 4: 600, 9: 600, 5: 1000, 6: 1000, 7: 1000,
        8: 1000, 10: 100}
METHOD = {0: 0, 1: 1000, 5: 1000, 2: 800, 3: 500, 4: 400}
NONE, KEPT, PARTLY, BROKEN = range(4)
SIZE = [13107, 9830, 9830]


def decay(i):
    return 0 if i >= 408 else TABLE[i % 24] >> (i // 24)


def x(a, f):
    return a * f // ONE


def key_of(name):
    return hashlib.blake2b(name.encode(), digest_size=32).digest()


# ---- trust

def posting_links(case):
    lists = {tuple(c) for c in case["posting_keys"]}
    links = [[o, p] for o, p in lists if o != p and (p, o) in lists]
    named = defaultdict(set)
    for p, o in case["organisation_named"]:
        if o != p and (o, p) in lists:
            named[p].add(o)
    return sorted(links + [[p, *os] for p, os in named.items() if len(os) == 1])


class Trust:
    def __init__(self, case):
        self.up = {}
        for a, b in case["links"] + posting_links(case):
            pa, pb = self.party(a), self.party(b)
            lo, hi = sorted((pa, pb), key=key_of)
            if lo != hi:
                self.up[hi] = lo
        self.anchors = {self.party(a) for a in case["anchors"]}
        share = {}
        for a, b, s, vouches in case["attestations"]:
            a, b = self.party(a), self.party(b)
            if a != b and 1 <= s <= 1000 and 1 <= vouches <= 63:
                share[a, b] = max(share.get((a, b), (0, 0)), (s, vouches))
        total = defaultdict(int)
        for (a, _), (s, _) in share.items():
            total[a] += s
        self.part, self.vouches = {}, {}
        for (a, b), (s, vouches) in share.items():
            budget = 32 if a in self.anchors else 1
            whole = max(1000, -(-total[a] // budget))
            self.part[a, b] = ONE // 2 * s // whole
            self.vouches[a, b] = vouches
        t, p = ([defaultdict(int) for _ in range(3)] for _ in range(2))
        for k in range(3):
            for (a, b), f in self.part.items():
                if b in self.anchors or (k == 0) != (a in self.anchors):
                    continue
                amount = f
                if k > 0:
                    has = p[k - 1][a]
                    if k == 2 and self.vouches.get((b, a), 0) & 32:
                        has = max(0, has - x(p[0][b], self.part[b, a]))
                    amount = x(has, f)
                if self.vouches[a, b] & 31:
                    t[k][b] += amount
                if self.vouches[a, b] & 32:
                    p[k][b] += amount
            for m in (t, p):
                for b in list(m[k]):
                    m[k][b] = min(m[k][b], ONE - sum(m[i][b] for i in range(k)))
        t1, t2, t3 = t
        self.sum = {b: t1[b] + t2[b] + t3[b] for b in {*t1, *t2, *t3}}

    def party(self, name):
        while name in self.up:
            name = self.up[name]
        return name

    def tau(self, name):
        p = self.party(name)
        if p in self.anchors:
            return ONE
        t = self.sum.get(p, 0)
        return t if t >= 2048 else 0


# ---- largest flow: arcs {(from, to): cap}

def flow(arcs, source, sink):
    room = defaultdict(int)
    near = defaultdict(set)
    for (a, b), c in arcs.items():
        room[a, b] += c
        near[a].add(b)
        near[b].add(a)
    total = 0
    while True:
        came = {source: None}
        line = deque([source])
        while line and sink not in came:
            a = line.popleft()
            for b in sorted(near[a], key=repr):
                if b not in came and room[a, b] > 0:
                    came[b] = a
                    line.append(b)
        if sink not in came:
            return total
        way, b = [], sink
        while came[b] is not None:
            way.append((came[b], b))
            b = came[b]
        least = min(room[w] for w in way)
        for a, b in way:
            room[a, b] -= least
            room[b, a] += least
        total += least


def largest(tau, caps, outcomes, resources):
    """max sum tau(c) y(c): layer by layer of trust."""
    levels = sorted({tau[c] for c in caps if tau[c] > 0}, reverse=True)
    total = 0
    for i, level in enumerate(levels):
        lower = levels[i + 1] if i + 1 < len(levels) else 0
        arcs = {}
        for c in caps:
            if tau[c] >= level:
                arcs["S", ("c", c)] = caps[c]
        for n, (c, weight, takes) in enumerate(outcomes):
            if tau[c] < level:
                continue
            arcs[("c", c), ("e", n)] = weight
            for r, most in takes.items():
                arcs[("e", n), ("r", r)] = most
        for r, size in resources.items():
            arcs[("r", r), "T"] = size
        total += (level - lower) * flow(arcs, "S", "T")
    return total


# ---- evidence

class Book:
    def __init__(self, case, trust):
        self.trust, self.now = trust, case["month"]
        self.hours, self.funding, asks = {}, {}, {}
        for name, h in case["availability"]:
            p = trust.party(name)
            self.hours[p] = min(self.hours.get(p, 20), max(2, min(20, h)))
        for name, n in case["positions"]:
            asks[name] = max(asks.get(name, 0), n)
        for name, n in asks.items():
            p = trust.party(name)
            self.funding[p] = self.funding.get(p, 0) + n
        for p, n in self.funding.items():
            self.funding[p] = 20 * max(1, min(1000, n))
        best = {}
        for e in case["outcomes"]:
            e = dict(e)
            e["learner"] = trust.party(e["learner"])
            e["partner"] = trust.party(e["partner"])
            e["date"] = e["month"]
            if (e["kind"] not in KIND or e["method"] not in METHOD
                    or e["value"] > 1000 or len(e["terms"]) > 16
                    or e["learner"] == e["partner"] or e["date"] > self.now):
                continue
            k = (e["agreement"], e["learner"], e["partner"])
            if k not in best or key_of(e["id"]) < key_of(best[k]["id"]):
                best[k] = e
        self.all = list(best.values())
        for e in self.all:
            self.weigh(e)
        self.cells = {}
        for role in ("person", "company"):
            self.budget(role)

    def weigh(self, e):
        base = ONE * KIND[e["kind"]] * METHOD[e["method"]] * e["value"] // 10**9
        if any(o["learner"] == e["partner"] and o["partner"] == e["learner"]
               and abs(o["date"] - e["date"]) <= 6 for o in self.all):
            base //= 2
        days = e["last_day"] - e["first_day"] + 1
        hours = min(e["hours"], 8 * days) if days > 0 else 0
        e["base"] = base
        e["days"] = (range(e["first_day"], e["last_day"] + 1))
        learned = [t for t in e["terms"] if t["learned"]]
        pieces = set()
        for t in learned:
            group = t["group"] or t["term"]
            pieces |= {(0, t["term"]), (1, group), (2, t["parent"] or group)}
        e["pieces"] = pieces
        R = self.hours.get(e["learner"], 10)
        F = self.funding.get(e["partner"], 20)
        response = 0
        for t in learned:
            g, d = 300, 0
            if t["gap"] is not None:
                g = t["gap"]
                d = max(0, e["month"] - t["gap_month"])
            response = max(response, x(ONE * g // 1000, decay(6 * d)))
        p = {"base": base,
             "effort": x(base, ONE * min(hours, R) // R),
             "novelty": min(base, sum(x(base, SIZE[lv]) for lv, _ in pieces)),
             "response": x(base, response),
             "completed": {KEPT: base, PARTLY: base // 2}.get(e["completion"], 0),
             "learned": 0, "used": 0}
        c = {"base": base,
             "investment": x(base, ONE * min(e["funded"], hours, F) // F),
             "openness": (base if hours >= 40 else base // 5) if e["opened"] else 0,
             "speed": (0 if e["answer_days"] is None
                       else x(base, decay(12 * e["answer_days"] // 7))),
             "lift": 0}
        mine = {t["term"] for t in learned}
        uses = {t["term"] for t in e["terms"] if t["applied"]}
        for o in self.all:
            if o is e or o["learner"] != e["learner"]:
                continue
            other = o["partner"] != e["partner"] and self.trust.tau(o["partner"]) > 0
            o_uses = {t["term"] for t in o["terms"] if t["applied"]}
            o_mine = {t["term"] for t in o["terms"] if t["learned"]}
            later, earlier = o["date"] >= e["date"], o["date"] <= e["date"]
            if other and later and mine & o_uses:
                p["learned"] = base
            if other and earlier and uses & o_mine:
                p["used"] = base
            if e["funded"] > 0 and later and mine & o_uses:
                if other:
                    c["lift"] = base
                elif o["partner"] == e["partner"]:
                    c["lift"] = max(c["lift"], base // 2)
        unit = ONE * KIND[e["kind"]] // 1000
        for w, promise, other in ((p, e["completion"], e["partner"]),
                                  (c, e["pledge"], e["learner"])):
            w["kept"] = {KEPT: unit, PARTLY: unit // 2}.get(promise, 0)
            w["broken"] = ({BROKEN: unit, PARTLY: unit // 2}.get(promise, 0)
                           if self.trust.tau(other) >= 4096 else 0)
        e["weight"] = {"person": p, "company": c}

    def budget(self, role):
        mine, theirs = (("learner", "partner") if role == "person"
                        else ("partner", "learner"))
        weights, newest = defaultdict(list), {}
        for e in self.all:
            for series, w in e["weight"][role].items():
                if w > 0:
                    k = (series, e[theirs], e["date"] // 12, e[mine])
                    weights[k].append(w)
                    newest[k] = max(newest.get(k, 0), e["date"])
        u = {k: min(ONE, sum(w // (i + 1) for i, w in
                             enumerate(sorted(ws, reverse=True))))
             for k, ws in weights.items()}
        year = defaultdict(int)
        for (series, c, y, _), n in u.items():
            year[series, c, y] += n
        v = defaultdict(int)
        for k, n in u.items():
            series, c, y, s = k
            if c not in self.trust.anchors and year[series, c, y] > 16 * ONE:
                n = n * 16 * ONE // year[series, c, y]
            if series not in ("kept", "broken"):
                n = n * decay(self.now - newest[k]) // ONE
            v[series, s, c] += n
        self.cells[role] = {k: min(ONE, n) for k, n in v.items()}

    def score(self, name, role):
        s = self.trust.party(name)
        mine, theirs = (("learner", "partner") if role == "person"
                        else ("partner", "learner"))
        own = [e for e in self.all if e[mine] == s
               and self.trust.tau(e[theirs]) > 0]
        tau = {e[theirs]: self.trust.tau(e[theirs]) for e in own}

        def v(series, c):
            return self.cells[role].get((series, s, c), 0)

        def plain(series):
            return sum(tau[c] * v(series, c) for c in tau)

        def once(series, takes, resources):
            return largest(tau, {c: v(series, c) for c in tau},
                           [(e[theirs], e["weight"][role][series], takes(e))
                            for e in own], resources)

        if role == "person":
            day = 8 * ONE // self.hours.get(s, 10)
            effort = once("effort", lambda e: {d: ONE for d in e["days"]},
                          {d: day for e in own for d in e["days"]})
            novelty = once("novelty",
                           lambda e: {r: x(e["base"], SIZE[r[0]])
                                      for r in e["pieces"]},
                           {r: SIZE[r[0]] for e in own for r in e["pieces"]})
            arcs = {}
            for c in tau:
                arcs["S", ("l", c)] = tau[c] * v("learned", c)
                arcs[("u", c), "T"] = tau[c] * v("used", c)
            for a in own:
                for b in own:
                    if (a["partner"] != b["partner"] and a["date"] <= b["date"]
                            and a["weight"][role]["learned"] > 0
                            and b["weight"][role]["used"] > 0
                            and {t["term"] for t in a["terms"] if t["learned"]}
                            & {t["term"] for t in b["terms"] if t["applied"]}):
                        arcs[("l", a["partner"]), ("u", b["partner"])] = 1 << 62
            follow = (plain("completed") + flow(arcs, "S", "T")) // 3
            xs = [effort, novelty, plain("response"), follow]
            weights, promised = [30, 20, 25, 25], [3]
        else:
            day = 8 * ONE // self.funding.get(s, 20)
            invest = once("investment",
                          lambda e: {(e["learner"], d): ONE for d in e["days"]},
                          {(e["learner"], d): day for e in own for d in e["days"]})
            xs = [invest, plain("openness"), plain("speed"), plain("lift")]
            weights, promised = [35, 25, 15, 25], [0, 1, 2, 3]
        kept, broken = plain("kept"), plain("broken")
        promise = max(13107, ONE * (kept + ONE**2) // (kept + broken + ONE**2))
        parts = [ONE * n // (n + ONE**2) for n in xs]
        for i in promised:
            parts[i] = x(parts[i], promise)
        independent = plain("base") // ONE
        q = independent / (independent + 3 * ONE)  # far from the limits below
        return {"key": name, "role": role, "x": xs, "parts": parts,
                "promise": promise, "kept": kept, "broken": broken,
                "score": sum(w * n for w, n in zip(weights, parts)) // 100,
                "independent": independent,
                "counterparties": sum(v("base", c) > 0 for c in tau),
                "confidence": ("none" if q < .1 else "low" if q < .4
                               else "moderate" if q < .65 else "high")}


# ---- cases

def outcome(n, learner, partner, **more):
    e = {"id": f"outcome {n}", "agreement": f"agreement {n}", "learner": learner,
         "partner": partner, "kind": 6, "method": 1, "value": 1000,
         "completion": KEPT, "pledge": KEPT, "opened": False,
         "answer_days": None, "hours": 20, "funded": 20,
         "first_day": 20500 + 40 * n, "last_day": 20509 + 40 * n,
         "month": 680,
         "terms": [{"term": 100 + 10 * n + i, "group": 0, "parent": 0,
                    "learned": True, "applied": False, "gap": None,
                    "gap_month": 0} for i in range(2)]}
    e.update(more)
    return e


def case(name, **more):
    c = {"name": name, "month": 680, "anchors": ["chamber", "union"],
         "links": [], "attestations": [], "availability": [], "positions": [],
         "posting_keys": [], "organisation_named": [], "outcomes": []}
    c.update(more)
    return c


def by_hand():
    two = [["chamber", "forge", 1000, 63], ["chamber", "bakery", 1000, 63]]
    yield case("nothing")
    yield case("two trainings", attestations=two, outcomes=[
        outcome(1, "ada", "forge"), outcome(2, "ada", "bakery")])
    used = outcome(3, "ada", "mill", kind=2, method=5)
    used["terms"] = [dict(used["terms"][0], term=110, learned=False, applied=True)]
    yield case("learned, then used elsewhere",
               attestations=two + [["union", "mill", 1000, 63], ["union", "ada", 1000, 63]],
               outcomes=[outcome(1, "ada", "forge"), outcome(2, "ada", "bakery"),
                         used])
    yield case("a mill and its hundred", attestations=[["chamber", "mill", 1000, 63]],
               outcomes=[outcome(n, "ada" if n == 0 else f"fake {n}", "mill")
                         for n in range(100)])
    yield case("a mill, to one more than to the others",
               attestations=[["chamber", "mill", 1000, 63]],
               outcomes=[outcome(n, "ada" if n < 6 else f"fake {n}", "mill",
                                 month=680 - n % 3) for n in range(30)])
    yield case("the same two days, three times",
               attestations=two + [["union", "forge", 200, 63]],
               availability=[["ada", 20]],
               outcomes=[outcome(n, "ada", c, first_day=20500, last_day=20501)
                         for n, c in enumerate(("forge", "bakery", "union"))])
    yield case("promises", attestations=two + [["union", "ada", 1000, 63],
                                               ["union", "bob", 1000, 63],
                                               ["union", "cy", 100, 63]],
               outcomes=[outcome(1, "ada", "forge"),
                         outcome(2, "bob", "forge", pledge=PARTLY),
                         outcome(3, "cy", "forge", pledge=BROKEN, value=0),
                         outcome(4, "ada", "bakery", completion=BROKEN, value=0)])


    yield from with_posting_keys()


def with_posting_keys():
    desks = [f"desk {i}" for i in range(6)]
    many = dict(attestations=[["chamber", "forge", 1000, 63]] +
                [["union", d, 1000, 63] for d in desks],
                positions=[["forge", 1]] + [[d, 2] for d in desks],
                outcomes=[outcome(n, "ada", d) for n, d in enumerate(desks)] +
                [outcome(9, "bob", "forge")])
    many["attestations"] += [["union", "ada", 500, 63], ["union", "bob", 500, 63]]
    listed = [["forge", d] for d in desks]
    named = [[d, "forge"] for d in desks]
    yield case("six desks of one forge, each by itself", **many)
    yield case("six desks of one forge", posting_keys=listed,
               organisation_named=named, **many)
    yield case("a forge that claims desks", posting_keys=listed, **many)
    yield case("desks that claim a forge", organisation_named=named, **many)
    yield case("desks of an agency for two", **many,
               posting_keys=listed + [["bakery", d] for d in desks[:3]],
               organisation_named=named + [[d, "bakery"] for d in desks[:4]])
    yield case("a group that lists each other", **many,
               posting_keys=listed + [[d, "forge"] for d in desks[2:]])


def at_random(r, n):
    names = [f"party {i}" for i in range(9)]
    c = case(f"random {n}", anchors=names[:2])
    for _ in range(r.randint(5, 25)):
        c["attestations"].append([r.choice(names[:2] + names), r.choice(names),
                                  r.choice([1000, 1000, 400, 1, 0]),
                                  r.choice([63, 63, 33, 1, 32])])
    for _ in range(r.randint(1, 35)):
        first = 20500 + r.randrange(6)
        month = 680 - r.randrange(40) + (r.random() < .05) * 50
        e = outcome(
            r.randrange(200), r.choice(names[2:]), r.choice(names),
            kind=r.choice([1, 2, 5, 6, 6, 7, 8, 9, 10, 11]),
            method=r.randrange(6), value=r.choice([1000, 1000, 700, 333, 0]),
            completion=r.randrange(4), pledge=r.randrange(4),
            opened=r.random() < .5,
            answer_days=r.choice([None, r.randrange(50)]),
            hours=r.choice([3, 12, 20, 45, 200]), funded=r.choice([0, 5, 20, 90]),
            first_day=first, last_day=first + r.randrange(-1, 5), month=month)
        e["id"] = f"id {r.randrange(10**6)}"
        e["terms"] = [{"term": r.randint(1, 7), "group": r.choice([0, 21, 22]),
                       "parent": r.choice([0, 31]), "learned": r.random() < .7,
                       "applied": r.random() < .5,
                       "gap": r.choice([None, r.randrange(1001)]),
                       "gap_month": 680 - r.randrange(60)}
                      for _ in range(r.randrange(5))]
        c["outcomes"].append(e)
    for _ in range(r.randrange(4)):
        c["availability"].append([r.choice(names), r.randrange(30)])
        c["positions"].append([r.choice(names), r.randrange(6)])
    if n % 4 == 0:
        c["links"].append(r.sample(names, 2))
    if n % 3 == 0:
        for _ in range(8):
            c["posting_keys"].append([r.choice(names[3:6]), r.choice(names)])
            c["organisation_named"].append([r.choice(names), r.choice(names[3:6])])
    return c


def solved(c):
    trust = Trust(c)
    book = Book(c, trust)
    names = {*c["anchors"]}
    for a, b, *_ in (c["attestations"] + c["links"] + c["posting_keys"]
                     + c["organisation_named"]):
        names |= {a, b}
    for e in c["outcomes"]:
        names |= {e["learner"], e["partner"]}
    names = sorted(n for n in names if not n.startswith("fake") or n == "fake 1")
    c["tau"] = {n: trust.tau(n) for n in names}
    c["scores"] = [s for n in names for role in ("person", "company")
                   for s in [book.score(n, role)]
                   if any(s["x"]) or s["kept"] or s["broken"]]
    return c


def isqrt(n):
    r = int(n ** .5)
    while r * r > n:
        r -= 1
    while (r + 1) * (r + 1) <= n:
        r += 1
    return r


def doors(r):
    for _ in range(20):
        fit, p, c = r.randrange(10001), r.randrange(ONE), r.randrange(ONE)
        missing = [{"share": r.randrange(4000), "near": r.randrange(1001),
                    "taught": r.random() < .7} for _ in range(r.randrange(4))]
        g = isqrt(p * c)
        door = fit + sum(m["share"] * m["near"] * g // (1000 * ONE)
                         for m in missing if m["taught"])
        yield {"fit": fit, "missing": missing, "person": p, "company": c,
               "door": min(10000, door)}


def main():
    r = random.Random(21)
    cases = [solved(c) for c in by_hand()]
    cases += [solved(at_random(r, n)) for n in range(24)]
    names = set()
    for c in cases:
        names |= {*c["tau"], *c["anchors"]}
        for e in c["outcomes"]:
            names |= {e["id"], e["agreement"], e["learner"], e["partner"]}
    made = {"keys": {n: key_of(n).hex() for n in sorted(names)},
            "cases": cases, "doors": list(doors(r))}
    text = json.dumps(made, indent=None, separators=(",", ":"), sort_keys=True)
    text = text.replace('{"anchors"', '\n{"anchors"') + "\n"
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(text)
        return 0
    if FILE.read_text() != text:
        print("learnability.json is not what SPEC.md says", file=sys.stderr)
        return 1
    print(f"{len(cases)} cases, {sum(len(c['scores']) for c in cases)} scores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
