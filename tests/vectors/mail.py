#!/usr/bin/env python3
"""Vectors of section 19, "Mail", made from the text of SPEC.md alone.

  mail.py          compute them again and compare with mail.json
  mail.py --write  write mail.json

Needs nothing but Python: X25519, XChaCha20-Poly1305 and Ed25519 stand here
as in RFC 7748, RFC 8439, draft-irtf-cfrg-xchacha-03 and RFC 8032. Slow, and
not in constant time: for vectors, never for secrets.
"""
import hashlib
import json
import struct
import sys
from pathlib import Path

OUT = Path(__file__).with_name("mail.json")
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493


# ---- hashes ----

def blake(bits, person, *parts, key=b""):
    return hashlib.blake2b(b"".join(parts), digest_size=bits // 8, key=key,
                           person=person.encode().ljust(16, b"\0")).digest()


def pad16(text):
    return text.encode().ljust(16, b"\0")


def named(net):
    return bytes([len(net)]) + net.encode()


# ---- X25519, RFC 7748 ----

def x25519(secret, u):
    k = int.from_bytes(secret, "little")
    k = k & ~7 & (2**255 - 1) | 2**254
    x1 = int.from_bytes(u, "little") & (2**255 - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, x3, z2, z3 = x3, x2, z3, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def x25519_public(secret):
    return x25519(secret, (9).to_bytes(32, "little"))


# ---- XChaCha20-Poly1305 ----

def rounds(state):
    x = list(state)

    def quarter(a, b, c, d):
        for first, second, third, turn in ((a, b, d, 16), (c, d, b, 12),
                                           (a, b, d, 8), (c, d, b, 7)):
            x[first] = (x[first] + x[second]) & 0xffffffff
            v = x[third] ^ x[first]
            x[third] = (v << turn | v >> (32 - turn)) & 0xffffffff

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return x


SIGMA = struct.unpack("<4I", b"expand 32-byte k")


def hchacha20(key, nonce16):
    x = rounds(SIGMA + struct.unpack("<8I", key) + struct.unpack("<4I", nonce16))
    return struct.pack("<8I", *x[:4], *x[12:])


def chacha20(key, nonce, counter, n):
    out = b""
    while len(out) < n:
        state = SIGMA + struct.unpack("<8I", key) + (counter,) + \
            struct.unpack("<3I", nonce)
        out += struct.pack("<16I", *((a + b) & 0xffffffff
                                     for a, b in zip(rounds(state), state)))
        counter += 1
    return out[:n]


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    a = 0
    for i in range(0, len(data), 16):
        a = (a + int.from_bytes(data[i:i + 16] + b"\1", "little")) * r \
            % (2**130 - 5)
    return ((a + int.from_bytes(key[16:], "little")) % 2**128) \
        .to_bytes(16, "little")


def aead(key, nonce24, ad, plain):
    sub, nonce = hchacha20(key, nonce24[:16]), b"\0" * 4 + nonce24[16:]
    text = bytes(a ^ b for a, b in
                 zip(plain, chacha20(sub, nonce, 1, len(plain))))

    def filled(b):
        return b + b"\0" * (-len(b) % 16)

    tag = poly1305(chacha20(sub, nonce, 0, 32), filled(ad) + filled(text) +
                   struct.pack("<QQ", len(ad), len(text)))
    return text + tag


# ---- Ed25519, RFC 8032 ----

D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    g, h = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, i, j, k = f - e, h - g, h + g, f + e
    return e * i % P, j * k % P, i * j % P, e * k % P


def times(n, a):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, a)
        a, n = add(a, a), n >> 1
    return out


BY = 4 * pow(5, P - 2, P) % P
BX = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE = (BX, BY, 1, BX * BY % P)


