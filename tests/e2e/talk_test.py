"""A sealed conversation between two real nodes: an offer with a pledge, an
answer under one-time keys, words both ways, who one is: the company first. A
third node has every envelope and can open none."""
import unittest

from support import Case, holds, peers_of, record_file, wait_for, write

NET = "test-talk"
HEAD = "external_id,type,title,region,skills,teaches,languages\n"
JOBS = HEAD + ("A-17,job,Plant electrician,de,\"welding:3!\",,\n"
               "A-18,job,Boat builder,de,\"welding:3!\",,\n")
PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline=2027-09-01"
SECRETS = ("Plant electrician", "Quiet question 4711", "Lea Example",
           "Acme and its recruiter")


class TalkCase(Case):
    def setUp(self):
        self.w = self.world()
        self.acme = self.w.node("acme", "company", network=NET)
        self.acme.start()
        hub = [self.acme.address()]
        self.lea = self.w.node("lea", "person", network=NET, bootstrap=hub)
        self.lea.start()
        self.third = self.w.node("third", "company", network=NET, bootstrap=hub)
        self.third.start()
        for node in (self.lea, self.third):
            wait_for("a neighbour", lambda: peers_of(node))
        path = write(self.w.directory / "jobs.csv", JOBS)
        self.assertEqual(2, self.acme.cli("demand", "import", path)["created"])
        self.lea.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        self.card = self.lea.cli("profile", "publish", "--now")["record"]["id"]
        for node in (self.acme, self.third):
            wait_for("the card arrives", lambda: holds(node, self.card))

    def talks(self, node):
        return node.api("GET", "/talks")[1]["talks"]

    def kept_out(self, node):
        return node.api("GET", "/talks")[1]["envelopes"]["kept_out"]

    def state(self, node, i):
        return node.api("GET", f"/talks/{i}")[1]

    def reaches(self, node, i, **fields):
        def there():
            t = self.state(node, i)
            return all(t[k] == v for k, v in fields.items()) and t
        return wait_for(f"{node.name}: {fields}", there)

    def offer(self, demand="A-17", **more):
        sent = self.acme.cli("offer", "send", "--demand", demand, "--to",
                             self.card, "--pledge", PLEDGE)
        return sent["id"], wait_for("the offer at lea", lambda: self.newest(
            self.lea, demand))

    def newest(self, node, demand):
        """Its own name there of the open offer for that demand."""
        role = {"A-17": "Plant electrician", "A-18": "Boat builder"}[demand]
        return next((t["id"] for t in self.talks(node) if
                     t["offer"]["role"] == role and t["asks"] == "offer"), None)

    def envelopes(self, node):
        records = node.cli("record", "list", "--kind", "envelope", "--limit",
                           "1000")["records"]
        return {r["id"] for r in records}

    def raw(self, node, record):
        return bytes.fromhex(node.api("GET", f"/records/{record}")[1]["bytes_hex"])


