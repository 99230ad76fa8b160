"""A company, and a person, that are no node of ours: they write what they like
into sealed envelopes. Made of the programs of tests/vectors, which stand on
SPEC.md alone; what they write comes as records do from any peer.
"""
import os
import struct
import sys
import time

from nodes import ROOT
from support import record_file

sys.path.insert(0, str(ROOT / "tests" / "vectors"))
import evidence  # noqa: E402
import mail  # noqa: E402

OFFER, INTEREST, TEXT, ASK, DISCLOSE, COMMIT, OPEN, DOCUMENT, WITHDRAW, HAND, \
    INTRODUCTION = range(1, 12)
ZEROS = bytes(32)
pack = evidence.pack


def hour():
    return int(time.time()) // 3600


def unpack(b, at=0):
    """(value, where it ends) of the msgpack that records have."""
    c, at = b[at], at + 1

    def number(n):
        return int.from_bytes(b[at:at + n], "big"), at + n

    def some(n, at, pairs):
        out = []
        for _ in range(2 * n if pairs else n):
            v, at = unpack(b, at)
            out.append(v)
        return (dict(zip(out[::2], out[1::2])) if pairs else out), at

    if c < 0x80:
        return c, at
    if c < 0x90:
        return some(c & 15, at, True)
    if c < 0xa0:
        return some(c & 15, at, False)
    if c < 0xc0:
        return b[at:at + (c & 31)].decode(), at + (c & 31)
    if c in (0xc2, 0xc3):
        return c == 0xc3, at
    if 0xcc <= c <= 0xcf:
        return number(1 << c - 0xcc)
    if c in (0xc4, 0xc5, 0xd9, 0xda):
        n, at = number(1 if c in (0xc4, 0xd9) else 2)
        raw = b[at:at + n]
        return (raw.decode() if c >= 0xd9 else raw), at + n
    if c in (0xdc, 0xde):
        n, at = number(2)
        return some(n, at, c == 0xde)
    raise ValueError(hex(c))


def body_of(raw):
    """The twelve fields of a record's body."""
    return unpack(unpack(raw)[0][0])[0]


class Key:
    """As evidence.Key, of any seed."""

    def __init__(self, seed=None):
        self.seed = seed or os.urandom(32)
        self.pub = mail.ed_public(self.seed)

    def sign(self, m):
        return mail.ed_sign(self.seed, m)


class Stranger(Key):
    """Somebody with a key: what it writes is handed to ${to} as records, and
    ${hub} is where it looks for answers."""

    def __init__(self, net, to, hub, directory):
        super().__init__()
        self.net, self.to, self.hub, self.directory = net, to, hub, directory
        self.stamp = mail.work(net, self.pub)
        self.records = []
        self.slot = 0

    def envelope(self, sealed, key=None, stamp=None, slot=None, expires=None):
        """A record of these bytes, kept until send()."""
        key = key or self
        body = pack([1, self.net, 11, key.pub, "zz",
                     self.slot if slot is None else slot, hour() << 8 | 1,
                     expires or hour() + 336, 0,
                     stamp or b"\1" + self.stamp, 1, {0: sealed}])
        if slot is None:
            self.slot += 1
        made = evidence.h("ohcn-rec-v1", body)
        sig = key.sign(mail.pad16("ohcn-sig-v1") + mail.named(self.net) + b"\1" + made)
        self.records.append(pack([body, 1, sig]))

    def send(self):
        path = self.directory / f"{os.urandom(6).hex()}.ohcnrec"
        path.write_bytes(record_file(self.net, self.records))
        self.records = []
        said = self.to.cli("record", "import", path)
        path.unlink()
        return said

    def seen(self):
        """(author, stamp, sealed) of all envelopes that the hub has."""
        rows = self.hub.cli("record", "list", "--kind", "envelope", "--limit",
                                "1000")["records"]
        for r in rows:
            status, one = self.hub.api("GET", f"/records/{r['id']}")
            if status == 200:
                body = body_of(bytes.fromhex(one["bytes_hex"]))
                yield body[3], body[9], body[11][0]

    def open(self, sealed, author, secret, root):
        """(message, next root), or None."""
        epk = sealed[:32]
        to = mail.x25519_public(secret)
        context = mail.context_of(self.net, author)
        k = mail.blake(512, "ohcn-seal-v1", epk, to, root, context,
                       key=mail.x25519(secret, epk))
        nonce = mail.blake(192, "ohcn-nonce-v1", epk, to)
        plain = mail.aead(k[:32], nonce, context, sealed[32:-16])[:-16]
        if mail.aead(k[:32], nonce, context, plain) != sealed[32:]:
            return None
        n = struct.unpack(">H", plain[:2])[0]
        if n + 2 > len(plain) or any(plain[n + 2:]):
            return None
        return unpack(plain[2:2 + n])[0], k[32:]


