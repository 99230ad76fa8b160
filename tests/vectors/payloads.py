#!/usr/bin/env python3
"""Payloads of section 10 of proto/SPEC.md, from its tables alone: for each
kind what is smallest, what is usual, what has every field; for each field its
bounds and what just breaks them.

  payloads.py            compare with payloads.json; fails when they differ
  payloads.py --write    make payloads.json

The tables are read from SPEC.md; nothing is shared with proto/ or with
make_vectors.c. What may be (`fine`), what may be but is not read (`opaque`),
what may not be (`bad`) is said here, by the rules of the text.
"""
import hashlib
import json
import re
import sys
from pathlib import Path

from evidence import SPEC, pack

FILE = Path(__file__).with_name("payloads.json")
KINDS = {name: n + 1 for n, name in enumerate(
    "profile organisation demand course assessment pathway community attestation vocabulary statistic envelope "
    "revocation".split())}
LONG = 300  # lists and texts beyond it come once, at their bounds
EN, DE = 0x656e, 0x6465


def term(uri):
    return hashlib.blake2b(uri.encode(), digest_size=8, person=b"ohcn-term-v1".ljust(16, b"\0")).digest()


# ---- the tables ------------------------------------------------------------------


def power(text):
    """2⁵³−1, 2³²−1 and plain numbers."""
    text = text.replace("2⁵³−1", str(2**53 - 1)).replace("2³²−1", str(2**32 - 1))
    return int(text)


def tables():
    text = SPEC.read_text(encoding="utf-8").split("\n## 10. Payloads")[1].split("\n## 11. ")[0]
    kinds, maps = {}, {}
    for head, body in re.findall(r"\n###+ ((?:Kind|Map) [^\n]+)\n(.*?)(?=\n###|\Z)", text, flags=re.S):
        rows = [(int(k), n, t, m == "yes") for k, n, t, m in
                re.findall(r"\n\| (\d+) \| `([a-z_]+)` \| ([^|]+?) \| (yes|no) \|", body)]
        kind = re.fullmatch(r"Kind ([a-z]+), pv 1", head)
        if kind:
            kinds[kind[1]] = rows
        else:
            maps[head[4:]] = rows
    return kinds, maps


TABLES, MAPS = tables()


def numbers(t):
    return [power(x) for x in re.search(r" (\S+?)\.\.(\S+)", t).groups()]


def choices(t):
    return [int(n) for n in re.findall(r"(\d+) = ", t)]


# ---- values of a type: what fits, at its bounds; what does not ---------------------


def least(t):
    """The smallest value that fits."""
    return good(t)[0]


def least_map(rows):
    return {k: least(t) for k, _, t, must in rows if must}


def all_map(rows):
    """Every field, each with the last value that fits."""
    return {k: good(t)[-1] for k, _, t, _ in rows}


