#!/usr/bin/env python3
"""Section "Evidence" of proto/SPEC.md once more, from its text alone, with
"Co-signatures" of section 10 and the claim secrets of section 11.

  evidence.py            compare with evidence.json; fails when they differ
  evidence.py --write    make evidence.json

Nothing here is shared with proto/: msgpack, Ed25519 and all hashes are written
anew, and the field tables are read from SPEC.md.
"""
import hashlib
import json
import re
import sys
from pathlib import Path

FILE = Path(__file__).with_name("evidence.json")
SPEC = Path(__file__).resolve().parents[2] / "proto" / "SPEC.md"
NET = "test-a"
NOW = 500000 * 3600 + 60
MADE, DUE = 490000, 492000

# ---- section 2: canonical msgpack -------------------------------------------


def sized(n, short, limit, codes):
    if n < limit:
        return bytes([short | n])
    for width, code in zip((1, 2, 4), codes):
        if code is not None and n < 1 << 8 * width:
            return bytes([code]) + n.to_bytes(width, "big")
    raise ValueError(n)


def pack(v):
    if v is True or v is False:
        return b"\xc3" if v else b"\xc2"
    if isinstance(v, int):
        if v >= 128:
            width, code = next((w, c) for w, c in ((1, 0xcc), (2, 0xcd), (4, 0xce), (8, 0xcf)) if v < 1 << 8 * w)
            return bytes([code]) + v.to_bytes(width, "big")
        if v >= -32:
            return (v & 0xff).to_bytes(1, "big")
        width, code = next((w, c) for w, c in ((1, 0xd0), (2, 0xd1), (4, 0xd2), (8, 0xd3)) if v >= -(1 << 8 * w - 1))
        return bytes([code]) + v.to_bytes(width, "big", signed=True)
    if isinstance(v, str):
        raw = v.encode()
        return sized(len(raw), 0xa0, 32, (0xd9, 0xda, 0xdb)) + raw
    if isinstance(v, (bytes, bytearray)):
        return sized(len(v), 0, 0, (0xc4, 0xc5, 0xc6)) + bytes(v)
    if isinstance(v, list):
        return sized(len(v), 0x90, 16, (None, 0xdc, 0xdd)) + b"".join(pack(x) for x in v)
    if isinstance(v, dict):
        return sized(len(v), 0x80, 16, (None, 0xde, 0xdf)) + b"".join(pack(k) + pack(v[k]) for k in sorted(v))
    raise TypeError(v)


# ---- hashes, keys, signatures ------------------------------------------------


def h(person, *parts, size=32):
    return hashlib.blake2b(b"".join(parts), digest_size=size, person=person.encode().ljust(16, b"\0")).digest()


def keyed(key, n, person):
    return hashlib.blake2b(b"", digest_size=32, key=key, salt=n.to_bytes(8, "little") + bytes(8),
                           person=person.encode().ljust(16, b"\0")).digest()


def u8(n):
    return n.to_bytes(1, "big")


def u32(n):
    return n.to_bytes(4, "big")


def pad16(text):
    return text.encode().ljust(16, b"\0")


P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    p, q, r, s = f - e, d - c, d + c, f + e
    return p * q % P, r * s % P, q * r % P, p * s % P


def times(n, a):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, a)
        a, n = add(a, a), n >> 1
    return out


