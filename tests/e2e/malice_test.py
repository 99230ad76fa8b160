"""Companies and persons that keep to no rule, against real nodes. They are
written from SPEC.md by another program (stranger.py); each case has a stated
outcome: what the honest side is shown, what it refuses by name, and that
everything else goes on as before."""
import os
import unittest

import stranger
from nodes import schema
from stranger import (ASK, COMMIT, DISCLOSE, HAND, INTEREST, INTRODUCTION, OPEN, TEXT, Key,
                      Side, Stranger, evidence, hour, mail, pack, terms)
from support import Case, holds, peers_of, wait_for, write

NET = "test-malice"
HEAD = "external_id,type,title,region,skills,teaches,languages\n"
JOBS = HEAD + "A-17,gig,Plant electrician,de,\"welding:3!\",,\n"
PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline=2027-09-01"


class World(Case):
    def setUp(self):
        self.w = self.world()
        self.hub = self.w.node("hub", "company", network=NET)
        self.hub.start()
        self.lea = self.w.node("lea", "person", network=NET,
                               bootstrap=[self.hub.address()])
        self.lea.start()
        wait_for("a neighbour", lambda: peers_of(self.lea))
        self.victim = self.lea

    def publish_card(self):
        self.lea.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        done = self.lea.cli("profile", "publish", "--now")["record"]["id"]
        wait_for("the card arrives", lambda: holds(self.hub, done))
        body = self.body(self.hub, done)
        return body[3], body[11][16]

    def body(self, node, record):
        raw = node.api("GET", f"/records/{record}")[1]["bytes_hex"]
        return stranger.body_of(bytes.fromhex(raw))

    def stranger(self):
        return Stranger(NET, self.victim, self.hub, self.w.directory)

    def list(self, node):
        return node.api("GET", "/talks")[1]

    def talks(self, node):
        return self.list(node)["talks"]

    def state(self, node, talk):
        return node.api("GET", f"/talks/{talk}")[1]

    def outcomes(self, node):
        """What became of envelopes that opened here, by name."""
        return {n: int(v) for n, v in self.list(node)["outcomes"].items()}

    def refused_as(self, node, outcome, before, n=1):
        wait_for(f"{n} {outcome}", lambda: self.outcomes(node).get(outcome, 0) ==
                 before.get(outcome, 0) + n)

    def refusals(self, node):
        return [r["fault"] for r in node.cli("document", "list")["refused"]]

    def tried_all(self, node):
        """Nothing waits to be looked at."""
        def done():
            return self.list(node)["envelopes"]["queued"] == 0
        wait_for("all are tried", done)


