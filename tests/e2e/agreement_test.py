"""What both sign, between two real nodes: an agreement with the offer's pledge,
progress, an outcome; and what one side says alone. Restarts in between, and
documents that are not what they seem."""
import datetime
import unittest

from nodes import preload_library
from support import Case, command, holds, peers_of, wait_for, write

NET = "test-agree"
HEAD = "external_id,type,title,region,skills,teaches,languages\n"
JOBS = HEAD + "A-17,gig,Plant electrician,de,\"welding:3!\",,\n"
DAY = 86400


def date(days):
    """A day from now on, as the command line takes it."""
    return str(datetime.datetime.now(datetime.timezone.utc).date() +
               datetime.timedelta(days=days))


class AgreementCase(Case):
    def setUp(self):
        self.w = self.world()
        self.clock = preload_library("shift_clock.c", self.w.directory)
        self.acme = self.w.node("acme", "company", network=NET, clock=self.clock)
        self.acme.start()
        self.lea = self.w.node("lea", "person", network=NET, clock=self.clock,
                               bootstrap=[self.acme.address()])
        self.lea.start()
        wait_for("a neighbour", lambda: peers_of(self.lea))
        path = write(self.w.directory / "jobs.csv", JOBS)
        self.acme.cli("demand", "import", path)
        self.lea.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        self.card = self.lea.cli("profile", "publish", "--now")["record"]["id"]
        wait_for("the card arrives", lambda: holds(self.acme, self.card))

    def state(self, node, talk):
        return node.api("GET", f"/talks/{talk}")[1]

    def reaches(self, node, talk, **fields):
        def there():
            t = self.state(node, talk)
            return all(t[k] == v for k, v in fields.items()) and t
        return wait_for(f"{node.name}: {fields}", there)

    def talk(self, pledge):
        """A conversation in which both have said something: the names that
        the two nodes have for it."""
        acme, lea = self.acme, self.lea
        i = acme.cli("offer", "send", "--demand", "A-17", "--to", self.card,
                     "--pledge", pledge)["id"]
        j = wait_for("the offer", lambda: next(
            (t["id"] for t in lea.api("GET", "/talks")[1]["talks"]), None))
        lea.cli("inbox", "show", j)
        lea.cli("inbox", "answer", j, "--interest")
        self.reaches(acme, i, state="interested")
        acme.cli("offer", "answer", i, "--text", "Welcome")
        self.reaches(lea, j, state="talk")
        return i, j

    def reveal(self, i, j):
        acme, lea = self.acme, self.lea
        acme.cli("offer", "answer", i, "--commit", "Acme")
        self.reaches(lea, j, peer_committed=True)
        lea.cli("inbox", "answer", j, "--commit", "Lea Example")
        self.reaches(acme, i, peer_committed=True)
        acme.cli("offer", "answer", i, "--open", "--yes")
        self.reaches(lea, j, peer_opened=True)
        lea.cli("inbox", "answer", j, "--open", "--yes")
        self.reaches(acme, i, state="revealed")

    def held(self, node, document):
        status, d = node.api("GET", f"/documents/{document}")
        return d if status == 200 else None

    def arrives(self, node, document, **fields):
        def there():
            d = self.held(node, document)
            return d and all(d[k] == v for k, v in fields.items()) and d
        return wait_for(f"{node.name}: document {fields}", there)

    def again(self, node, **clock):
        node.stop()
        if clock:
            node.set_clock(clock["seconds"])
        node.start()

    def meet(self):
        wait_for("they meet again", lambda: peers_of(self.lea) or
                 self.lea.cli("peer", "connect", self.acme.address(), check=False))