def good(t):
    if t.startswith(("uint", "int")):
        low, high = numbers(t)
        return [low, high]
    if t == "bool":
        return [0, 1]
    if t.startswith("str"):
        low, high = numbers(t)
        return ["a" * low, "a" * high]
    if t.startswith("text"):
        low, high = numbers(t)
        return [{EN: "a" * low}, {DE: "ä" * (high // 2), EN: "a" * high}]
    if t == "bytes 1024..4096":
        return [bytes(n) for n in (1024, 2048, 4096)]
    if t.startswith("bytes"):
        return [bytes(range(int(t[6:])))]
    if t == "term":
        return [term("urn:ohcn:welding"), bytes(8)]
    if t == "language":
        return [0x6161, 0x7a7a7a]
    if t == "region":
        return ["aa", "zz"]
    if t == "currency":
        return ["AAA", "ZZZ"]
    if t.startswith("choice"):
        return choices(t)
    if t.startswith("bits"):
        return [1, choices(t)[-1], sum(choices(t))]
    if t.startswith("list"):
        low, high = numbers(t)
        item = t.split(" of ", 1)[1]
        return [[least(item)] * low, [good(item)[-1]] * min(low + 1, high)]
    if t.startswith("map"):
        return [least_map(MAPS[t[4:]]), all_map(MAPS[t[4:]])]
    raise ValueError(t)


def bad(t):
    """(what is wrong, value)"""
    if t.startswith(("uint", "int")):
        low, high = numbers(t)
        return [("below", low - 1), ("above", high + 1), ("2^53", 2**53), ("a str", str(low)), ("true", True)]
    if t == "bool":
        return [("2", 2), ("true", True), ("-1", -1)]
    if t.startswith("str"):
        low, high = numbers(t)
        return [("too short", "a" * (low - 1)), ("too long", "a" * (high + 1)),
                ("too long in bytes", "ä" * (high // 2 + 1)), ("a bin", bytes(low))]
    if t.startswith("text"):
        low, high = numbers(t)
        nine = {0x6161 + i: "a" for i in range(9)}
        return [("no language", {}), ("9 languages", nine), ("empty", {EN: ""}), ("too long", {EN: "a" * (high + 1)}),
                ("a key that is no language", {0x4445: "a"}), ("a str", "a"), ("a bin for a language", {EN: b"a"})]
    if t == "bytes 1024..4096":
        return [(f"of {n} bytes", bytes(n)) for n in (0, 1023, 1025, 3072, 4097)] + [("a str", "a" * 1024)]
    if t.startswith("bytes"):
        n = int(t[6:])
        return [("too few", bytes(n - 1)), ("too many", bytes(n + 1)), ("a str", "a" * n)]
    if t == "term":
        return [("too few bytes", bytes(7)), ("too many bytes", bytes(9)), ("a str", "a" * 8), ("a number", 1)]
    if t == "language":
        return [("0", 0), ("one letter", 0x61), ("capitals", 0x4445), ("four letters", 0x61616161), ("a str", "en")]
    if t == "region":
        return [("capitals", "DE"), ("too long", "deu"), ("too short", "d"), ("a bin", b"de")]
    if t == "currency":
        return [("small letters", "eur"), ("too short", "EU"), ("too long", "EURO")]
    if t.startswith("choice"):
        return [("0", 0), ("above", max(choices(t)) + 1), ("a str", "a"), ("a list", [1])]
    if t.startswith("bits"):
        return [("0", 0), ("one more", 2 * max(choices(t))), ("all and one more", 4 * max(choices(t)) - 1), ("a list", [1])]
    if t.startswith("list"):
        low, high = numbers(t)
        item = least(t.split(" of ", 1)[1])
        out = [("a map", {}), ("as its item", item)]
        out += [("empty", [])] if low == 1 else [("too short", [item] * (low - 1))]
        return out + [("too long", [item] * (high + 1))]
    if t.startswith("map"):
        return [("a list", []), ("a number", 1)]
    raise ValueError(t)


# ---- usual payloads -----------------------------------------------------------------

WELD, PIPE, SAFE, HELP = (term("urn:ohcn:" + x) for x in ("welding", "pipefitting", "safety", "mentoring"))
KEY, OTHER = bytes(range(32)), bytes(range(32, 64))
USUAL = {
    "profile": {0: [{0: WELD, 2: 3}, {0: PIPE, 2: 2}, {0: SAFE, 2: 4}], 2: [{0: HELP, 2: 3}], 4: [SAFE], 6: 3,
                8: [{0: DE, 2: 7}, {0: EN, 2: 4}], 10: 1, 12: 1 + 2 + 256, 14: 16, 16: KEY},
    "organisation": {0: {EN: "Hafen Schweißtechnik"}, 1: {EN: "We weld and repair ships."},
                     2: {0: "example.org", 2: 1}, 4: "3315", 6: 3, 8: ["de", "pl"], 10: [OTHER], 12: KEY, 14: 3,
                     16: OTHER, 18: 1, 20: "https://example.org/"},
    "demand": {0: 1, 1: {EN: "Repair of hulls, in the dock."}, 2: {EN: "Welder"}, 4: OTHER,
               6: [{0: WELD, 2: 3, 4: 100, 6: 1}, {0: SAFE, 4: 30}], 8: [{0: PIPE, 2: 3}],
               10: [{0: 1, 2: 80, 8: PIPE}, {0: 2, 4: 90000, 6: "EUR"}], 12: 1, 14: 35, 16: 8, 18: 5, 20: 336,
               22: "Kiel", 24: 1, 26: 60, 28: {0: 320000, 2: 380000, 4: "EUR", 6: 4},
               30: {EN: "A crew of six; the old hands teach."}, 34: 2, 36: 499000, 38: 1, 42: "W-17",
               44: [{0: DE, 2: 4}], 58: term("urn:ohcn:welder")},
    "course": {0: 6, 2: {EN: "Pipes for welders"}, 4: [{0: PIPE, 2: 1, 4: 3}], 6: [{0: WELD, 2: 2}], 8: 40, 10: 10,
               12: 500100, 14: 12, 18: [DE], 20: 3, 22: 3, 24: 8, 28: {0: 25000, 2: "EUR"}, 30: {EN: "Certificate"},
               34: [OTHER], 36: {0: OTHER, 2: 17}, 44: 10, 48: OTHER, 50: [KEY], 52: 3, 54: 120, 56: 201,
               58: {0: KEY, 2: 0}, 60: "Kiel", 62: 60, 64: 4},
    "assessment": {0: {EN: "Welding, first steps"}, 2: [{0: WELD, 2: 1, 4: 3}],
                   4: [{0: WELD, 2: 1, 4: {EN: "What protects the eyes?"},
                        6: [{EN: "a shade 10 lens"}, {EN: "sunglasses"}], 8: 1, 12: 0},
                       {0: WELD, 2: 4, 4: {EN: "How well can you weld overhead?"}}], 6: 1, 8: {0: 12, 2: 800},
                   10: 15, 12: [EN], 44: OTHER},
    "pathway": {0: {EN: "From welder to pipefitter"}, 2: term("urn:ohcn:pipefitter"),
                4: [{0: {EN: "Weld"}, 2: [{0: WELD, 2: 2}], 4: [{0: KEY, 2: 3}], 10: 101, 12: 40},
                    {0: {EN: "Fit"}, 2: [{0: PIPE, 2: 3}], 6: {EN: "Fit a bend."}, 8: [0], 10: 201,
                     16: [{0: OTHER, 2: 0}]}],
                6: [DE, EN], 8: [{0: SAFE, 2: 1}], 10: {EN: "Pipefitter 201"}, 44: OTHER},
    "community": {0: {EN: "Dock repair circle"}, 2: [SAFE], 4: [{0: WELD, 2: 2}], 6: [{0: PIPE, 2: 2}], 8: 3, 10: 90,
                  12: 9, 14: 16, 16: [{0: {EN: "Keeper of the tools"}, 4: 4, 6: 1}], 18: [KEY, OTHER], 20: 2,
                  22: {EN: "We lend, we return."}, 24: ["de"], 26: "Kiel", 28: 1, 30: [DE], 34: KEY,
                  36: [{0: OTHER, 2: 17}]},
    "attestation": {0: OTHER, 1: {EN: "We built ships together."}, 2: 1 + 8, 4: 250, 6: 505000, 8: [WELD], 10: 2},
    "vocabulary": {0: [{0: "urn:ohcn:welding", 2: 1, 4: {EN: "welding", DE: "Schweißen"}, 8: [PIPE], 6: [SAFE]}],
                   2: {EN: "Dock words"}, 4: "CC0-1.0"},
    "statistic": {0: 1, 2: {EN: "Postings for welders"}, 4: 1, 6: [{0: 41, 2: WELD, 8: "de", 14: 41}], 8: 3,
                  18: 498000, 20: 500000, 22: {0: 10, 2: 3, 4: 80}},
    "envelope": {0: bytes(2048)},
    "revocation": {0: 3},
}


# ---- cases -----------------------------------------------------------------------


def put(payload, path, value):
    """A copy of it with one value replaced."""
    if not path:
        return value
    copy = payload.copy() if isinstance(payload, (dict, list)) else payload
    copy[path[0]] = put(copy[path[0]] if path[0] in copy or isinstance(copy, list) else None, path[1:], value)
    return copy


def without(payload, path):
    inner = payload
    for step in path[:-1]:
        inner = inner[step]
    return put(payload, path[:-1], {k: v for k, v in inner.items() if k != path[-1]})


class Cases:
    def __init__(self, kind):
        self.kind, self.out, self.seen = kind, [], set()

    def add(self, name, result, payload, path=None):
        case = {"kind": KINDS[self.kind], "name": name, "result": result, "payload": pack(payload).hex()}
        if path is not None:
            case["path"] = path
        self.out.append(case)

    def fields(self, rows, base, at, name):
        """Each field of the map that stands ${at} in ${base}."""
        for key, field, t, must in rows:
            here = [*at, key]
            text = f"{name}.{field}" if name else field
            if must:
                self.add(f"{text} is missing", "bad", without(base, here), text)
            for value in good(t):
                self.add(f"{text} at a bound", "fine", put(base, here, value))
            for why, value in bad(t):
                self.add(f"{text}: {why}", "bad", put(base, here, value), text)
            self.inner(t, base, here, text)

    def inner(self, t, base, here, text):
        if t.startswith("list"):
            low, high = numbers(t)
            item = t.split(" of ", 1)[1]
            self.add(f"{text} as long as may be", "fine", put(base, here, [least(item)] * high))
            for i in {0, low}:
                many = [least(item)] * (low + 1)
                if high == low:
                    many = many[:low]
                if i < len(many):
                    for why, value in bad(item)[:3]:
                        self.add(f"{text}[{i}]: {why}", "bad", put(base, here, put(many, [i], value)), f"{text}[{i}]")
            if item.startswith("map"):
                self.map(item[4:], put(base, here, [least(item)] * max(low, 1)), [*here, 0], f"{text}[0]")
        elif t.startswith("map"):
            self.map(t[4:], put(base, here, least(t)), here, text)

    def map(self, name, base, at, text):
        rows = MAPS[name]
        inner = base
        for step in at:
            inner = inner[step]
        self.add(f"{text} with key 999", "fine", put(base, at, {**inner, 999: [True]}))
        self.add(f"{text} with key 998", "opaque", put(base, at, {**inner, 998: 0}))
        if name in self.seen:  # its fields were gone through where it came first
            return
        self.seen.add(name)
        self.fields(rows, base, at, text)


def cases():
    out = []
    for kind, rows in TABLES.items():
        c = Cases(kind)
        base = least_map(rows)
        c.add("smallest", "fine", base)
        c.add("usual", "fine", USUAL[kind])
        c.add("every field", "fine", all_map(rows))
        c.add("with key 999", "fine", {**base, 999: {1: -1}})
        c.add("with key 998", "opaque", {**base, 998: 0})
        c.fields(rows, base, [], "")
        out += c.out
    return out


def make():
    return {"pv": 1, "cases": cases()}


def main():
    made = make()
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(json.dumps(made, separators=(",", ":")).replace('},{"kind"', '},\n{"kind"') + "\n")
    elif json.loads(FILE.read_text()) != json.loads(json.dumps(made)):
        sys.exit("payloads.json is not what payloads.py computes")
    else:
        print(f"{len(made['cases'])} payloads made again: the same")


if __name__ == "__main__":
    main()