class Company(World):
    def setUp(self):
        super().setUp()
        self.author, self.key = self.publish_card()

    def side(self, who=None, **more):
        return Side(who or self.stranger(), self.author, self.key, True, **more)

    def talk(self):
        """A conversation in which both have said something, and lea's name."""
        s = self.side()
        before = {t["id"] for t in self.talks(self.lea)}
        s.offer(terms())
        j = wait_for("the offer", lambda: next(
            (t["id"] for t in self.talks(self.lea) if t["id"] not in before), None))
        self.lea.cli("inbox", "show", j)
        self.lea.cli("inbox", "answer", j, "--interest")
        got = wait_for("her interest", s.hear)
        self.assertEqual([INTEREST], [m[2] for m in got])
        s.say(TEXT, {}, ["Welcome"])
        wait_for("a talk", lambda: self.state(self.lea, j)["state"] == "talk")
        return s, j

    def test_offers(self):
        lea, before = self.lea, self.outcomes(self.lea)
        who = self.stranger()

        def offer(change=None, **more):
            s = self.side(who)
            body = s.offer_body(terms(), **more)
            m = s.message(1, body, authors=s.authors())
            if change:
                change(s, m)
            who.envelope(s.seal(m))

        # Signed for somebody else, to her key; under another one's name.
        offer(to=os.urandom(32))
        offer(sig=os.urandom(64))
        offer(key=os.urandom(32))
        # Terms that contradict themselves, are no terms, or too large.
        pledge = {0: 2, 4: 80000, 6: "EUR", 8: hour() + 4000}
        for wrong in ({4: 80000}, {6: "EUR"}, {4: 80000, 6: "eur"}, {2: 20, 6: "EUR"},
                      {}, {2: 0}, {4: 2**53, 6: "EUR"}):
            s = self.side(who)
            t = {0: 2, 2: "Welder", 6: {0: 2, 8: pledge[8], **wrong}}
            who.envelope(s.seal(s.message(1, s.offer_body(t), authors=s.authors())))
        for wrong in (b"\xc0", pack({0: 2, 2: "x" * 121}), pack({0: 10, 2: "Welder"}),
                      b"\x82\x02\xa1x\x00\x02", bytes(1401)):
            s = self.side(who)
            who.envelope(s.seal(s.message(1, s.offer_body(wrong), authors=s.authors())))
        # Keys to answer under that it did not sign, or that end too late.
        offer(lambda s, m: m.update({10: s.authors(signer=Key())}))
        offer(lambda s, m: m[10].update({2: m[10][2] + 168}))
        offer(lambda s, m: m[10].update({0: bytes(8)}))
        # What no offer is, or is of a time to come.
        offer(lambda s, m: m.update({0: 2}))
        offer(lambda s, m: m.update({2: 99}))
        offer(lambda s, m: m.update({16: 1}))
        offer(lambda s, m: m.update({2: TEXT, 12: {}, 14: ["hello"]}))
        offer(lambda s, m: m.pop(12))
        # A hand: her key is no company's, so no rule would see it.
        s = self.side(who)
        who.envelope(s.seal(s.message(HAND, {0: os.urandom(32)})))
        # Sealed to another key, for another network, cut, one bit changed.
        s = self.side(who)
        good = s.seal(s.message(1, s.offer_body(terms()), authors=s.authors()))
        who.envelope(good[:-1] + bytes([good[-1] ^ 1]))
        who.envelope(good[:-16])
        who.envelope(bytes(32) + good[32:])
        who.send()
        self.tried_all(lea)
        after = self.outcomes(lea)
        self.assertEqual([], self.talks(lea))
        got = {k: after[k] - before.get(k, 0) for k in after if after[k] != before.get(k, 0)}
        self.assertEqual({"bad-signature": 3, "malformed": 13, "bad-certificate": 3,
                          "unknown": 3, "foreign": 1, "no-inbox": 1}, got)

        # A good one, then the same bytes again and again.
        who.envelope(good)
        for _ in range(3):
            who.envelope(good)
        who.send()
        wait_for("the offer", lambda: len(self.talks(lea)) == 1)
        self.tried_all(lea)
        self.assertEqual(1, len(self.talks(lea)))
        self.assertEqual(1, self.state(lea, self.talks(lea)[0]["id"])["messages"])
        # A second one while the first is open: without an answer.
        offer()
        who.send()
        wait_for("kept out", lambda: self.list(lea)["envelopes"]["kept_out"] == 1)
        self.assertEqual(1, len(self.talks(lea)))

    def test_demand_of_another(self):
        """An offer that names a demand which the sender has no part in."""
        lea, hub = self.lea, self.hub
        card = hub.cli("record", "list", "--kind", "profile")["records"][0]["id"]
        hub.cli("demand", "import", write(self.w.directory / "jobs.csv", JOBS))
        demand = hub.cli("demand", "list")["demands"][0]["id"]
        wait_for("the demand at lea", lambda: holds(lea, demand))
        raw = hub.api("GET", f"/records/{demand}")[1]["bytes_hex"]
        ident = evidence.h("ohcn-rec-v1", stranger.unpack(bytes.fromhex(raw))[0][0])
        did = hub.cli("status")["did"]

        def offered(named, n):
            s = self.side()
            s.offer(terms(demand=named))
            wait_for("an offer", lambda: len(self.talks(lea)) == n)
            return s, next(t["id"] for t in self.talks(lea) if
                           t["peer"] == mail_did(s.who.pub))

        s, j = offered(ident, 1)
        got = self.state(lea, j)["demand"]
        self.assertEqual([], schema.check(got, "talk", "demand"), got)
        self.assertEqual(("another", True, did, "Plant electrician", False), (
            got["whose"], got["warning"], got["author"], got["title"],
            got["identity_shown"]))
        self.assertIn("not shown yet", got["says"])
        self.assertIn("WARNING: it names the demand of somebody else",
                      lea.cli("inbox", "show", j, raw=True).stdout)
        _, k = offered(os.urandom(32), 2)
        self.assertEqual(("unknown", False, None), tuple(
            self.state(lea, k)["demand"][x] for x in ("whose", "warning", "author")))
        _, k = offered(None, 3)
        self.assertEqual("none", self.state(lea, k)["demand"]["whose"])
        # Of the one who posted it.
        hub.cli("offer", "send", "--demand", "A-17", "--to", card, "--pledge", PLEDGE)
        wait_for("an honest one", lambda: len(self.talks(lea)) == 4)
        mine = next(t for t in self.talks(lea) if t["peer"] == did)["demand"]
        self.assertEqual(("sender", False), (mine["whose"], mine["warning"]))
        # With the rule nobody is shown one.
        lea.stop()
        lea.settings.append("inbox.others_demands=refuse")
        lea.start()
        self.assertTrue(next(t for t in self.talks(lea) if t["id"] == j)["quiet"])
        wait_for("a neighbour", lambda: peers_of(lea))
        s = self.side()
        s.offer(terms(demand=ident))
        wait_for("it is dropped", lambda: lea.cli("status")["inbox"]["dropped"]["demand"])
        self.assertEqual(4, len(self.talks(lea)))

    def test_many_keys(self):
        # Each key costs some work; all of them together have 20 places.
        lea, n = self.lea, 26
        for i in range(n):
            s = self.side()
            s.offer(terms(pledge={0: 2, 4: 1000 + i, 6: "EUR", 8: hour() + 4000},
                          role=f"Role {i}"))
        self.tried_all(lea)
        open_ = wait_for("20 of them", lambda: (
            (o := [t for t in self.talks(lea) if t["asks"] == "offer"]) and
            len(o) == 20 and o))
        amounts = sorted(t["offer"]["pledge"]["amount"] for t in open_)
        # Those with the least pledge gave way.
        self.assertEqual(1000 + n - 1, amounts[-1])
        self.assertNotIn(1000, amounts)
        # Another persona's window is its own, and a known one has a place.
        self.assertEqual(n, len({t["peer"] for t in self.talks(lea)}) +
                         self.list(lea)["envelopes"]["kept_out"])

    def test_wrong_state(self):
        lea = self.lea
        s = self.side()
        s.offer(terms())
        j = wait_for("the offer", lambda: self.talks(lea))[0]["id"]
        was = self.state(lea, j)
        # Nothing of this may come before her interest; she is asked nothing.
        before = self.outcomes(lea)
        s.to, s.s1 = s.first_to, None
        s.s0, kept = None, s.s0
        s.say(TEXT, {}, ["Hello?"], send=False)
        s.say(COMMIT, {0: os.urandom(32)}, send=False)
        s.say(OPEN, {0: b"Acme", 2: os.urandom(32)}, send=False)
        s.say(DISCLOSE, {0: b"x"}, send=False)
        s.say(INTEREST, {}, send=False)
        s.document(1, b"\x93" + bytes(50), send=False)
        s.who.send()
        s.s0 = kept
        self.tried_all(lea)
        self.assertEqual(was, self.state(lea, j))
        self.assertEqual(before.get("fine", 0), self.outcomes(lea).get("fine", 0))
        self.lea.cli("inbox", "show", j)
        self.lea.cli("inbox", "answer", j, "--interest")
        wait_for("her interest", s.hear)
        s.say(TEXT, {}, ["Welcome"])
        wait_for("a talk", lambda: self.state(lea, j)["state"] == "talk")

    def test_identity(self):
        lea = self.lea
        s, j = self.talk()
        salt = os.urandom(32)
        before = self.outcomes(lea)
        # Another one's name than it committed to; before it did; the same
        # commitment of the other side; twice.
        s.say(COMMIT, {0: mail.commitment(s.conversation, 1, salt, b"Acme")})
        wait_for("a commitment", lambda: self.state(lea, j)["peer_committed"])
        lea.cli("inbox", "answer", j, "--commit", "Lea Example")
        with self.fails(8):
            lea.cli("inbox", "answer", j, "--open", "--yes")
        wait_for("hers", s.hear)
        for name, with_ in ((b"Siemens", salt), (b"Acme", os.urandom(32)), (b"", salt)):
            s.say(OPEN, {0: name, 2: with_}, send=False)
        s.say(COMMIT, {0: mail.commitment(s.conversation, 1, salt, b"Other")}, send=False)
        s.who.send()
        self.tried_all(lea)
        after = self.outcomes(lea)
        self.assertEqual(2, after["bad-commitment"] - before.get("bad-commitment", 0))
        t = self.state(lea, j)
        self.assertIsNone(t["peer_identity"])
        self.assertFalse(t["peer_opened"])
        with self.fails(8):
            lea.cli("inbox", "answer", j, "--open", "--yes")
        # What tells who she is stays here until the company has opened.
        lea.cli("fact", "set", "name", "Lea Example 4711")
        s.say(ASK, {0: ["name", "skills"], 2: os.urandom(16)})
        wait_for("the question", lambda: lea.api("GET", f"/talks/{j}/claims")[1]["asked"])
        with self.fails(8, "E3532"):
            lea.cli("inbox", "disclose", j, "--leaf", "name", "--yes")
        s.say(ASK, {0: [f"x{i}" for i in range(17)], 2: os.urandom(16)})
        self.refused_as(lea, "malformed", after)
        s.say(OPEN, {0: b"Acme", 2: salt})
        wait_for("its name", lambda: self.state(lea, j)["peer_identity"] == "Acme")
        self.assertFalse(self.state(lea, j)["own_opened"])

    def agreement(self, s, company=None, person=None, signers=None, **more):
        fields = {"company": company or s.who.pub, "person": person or self.author,
                  "nonce": os.urandom(16), "kind": 2, "made": hour(), "start": hour(),
                  "end": hour() + 500, "hours": 60, "title": "Welder",
                  "pledge": {0: 2, 4: 80000, 6: "EUR", 10: hour() + 4000}, **more}
        fields = {k: v for k, v in fields.items() if v is not None}
        raw = pack(evidence.body_of("agreement", fields, NET))
        return evidence.doc_id(raw).hex(), evidence.document(
            raw, signers or [(1, s.who)], NET)

    def test_agreements(self):
        lea = self.lea
        s, j = self.talk()

        def held(i):
            status, d = lea.api("GET", f"/documents/{i}")
            return d if status == 200 else None

        # Less than was offered: it is held, and says what differs; she does
        # not sign it by mistake.
        i, raw = self.agreement(s, pledge={0: 2, 4: 100, 6: "EUR", 10: hour() + 4000})
        s.document(1, raw)
        got = wait_for("the agreement", lambda: held(i))
        self.assertIn("amount", [d["field"] for d in got["differences"]])
        with self.fails(8, "amount"):
            lea.cli("agreement", "sign", i)
        k, raw = self.agreement(s, pledge=None)
        s.document(1, raw)
        wait_for("the one without a pledge", lambda: held(k))
        with self.fails(8):
            lea.cli("agreement", "sign", k)
        self.assertEqual("talk", self.state(lea, j)["state"])

        # Forged, of others, of another kind, replayed under another name.
        other, before = Key(), len(lea.cli("document", "list")["documents"])
        cases = [
            (1, self.agreement(s, signers=[(1, other)])[1], "bad-signature"),
            (1, self.agreement(s, signers=[(1, s.who), (2, other)])[1], "bad-signature"),
            (1, self.agreement(s, company=other.pub, signers=[(1, other)])[1],
             "wrong-reference"),
            (1, self.agreement(s, end=hour() - 500, start=hour() - 600)[1], "bad-times"),
            (3, self.agreement(s)[1], "unknown-type"),
            (1, raw[:-1] + bytes([raw[-1] ^ 1]), "bad-signature"),
            (1, raw + b"\0", "not-canonical"),
            (1, os.urandom(300), None),
        ]
        for n, (kind, data, fault) in enumerate(cases):
            s.document(kind, data)
            wait_for(f"refusal {n} {fault}", lambda: len(self.refusals(lea)) == n + 1)
            if fault is not None:
                self.assertEqual(fault, self.refusals(lea)[0], n)
        # An outcome of what nobody agreed on.
        body = {"company": s.who.pub, "person": self.author, "agreement": bytes.fromhex(i),
                "kind": 2, "at": hour(), "result": 1, "usefulness": 5, "hours": 62, "pledge": 1}
        out = evidence.document(pack(evidence.body_of("outcome", body, NET)), [(1, s.who)], NET)
        s.document(3, out)
        wait_for("the outcome is refused", lambda: len(self.refusals(lea)) == len(cases) + 1)
        self.assertEqual(before, len(lea.cli("document", "list")["documents"]))
        # An honest one is signed all the same.
        i, raw = self.agreement(s)
        s.document(1, raw)
        wait_for("the honest one", lambda: held(i))
        lea.cli("agreement", "sign", i)
        self.assertEqual("agreed", self.state(lea, j)["state"])
        # A voucher in somebody's name.
        now = self.outcomes(lea)
        forged = mail.voucher(os.urandom(32), NET, os.urandom(32), os.urandom(16), hour() + 99)
        s.hear()
        s.say(INTRODUCTION, {0: os.urandom(32), 2: os.urandom(32), 4: forged})
        self.refused_as(lea, "bad-signature", now)

    def credential(self, s, claims, title):
        """A credential with a tree, and its sheet."""
        secret, tree = os.urandom(32), os.urandom(16)
        t = evidence.Tree(secret, tree, claims)
        fields = {"issuer": s.who.pub, "holder": self.author, "nonce": os.urandom(16),
                  "method": 2, "issued": hour(), "expires": hour() + 9000, "title": title,
                  "skills": evidence.skills(3), "claims": t.root}
        raw = pack(evidence.body_of("credential", fields, NET))
        sheet = pack({0: 1, 2: NET, 4: evidence.doc_id(raw), 6: tree, 8: t.key,
                      10: [list(c) for c in claims]})
        return evidence.doc_id(raw).hex(), evidence.document(raw, [(1, s.who)], NET), sheet

    def test_sheets(self):
        """Large sheets of credentials that she did not accept are in nobody's
        way; accepted, they are shown; forgotten, they are gone."""
        lea = self.lea
        s, j = self.talk()
        ids = []
        for k in range(5):
            claims = [(f"fact{k}:{i:02d}", f"{k} {i:02d} " + "x" * 180) for i in range(38)]
            i, raw, sheet = self.credential(s, claims, f"Sheet {k}")
            self.assertLess(len(sheet), 8192)
            s.document(5, raw, send=False)
            s.document(6, sheet)
            ids.append(i)
            wait_for(f"credential {k}", lambda: lea.api("GET", f"/documents/{i}")[0] == 200)
            s.hear()

        def leaves():
            return {c["name"] for c in lea.api("GET", f"/talks/{j}/claims")[1]["leaves"]}
        self.tried_all(lea)
        self.assertFalse([n for n in leaves() if n.startswith("fact")])
        lea.cli("fact", "set", "licence", "yes")
        lea.cli("inbox", "disclose", j, "--leaf", "licence", "--unasked", "--yes")
        for i in ids[:4]:
            lea.cli("credential", "accept", i)
            s.hear()
            s.say(TEXT, {}, ["More keys to answer under"])
            wait_for("its words", lambda: self.state(lea, j)["said"][-1]["from"] == "peer")
        self.assertEqual(4 * 38, len([n for n in leaves() if n.startswith("fact")]))
        for name in ("fact0:37", "fact3:11", "licence", "fact1:00"):
            lea.cli("inbox", "disclose", j, "--leaf", name, "--unasked", "--yes")
        shown = {c["name"] for c in lea.api("GET", f"/talks/{j}/claims")[1]["leaves"]
                 if c["shown"]}
        self.assertEqual({"fact0:37", "fact3:11", "licence", "fact1:00"}, shown)
        lea.cli("document", "forget", ids[3], "--yes")
        self.assertFalse([n for n in leaves() if n.startswith("fact3")])
        self.assertTrue([n for n in leaves() if n.startswith("fact2")])
        # Not its own tree, not its credential.
        n = len(self.refusals(lea))
        _, raw, sheet = self.credential(s, [("a", True)], "Other")
        s.document(6, sheet)
        wait_for("a sheet of nothing", lambda: len(self.refusals(lea)) == n + 1)