class Talk(TalkCase):
    def test_to_both_names(self):
        acme, lea, third = self.acme, self.lea, self.third
        found = acme.cli("candidate", "list", "--demand", "A-17")
        self.assertIn(self.card, str(found))
        dry = acme.cli("offer", "send", "--demand", "A-17", "--to", self.card,
                       "--pledge", PLEDGE, "--dry-run")
        self.assertEqual(2 * dry["sealed_bytes"], len(dry["sealed_hex"]))
        self.assertEqual(80000, dry["offer"]["pledge"]["amount"])
        self.assertEqual([], self.talks(acme))

        i, j = self.offer()
        # Each node has a name of its own for it, which is told to nobody.
        self.assertNotEqual(i, j)
        got = self.state(lea, j)
        self.assertEqual("offered", got["state"])
        self.assertEqual("Plant electrician", got["offer"]["role"])
        self.assertEqual(40, got["offer"]["pledge"]["hours"])
        # Not looked at: it cannot be answered; no receipt of having looked.
        with self.fails(8):
            lea.cli("inbox", "answer", j, "--interest")
        before = self.envelopes(acme)
        self.assertEqual("seen", lea.cli("inbox", "show", j)["state"])
        lea.cli("inbox", "answer", j, "--interest", "--text", "Quiet question 4711")
        self.reaches(acme, i, state="interested", asks="interest")
        # Before the company has said a word there are one-time keys left of
        # its offer, but its identity comes first.
        acme.cli("offer", "answer", i, "--text", "Welcome")
        self.reaches(lea, j, state="talk")
        lea.cli("inbox", "answer", j, "--text", "And the hours?")
        wait_for("her words", lambda: "And the hours?" in str(self.state(acme, i)["said"]))

        # Names: both commit; then the company, then the person.
        with self.fails(8):
            lea.cli("inbox", "answer", j, "--open", "--yes")
        acme.cli("offer", "answer", i, "--commit", "Acme and its recruiter")
        self.reaches(lea, j, peer_committed=True)
        lea.cli("inbox", "answer", j, "--commit", "Lea Example")
        self.reaches(acme, i, peer_committed=True)
        with self.fails(8):
            lea.cli("inbox", "answer", j, "--open", "--yes")
        self.assertIsNone(self.state(acme, i)["peer_identity"])
        acme.cli("offer", "answer", i, "--open", "--yes")
        self.reaches(lea, j, peer_identity="Acme and its recruiter", asks="open")
        self.assertIsNone(self.state(acme, i)["peer_identity"])
        lea.cli("inbox", "answer", j, "--open", "--yes")
        self.reaches(acme, i, peer_identity="Lea Example", state="revealed")
        self.assertEqual("revealed", self.state(lea, j)["state"])

        # The third has them all; nothing of it is readable, and no author of
        # an answer is a key that is seen elsewhere.
        sent = self.envelopes(acme)
        wait_for("all envelopes", lambda: self.envelopes(third) >= sent)
        seen = wait_for("all are tried", lambda: (
            (s := third.api("GET", "/talks")[1])["envelopes"]["tried"] >= len(sent) and s))
        self.assertEqual([], seen["talks"])
        self.assertEqual(0, seen["envelopes"]["opened"])
        keys = {p["did"] for p in lea.cli("persona", "list")["personas"]}
        authors = []
        for e in sent:
            raw = self.raw(third, e)
            for text in SECRETS:
                self.assertNotIn(text.encode(), raw)
            authors.append(third.api("GET", f"/records/{e}")[1]["author"])
        company = self.state(lea, j)["peer"]
        hers = [a for a in authors if a != company]
        self.assertEqual(4, len(hers))
        self.assertEqual(4, len(set(hers)))
        self.assertFalse(keys & set(authors))
        self.assertTrue(before <= sent)

        # All of it again from a file: nothing changes, also after a restart.
        names = {acme: i, lea: j}
        said = {n: len(self.state(n, names[n])["said"]) for n in names}
        again = self.w.directory / "again.ohcn"
        again.write_bytes(record_file(NET, [self.raw(third, e) for e in sent]))
        for node in (acme, lea):
            node.cli("record", "import", again)
            node.stop()
            node.start()
        for node in (acme, lea):
            self.assertEqual("revealed", self.state(node, names[node])["state"])
            self.assertEqual(said[node], len(self.state(node, names[node])["said"]))
            self.assertEqual(1, len(self.talks(node)))
        wait_for("acme again", lambda: peers_of(self.lea) or
                 self.lea.cli("peer", "connect", self.acme.address()))
        lea.cli("inbox", "answer", j, "--text", "Still here")
        wait_for("words after a restart",
                 lambda: "Still here" in str(self.state(acme, i)["said"]))

    def test_ends(self):
        acme, lea = self.acme, self.lea
        i, j = self.offer()
        # A second one is kept out while the first is open.
        acme.cli("offer", "send", "--demand", "A-18", "--to", self.card,
                 "--pledge", PLEDGE)
        wait_for("it is dropped", lambda: self.kept_out(lea) == 1)
        # Taken back.
        acme.cli("offer", "withdraw", i)
        self.reaches(lea, j, state="withdrawn")
        with self.fails(8):
            lea.cli("inbox", "answer", j, "--interest")
        self.assertEqual(1, len(self.talks(lea)))
        # Blocked, without a word: nothing more comes in.
        third, hers = self.offer("A-18")
        count = len(self.envelopes(acme))
        lea.cli("inbox", "answer", hers, "--block", "--yes")
        self.assertEqual("blocked", self.state(lea, hers)["state"])
        acme.cli("offer", "send", "--demand", "A-17", "--to", self.card,
                 "--pledge", PLEDGE)
        wait_for("its envelope at lea",
                 lambda: len(self.envelopes(lea)) == count + 1)
        wait_for("it is dropped", lambda: self.kept_out(lea) == 2)
        self.assertEqual(2, len(self.talks(lea)))
        self.assertEqual("offered", self.state(acme, third)["state"])


if __name__ == "__main__":
    unittest.main()