BY = 4 * pow(5, P - 2, P) % P
BX = pow((BY * BY - 1) * pow(D * BY * BY + 1, P - 2, P) % P, (P + 3) // 8, P)
if (BX * BX - (BY * BY - 1) * pow(D * BY * BY + 1, P - 2, P)) % P:
    BX = BX * pow(2, (P - 1) // 4, P) % P
if BX & 1:
    BX = P - BX
BASE = (BX, BY, 1, BX * BY % P)


def encode(a):
    z = pow(a[2], P - 2, P)
    x, y = a[0] * z % P, a[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Key:
    def __init__(self, number):
        self.seed = hashlib.sha256(b"evidence %d" % number).digest()
        d = hashlib.sha512(self.seed).digest()
        self.a = int.from_bytes(d[:32], "little") & (2**254 - 8) | 2**254
        self.prefix, self.pub = d[32:], encode(times(self.a, BASE))

    def sign(self, m):
        r = int.from_bytes(hashlib.sha512(self.prefix + m).digest(), "little") % L
        big_r = encode(times(r, BASE))
        k = int.from_bytes(hashlib.sha512(big_r + self.pub + m).digest(), "little") % L
        return big_r + ((r + k * self.a) % L).to_bytes(32, "little")


KEYS = [Key(i) for i in range(6)]
COMPANY, PERSON, MANAGER, OTHER = KEYS[:4]
PEERS = sorted(KEYS[:4], key=lambda k: k.pub)

# ---- documents ----------------------------------------------------------------


def tables():
    """{type: {field name: key}} of section 20, and of the maps within."""
    text = SPEC.read_text(encoding="utf-8").split("\n## 20. Evidence")[1]
    found = {}
    for name, body in re.findall(r"\n#### (?:Type|Map) ([a-z-]+)\n(.*?)(?=\n#|\Z)", text, flags=re.S):
        found[name] = {f: int(k) for k, f in re.findall(r"\n\| (\d+) \| `([a-z_]+)` \|", body)}
    return found


TABLES = tables()
TYPES = ["agreement", "progress", "outcome", "follow-up", "one-sided", "session", "credential",
         "credential-end", "moved", "linked"]


def body_of(kind, fields, net=NET):
    out = {0: 1, 2: TYPES.index(kind) + 1, 4: net}
    for name, v in fields.items():
        out[name if isinstance(name, int) else TABLES[kind][name]] = v
    return out


def doc_id(body):
    return h("ohcn-doc-id-v1", body)


def document(body, signers, net=NET, sigtype=1):
    raw = body if isinstance(body, bytes) else pack(body)
    sigs = [[role, key.sign(pad16("ohcn-doc-v1") + u8(len(net)) + net.encode() + u8(role) + doc_id(raw))]
            for role, key in signers]
    return pack([raw, sigtype, sigs])


def skills(*levels):
    return [{0: bytes([0x11] * 7 + [i]), 2: n} for i, n in enumerate(levels)]


PLEDGE = {0: 1, 2: 20, 4: 50000, 6: "EUR", 8: bytes(7) + b"\x4d", 10: DUE, 12: "nach dem ersten Monat – fest"}
AGREEMENT = {"company": COMPANY.pub, "person": PERSON.pub, "nonce": bytes(range(16)), "kind": 2, "made": MADE,
             "start": MADE + 24, "end": DUE - 100, "hours": 60, "subject": h("", b"demand"), "title": "Map the harbour",
             "pledge": PLEDGE, "terms_hash": h("ohcn-terms-v1", "Bedingungen".encode()), "teaches": skills(2, 3),
             "coverage": 600, "answer_days": 3}
TWO = [(1, COMPANY), (2, PERSON)]


def samples():
    agreed = doc_id(pack(body_of("agreement", AGREEMENT)))
    both = {"company": COMPANY.pub, "person": PERSON.pub}
    outcome = {**both, "agreement": agreed, "kind": 2, "at": DUE + 10, "result": 2, "usefulness": 5,
               "usefulness_company": 4, "hours": 62, "invested_hours": 20, "invested_amount": 25000, "currency": "EUR",
               "applied": skills(1, 2, 3), "learned": skills(4), "contract_before": 8, "contract_after": 2, "pledge": 2,
               "pledge_share": 500, "began": MADE + 24, "ended": DUE, "method": 5, "completion": 1}
    return {
        "agreement": (AGREEMENT, TWO),
        "progress": ({**both, "agreement": agreed, "verb": 4, "at": MADE + 500, "number": 3, "minutes": 300,
                      "score": -250, "subject": bytes([5] * 32), "reached": skills(2)}, TWO),
        "outcome": (outcome, TWO),
        "follow-up": ({**both, "agreement": agreed, "place": 1, "at": DUE + 10 + 4368,
                       "outcome": doc_id(pack(body_of("outcome", outcome))), "usefulness": 4, "contract": 1,
                       "applied": skills(5)}, TWO),
        "one-sided": ({**both, "agreement": agreed, "side": 2, "at": DUE + 720, "pledge": 3, "hours": 60,
                       "text": "nobody answers"}, [(2, PERSON)]),
        "session": ({"peers": [k.pub for k in PEERS], "k": 3, "nonce": bytes([8] * 16), "at": MADE + 1000,
                     "minutes": 90, "subject": bytes([6] * 32), "agreement": agreed, "number": 2, "title": "Two",
                     "practised": skills(1)}, [(16, PEERS[0]), (17, PEERS[1]), (19, PEERS[3])]),
        "credential": ({"issuer": COMPANY.pub, "holder": PERSON.pub, "nonce": bytes([7] * 16), "method": 2,
                        "issued": MADE, "expires": MADE + 9600, "title": "Guide", "skills": skills(3), "grade": 201,
                        "coach": 1, "subject": bytes([4] * 32), "refs": [bytes([1] * 32), bytes([2] * 32)],
                        "claims": bytes([3] * 32)}, TWO),
        "credential-end": ({"issuer": COMPANY.pub, "credential": bytes([9] * 32), "reason": 2, "at": MADE + 100},
                           [(1, COMPANY)]),
        "moved": ({"company": COMPANY.pub, "to": OTHER.pub, "from": PERSON.pub, "at": DUE, "refs": [agreed]},
                  [(1, COMPANY), (2, OTHER)]),
        "linked": ({"a": COMPANY.pub, "b": PERSON.pub, "at": MADE}, TWO),
    }


def documents():
    out, all_samples = [], samples()

    def say(name, raw, fault="fine", body=None, signed=(), complete=False, kind=None):
        case = {"name": name, "bytes": raw.hex(), "fault": fault}
        if fault == "fine":
            case.update(id=doc_id(body).hex(), type=kind, signed=list(signed), complete=complete)
        out.append(case)

    for kind in TYPES:
        fields, signers = all_samples[kind]
        body = pack(body_of(kind, fields))
        say(kind, document(body, signers), body=body, signed=[r for r, _ in signers], complete=True, kind=kind)
        say(kind + ", unsigned", document(body, []), body=body, kind=kind)
        raw = document(body, signers)
        say(kind + ", one bit", raw[:-1] + bytes([raw[-1] ^ 1]), "bad-signature")
        say(kind + ", cut", raw[:-1], "not-canonical")
        say(kind + ", another net", document(pack(body_of(kind, fields, "main")), []), "wrong-net")
        # signed for another network, role or document
        say(kind + ", signature for another net", pack([body, 1, [
            [signers[0][0], signers[0][1].sign(pad16("ohcn-doc-v1") + b"\x04main" + u8(signers[0][0]) + doc_id(body))]]]),
            "bad-signature")

    def variant(kind, name, change, fault, signers=None):
        fields, usual = all_samples[kind]
        fields = {k: v for k, v in {**fields, **change}.items() if v is not None}
        who = [] if signers is None else signers
        body = pack(body_of(kind, fields))
        if fault == "fine":
            need = {r for r, _ in usual} | ({3} if "manager" in fields else set())
            done = {r for r, _ in who}
            complete = len(done) >= fields["k"] if kind == "session" else done >= need
            say(f"{kind}, {name}", document(body, who), "fine", body, sorted(done), complete, kind)
        else:
            say(f"{kind}, {name}", document(body, who), fault)

    managed = {"manager": MANAGER.pub, "team": "Team Nord"}
    three = [*TWO, (3, MANAGER)]
    for args in [
        ("agreement", "company alone", {}, "fine", TWO[:1]),
        ("agreement", "person alone", {}, "bad-order", TWO[1:]),
        ("agreement", "roles turned around", {}, "bad-role", TWO[::-1]),
        ("agreement", "one role twice", {}, "bad-role", [TWO[0], TWO[0]]),
        ("agreement", "a manager who is not named", {}, "bad-role", three),
        ("agreement", "role 0", {}, "bad-role", [(0, COMPANY)]),
        ("agreement", "with a manager", managed, "fine", three),
        ("agreement", "without the manager's permission", managed, "fine", TWO),
        ("agreement", "the manager alone", managed, "fine", three[2:]),
        ("agreement", "another's signature", {}, "bad-signature", [(1, PERSON)]),
        ("agreement", "with itself", {"person": COMPANY.pub}, "bad-parties"),
        ("agreement", "the manager is the person", {**managed, "manager": PERSON.pub}, "bad-parties"),
        ("agreement", "a team without a manager", {"team": "A"}, "bad-body"),
        ("agreement", "a manager without a team", {"manager": MANAGER.pub}, "bad-body"),
        ("agreement", "no company", {"company": None}, "bad-body"),
        ("agreement", "short company", {"company": COMPANY.pub[:31]}, "bad-body"),
        ("agreement", "kind 10", {"kind": 10}, "bad-body"),
        ("agreement", "kind true", {"kind": True}, "bad-body"),
        ("agreement", "no hours", {"hours": 0}, "bad-body"),
        ("agreement", "coverage 1001", {"coverage": 1001}, "bad-body"),
        ("agreement", "one term twice", {"teaches": skills(2) + skills(3)}, "bad-body"),
        ("agreement", "17 skills", {"teaches": skills(*[1] * 17)}, "bad-body"),
        ("agreement", "no skills in a list", {"teaches": []}, "bad-body"),
        ("agreement", "money without currency", {"pledge": {0: 2, 4: 5, 10: DUE}}, "bad-body"),
        ("agreement", "currency without money", {"pledge": {0: 2, 6: "EUR", 10: DUE}}, "bad-body"),
        ("agreement", "a pledge without deadline", {"pledge": {0: 2}}, "bad-body"),
        ("agreement", "the least pledge", {"pledge": {0: 5, 10: MADE}}, "fine", TWO),
        ("agreement", "a pledge that was due before", {"pledge": {0: 2, 10: MADE - 1}}, "bad-times"),
        ("agreement", "starts after its end", {"start": DUE}, "bad-times"),
        ("agreement", "made after its end", {"made": DUE}, "bad-times"),
        ("agreement", "unknown even key", {40: 1}, "unknown-field"),
        ("agreement", "unknown odd key", {41: [1, {2: "x"}]}, "fine", TWO),
        ("agreement", "unknown even key in the pledge", {"pledge": {**PLEDGE, 14: 1}}, "unknown-field"),
        ("agreement", "made in ten minutes", {"made": 500000, "start": 500001, "end": 500002,
                                              "pledge": {0: 1, 10: 500003}}, "fine", TWO),
        ("agreement", "made in an hour", {"made": 500001, "start": 500001, "end": 500002,
                                          "pledge": {0: 1, 10: 500003}}, "from-future"),
        ("agreement", "a title over 120", {"title": "x" * 121}, "bad-body"),
        ("agreement", "too long", {41: bytes(3072)}, "oversize"),
        ("progress", "score 0", {"score": 0}, "fine", TWO),
        ("progress", "score 1001", {"score": 1001}, "bad-body"),
        ("progress", "of nothing", {"agreement": None, "subject": None}, "bad-body"),
        ("progress", "of a course alone", {"agreement": None}, "fine", TWO),
        ("progress", "the person's own word", {}, "fine", TWO[1:]),
        ("outcome", "a share of what was kept", {"pledge": 1}, "bad-body"),
        ("outcome", "kept", {"pledge": 1, "pledge_share": None}, "fine", TWO),
        ("outcome", "more invested than worked", {"invested_hours": 63}, "bad-body"),
        ("outcome", "usefulness 6", {"usefulness": 6}, "bad-body"),
        ("outcome", "ended after it was written", {"ended": DUE + 11}, "bad-times"),
        ("outcome", "ended before it began", {"began": DUE + 1}, "bad-times"),
        ("outcome", "the person first", {}, "fine", TWO[1:]),
        ("outcome", "with itself", {"company": PERSON.pub}, "bad-parties"),
        ("one-sided", "says nothing", {"pledge": None, "hours": None, "text": None}, "bad-body"),
        ("one-sided", "by the other side", {}, "bad-role", [(1, COMPANY)]),
        ("one-sided", "side 3", {"side": 3}, "bad-body"),
        ("session", "two of three", {}, "fine", [(16, PEERS[0]), (18, PEERS[2])]),
        ("session", "a stranger", {}, "bad-role", [(20, PEERS[0])]),
        ("session", "peers unsorted", {"peers": [k.pub for k in PEERS[::-1]]}, "bad-parties"),
        ("session", "one peer twice", {"peers": [PEERS[0].pub] * 2, "k": 2}, "bad-parties"),
        ("session", "k over n", {"k": 5}, "bad-body"),
        ("session", "k is 1", {"k": 1}, "bad-body"),
        ("credential", "not accepted", {}, "fine", TWO[:1]),
        ("credential", "accepted before it was issued", {}, "bad-order", TWO[1:]),
        ("credential", "a skill and no grade", {"grade": None, "coach": 0}, "fine", TWO),
        ("credential", "a coach without grade", {"grade": None}, "bad-body"),
        ("credential", "neither skill nor grade", {"grade": None, "coach": None, "skills": None}, "bad-body"),
        ("credential", "never valid", {"expires": MADE}, "bad-times"),
        ("credential", "valid for too long", {"expires": MADE + 87601}, "bad-times"),
        ("credential", "of itself", {"holder": COMPANY.pub}, "bad-parties"),
        ("moved", "nowhere", {"to": PERSON.pub}, "bad-parties"),
        ("linked", "with itself", {"b": COMPANY.pub}, "bad-parties"),
    ]:
        variant(*args)
    good = pack(body_of("linked", all_samples["linked"][0]))
    for name, raw, fault in [
        ("nothing", b"", "not-canonical"),
        ("an empty array", pack([]), "malformed"),
        ("two things", pack([good, 1]), "malformed"),
        ("a body that is a map", pack([{0: 1}, 1, []]), "malformed"),
        ("sigtype 2", pack([good, 2, []]), "unknown-version"),
        ("signatures as a map", pack([good, 1, {}]), "malformed"),
        ("a short signature", pack([good, 1, [[1, bytes(63)]]]), "malformed"),
        ("role 256", pack([good, 1, [[256, bytes(64)]]]), "malformed"),
        ("17 signatures", pack([good, 1, [[i, bytes(64)] for i in range(17)]]), "malformed"),
        ("a body that is text", pack([pack("x"), 1, []]), "malformed"),
        ("a body that is not canonical", pack([b"\xc0", 1, []]), "not-canonical"),
        ("an empty body", pack([pack({}), 1, []]), "malformed"),
        ("version 2", pack([pack({0: 2}), 1, []]), "unknown-version"),
        ("type 0", pack([pack({0: 1, 2: 0}), 1, []]), "unknown-type"),
        ("type 11", pack([pack({0: 1, 2: 11, 4: NET}), 1, []]), "unknown-type"),
        ("no net", pack([pack({0: 1, 2: 10}), 1, []]), "malformed"),
        ("something after it", pack([good, 1, []]) + b"\0", "not-canonical"),
    ]:
        say(name, raw, fault)
    return out


# ---- claims -------------------------------------------------------------------


class Tree:
    def __init__(self, secret, tree, claims):
        self.tree, self.claims, n = tree, claims, len(claims)
        self.depth = next(d for d in (4, 5, 6) if n <= 1 << d)
        self.key = h("ohcn-claimkey-1", secret, tree)
        size = 1 << self.depth
        self.order = list(range(size))
        for i in range(size - 1, 0, -1):
            j = int.from_bytes(keyed(self.key, i, "claimprm")[:8], "big") % (i + 1)
            self.order[i], self.order[j] = self.order[j], self.order[i]
        row = [b""] * size
        for i in range(size):
            row[self.order[i]] = self.leaf(i) if i < n else keyed(self.key, i, "claimdcy")
        self.rows = [row]
        while len(row) > 1:
            row = [h("ohcn-claimnode-1", row[i], row[i + 1]) for i in range(0, len(row), 2)]
            self.rows.append(row)
        self.root = h("ohcn-claimroot-1", tree, u8(self.depth), row[0])

    def salt(self, i):
        return keyed(self.key, self.order[i], "claimslt")

    def bytes_of(self, i):
        return pack(list(self.claims[i]))

    def leaf(self, i):
        return h("ohcn-claimleaf-1", self.salt(i), self.tree, u8(self.depth), u8(self.order[i]), self.bytes_of(i))

    def shown(self, i):
        at, path = self.order[i], b""
        for row in self.rows[:-1]:
            path, at = path + row[at ^ 1], at >> 1
        return {0: self.order[i], 2: self.salt(i), 4: self.bytes_of(i), 6: path}


def step(tree, side, x, n):
    for _ in range(n):
        x = h("ohcn-claimrange1", tree, u8(side), x)
    return x


def ranged(secret, tree, i, v, m):
    key = h("ohcn-claimkey-1", secret, tree)
    return {0: m, 2: step(tree, 1, keyed(key, 2 * i, "claimrng"), v),
            4: step(tree, 2, keyed(key, 2 * i + 1, "claimrng"), m - v)}


def witness(t, i, side, v, bound):
    return step(t.tree, side, keyed(t.key, 2 * i + (side == 2), "claimrng"), v - bound if side == 1 else bound - v)


def presentation(t, chosen, bounds, change=None, net=NET, signer=PERSON):
    body = {0: 1, 2: net, 4: PERSON.pub, 6: COMPANY.pub, 8: bytes([7] * 16), 10: 500000, 12: t.root, 14: t.tree,
            16: t.depth, 18: [t.shown(i) for i in chosen], 20: bounds}
    if change:
        change(body)
    raw = pack(body)
    sig = signer.sign(pad16("ohcn-present-v1") + u8(len(net)) + net.encode() + h("ohcn-pres-id-v1", raw))
    return pack([raw, 1, sig])


def claims():
    seed = bytes(range(32))
    root = hashlib.blake2b(b"", digest_size=32, key=seed, salt=bytes(16), person=pad16("ohcn-root-v1")).digest()
    secrets = [keyed(keyed(root, i, "persona_"), 2, "claim___") for i in range(3)]
    out = {"seed": seed.hex(), "secrets": [s.hex() for s in secrets], "trees": [], "presentations": []}
    for n in (1, 5, 16, 17, 33, 64):
        tree_id = h("", b"tree %d" % n, size=16)
        said = [("claim %d" % i, [True, i, "wert", bytes([i]), [i, {2: i}]][i % 5]) for i in range(n)]
        if n >= 5:
            said[2] = ("years", ranged(secrets[0], tree_id, 2, 12, 40))
        t = Tree(secrets[0], tree_id, said)
        out["trees"].append({"secret": secrets[0].hex(), "tree": tree_id.hex(), "root": t.root.hex(),
                             "claims": [{"name": a, "value": pack(b).hex()} for a, b in said],
                             "positions": t.order[:n]})
        if n == 5:
            five = t

    def put(name, raw, fault, **more):
        out["presentations"].append({"name": name, "bytes": raw.hex(), "fault": fault, **more})

    at_least = {0: 0, 2: 1, 4: 10, 6: witness(five, 2, 1, 12, 10)}
    at_most = {0: 0, 2: 2, 4: 15, 6: witness(five, 2, 2, 12, 15)}
    put("two claims", presentation(five, [0, 3], []), "fine", root=five.root.hex(),
        shown=[five.claims[0][0], five.claims[3][0]])
    put("bounds", presentation(five, [2], [at_least, at_most]), "fine", root=five.root.hex(), shown=["years"],
        least=10, most=15)

    def changed(name, fault, change, chosen=(0, 3), bounds=(), **more):
        put(name, presentation(five, list(chosen), [dict(b) for b in bounds], change, **more), fault)

    def swap(b):
        b[18][0][0], b[18][1][0] = b[18][1][0], b[18][0][0]

    changed("positions swapped", "bad-path", swap)
    changed("another value", "bad-path", lambda b: b[18][0].update({4: pack(["claim 0", False])}))
    changed("one leaf twice", "bad-claim", lambda b: b[18].append(b[18][0]))
    changed("path cut", "bad-path", lambda b: b[18][0].update({6: b[18][0][6][:-32]}))
    changed("a node as a leaf", "bad-path",
            lambda b: b.update({18: [{**b[18][0], 4: pack(["n", five.rows[0][0] + five.rows[0][1]])}]}))
    changed("no claim", "bad-claim", lambda b: b[18][0].update({4: pack([1, 2])}))
    changed("for another verifier", "wrong-verifier", lambda b: b.update({6: OTHER.pub}))
    changed("another nonce", "wrong-nonce", lambda b: b.update({8: bytes(16)}))
    changed("another net", "wrong-net", lambda b: b.update({2: "main"}))
    changed("signed by another", "bad-signature", None, signer=OTHER)
    changed("signed for another net", "wrong-net", None, net="main")
    changed("depth 7", "bad-body", lambda b: b.update({16: 7}))
    changed("depth 5", "bad-path", lambda b: b.update({16: 5}))
    changed("nothing shown", "bad-body", lambda b: b.update({18: []}))
    changed("unknown even key", "unknown-field", lambda b: b.update({22: 0}))
    changed("unknown odd key", "fine", lambda b: b.update({23: 0}))
    out["presentations"][-1].update(root=five.root.hex(), shown=["claim 0", "claim 3"])
    changed("made tomorrow", "from-future", lambda b: b.update({10: 500024}))
    changed("bound one higher", "bad-range", lambda b: b[20][0].update({4: 11}), (2,), [at_least])
    changed("bound over the maximum", "bad-range", lambda b: b[20][0].update({4: 41}), (2,), [at_least])
    changed("bound of no range", "bad-range", None, (0,), [at_least])
    changed("the same side twice", "bad-range", lambda b: b[20].append(b[20][0]), (2,), [at_least])
    changed("bound of a claim that is not shown", "bad-body", lambda b: b[20][0].update({0: 1}), (2,), [at_least])
    return out


# ---- ledger -------------------------------------------------------------------


def leaf_bytes(e):
    return u8(e[0]) + u32(e[1]) + u32(e[2]) + e[3]


def half(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def node(leaves, first, n):
    """sums and hash of n leaves from number first"""
    if n == 1:
        e = leaves[first]
        return [int(e[0] == i) for i in range(1, 7)], h("ohcn-ledgerleaf1", u32(first), leaf_bytes(e))
    k = half(n)
    a, b = node(leaves, first, k), node(leaves, first + k, n - k)
    return [x + y for x, y in zip(a[0], b[0])], h("ohcn-ledgernode1", flat(a), flat(b))


def flat(x):
    return b"".join(u32(s) for s in x[0]) + x[1]


def ledger_root(leaves, n):
    return h("ohcn-ledgerroot1", u8(len(NET)), NET.encode(), COMPANY.pub, u32(n), flat(node(leaves, 0, n)))


def cover(leaves, first, n, a, b):
    if b <= first or a >= first + n:
        return flat(node(leaves, first, n))
    if n == 1:
        return b""
    k = half(n)
    return cover(leaves, first, k, a, b) + cover(leaves, first + k, n - k, a, b)


def extend(leaves, first, m, n, whole):
    if m == n:
        return b"" if whole else flat(node(leaves, first, n))
    k = half(n)
    if m <= k:
        return extend(leaves, first, m, k, whole) + flat(node(leaves, first + k, n - k))
    return flat(node(leaves, first, k)) + extend(leaves, first + k, m - k, n - k, False)


def opening(leaves, n, first, count):
    return {0: 1, 2: 1, 4: NET, 6: COMPANY.pub, 8: n, 10: flat(node(leaves, 0, n)), 12: first,
            14: b"".join(leaf_bytes(e) for e in leaves[first:first + count]),
            16: cover(leaves, 0, n, first, first + count)}


def extension(leaves, m, n):
    return {0: 1, 2: 2, 4: NET, 6: COMPANY.pub, 8: n, 10: flat(node(leaves, 0, n)),
            16: extend(leaves, 0, m, n, True), 18: m, 20: flat(node(leaves, 0, m))}


def ledger():
    events = [1, 1, 6, 2, 1, 4, 1, 1, 3, 5, 1, 6, 1]
    of = [0, 1, 2, 0, 4, 1, 6, 7, 4, 7, 10, 11, 12]
    ids = [h("", b"document %d" % i) for i in range(len(events))]
    leaves = [(e, DUE + i, of[i], h("ohcn-ledgertag-1", ids[i])) for i, e in enumerate(events)]
    n = len(leaves)
    out = {"company": COMPANY.pub.hex(), "ids": [i.hex() for i in ids],
           "leaves": [leaf_bytes(e).hex() for e in leaves],
           "roots": [ledger_root(leaves, k).hex() for k in range(1, n + 1)], "openings": [], "extensions": [], "bad": []}
    for k, first, count in [(1, 0, 1), (2, 1, 1), (5, 0, 5), (8, 3, 2), (13, 12, 1), (13, 6, 1), (13, 0, 13), (13, 4, 6)]:
        out["openings"].append({"n": k, "first": first, "count": count, "bytes": pack(opening(leaves, k, first, count)).hex()})
    for m, k in [(1, 1), (1, 2), (3, 7), (4, 8), (6, 13), (7, 8), (12, 13), (13, 13)]:
        out["extensions"].append({"old": m, "n": k, "bytes": pack(extension(leaves, m, k)).hex()})

    def bad(name, proof, fault, root, old=None):
        out["bad"].append({"name": name, "bytes": pack(proof).hex(), "fault": fault, "root": root.hex(),
                           **({"old": old.hex()} if old else {})})

    root = ledger_root(leaves, n)
    o = opening(leaves, n, 5, 1)
    kept = (2, *leaves[5][1:])
    bad("a broken one shown as kept", {**o, 14: leaf_bytes(kept)}, "bad-path", root)
    bad("at its neighbour's place", {**o, 12: 4}, "bad-path", root)
    bad("at a place whose nodes are larger", {**o, 12: 6}, "bad-sums", root)
    bad("a node is missing", {**o, 16: o[16][:-56]}, "bad-path", root)
    bad("a node is left over", {**o, 16: o[16] + o[16][-56:]}, "bad-path", root)
    bad("another company", {**o, 6: OTHER.pub}, "bad-parties", root)
    bad("another root", o, "bad-path", ledger_root(leaves, n - 1))
    bad("event 7", {**o, 14: b"\7" + leaf_bytes(kept)[1:]}, "bad-sums", root)
    bad("settles what comes after it", {**o, 14: leaf_bytes((4, 1, 6, kept[3]))}, "bad-sums", root)
    sums, top = node(leaves, 0, n)
    lie = [sums[0], sums[1] + 1, sums[2], sums[3] - 1, *sums[4:]]
    lied = h("ohcn-ledgerroot1", u8(len(NET)), NET.encode(), COMPANY.pub, u32(n), flat((lie, top)))
    bad("counts that hide a broken one, from who has its leaf", {**o, 10: flat((lie, top))}, "bad-path", lied)
    less = [sums[0], sums[1], sums[2], sums[3] - 1, *sums[4:]]
    lied = h("ohcn-ledgerroot1", u8(len(NET)), NET.encode(), COMPANY.pub, u32(n), flat((less, top)))
    bad("counts that are fewer than leaves", {**o, 10: flat((less, top))}, "bad-sums", lied)
    other = [*leaves]
    other[5] = kept
    bad("a past without what was broken", {**extension(other, 8, n), 20: flat(node(leaves, 0, 8))}, "not-consistent",
        ledger_root(other, n), ledger_root(leaves, 8))
    return out


# ---- co-signatures -------------------------------------------------------------


def cosignatures():
    out = []
    for kind, slot, payload in [(4, 3, {0: 1, 2: {0x656e: "A"}, 4: [{0: bytes(8), 4: 3}]}),
                                (6, 0, {0: {0x656e: "W"}, 4: [{6: {0x656e: "x"}}], 47: 1}),
                                (10, 255, {0: 1, 46: [{0: bytes(32), 2: 1, 4: bytes(64)}]})]:
        rest = {k: v for k, v in payload.items() if k != 46}
        cid = h("ohcn-cosig-id-v1", u32(kind), COMPANY.pub, b"de", u32(slot), (1).to_bytes(8, "big"), pack(rest))
        sig = OTHER.sign(pad16("ohcn-cosig-v1") + u8(len(NET)) + NET.encode() + u8(2) + u32(500100) + cid)
        out.append({"kind": kind, "slot": slot, "author": COMPANY.pub.hex(), "region": "de", "pv": 1,
                    "payload": pack(payload).hex(), "cid": cid.hex(), "role": 2, "until": 500100,
                    "seed": OTHER.seed.hex(), "sig": sig.hex()})
    return out


def make():
    return {"net": NET, "now": NOW, "verifier": COMPANY.pub.hex(), "nonce": bytes([7] * 16).hex(),
            "documents": documents(), "claims": claims(), "ledger": ledger(), "cosignatures": cosignatures()}


if __name__ == "__main__":
    made = make()
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(json.dumps(made, separators=(",", ":")).replace('},{"name"', '},\n{"name"') + "\n")
    elif json.loads(FILE.read_text()) != json.loads(json.dumps(made)):
        sys.exit("evidence.json is not what evidence.py computes")
    else:
        print(f"{len(made['documents'])} documents and the rest computed again: the same")
