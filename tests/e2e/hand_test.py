"""A hand for a demand without an offer and without a name, an introduction
through a common contact, and what two personas of one node have in common:
nothing. Between real nodes; one of them has every envelope and opens none."""
import unittest

from support import Case, holds, peers_of, wait_for, write

NET = "test-hand"
HEAD = "external_id,type,title,region,skills,teaches,languages\n"
JOBS = HEAD + "A-17,job,Plant electrician,de,\"welding:3!\",,\n"
OTHER = HEAD + "B-1,gig,Boat builder,de,\"welding:2!\",,\n"
PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline=2027-09-01"


class Hands(Case):
    def setUp(self):
        self.w = self.world()
        self.acme = self.w.node("acme", "company", network=NET)
        self.acme.start()
        hub = [self.acme.address()]
        self.lea = self.w.node("lea", "person", network=NET, bootstrap=hub,
                               settings=["publish.persona_gap=600s"])
        self.lea.start()
        self.mara = self.w.node("mara", "company", network=NET, bootstrap=hub)
        self.mara.start()
        for node in (self.lea, self.mara):
            wait_for("a neighbour", lambda: peers_of(node))
        for node, jobs in ((self.acme, JOBS), (self.mara, OTHER)):
            path = write(self.w.directory / f"{node.name}.csv", jobs)
            node.cli("demand", "import", path)
        self.demand = self.acme.cli("demand", "list")["demands"][0]["id"]
        wait_for("the demand at lea", lambda: holds(self.lea, self.demand))

    def talks(self, node):
        return node.api("GET", "/talks")[1]["talks"]

    def state(self, node, i):
        return node.api("GET", f"/talks/{i}")[1]

    def reaches(self, node, i, **fields):
        def there():
            t = self.state(node, i)
            return all(t[k] == v for k, v in fields.items()) and t
        return wait_for(f"{node.name}: {fields}", there)

    def open_inbox(self):
        # Without an organisation's record there is nobody to write to.
        with self.fails(8):
            self.lea.cli("hand", "raise", "--demand", self.demand)
        done = self.acme.cli("organisation", "publish")["record"]
        wait_for("the inbox at lea", lambda: holds(self.lea, done["id"]))
        return self.acme.api("GET", f"/records/{done['id']}")[1]["author"]

    def raise_hand(self, *flags, n=1):
        i = self.lea.cli("hand", "raise", "--demand", self.demand, *flags)["id"]
        got = wait_for("the hand at acme", lambda: (
            (t := self.talks(self.acme)) and len(t) == n and t))
        return i, [t for t in got if t["asks"] == "hand"][-1]["id"]

    def card(self, node=None):
        self.lea.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        card = self.lea.cli("profile", "publish", "--now")["record"]["id"]
        for to in (self.acme, self.mara):
            wait_for("the card arrives", lambda: holds(to, card))
        return card

    def test_a_hand(self):
        acme, lea = self.acme, self.lea
        card = self.card()
        self.open_inbox()
        dry = lea.cli("hand", "raise", "--demand", self.demand, "--dry-run")
        self.assertEqual(2 * dry["sealed_bytes"], len(dry["sealed_hex"]))
        self.assertIsNone(dry["card"])
        shown = lea.cli("hand", "raise", "--demand", self.demand, "--card", "--dry-run")
        self.assertIn("skills", str(shown["card"]))
        self.assertNotIn("intro_key", shown["card"])
        self.assertEqual([], self.talks(lea))

        i, j = self.raise_hand("--text", "Evenings only 4711?")
        self.assertNotEqual(i, j)
        got = self.state(acme, j)
        self.assertEqual("hand", got["state"])
        self.assertEqual("Evenings only 4711?", got["said"][0]["text"])
        self.assertIsNone(got["hand"]["introducer"])
        # Nothing of the persona: the author is a key of its own.
        dids = {p["did"] for p in lea.cli("persona", "list")["personas"]}
        self.assertNotIn(got["peer"], dids)
        author = self.mara.api("GET", f"/records/{card}")[1]["author"]
        self.assertNotEqual(author, got["peer"])
        sent = wait_for("the envelope at mara", lambda: self.mara.cli(
            "record", "list", "--kind", "envelope")["records"])
        raw = bytes.fromhex(self.mara.api(
            "GET", f"/records/{sent[0]['id']}")[1]["bytes_hex"])
        self.assertNotIn(b"Evenings", raw)

        # An offer comes of it, and a talk.
        acme.cli("offer", "send", "--demand", "A-17", "--hand", j, "--pledge", PLEDGE)
        self.reaches(lea, i, state="offered", asks="offer")
        lea.cli("inbox", "show", i)
        lea.cli("inbox", "answer", i, "--interest")
        self.reaches(acme, j, state="interested")
        acme.cli("offer", "answer", j, "--text", "Welcome")
        self.reaches(lea, i, state="talk")
        lea.cli("inbox", "answer", i, "--text", "Thank you")
        wait_for("her words", lambda: "Thank you" in str(self.state(acme, j)["said"]))

        # Her persona is known to Acme once she has signed with it: then what
        # she has learned can be certified in this conversation.
        persona = lea.cli("persona", "list")["personas"][0]["did"]
        order = ["credential", "issue", "--talk", j, "--title", "Welding, basics",
                 "--method", "observed", "--skill", "welding:2"]
        with self.fails(1, "no key of their own"):
            acme.cli(*order)
        a = acme.cli("agreement", "propose", j, "--person", persona, "--hours", "20",
                     "--end", "2027-10-01")["document"]["id"]
        wait_for("the agreement at lea", lambda: lea.api("GET", f"/documents/{a}")[0] == 200)
        lea.cli("agreement", "sign", a)
        wait_for("both have signed", lambda: acme.api(
            "GET", f"/documents/{a}")[1]["complete"])
        given = acme.cli(*order)
        self.assertTrue(given["sent"])
        c = given["issued"][0]
        wait_for("the credential", lambda: lea.api("GET", f"/credentials/{c}")[0] == 200)
        lea.cli("credential", "accept", c)
        wait_for("it is accepted", lambda: acme.api(
            "GET", f"/credentials/{c}")[1]["standing"] == "good")

        # A second one, taken back, also over a restart of both.
        k, other = self.raise_hand(n=2)
        lea.cli("hand", "withdraw", k)
        self.reaches(acme, other, state="withdrawn")
        for node in (acme, lea):
            node.stop()
            node.start()
        self.assertEqual("withdrawn", self.state(acme, other)["state"])
        self.assertEqual("agreed", self.state(lea, i)["state"])
        self.assertEqual(2, len(self.talks(acme)))

    def test_introduced(self):
        acme, lea, mara = self.acme, self.lea, self.mara
        card = self.card()
        company = self.open_inbox()
        a = mara.cli("offer", "send", "--demand", "B-1", "--to", card,
                     "--pledge", PLEDGE)["id"]
        b = wait_for("mara's offer", lambda: self.talks(lea))[0]["id"]
        lea.cli("inbox", "show", b)
        lea.cli("inbox", "answer", b, "--interest")
        self.reaches(mara, a, state="interested")
        # Not before somebody has introduced her.
        with self.fails(8):
            lea.cli("hand", "raise", "--demand", self.demand, "--introduced")
        done = acme.api("GET", "/organisation")[1]["published"]["id"]
        wait_for("the inbox at mara", lambda: holds(mara, done))
        mara.cli("offer", "introduce", a, "--company", company, "--text", "Good people")
        wait_for("the introduction", lambda: any(
            s["type"] == "introduction" and s["company"] == company
            for s in self.state(lea, b)["said"]))
        self.assertNotIn("voucher_sig", str(self.state(lea, b)))
        # Another persona has not been introduced: it cannot show what this
        # one was given.
        lea.cli("persona", "add", "quiet")
        with self.fails(8):
            lea.cli("--persona", "quiet", "hand", "raise", "--demand",
                    self.demand, "--introduced")
        _, j = self.raise_hand("--introduced")
        got = self.state(acme, j)
        self.assertEqual(self.state(lea, b)["peer"], got["hand"]["introducer"])
        self.assertFalse(got["hand"]["introducer_known"])
        # It counts once.
        _, j = self.raise_hand("--introduced", n=2)
        self.assertIsNone(self.state(acme, j)["hand"]["introducer"])

    def test_personas_apart(self):
        """The answer of one persona waits when another has just published."""
        lea, mara = self.lea, self.mara
        card = self.card()
        mara.cli("offer", "send", "--demand", "B-1", "--to", card, "--pledge", PLEDGE)
        b = wait_for("mara's offer", lambda: self.talks(lea))[0]["id"]
        lea.cli("persona", "add", "quiet")
        wait_for("its stamp", lambda: all(
            p["stamp_ready"] for p in lea.cli("persona", "list")["personas"]))
        # The gate is open for main, which spoke last; then it is quiet's turn
        # to wait, with a hand as with a card.
        self.open_inbox()
        lea.cli("inbox", "show", b)
        lea.cli("inbox", "answer", b, "--interest")
        wait_for("her interest", lambda: any(
            t["state"] == "interested" for t in self.talks(mara)))
        before = lea.api("GET", "/talks")[1]["envelopes"]["to_send"]
        self.assertEqual(0, before)
        i = lea.cli("--persona", "quiet", "hand", "raise", "--demand", self.demand)["id"]
        lea.cli("inbox", "answer", b, "--text", "And the hours?")
        wait_for("her words", lambda: "And the hours?" in str(
            [self.state(mara, t["id"])["said"] for t in self.talks(mara)]))
        self.assertEqual("hand", self.state(lea, i)["state"])
        self.assertEqual(1, lea.api("GET", "/talks")[1]["envelopes"]["to_send"])
        self.assertEqual([], self.talks(self.acme))


if __name__ == "__main__":
    unittest.main()
