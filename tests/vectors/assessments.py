#!/usr/bin/env python3
"""Assessments of section 10 of proto/SPEC.md, from its text alone: hidden
keys, levels, the next item, what cannot be taken, signed results.

  assessments.py            compare with assessments.json; fails when they differ
  assessments.py --write    make assessments.json

Nothing here is shared with match/ or proto/: all tables are computed or copied
from the text.
"""
import hashlib
import json
import sys
from pathlib import Path

from evidence import KEYS, h, pack, pad16, u8

FILE = Path(__file__).with_name("assessments.json")
NET, NOW = "test-a", 500000 * 3600 + 60
ASSESSOR, AUTHOR, PERSON, OTHER = KEYS[:4]
EN = 0x656e
SINGLE, MULTIPLE, NUMBER, SELF, CHECKLIST = range(1, 6)
SALT = bytes(range(16))
TERMS = [bytes([7] * 7 + [i]) for i in range(4)]


def floor_root16(n):
    low, high = 0, 1 << (n.bit_length() // 16 + 1)
    while high - low > 1:
        mid = (low + high) // 2
        low, high = (mid, high) if mid**16 <= n else (low, mid)
    return low


def l16(n):
    return (n**16).bit_length() - 1


POWERS = [floor_root16(1 << (32 * 16 - i)) for i in range(16)]
STEPS = dict(zip(range(-5, 5), (1, 5, 27, 119, 401, 769, 943, 988, 998, 999)))
RATED = (143, 122, 94, 66, 38, 10)


def key_hash(item, answer):
    return h("ohcn-answer-v1", SALT, u8(item), (answer % 2**64).to_bytes(8, "big"), size=16)


# ---- the payload in words ------------------------------------------------------------


def text(words):
    return {EN: words}


def item(term, kind, options=0, level=None, levels=None, key=None, tolerance=None, hidden=None):
    out = {0: TERMS[term], 2: kind, 4: text("?")}
    if options:
        out[6] = [text(chr(97 + i)) for i in range(options)]
    for k, v in ((8, level), (10, levels), (12, key), (14, tolerance), (16, hidden)):
        if v is not None:
            out[k] = v
    return out


def payload(measures, items, adaptive=False, stop=None, salt=False, external=None):
    out = {0: text("A"), 2: [{0: TERMS[t], **({2: a} if a else {}), **({4: b} if b else {})} for t, a, b in measures]}
    if items:
        out[4] = items
    if adaptive:
        out[6] = 1
    if stop is not None:
        out[8] = stop
    if external:
        out[14] = external
    if salt:
        out[16] = SALT
    return out


# ---- what answers say ----------------------------------------------------------------


def levels_of(it):
    """Of each option of a checklist."""
    return it.get(10, [it.get(8, 3)] * len(it.get(6, [])))


def is_right(number, it, answer):
    if answer == "unknown":
        return False
    if 16 in it:
        return key_hash(number, answer) == it[16]
    return abs(answer - it[12]) <= it.get(14, 0) if it[2] == NUMBER else answer == it[12]


def tell(sums, right, g, d):
    for level in range(6):
        p = min(990, max(5, g + (1000 - g) * STEPS[level - d] // 1000))
        sums[level] += l16(p if right else 1000 - p)


def level_of(a, answers, measure):
    """{level, confidence, low, high, items}; None: nothing says anything."""
    sums, said, keyed = [0] * 6, 0, False
    for number, (it, answer) in enumerate(zip(a[4], answers)):
        if it[0] != measure[0] or answer in (None, "skipped"):
            continue
        said += 1
        if it[2] == SELF:
            for level in range(6):
                sums[level] += RATED[abs(answer - level)]
        elif it[2] == CHECKLIST:
            for i, d in enumerate(levels_of(it)):
                tell(sums, answer >> i & 1, 50, d)
        else:
            keyed = True
            g = {SINGLE: 1000 // max(1, len(it.get(6, []))), MULTIPLE: 20, NUMBER: 10}[it[2]]
            tell(sums, is_right(number, it, answer), g, it.get(8, 3))
    if not said:
        return None
    top = max(sums)
    w = [0 if (top - s) // 16 >= 64 else (POWERS[(top - s) % 16] << 24) >> (top - s) // 16 for s in sums]
    whole = sum(w)
    low, high = measure.get(2, 1), measure.get(4, 5)
    level = max(x for x in range(6) if 2 * sum(w[x:]) >= whole)
    if level < low:
        level, covered = 0, sum(w[:low])
    elif level >= high:
        level, covered = high, sum(w[high:])
    else:
        covered = w[level]
    sure = min(1000, covered // (whole // 1000))
    return {"level": level, "confidence": sure if keyed else min(600, sure), "items": said,
            "low": sum(10 * sum(w[:x + 1]) <= whole for x in range(6)),
            "high": 5 - sum(10 * sum(w[x:]) <= whole for x in range(6))}


def next_item(a, answers):
    stop = a.get(8, {})
    most, enough = stop.get(0, 128), stop.get(2, 800)
    asked = {m[0]: sum(x is not None for it, x in zip(a[4], answers) if it[0] == m[0]) for m in a[2]}
    still = [i for i, (it, x) in enumerate(zip(a[4], answers)) if x is None and asked[it[0]] < most]
    if not a.get(6):
        return still[0] if still else None
    best = None
    for n, m in enumerate(a[2]):
        mine = [i for i in still if a[4][i][0] == m[0]]
        now = level_of(a, answers, m)
        if not mine or (now and now["confidence"] >= enough):
            continue
        at = max(1, now["level"]) if now else 3

        def distance(i):
            d = a[4][i].get(8, 3)
            off = 0 if a[4][i][2] in (SELF, CHECKLIST) else abs(d - at)
            return off, -d if off else 0, i

        choice = (asked[m[0]], n, min(mine, key=distance))
        best = min(best, choice) if best else choice
    return best and best[2]


# ---- cases ---------------------------------------------------------------------------


class Chance:
    def __init__(self, seed):
        self.n, self.seed = 0, seed

    def below(self, n):
        self.n += 1
        return int.from_bytes(hashlib.sha256(f"{self.seed} {self.n}".encode()).digest()[:8], "big") % n

    def one(self, *of):
        return of[self.below(len(of))]


def any_item(c, number, term):
    kind = 1 + c.below(5)
    level = c.one(None, 1, 2, 3, 4, 5)
    if kind == SELF:
        return item(term, kind, c.one(0, 6))
    if kind == CHECKLIST:
        n = 2 + c.below(7)
        return item(term, kind, n, level if c.below(2) else None,
                    [1 + c.below(5) for _ in range(n)] if c.below(2) else None)
    n = 0 if kind == NUMBER else 2 + c.below(5)
    key = {SINGLE: c.below(max(n, 1)), MULTIPLE: c.below(1 << n), NUMBER: c.below(2001) - 1000}[kind]
    if c.below(3) == 0:
        return item(term, kind, n, level, hidden=key_hash(number, key))
    return item(term, kind, n, level, key=key, tolerance=c.one(None, 5) if kind == NUMBER else None)


def any_answer(c, it):
    kind, n = it[2], len(it.get(6, []))
    luck = c.below(12)
    if luck == 0:
        return "skipped"
    if luck == 1 and kind not in (SELF, CHECKLIST):
        return "unknown"
    if 12 in it and luck < 8:
        return it[12]
    return {SINGLE: lambda: c.below(n), MULTIPLE: lambda: c.below(1 << n), CHECKLIST: lambda: c.below(1 << n),
            NUMBER: lambda: c.below(2001) - 1000, SELF: lambda: c.below(6)}[kind]()


def told(a, answers):
    return {"levels": [level_of(a, answers, m) for m in a[2]], "next": next_item(a, answers)}


def taken():
    """An assessment, and what is known after each of its answers."""
    four = dict(options=4, key=0)
    shown = payload([(0, 0, 0)], [item(0, SINGLE, level=3, **four), item(0, SINGLE, level=4, **four), item(0, SELF)])
    out = [("the example of the text", shown, [(0, 0), (1, 1), (2, 3)]),
           ("a self-rating alone", payload([(0, 0, 0)], [item(0, SELF)]), [(0, 3)]),
           ("a number, a key of -5 and a tolerance",
            payload([(0, 0, 0)], [item(0, NUMBER, key=-5, tolerance=2)] * 3), [(0, -7), (1, -3), (2, -8)]),
           ("below what is measured", payload([(0, 3, 4)], [item(0, SINGLE, level=3, **four)] * 4),
            [(i, 1) for i in range(4)]),
           ("above what is measured", payload([(0, 1, 2)], [item(0, SINGLE, level=5, **four)] * 4),
            [(i, 0) for i in range(4)]),
           ("two are enough", payload([(0, 0, 0), (1, 0, 0)],
                                      [item(t, SINGLE, level=d, **four) for t in (0, 1) for d in (1, 3, 5)],
                                      adaptive=True, stop={0: 2}), [(1, 0), (4, "unknown"), (2, "skipped"), (3, 0)])]
    for seed in range(40):
        c = Chance(seed)
        terms = 1 + c.below(3)
        measures = []
        for t in range(terms):
            low = c.one(0, 0, 1, 2, 3)
            measures.append((t, low, c.one(0, 0, *range(max(low, 1), 6))))
        items = [any_item(c, i, c.below(terms)) for i in range(3 + c.below(10))]
        a = payload(measures, items, bool(c.below(2)), c.one(None, {0: 3}, {2: 600}, {0: 4, 2: 900}), True)
        answers, order = [None] * len(items), []
        for _ in range(len(items)):
            at = next_item(a, answers) if c.below(4) else c.below(len(items))
            if at is None or answers[at] is not None:
                continue
            answers[at] = any_answer(c, items[at])
            order.append((at, answers[at]))
        out.append((f"by chance {seed}", a, order))
    cases = []
    for name, a, order in out:
        answers = [None] * len(a[4])
        steps = [{"item": None, "answer": None, **told(a, answers)}]
        for at, answer in order:
            answers[at] = answer
            steps.append({"item": at, "answer": answer, **told(a, answers)})
        cases.append({"name": name, "payload": pack(a).hex(), "steps": steps})
    return cases


def hopeless():
    """Fits the schema, and cannot be taken."""
    good = item(0, SINGLE, 4, key=0)
    one = [(0, 0, 0)]
    cases = [("neither items nor external", payload(one, None)),
             ("an item about another term", payload(one, [{**good, 0: TERMS[1]}])),
             ("a term twice", payload(one * 2, [good])),
             ("from above to", payload([(0, 3, 2)], [good])),
             ("a choice without options", payload(one, [item(0, SINGLE, key=0)])),
             ("a choice without a key", payload(one, [item(0, SINGLE, 4)])),
             ("a choice with both keys", payload(one, [item(0, SINGLE, 4, key=0, hidden=bytes(16))], salt=True)),
             ("a hidden key without a salt", payload(one, [item(0, SINGLE, 4, hidden=bytes(16))])),
             ("a key beyond the options", payload(one, [item(0, SINGLE, 4, key=4)])),
             ("a key below 0", payload(one, [item(0, SINGLE, 4, key=-1)])),
             ("a sum beyond the options", payload(one, [item(0, MULTIPLE, 3, key=8)])),
             ("a number without a key", payload(one, [item(0, NUMBER)])),
             ("a self-rating with a key", payload(one, [item(0, SELF, key=1)])),
             ("a self-rating of five options", payload(one, [item(0, SELF, 5)])),
             ("a checklist without options", payload(one, [item(0, CHECKLIST)])),
             ("a checklist with a key", payload(one, [item(0, CHECKLIST, 2, key=1)])),
             ("a checklist of fewer levels", payload(one, [item(0, CHECKLIST, 3, levels=[1, 2])])),
             ("a checklist of more levels", payload(one, [item(0, CHECKLIST, 2, levels=[1, 2, 3])]))]
    return [{"name": name, "payload": pack(p).hex()} for name, p in cases]


# ---- signed results ------------------------------------------------------------------


def signed(statement, key=ASSESSOR, net=NET, sigtype=1, domain="ohcn-ressig-v1"):
    raw = statement if isinstance(statement, bytes) else pack(statement)
    name = h("ohcn-res-v1", raw)
    return name, pack([raw, sigtype, key.sign(pad16(domain) + u8(len(net)) + net.encode() + u8(1) + name)])


def results():
    """`form`: not a result; `signature`: not its assessor's; `refused`; `fine`."""
    record = payload([(0, 1, 3), (1, 0, 0)], None, external={0: "https://example.org/", 2: ASSESSOR.pub})
    levels = [{0: TERMS[0], 2: 2, 4: 850}, {0: TERMS[1], 2: 0}]
    plain = {0: 1, 2: NET, 4: ASSESSOR.pub, 6: AUTHOR.pub, 8: 3, 10: PERSON.pub, 12: 499990, 14: 500100, 16: levels,
             18: bytes(range(16))}
    out = []

    def add(name, want, statement, **how):
        ident, raw = signed(statement, **how)
        out.append({"name": name, "result": want, "bytes": raw.hex(),
                    **({"id": ident.hex()} if want in ("fine", "refused") else {})})

    def change(name, want, **fields):
        add(name, want, {**plain, **{int(k[1:]): v for k, v in fields.items()}})

    add("plain", "fine", plain)
    add("with an odd key that nobody knows", "fine", {**plain, 19: "x"})
    change("taken in this hour", "fine", k12=500000)
    change("of the longest life", "fine", k12=499990, k14=499990 + 9600)
    change("a confidence of 1000", "fine", k16=[{0: TERMS[0], 2: 3, 4: 1000}])
    add("of another network", "refused", {**plain, 2: "test-b"}, net="test-b")
    change("about another person", "refused", k10=OTHER.pub)
    change("of another assessment", "refused", k8=4)
    change("of another author's assessment", "refused", k6=OTHER.pub)
    change("expired", "refused", k14=500000)
    change("taken in the next hour", "refused", k12=500001)
    change("a term that is not measured", "refused", k16=[{0: TERMS[2], 2: 1}])
    change("a level above what is measured", "refused", k16=[{0: TERMS[0], 2: 4}])
    change("version 2", "form", k0=2)
    add("an even key that nobody knows", "form", {**plain, 20: 1})
    change("longer than 9600 hours", "form", k14=499990 + 9601)
    change("that ends before it was taken", "form", k14=499990)
    change("no level", "form", k16=[])
    change("33 levels", "form", k16=[{0: bytes([i] * 8), 2: 1} for i in range(33)])
    change("a term twice", "form", k16=[levels[0], levels[0]])
    change("level 6", "form", k16=[{0: TERMS[0], 2: 6}])
    change("a confidence of 1001", "form", k16=[{0: TERMS[0], 2: 1, 4: 1001}])
    change("a nonce of 15 bytes", "form", k18=bytes(15))
    for key in plain:
        add(f"without key {key}", "form", {k: v for k, v in plain.items() if k != key})
    add("a statement that is a list", "form", [1])
    add("sigtype 2", "form", plain, sigtype=2)
    add("a statement with its keys out of order", "form", b"\x82\x02\xa6test-a\x00\x01")
    out.append({"name": "a statement that is no bin", "result": "form", "bytes": pack([plain, 1, bytes(64)]).hex()})
    add("signed by another", "signature", plain, key=OTHER)
    add("signed for another network", "signature", plain, net="test-b")
    add("signed as a record is", "signature", plain, domain="ohcn-sig-v1")
    raw = bytearray(signed(plain)[1])
    raw[-3] ^= 1
    out.append({"name": "with a bit flipped", "result": "signature", "bytes": raw.hex()})
    out.append({"name": "cut short", "result": "form", "bytes": signed(plain)[1][:-1].hex()})
    out.append({"name": "with a byte behind it", "result": "form", "bytes": (signed(plain)[1] + b"\0").hex()})
    return {"net": NET, "now": NOW, "author": AUTHOR.pub.hex(), "slot": 3, "person": PERSON.pub.hex(),
            "assessment": pack(record).hex(), "seed": ASSESSOR.seed.hex(), "cases": out}


def make():
    return {"powers": POWERS, "hashes": [{"salt": SALT.hex(), "item": i, "answer": a, "hash": key_hash(i, a).hex()}
                                         for i, a in ((0, 0), (1, 0), (127, 5), (3, -1), (3, 10**12), (3, -10**12))],
            "taken": taken(), "cannot": hopeless(), "results": results()}


def main():
    made = make()
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(json.dumps(made, separators=(",", ":")).replace('},{"name"', '},\n{"name"') + "\n")
    elif json.loads(FILE.read_text()) != json.loads(json.dumps(made)):
        sys.exit("assessments.json is not what assessments.py computes")
    else:
        print(f"{len(made['taken'])} assessments and {len(made['results']['cases'])} results again: the same")


if __name__ == "__main__":
    main()
