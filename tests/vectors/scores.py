#!/usr/bin/env python3
"""Section "Scores" of proto/SPEC.md once more, from its text alone.

  scores.py            compare with scores.json; fails when they differ
  scores.py --write    make scores.json

Nothing here is shared with match/: the vectors are made by this program and
the C test compares. Terms are short names; their URI is urn:test:NAME.
"""
import hashlib
import json
import random
import sys
from pathlib import Path

FILE = Path(__file__).with_name("scores.json")
TREE = """
work skill -
metal skill work
welding skill metal
mig skill welding
tig skill welding
spot skill mig
solder skill metal ~welding
casting skill metal
food skill work
cooking skill food
baking skill food ~cooking
bread skill baking
rye skill bread
hygiene knowledge food
outdoors interest -
climate purpose -
ocean purpose climate
welder occupation -
cook occupation -
"""
NEEDS = {"welder": ["mig", "tig", "metal"], "cook": ["cooking", "hygiene", "bread"]}
VIA = ["nothing", "exact", "narrower", "broader", "related", "sibling"]


def term(name):
    # a hash of SPEC section 2: BLAKE2b, personalised
    return hashlib.blake2b(f"urn:test:{name}".encode(), digest_size=8,
                           person=b"ohcn-term-v1".ljust(16, b"\0")).hexdigest()