class Person(World):
    """What a company's node makes of persons like that."""

    def setUp(self):
        super().setUp()
        self.victim = self.hub
        path = write(self.w.directory / "jobs.csv", JOBS)
        self.hub.cli("demand", "import", path)
        self.demand = self.hub.cli("demand", "list")["demands"][0]["id"]
        done = self.hub.cli("organisation", "publish")["record"]["id"]
        body = self.body(self.hub, done)
        self.company, self.inbox = body[3], body[11][12]
        self.demand_id = stranger.evidence.h("ohcn-rec-v1", stranger.unpack(bytes.fromhex(
            self.hub.api("GET", f"/records/{self.demand}")[1]["bytes_hex"]))[0][0])

    def hand(self, who=None):
        """A hand, the company's offer, an interest: both talk; her side and
        the company's name."""
        s = Side(who or self.stranger(), self.company, self.inbox, False)
        had = {t["id"] for t in self.talks(self.hub)}
        s.say(HAND, {0: self.demand_id}, ["Me!"], authors=None)
        i = wait_for("the hand", lambda: next(
            (t["id"] for t in self.talks(self.hub) if t["id"] not in had), None))
        self.hub.cli("offer", "send", "--demand", "A-17", "--hand", i, "--pledge", PLEDGE)
        offer = wait_for("the offer", s.hear)[0]
        self.assertEqual(1, offer[2])
        s.say(INTEREST, {}, authors=None)
        wait_for("interest", lambda: self.state(self.hub, i)["state"] == "interested")
        self.hub.cli("offer", "answer", i, "--text", "Welcome")
        wait_for("its words", s.hear)
        return s, i

    def test_takes_and_never_signs(self):
        hub = self.hub
        s, i = self.hand()
        holder = Key()
        before = self.outcomes(hub)
        # Words in the wrong place, and of the wrong side.
        s.say(1, s.offer_body(terms()), authors=None, send=False)
        s.say(INTEREST, {}, authors=None, send=False)
        s.say(TEXT, {}, ["with keys"], authors=s.authors(), send=False)
        s.say(OPEN, {0: b"Lea", 2: os.urandom(32)}, authors=None, send=False)
        s.who.send()
        self.tried_all(hub)
        after = self.outcomes(hub)
        self.assertEqual(before.get("fine", 0), after.get("fine", 0))
        self.assertEqual("talk", self.state(hub, i)["state"])

        # An agreement that the company proposes and nobody signs is no debt.
        made = hub.cli("agreement", "propose", i, "--hours", "40", "--end", "2027-08-01",
                       "--person", mail_did(holder.pub))
        self.assertFalse(made["document"]["complete"])
        # The word of the company alone counts in nobody's score.
        self.assertEqual(["company"], [x["role"] for x in made["document"]["signed"]])
        self.assertEqual([], hub.api("GET", "/pledges")[1]["pledges"])
        self.assertEqual("talk", self.state(hub, i)["state"])

    def test_forged_documents(self):
        hub = self.hub
        s, i = self.hand()
        me, other = Key(), Key()
        fields = {"company": self.company, "person": me.pub, "nonce": os.urandom(16), "kind": 2,
                  "made": hour(), "start": hour(), "end": hour() + 500, "hours": 60,
                  "title": "Welder", "pledge": {0: 2, 4: 10**9, 6: "EUR", 10: hour() + 4000}}
        raw = pack(evidence.body_of("agreement", fields, NET))

        class Forged:
            pub = self.company

            @staticmethod
            def sign(_):
                return os.urandom(64)
        cases = [
            # The company's name under what it never wrote.
            (1, evidence.document(raw, [(1, Forged), (2, me)], NET), "bad-signature"),
            (1, evidence.document(raw, [(1, me), (2, me)], NET), "bad-signature"),
            # A proposal is the company's to write.
            (1, evidence.document(raw, [(2, me)], NET), None),
            (1, evidence.document(raw, [(2, me)], "test-other"), None),
        ]
        outcome = {"company": self.company, "person": me.pub, "agreement": evidence.doc_id(raw),
                   "kind": 2, "at": hour(), "result": 1, "usefulness": 5, "hours": 62, "pledge": 3}
        cases.append((3, evidence.document(pack(evidence.body_of("outcome", outcome, NET)),
                                           [(2, me)], NET), "wrong-reference"))
        # A certificate that she made for herself, with another's name on it.
        paper = {"issuer": other.pub, "holder": me.pub, "nonce": os.urandom(16), "method": 1,
                 "issued": hour(), "expires": hour() + 9000, "title": "Master",
                 "skills": evidence.skills(5), "claims": os.urandom(32)}
        cases.append((5, evidence.document(pack(evidence.body_of("credential", paper, NET)),
                                           [(1, me), (2, me)], NET), "bad-signature"))
        for n, (kind, data, fault) in enumerate(cases):
            s.document(kind, data)
            wait_for(f"refusal {n} {fault}", lambda: len(self.refusals(hub)) == n + 1)
            if fault is not None:
                self.assertEqual(fault, self.refusals(hub)[0], n)
        self.assertEqual([], hub.cli("document", "list")["documents"])
        self.assertEqual("talk", self.state(hub, i)["state"])

    def test_leaves_of_another(self):
        """A credential of somebody else is worth nothing in her hand."""
        hub = self.hub
        s, i = self.hand()
        me, other, school = Key(), Key(), Key()
        claims = [("licence", True), ("name", "Somebody Else")]
        tree = evidence.Tree(os.urandom(32), os.urandom(16), claims)
        paper = {"issuer": school.pub, "holder": other.pub, "nonce": os.urandom(16), "method": 1,
                 "issued": hour(), "expires": hour() + 9000, "title": "Licence",
                 "skills": evidence.skills(5), "claims": tree.root}
        s.document(5, evidence.document(pack(evidence.body_of("credential", paper, NET)),
                                        [(1, school), (2, other)], NET))
        wait_for("it is shown", lambda: hub.cli("document", "list")["documents"])
        hub.cli("offer", "ask", i, "licence")
        asked = next(m for m in wait_for("the ask", s.hear) if m[2] == ASK)

        def show(change=None, signer=me, holder=me, nonce=None, verifier=None, leaf=0):
            def change_all(b):
                b.update({4: holder.pub, 6: verifier or self.company,
                          8: nonce or asked[12][2], 10: hour()})
                if change:
                    change(b)
            s.say(DISCLOSE, {0: evidence.presentation(tree, [leaf], [], change_all, NET, signer)},
                  authors=None)

        def claims_of():
            return hub.api("GET", f"/talks/{i}/claims")[1]
        # In the holder's name without the holder's key; for somebody else; not
        # what was asked for; to another question; a leaf of another tree.
        wrong = [dict(holder=other), dict(verifier=os.urandom(32)), dict(leaf=1),
                 dict(nonce=os.urandom(16)),
                 dict(change=lambda b: b.update({12: os.urandom(32)}))]
        for n, case in enumerate(wrong):
            show(**case)
            wait_for(f"refusal {n}", lambda: len(claims_of()["refused"]) == n + 1)
            self.assertEqual([], claims_of()["shown"])
        self.assertEqual("bad-signature", claims_of()["refused"][0]["fault"])
        # Under her own name: it stands there as her own word, no more.
        show()
        shown = wait_for("it is shown", lambda: claims_of()["shown"])
        self.assertEqual("own-word", shown[0]["worth"]["kind"])
        self.assertIsNone(shown[0]["worth"]["issuer"])
        # The same again: nothing more.
        show()
        self.tried_all(hub)
        self.assertEqual(1, len(claims_of()["shown"]))


def mail_did(pub):
    """did:key of an Ed25519 key."""
    digits, n = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", \
        int.from_bytes(b"\xed\x01" + pub, "big")
    out = ""
    while n:
        n, r = divmod(n, 58)
        out = digits[r] + out
    return "did:key:z" + out


if __name__ == "__main__":
    unittest.main()