class Agreement(AgreementCase):
    def test_both_sign(self):
        acme, lea = self.acme, self.lea
        deadline = date(60)
        i, j = self.talk("kind=course,amount=800,currency=EUR,hours=40,"
                         f"deadline={deadline}")
        self.reveal(i, j)
        terms = ("--hours", "60", "--end", date(40), "--teaches", "welding:5")

        # Only the company proposes; not another pledge without a word.
        with self.fails(8, "company writes"):
            lea.cli("agreement", "propose", j, *terms)
        other = ("--pledge", f"kind=course,amount=500,currency=EUR,deadline={deadline}")
        with self.fails(8, "amount", "hours"):
            acme.cli("agreement", "propose", i, *terms, *other)
        with self.fails(1, "no skill is called"):
            acme.cli("agreement", "propose", i, "--hours", "6", "--end",
                     date(40), "--teaches", "weldding of things:3")
        with self.fails(1, "bad-times"):
            acme.cli("agreement", "propose", i, "--hours", "60", "--end", date(-2))
        dry = acme.cli("agreement", "propose", i, *terms, "--dry-run")
        self.assertEqual([], dry["differences"])
        self.assertEqual(80000, dry["document"]["content"]["pledge"]["amount"])
        self.assertEqual([], acme.cli("agreement", "list")["documents"])
        dry = acme.cli("agreement", "propose", i, *terms, *other,
                       "--changed-pledge", "--dry-run")
        self.assertEqual(["hours", "amount"], [d["field"] for d in dry["differences"]])

        made = acme.cli("agreement", "propose", i, *terms)
        self.assertTrue(made["sent"], made)
        a = made["document"]["id"]
        self.assertEqual(["company"], [s["role"] for s in made["document"]["signed"]])
        got = self.arrives(lea, a, asks="sign", complete=False)
        self.assertEqual("Plant electrician", got["content"]["title"])
        self.assertEqual("gig", got["content"]["kind"])
        self.assertEqual([], got["differences"])
        self.assertEqual("welding", got["content"]["teaches"][0]["label"])
        words = lea.cli("agreement", "show", a, raw=True).stdout
        self.assertIn("60 hours", words)
        self.assertIn("pledges: course-budget 800.00 EUR 40 hours", words)
        self.assertIn("waits for your signature", words)
        for node, talk in ((acme, i), (lea, j)):
            self.assertEqual("revealed", self.state(node, talk)["state"])

        # No outcome of what is not agreed.
        with self.fails(1, "incomplete"):
            lea.cli("outcome", "propose", a, "--result", "delivered",
                    "--usefulness", "4", "--hours", "50", "--pledge", "kept")

        # A restart between the two signatures.
        self.again(acme)
        self.again(lea)
        self.meet()
        lea.cli("agreement", "sign", a, "--dry-run")
        self.assertFalse(self.held(lea, a)["complete"])
        done = lea.cli("agreement", "sign", a)
        self.assertTrue(done["sent"], done)
        self.assertTrue(done["document"]["complete"])
        self.assertEqual("open", done["document"]["standing"])
        self.arrives(acme, a, complete=True)
        self.reaches(acme, i, state="agreed")
        self.reaches(lea, j, state="agreed")

        # Sent once more, nothing changes.
        before = self.held(acme, a)
        self.assertTrue(lea.cli("document", "send", a)["sent"])

        # Progress: her word, then both.
        p = lea.cli("progress", "report", a, "--verb", "progressed", "--minutes",
                    "240", "--reached", "welding:4")["document"]
        self.assertEqual(1, p["content"]["number"])
        self.arrives(acme, p["id"], asks="sign")
        acme.cli("progress", "sign", p["id"])
        self.arrives(lea, p["id"], complete=True)
        self.assertEqual(before["changed"], self.held(acme, a)["changed"])
        self.xapi(a, p["id"])
        acme.cli("offer", "answer", i, "--text", "Nearly there")  # more keys to answer

        # The outcome: not without a word on the pledge, not of another kind.
        with self.fails(1, "contradicts"):
            lea.cli("outcome", "propose", a, "--result", "delivered",
                    "--usefulness", "4", "--hours", "50")
        wait_for("her words", lambda: "Nearly" in str(self.state(lea, j)["said"]))
        o = lea.cli("outcome", "propose", a, "--result", "delivered",
                    "--usefulness", "4", "--hours", "58", "--pledge", "kept",
                    "--invested", "800", "--currency", "EUR",
                    "--invested-hours", "40", "--learned", "welding:5",
                    "--applied", "welding:4", "--before", "none", "--after",
                    "freelance")
        self.assertTrue(o["sent"], o)
        o = o["document"]["id"]
        self.arrives(acme, o, asks="sign")
        self.assertEqual("open", self.held(acme, a)["standing"])
        self.again(acme)
        self.meet()
        acme.cli("outcome", "sign", o)
        self.reaches(acme, i, state="concluded")
        self.arrives(lea, o, complete=True)
        self.reaches(lea, j, state="concluded")
        for node in (acme, lea):
            one = self.held(node, a)
            self.assertEqual(("kept", o), (one["standing"], one["outcome"]))
            self.assertEqual(4, len(node.cli("document", "list")["documents"]))
            self.assertEqual([], node.cli("document", "list")["refused"])
        # Half a year is not over; when it is, both say how it was.
        follow = ("outcome", "follow-up", o, "--place", "here", "--usefulness", "5",
                  "--contract", "permanent")
        with self.fails(1, "too-early"):
            lea.cli(*follow)
        self.files(a, o)
        self.backup(a, o)

    def xapi(self, a, first):
        """A learning system writes a statement, and reads one."""
        acme, lea = self.acme, self.lea
        said = lea.cli("progress", "export", first)
        said.pop("schema", None)
        self.assertEqual("http://adlnet.gov/expapi/verbs/progressed", said["verb"]["id"])
        self.assertEqual({"duration": "PT240M"}, said["result"])
        self.assertEqual(f"urn:ohcn:agreement:{a}", said["object"]["id"])
        said["verb"] = {"id": "http://adlnet.gov/expapi/verbs/passed"}
        said["result"] = {"score": {"scaled": 0.875}, "duration": "PT1H29M40.5S"}
        path = write(self.w.directory / "statement.json", said)
        for wrong in ({"verb": {"id": "http://adlnet.gov/expapi/verbs/shared"}},
                      {"timestamp": "yesterday"}, {"result": {"duration": "P1M"}},
                      {"result": {"score": {"scaled": 1.5}}}):
            bad = write(self.w.directory / "bad.json", {**said, **wrong})
            with self.fails(1, "E3953"):
                lea.cli("progress", "report", a, "--xapi", bad)
        got = acme.cli("progress", "report", a, "--xapi", path)["document"]
        self.assertEqual(("passed", 875, 90, 2), tuple(
            got["content"][k] for k in ("verb", "score", "minutes", "number")))
        self.arrives(lea, got["id"], asks="sign")

    def files(self, a, o):
        """Out into files, forgotten, in again; and files that were changed."""
        acme, lea = self.acme, self.lea
        path = self.w.directory / "outcome.json"
        lea.cli("document", "export", o, path)
        with self.fails(1, "cannot write"):
            lea.cli("document", "export", o, path)
        lea.cli("document", "forget", o, "--yes")
        self.assertIsNone(self.held(lea, o))
        self.assertEqual("open", self.held(lea, a)["standing"])
        back = lea.cli("document", "import", path)
        self.assertEqual((True, "own"), (back["complete"], back["origin"]))
        self.assertEqual("kept", self.held(lea, a)["standing"])
        whole = bytes.fromhex(self.held(acme, o)["bytes_hex"])
        count = len(acme.cli("document", "list")["documents"])
        for what, data, fault in (
                ("a signature", whole[:-1] + bytes([whole[-1] ^ 1]), "bad-signature"),
                ("usefulness", whole.replace(b"\x12\x04", b"\x12\x05"), "bad-signature"),
                ("network", whole.replace(NET.encode(), b"test-agred"), "wrong-net"),
                ("its end", whole[:-1], "not-canonical"),
                ("nothing", b"", "not-canonical"),
                ("too much", whole + b"\0", "not-canonical"),
                ("very much", whole + bytes(3000), "oversize")):
            self.assertNotEqual(whole, data, what)
            status, answer = acme.api("POST", "/documents", {"bytes_hex": data.hex()})
            self.assertEqual(422, status, what)
            self.assertIn(fault, answer["detail"], what)
        self.assertEqual(count, len(acme.cli("document", "list")["documents"]))

    def backup(self, a, o):
        """All of it is in the backup; with another key nothing of it opens."""
        secret = write(self.w.directory / "pass", "correct horse\n")
        path = self.w.directory / "lea.ohcnbackup"
        common = ("--no-passphrase", "--set", f"node.network={NET}", "backup")
        self.lea.stop()
        for words in (("create", path), ("restore", path)):
            home = self.lea.home if words[0] == "create" else self.w.directory / "new"
            run = command(home, *common, *words, "--backup-passphrase-file", secret)
            self.assertEqual(0, run.returncode, run.stderr)
        new = self.w.node("new", "person", network=NET)
        new.start()
        self.assertEqual(("kept", o), tuple(
            self.held(new, a)[k] for k in ("standing", "outcome")))
        self.assertEqual(4, len(new.cli("document", "list")["documents"]))

    def test_a_manager_permits(self):
        """A third signature of somebody who is in no talk, by files."""
        acme, lea = self.acme, self.lea
        boss = self.w.node("boss", "company", network=NET)
        boss.start()
        key = boss.cli("persona", "list")["personas"][0]["did"]
        i, j = self.talk(f"kind=training,hours=10,deadline={date(30)}")
        with self.fails(1, "bad-body"):
            acme.cli("agreement", "propose", i, "--hours", "8", "--end", date(20),
                     "--manager", key)
        a = acme.cli("agreement", "propose", i, "--hours", "8", "--end", date(20),
                     "--manager", key, "--team", "Harbour crew")["document"]["id"]
        self.arrives(lea, a, asks="sign")
        lea.cli("agreement", "sign", a)
        got = wait_for("her signature", lambda: (
            (d := self.held(acme, a)) and len(d["signed"]) == 2 and d))
        self.assertFalse(got["complete"])
        self.assertEqual("talk", self.state(acme, i)["state"])
        out, back = (self.w.directory / f for f in ("out.json", "back.json"))
        acme.cli("document", "export", a, out)
        mine = boss.cli("document", "import", out)
        self.assertEqual(("manager", "sign"), (mine["role"], mine["asks"]))
        signed = boss.cli("agreement", "sign", a)
        self.assertEqual((False, True), (signed["sent"], signed["document"]["complete"]))
        boss.cli("document", "export", a, back)
        self.assertTrue(acme.cli("document", "import", back)["complete"])
        self.reaches(acme, i, state="agreed")
        self.assertEqual("talk", self.state(lea, j)["state"])
        acme.cli("document", "send", a)
        self.reaches(lea, j, state="agreed")
        # The lending team stands in the outcome.
        o = lea.cli("outcome", "propose", a, "--result", "delivered", "--usefulness",
                    "5", "--hours", "8", "--pledge", "kept")["document"]
        self.assertEqual("Harbour crew", o["content"]["team"])

        # A key that was lost: what was signed for it goes on under hers.
        old = boss.cli("persona", "list")["personas"][0]["did"]
        m = acme.cli("document", "moved", i, "--from", old)["document"]["id"]
        self.arrives(lea, m, asks="sign")
        lea.cli("document", "sign", m)
        self.arrives(acme, m, complete=True)
        # Two personas that say that they are one, not by chance.
        lea.cli("persona", "add", "quiet")
        with self.fails(1, "not confirmed"):
            lea.cli("document", "link", "main", "--with", "quiet")
        with self.fails(5, "not two personas"):
            lea.cli("document", "link", "main", "--with", "main", "--yes")
        both = lea.cli("document", "link", "main", "--with", "quiet", "--yes")
        self.assertTrue(both["document"]["complete"])
        for persona in ("main", "quiet"):
            held = lea.cli("document", "list", "--type", "linked", "--persona", persona)
            self.assertEqual([persona], [d["persona"] for d in held["documents"]])

    def test_company_signs_nothing(self):
        acme, lea = self.acme, self.lea
        i, j = self.talk(f"kind=training,hours=10,deadline={date(3)}")
        a = acme.cli("agreement", "propose", i, "--hours", "8", "--end", date(2),
                     "--pledge", "none", "--changed-pledge")["document"]["id"]
        got = self.arrives(lea, a, asks="sign")
        self.assertEqual(["kind", "hours", "deadline"],
                         [d["field"] for d in got["differences"]])
        self.assertIn("NOT AS OFFERED", lea.cli("agreement", "show", a, raw=True).stdout)
        with self.fails(8, "not that of the offer"):
            lea.cli("agreement", "sign", a)
        # She wants what was offered: another agreement.
        b = acme.cli("agreement", "propose", i, "--hours", "8", "--end",
                     date(2))["document"]["id"]
        self.arrives(lea, b, asks="sign")
        lea.cli("agreement", "sign", b)
        self.reaches(acme, i, state="agreed")
        o = lea.cli("outcome", "propose", b, "--result", "delivered", "--usefulness",
                    "2", "--hours", "8", "--pledge", "broken")["document"]["id"]
        self.arrives(acme, o, asks="sign")
        claim = ("outcome", "claim", b, "--pledge", "broken", "--text", "No hours came.")
        with self.fails(1, "too-early"):
            lea.cli(*claim)
        self.assertEqual("open", self.held(lea, b)["standing"])
        # All was due, thirty days went by, the company never signed.
        self.again(lea, seconds=40 * DAY)
        self.assertEqual("overdue", self.held(lea, b)["standing"])
        dry = lea.cli(*claim, "--dry-run")
        self.assertEqual("nothing: it is not sent", dry["everybody_sees"])
        said = lea.cli(*claim)
        self.assertFalse(said["sent"])
        self.assertTrue(said["document"]["complete"])
        self.assertEqual("claimed", self.held(lea, b)["standing"])
        self.assertIsNone(self.held(lea, b)["outcome"])
        self.assertFalse(self.held(lea, o)["complete"])


if __name__ == "__main__":
    unittest.main()