class World:
    def __init__(self):
        self.kind, self.up, self.related = {}, {}, {}
        for line in TREE.split("\n"):
            w = line.split()
            if not w:
                continue
            self.kind[w[0]] = w[1]
            self.up[w[0]] = [] if w[2] == "-" else [w[2]]
            self.related.setdefault(w[0], set())
            for r in w[3:]:
                self.related[w[0]].add(r[1:])
                self.related.setdefault(r[1:], set()).add(w[0])
        self.down = {n: [m for m in self.kind if n in self.up[m]] for n in self.kind}
        self.rarity = self.rarities()

    def above(self, n):
        """Everything broader, by the fewest steps."""
        found, front, steps = {}, [n], 0
        while front:
            steps += 1
            front = [u for f in front for u in self.up[f] if u not in found]
            found.update({u: steps for u in front})
        return found

    def rarities(self):
        own = {n: 0 for n in self.kind}
        for n in self.kind:
            for to in [*self.up[n], *self.related[n]]:
                own[to] += 1
        for needs in NEEDS.values():
            for n in needs:
                own[n] += 1
        # related links are written once and count at the end they point to
        for n in self.kind:
            own[n] -= sum(1 for r in self.related[n] if not self.says(r, n))
        for n in sorted(self.kind, key=lambda x: -len(self.above(x))):
            for u in self.up[n]:
                own[u] += own[n]
        total = max(len(NEEDS), len(self.kind) // 4) + 1
        return {n: min(255, max(16, log16(total) - log16(own[n] + 1))) for n in own}

    def says(self, a, b):
        return any(line.split()[:1] == [a] and f"~{b}" in line.split() for line in TREE.split("\n"))

    def meets(self, asked, held):
        """(credit, -via): the best way in which held stands for asked."""
        ways = []
        if asked == held:
            ways.append((1000, 1))
        steps = self.above(held).get(asked)
        if steps and steps <= 3:
            ways.append(([900, 800, 700][steps - 1], 2))
        steps = self.above(asked).get(held)
        if steps and steps <= 2:
            ways.append(([500, 250][steps - 1], 3))
        if held in self.related[asked]:
            ways.append((500, 4))
        if asked != held and any(u in self.up[held] and len(self.down[u]) <= 256 for u in self.up[asked]):
            ways.append((300, 5))
        return max(((c, -v) for c, v in ways), default=(0, 0))


def log16(n):
    k = 0
    while 2 ** (k + 1) <= n ** 16:
        k += 1
    return k


def adequacy(asked, held):
    return 1000 if asked == 0 or held == 0 or held >= asked else held * 1000 // asked


def best(world, asked, level, held):
    """The held item that serves best: (credit, via, name, level)."""
    top = (0, 0, None, 0)
    for name, has in held:
        credit, via = world.meets(asked, name)
        credit = credit * adequacy(level, has) // 1000
        if credit == 0:
            continue
        new = (credit, -via, name, has)
        if top[2] is None or (-new[0], new[1], term(name), -has) < (-top[0], top[1], term(top[2]), -top[3]):
            top = new
    return top


def share_out(lines):
    """Points by largest remainder, earlier first."""
    counts = [l for l in lines if not l["ask"] and l["weight"] > 0]
    most = sum(l["weight"] * 1000 for l in counts)
    total = sum(l["weight"] * l["credit"] for l in counts) * 10000 // most
    for l in lines:
        l["points"] = 0
    for l in counts:
        l["points"] = l["weight"] * l["credit"] * 10000 // most
    left = total - sum(l["points"] for l in counts)
    for l in sorted(counts, key=lambda x: -(x["weight"] * x["credit"] * 10000 % most))[:left]:
        l["points"] += 1
    return total


def line(kind, weight, credit, asked=None, held=None, via=0, ask=False):
    return {"kind": kind, "asked": asked, "held": held, "via": VIA[via],
            "weight": weight, "credit": credit, "ask": ask}


def fit(world, p, c):
    held = [*c["skills"], *[(n, 0) for n in c["purposes"]]]
    asked = sorted(p["requirements"], key=lambda r: (-r[2] * world.rarity[r[0]], term(r[0]), -r[1]))
    lines = []
    for name, level, weight in asked:
        b = best(world, name, level, held)
        tells = world.kind[name] in ("skill", "knowledge")
        lines.append(line("requirement", weight * world.rarity[name], b[0], name, b[2], b[1],
                          not tells and b[0] < 1000))
    counts = [l for l in lines if not l["ask"]]
    weight = sum(l["weight"] for l in counts)
    if weight == 0:
        return 5000, [*lines, {**line("neutral", 0, 0), "points": 5000}] if not lines else \
            [*[{**l, "points": 0} for l in lines], {**line("neutral", 0, 0), "points": 5000}]
    earned = sum(l["weight"] * l["credit"] for l in counts)
    root = 0
    while (root + 1) ** 3 * weight * 1000 <= earned * 10 ** 9:
        root += 1
    lines.append(line("overlap", 3 * weight, root))
    return share_out(lines), lines


def uses(world, p, c):
    held = {n for n, _ in c["skills"]}
    if not held or not p["requirements"]:
        return None
    every = [*c["skills"], *[(n, 0) for n in c["purposes"]]]
    given = sum(world.rarity[h] * max(
        world.meets(a, h)[0] * adequacy(level, has) // 1000
        for a, level, _ in p["requirements"] for n, has in c["skills"] if n == h) for h in held)
    taken = sum(world.rarity[a] * best(world, a, level, every)[0] for a, level, _ in p["requirements"])
    return min(given, taken) // sum(world.rarity[h] for h in held)


def wish(world, p, c):
    lines = [line("neutral", 20, 500)]
    used = uses(world, p, c)
    if used is not None:
        lines.append(line("uses", 60, used))
    met = sorted(((-b[0], term(n), -level, n, b) for n, level in c["aspirations"]
                  for b in [best(world, n, level, p["teaches"])]), key=lambda x: x[:3])
    for weight, (_, _, _, n, b) in zip((21, 9), met):
        lines.append(line("aspiration", weight, b[0], n, b[2], b[1]))
    care = sorted(((-b[0], term(n), n, b) for n in c["purposes"]
                   for b in [best(world, n, 0, [(q, 0) for q in p["purposes"]])]), key=lambda x: x[:2])
    if care and p["purposes"]:
        _, _, n, b = care[0]
        lines.append(line("purpose", 20, b[0], n, b[2], b[1]))
    free = [0, 5, 10, 20, 30, 168][c["hours"]]
    if p["hours"] and free:
        lines.append(line("hours", 10, 1000 if p["hours"] <= free else free * 1000 // p["hours"]))
    lines.append(line("investment", 15, min(40, p["invest_hours"]) * 25 if p["invest_hours"] >= 10
                      else (250 if p["invest_hours"] else 0)))
    return share_out(lines), lines


def both(a, b):
    return 2 * a * b // (a + b) if a > 0 and b > 0 else 0


def make():
    world, chance, cases = World(), random.Random(5), []
    names = sorted(n for n in world.kind if world.kind[n] in ("skill", "knowledge"))

    def some(most, pool):
        return chance.sample(pool, chance.randint(0, min(most, len(pool))))

    for _ in range(120):
        p = {"requirements": [[n, chance.randint(0, 5), chance.randint(1, 100)]
                              for n in some(8, [*names, "outdoors", "welder"])],
             "teaches": [[n, chance.randint(0, 5)] for n in some(4, names)],
             "purposes": some(2, ["climate", "ocean"]),
             "hours": chance.choice([0, 4, 12, 40]), "invest_hours": chance.choice([0, 3, 20, 60])}
        c = {"skills": [[n, chance.randint(0, 5)] for n in some(8, names)],
             "aspirations": [[n, chance.randint(0, 5)] for n in some(4, names)],
             "purposes": some(2, ["climate", "ocean"]), "hours": chance.randint(0, 5)}
        f, flines = fit(world, p, c)
        w, wlines = wish(world, p, c)
        cases.append({"posting": p, "card": c, "fit": f, "wish": w, "both": both(f, w),
                      "fit_lines": flines, "wish_lines": wlines})
    return {"vocabulary": [{"name": n, "term": term(n), "type": world.kind[n], "broader": world.up[n],
                            "related": sorted(r for r in world.related[n] if world.says(n, r)),
                            "needs": NEEDS.get(n, []), "rarity": world.rarity[n]} for n in world.kind],
            "cases": cases}


if __name__ == "__main__":
    made = make()
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(json.dumps(made, indent=None, separators=(",", ":")).replace('},{"posting"', '},\n{"posting"') + "\n")
    elif json.loads(FILE.read_text()) != json.loads(json.dumps(made)):
        sys.exit("scores.json is not what scores.py computes")
    else:
        print(f"{len(made['cases'])} cases computed again: the same")