def packed(a):
    z = pow(a[2], P - 2, P)
    x, y = a[0] * z % P, a[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def expanded(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & ~7 & (2**255 - 1) | 2**254
    return a & (2**255 - 1), h[32:]


def ed_public(seed):
    return packed(times(expanded(seed)[0], BASE))


def ed_sign(seed, m):
    a, prefix = expanded(seed)
    pub = packed(times(a, BASE))
    r = int.from_bytes(hashlib.sha512(prefix + m).digest(), "little") % L
    big_r = packed(times(r, BASE))
    h = int.from_bytes(hashlib.sha512(big_r + pub + m).digest(), "little") % L
    return big_r + ((r + h * a) % L).to_bytes(32, "little")


# ---- canonical msgpack, section 2 ----

def pack(v):
    if isinstance(v, int):
        assert v >= 0
        if v < 128:
            return bytes([v])
        for code, size in ((0xcc, 1), (0xcd, 2), (0xce, 4), (0xcf, 8)):
            if v < 1 << 8 * size:
                return bytes([code]) + v.to_bytes(size, "big")
    if isinstance(v, bytes):
        if len(v) < 256:
            return b"\xc4" + bytes([len(v)]) + v
        return b"\xc5" + len(v).to_bytes(2, "big") + v
    if isinstance(v, str):
        b = v.encode()
        if len(b) < 32:
            return bytes([0xa0 | len(b)]) + b
        if len(b) < 256:
            return b"\xd9" + bytes([len(b)]) + b
        return b"\xda" + len(b).to_bytes(2, "big") + b
    if isinstance(v, list):
        head = bytes([0x90 | len(v)]) if len(v) < 16 else \
            b"\xdc" + len(v).to_bytes(2, "big")
        return head + b"".join(map(pack, v))
    if isinstance(v, dict):
        assert len(v) < 16
        return bytes([0x80 | len(v)]) + b"".join(
            pack(k) + pack(v[k]) for k in sorted(v))
    raise TypeError(v)


# ---- section 19 ----

def sealing(plain, to, root, context, e):
    """sealed, next root"""
    epk, q = x25519_public(e), x25519(e, to)
    k = blake(512, "ohcn-seal-v1", epk, to, root, context, key=q)
    nonce = blake(192, "ohcn-nonce-v1", epk, to)
    return epk + aead(k[:32], nonce, context, plain), k[32:]


def context_of(net, author):
    return pad16("ohcn-mail-v1") + named(net) + author


def envelope(message, net, author, to, root, e):
    for size in (1024, 2048, 4096):
        room = size - 48
        if 2 + len(message) <= room:
            plain = struct.pack(">H", len(message)) + message
            return sealing(plain.ljust(room, b"\0"), to, root,
                           context_of(net, author), e)
    raise ValueError("too long")


def session(secret, peer, s0, first, second):
    return blake(256, "ohcn-session-v1", s0, first, second,
                 key=x25519(secret, peer))


def certificate(seed, net, author, not_after):
    return ed_sign(seed, pad16("ohcn-cert-v1") + named(net) + author +
                   struct.pack(">I", not_after))


def offer_sig(seed, net, conversation, to, key, terms):
    return ed_sign(seed, pad16("ohcn-offer-v1") + named(net) + conversation +
                   to + key + blake(256, "ohcn-terms-v1", terms))


def voucher(seed, net, company, token, until):
    sig = ed_sign(seed, pad16("ohcn-voucher-v1") + named(net) + company +
                  token + struct.pack(">I", until))
    return {0: ed_public(seed), 2: token, 4: until, 6: sig}


def commitment(conversation, side, salt, identity):
    return blake(256, "ohcn-identity-v1", conversation, bytes([side]), salt,
                 identity)


def work(net, key):
    bits = 8 if net.startswith("test-") else 24
    for n in range(1 << 32):
        nonce = n.to_bytes(8, "big")
        h = blake(256, "ohcn-stamp-v1", named(net), key, nonce)
        if int.from_bytes(h[:8], "big") < 1 << 64 - bits:
            return nonce
    raise ValueError


# ---- the cases ----

def some(label, n=32):
    out, i = b"", 0
    while len(out) < n:
        out += hashlib.sha256(f"{label} {i}".encode()).digest()
        i += 1
    return out[:n]


NET, HOUR = "test-mail", 500000
TERMS = pack({0: 2, 2: "Welder", 4: some("demand"),
              6: {0: 2, 2: 40, 4: 150000, 6: "EUR", 8: HOUR + 4000,
                  10: "whether or not we go on"}})


def hexed(v):
    if isinstance(v, bytes):
        return v.hex()
    if isinstance(v, dict):
        return {k: hexed(x) for k, x in v.items()}
    if isinstance(v, list):
        return [hexed(x) for x in v]
    return v


def sealing_cases():
    out = []
    for i, (n, zero) in enumerate(((0, True), (1, False), (63, False),
                                   (976, True))):
        secret, e = some(f"secret {i}"), some(f"e {i}")
        root = bytes(32) if zero else some(f"root {i}")
        context, plain = some(f"context {i}", 20 + i), some(f"plain {i}", n)
        to = x25519_public(secret)
        sealed, following = sealing(plain, to, root, context, e)
        out.append({"secret": secret, "to": to, "e": e, "root": root,
                    "context": context, "plain": plain, "sealed": sealed,
                    "next": following})
    return out


def head(kind, body, **more):
    m = {0: 1, 2: kind, 4: some("id", 16), 6: HOUR * 256, 8: some("key"),
         12: body}
    m.update({int(k[1:]): v for k, v in more.items()})
    return m


def message_cases():
    v = voucher(some("introducer"), NET, some("company"), some("token", 16),
                HOUR + 24)
    good = {
        "offer": head(1, {0: TERMS, 2: some("to"), 4: some("sig", 64)},
                      _10={0: some("stamp", 8), 2: HOUR + 672, 4: [
                          {0: some("seed"), 2: some("cert", 64)}]}),
        "interest": head(2, {}),
        "interest with a word": head(2, {}, _14=["Yes.", "", "When?"]),
        "text": head(3, {}, _14=["é" * 500]),
        "text of the most": head(3, {}, _14=["a" * 1000, "b" * 1000,
                                             "c" * 398]),
        "ask": head(4, {0: ["welding", "first aid"], 2: some("n", 16)}),
        "disclose": head(5, {0: some("presentation", 3072)}),
        "commit": head(6, {0: some("commitment")}),
        "open": head(7, {0: b"Jo", 2: some("salt")}),
        "document": head(8, {0: some("name", 16), 2: 3, 4: 3073, 6: 1,
                             8: b"x"}),
        "withdraw": head(9, {}),
        "hand": head(10, {0: some("demand")}),
        "hand, introduced": head(10, {0: some("demand"), 2: b"\x80", 4: v}),
        "introduction": head(11, {0: some("company"), 2: some("inbox"), 4: v}),
        "an odd key more": head(2, {1: "?"}, _15=7),
    }
    unknown = {
        "version 2": {**head(2, {}), 0: 2},
        "type 12": head(12, {}),
        "type 0": head(0, {}),
        "an even key more": head(2, {}, _16=7),
        "an even key in the body": head(2, {0: 7}),
    }
    bad = {
        "no map": [1, 2],
        "empty": {},
        "no reply key": {k: x for k, x in head(2, {}).items() if k != 8},
        "short id": {**head(2, {}), 4: some("id", 15)},
        "text without lines": head(3, {}),
        "text of nothing": head(3, {}, _14=[""]),
        "text too long": head(3, {}, _14=["a" * 1000, "b" * 1000, "c" * 399]),
        "line too long": head(3, {}, _14=["a" * 1001]),
        "33 lines": head(3, {}, _14=["a"] * 33),
        "a bell": head(3, {}, _14=["\a"]),
        "five authors": head(2, {}, _10={0: some("stamp", 8), 2: 1, 4: [
            {0: some("seed"), 2: some("cert", 64)}] * 5}),
        "part beyond the size": head(8, {0: some("name", 16), 2: 3, 4: 3072,
                                         6: 1, 8: b"x"}),
        "part too short": head(8, {0: some("name", 16), 2: 3, 4: 3073, 6: 0,
                                   8: b"x"}),
        "document of kind 8": head(8, {0: some("name", 16), 2: 8, 4: 1, 6: 0,
                                       8: b"x"}),
        "no leaves": head(4, {0: [], 2: some("n", 16)}),
        "number too large": {**head(2, {}), 6: 1 << 53},
    }
    out = []
    for outcome, cases in (("fine", good), ("unknown", unknown),
                           ("malformed", bad)):
        for name, m in cases.items():
            out.append({"name": name, "outcome": outcome, "bytes": pack(m)})
    out.append({"name": "trailing byte", "outcome": "malformed",
                "bytes": pack(head(2, {})) + b"\0"})
    return out


class Side:
    """What one end of the exchange knows."""

    def __init__(self, company):
        self.company = company
        self.seed = some("company" if company else "person")
        self.pub = ed_public(self.seed)
        self.key = self.peer_key = None  # secret of the newest; other's
        self.turn, self.sent = False, 0


def exchange():
    company, person = Side(True), Side(False)
    intro = some("intro")
    stamp = work(NET, company.pub)
    conversation = some("random offer name", 16)
    not_after = (HOUR + 672 + 167) // 168 * 168
    s0 = s1 = first = second = None
    given = []  # seed, certificate; not used yet
    steps = []
    salts = {}
    script = [
        ("company", "offer", {}), ("person", "interest", {14: ["Yes."]}),
        ("company", "text", {14: ["Good day.", "", "When?"]}),
        ("person", "text", {14: ["Today."]}),
        ("person", "commit", b"Jo Doe"), ("company", "commit", b"Stahl GmbH"),
        ("company", "open", b"Stahl GmbH"), ("person", "open", b"Jo Doe"),
        ("company", "document", b"an agreement"), ("person", "withdraw", {}),
    ]
    types = {"offer": 1, "interest": 2, "text": 3, "commit": 6, "open": 7,
             "document": 8, "withdraw": 9}
    for i, (who, event, more) in enumerate(script):
        s = company if who == "company" else person
        r = {"ephemeral": [some(f"random {i} e{k}") for k in range(4)],
             "receive": some(f"random {i} receive"),
             "authors": [some(f"random {i} author {k}") for k in range(4)],
             "salt": some(f"random {i} salt"),
             "name": conversation if event == "offer"
             else some(f"random {i} name", 16)}
        if s.key is None or s.turn:
            s.key, s.turn = r["receive"], False
            pub = x25519_public(s.key)
            if first is None:
                first = pub
            elif second is None:
                second = pub
                s1 = session(s.key, first, s0, first, second)
        m = {0: 1, 2: types[event], 4: conversation,
             6: max(s.sent + 1, HOUR * 256), 8: x25519_public(s.key), 12: {}}
        s.sent = m[6]
        if isinstance(more, dict):
            m.update(more)
        if event == "offer":
            m[12] = {0: TERMS, 2: person.pub, 4: offer_sig(
                company.seed, NET, conversation, person.pub,
                x25519_public(intro), TERMS)}
        if event == "commit":
            salts[who] = r["salt"]
            m[12] = {0: commitment(conversation, int(s.company), r["salt"],
                                   more)}
        if event == "open":
            m[12] = {0: more, 2: salts[who]}
        if event == "document":
            m[12] = {0: r["name"], 2: 1, 4: len(more), 6: 0, 8: more}
        if s.company:
            keys = r["authors"][:3]
            certs = [certificate(company.seed, NET, ed_public(k), not_after)
                     for k in keys]
            m[10] = {0: stamp, 2: not_after,
                     4: [{0: k, 2: c} for k, c in zip(keys, certs)]}
            given += zip(keys, certs)
            author, proof = company.pub, b"\1" + stamp
        else:
            seed, cert = given.pop(0)
            author = ed_public(seed)
            proof = b"\3" + company.pub + stamp + \
                struct.pack(">I", not_after) + cert
        to = s.peer_key or x25519_public(intro)
        root = bytes(32) if s0 is None else s0 if to == first else s1
        message = pack(m)
        sealed, following = envelope(message, NET, author, to, root,
                                     r["ephemeral"][0])
        s0 = s0 or following
        other = person if s.company else company
        other.peer_key = m[8]
        if other.key is not None and to == x25519_public(other.key):
            other.turn = True
        steps.append({
            "side": who, "event": event,
            "text": "\n".join(m.get(14, [])),
            "data": more if isinstance(more, bytes) else b"",
            "random": b"".join(r["ephemeral"]) + r["receive"] +
            b"".join(r["authors"]) + r["salt"] + r["name"],
            "author": author, "stamp": proof, "root": root, "to": to,
            "message": message, "sealed": sealed})
    return {"net": NET, "hour": HOUR, "company_seed": company.seed,
            "person_seed": person.seed, "stamp": stamp,
            "intro_secret": intro, "terms": TERMS, "s0": s0, "s1": s1,
            "steps": steps}


def vectors():
    seed, token = some("signer"), some("token", 16)
    return hexed({
        "sealing": sealing_cases(),
        "low_order": [bytes(32), (1).to_bytes(32, "little"),
                      (P - 1).to_bytes(32, "little"),
                      P.to_bytes(32, "little"),
                      (P + 1).to_bytes(32, "little")],
        "session": {"secret": some("s"), "peer": x25519_public(some("p")),
                    "root": some("r"), "first": some("f"),
                    "second": some("g"),
                    "out": session(some("s"), x25519_public(some("p")),
                                   some("r"), some("f"), some("g"))},
        "signatures": {
            "net": NET, "seed": seed, "author": some("a"),
            "not_after": HOUR,
            "certificate": certificate(seed, NET, some("a"), HOUR),
            "conversation": some("c", 16), "to": some("to"),
            "key": some("k"), "terms": TERMS,
            "offer": offer_sig(seed, NET, some("c", 16), some("to"),
                               some("k"), TERMS),
            "company": some("company"), "token": token,
            "voucher": voucher(seed, NET, some("company"), token, HOUR)[6]},
        "commitments": [
            {"side": side, "conversation": some("c", 16), "salt": some("s"),
             "identity": b"Jo", "out": commitment(some("c", 16), side,
                                                  some("s"), b"Jo")}
            for side in (0, 1)],
        "messages": message_cases(),
        "exchange": exchange(),
    })


def main():
    # The foundations first: a figure of each RFC.
    assert x25519(bytes.fromhex(
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
        bytes.fromhex(
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")) \
        .hex() == "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    assert ed_public(bytes.fromhex(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")) \
        .hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    text = json.dumps(vectors(), indent=1) + "\n"
    if "--write" in sys.argv:
        OUT.write_text(text)
        return 0
    if OUT.read_text() != text:
        print("mail.json is not what SPEC.md's section 19 gives")
        return 1
    print("mail.json: as computed again")
    return 0


if __name__ == "__main__":
    sys.exit(main())