class Side:
    """One end of a conversation; ${who} opens it."""

    def __init__(self, who, other, to, company):
        self.who, self.other, self.company = who, other, company
        self.conversation = os.urandom(16)
        self.secret = os.urandom(32)  # one reply key is enough for a stranger
        self.pub = mail.x25519_public(self.secret)
        self.to, self.first_to = to, to
        self.s0 = self.s1 = None
        self.sent = self.heard = 0
        self.had = set()
        self.given = []  # of a company: (seed, certificate, not_after)

    def message(self, kind, body, lines=None, authors=None, **more):
        self.sent = max(self.sent + 1, hour() * 256)
        m = {0: 1, 2: kind, 4: self.conversation, 6: self.sent, 8: self.pub, 12: body}
        if authors:
            m[10] = authors
        if lines:
            m[14] = lines
        m.update({int(k[1:]): v for k, v in more.items()})
        return m

    def authors(self, n=4, seeds=None, signer=None):
        until = (hour() + 672 + 167) // 168 * 168
        keys = seeds or [os.urandom(32) for _ in range(n)]
        signer = signer or self.who
        return {0: self.who.stamp, 2: until, 4: [
            {0: k, 2: mail.certificate(signer.seed, self.who.net, mail.ed_public(k), until)}
            for k in keys]}

    def seal(self, message, key=None):
        root = ZEROS if self.s1 is None and self.to == self.first_to else \
            self.s1 or self.s0
        raw = message if isinstance(message, bytes) else pack(message)
        sealed, following = mail.envelope(
            raw, self.who.net, (key or self.who).pub, self.to, root, os.urandom(32))
        if self.s0 is None:
            self.s0 = following
        return sealed

    def say(self, kind, body, lines=None, authors=True, send=True, **more):
        m = self.message(kind, body, lines,
                         self.authors() if authors is True else authors, **more)
        sealed = self.seal(m)
        self.who.envelope(sealed)
        if send:
            self.who.send()
        return sealed

    def offer_body(self, terms, to=None, key=None, sig=None):
        raw = terms if isinstance(terms, bytes) else pack(terms)
        to, key = to or self.other, key or self.first_to
        return {0: raw, 2: to, 4: sig or mail.offer_sig(
            self.who.seed, self.who.net, self.conversation, to, key, raw)}

    def offer(self, terms, **more):
        return self.say(OFFER, self.offer_body(terms), **more)

    def hear(self):
        """New messages of the other side, as far as a stranger opens them."""
        out = []
        for author, stamp, sealed in self.who.seen():
            if sealed in self.had or author == self.who.pub:
                continue
            self.had.add(sealed)
            # All that comes is sealed to the one key told: with this root.
            got = self.who.open(sealed, author, self.secret, self.s0)
            if got is None:
                continue
            out.append(got[0])
            if self.s1 is None:
                first = got[0][8]
                self.s1 = mail.session(self.secret, first, self.s0, self.pub, first)
            if got[0][6] > self.heard:
                self.heard, self.to = got[0][6], got[0][8]
        return out

    def document(self, kind, raw, send=True, size=None):
        """In parts, as many as it takes."""
        name = os.urandom(16)
        for part in range((len(raw) + 3071) // 3072):
            self.say(DOCUMENT, {0: name, 2: kind, 4: size or len(raw), 6: part,
                                8: raw[3072 * part:3072 * (part + 1)]},
                     authors=self.company, send=False)
        if send:
            self.who.send()


def terms(role="Welder", pledge=True, demand=None, activity=2):
    t = {0: activity, 2: role}
    if demand:
        t[4] = demand
    if pledge is True:
        t[6] = {0: 2, 4: 80000, 6: "EUR", 8: hour() + 4000}
    elif pledge:
        t[6] = pledge
    return t
