"""Facts shown leaf by leaf between two real nodes: what is asked, what the
person says yes to, what the company then knows and what that is worth.
Nothing else leaves the node. What a cheating node could send is in
unit/shown; here: what one's own node refuses to send."""
import unittest

from support import Case, holds, peers_of, wait_for, write

NET = "test-disclose"
HEAD = "external_id,type,title,region,skills,teaches,languages\n"
JOBS = HEAD + "A-17,job,Plant electrician,de,\"welding:3!\",,\n"
PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline=2027-09-01"


class Disclose(Case):
    def setUp(self):
        self.w = self.world()
        self.acme = self.w.node("acme", "company", network=NET)
        self.acme.start()
        self.lea = self.w.node("lea", "person", network=NET,
                               bootstrap=[self.acme.address()])
        self.lea.start()
        wait_for("a neighbour", lambda: peers_of(self.lea))
        path = write(self.w.directory / "jobs.csv", JOBS)
        self.acme.cli("demand", "import", path)
        self.lea.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        self.lea.api("PUT", "/profile", {"wishes": {
            "pay": {"min": 315000, "currency": "EUR", "period": "month"},
            "hours_week_max": 30}})
        self.card = self.lea.cli("profile", "publish", "--now")["record"]["id"]
        wait_for("the card arrives", lambda: holds(self.acme, self.card))

    def talks(self, node):
        return node.api("GET", "/talks")[1]["talks"]

    def start_talk(self):
        """The talk's name at each of the two."""
        acme, lea = self.acme, self.lea
        at_acme = acme.cli("offer", "send", "--demand", "A-17", "--to", self.card,
                           "--pledge", PLEDGE)["id"]
        at_lea = wait_for("the offer", lambda: self.talks(lea))[0]["id"]
        lea.cli("inbox", "show", at_lea)
        lea.cli("inbox", "answer", at_lea, "--interest")
        wait_for("her interest", lambda: self.talks(acme)[0]["state"] == "interested")
        return at_acme, at_lea

    def claims(self, node, talk):
        return node.api("GET", f"/talks/{talk}/claims")[1]

    def ask(self, a, b, *names):
        self.acme.cli("offer", "ask", a, *names)
        wait_for("the question", lambda: self.claims(self.lea, b)["asked"] == list(names))

    def shown(self, a, n):
        return wait_for(f"{n} leaves", lambda: (
            (s := self.claims(self.acme, a))["shown"] and len(s["shown"]) >= n and s))

    def test_leaf_by_leaf(self):
        acme, lea = self.acme, self.lea
        lea.cli("fact", "set", "name", "Lea Example 4711")
        lea.cli("fact", "set", "licence", "yes")
        lea.cli("fact", "set", "years:welding", "12", "--max", "60")
        with self.fails(1):
            lea.cli("fact", "set", "bad name", "x")
        facts = {f["name"]: f for f in lea.cli("fact", "list")["leaves"]}
        self.assertEqual(32, facts["pay_floor:EUR:month"]["number"])  # rounded up
        self.assertEqual(30, facts["hours_week"]["number"])
        a, b = self.start_talk()

        # Only what was asked for, unless one says so; only what there is.
        with self.fails(1):
            lea.cli("inbox", "disclose", b, "--leaf", "licence", "--dry-run")
        self.ask(a, b, "skills", "pay_floor", "name", "years")
        with self.fails(1):
            lea.cli("inbox", "disclose", b, "--leaf", "licence", "--dry-run")
        with self.fails(5):
            lea.cli("inbox", "disclose", b, "--leaf", "phone", "--dry-run")
        leaves = {f["name"]: f for f in self.claims(lea, b)["leaves"]}
        self.assertTrue(leaves["name"]["asked"])
        self.assertFalse(leaves["licence"]["asked"])
        welding = next(n for n in leaves if n.startswith("skills:"))

        # A bound that does not hold is not shown.
        with self.fails(1):
            lea.cli("inbox", "disclose", b, "--at-least", f"{welding}=5", "--dry-run")
        dry = lea.cli("inbox", "disclose", b, "--at-least", "skills:welding=3,years=10",
                      "--at-most", "pay_floor=40", "--dry-run")
        self.assertTrue(dry["dry_run"])
        learn = {f["name"]: f for f in dry["they_learn"]}
        self.assertEqual({welding, "years:welding", "pay_floor:EUR:month"}, set(learn))
        self.assertEqual(3, learn[welding]["at_least"])
        self.assertNotIn("at_most", learn[welding])
        # Nothing of what is not named is in the bytes.
        raw = bytes.fromhex(dry["presentation_hex"])
        for text in (b"licence", b"Lea Example", b"hours_week"):
            self.assertNotIn(text, raw)
        self.assertEqual([], self.claims(acme, a)["shown"])
        self.assertFalse(any(f["shown"] for f in self.claims(lea, b)["leaves"]))

        # Without a yes: nothing.
        with self.fails(1):
            lea.cli("inbox", "disclose", b, "--leaf", "years")
        lea.cli("inbox", "disclose", b, "--at-least", "skills:welding=3,years=10",
                "--at-most", "pay_floor=40", "--yes")
        got = {f["name"]: f for f in self.shown(a, 3)["shown"]}
        self.assertEqual(set(learn), set(got))
        self.assertEqual((10, None), (got["years:welding"]["at_least"],
                                      got["years:welding"]["at_most"]))
        self.assertEqual(40, got["pay_floor:EUR:month"]["at_most"])
        self.assertEqual("own-word", got[welding]["worth"]["kind"])
        self.assertTrue(all(f["asked"] for f in got.values()))
        self.assertEqual(self.talks(acme)[0]["peer"], got[welding]["holder"])

        # A name comes after the company's own.
        with self.fails(8):
            lea.cli("inbox", "disclose", b, "--leaf", "name", "--yes")
        acme.cli("offer", "answer", a, "--commit", "Acme")
        wait_for("committed", lambda: self.talks(lea)[0]["peer_committed"])
        lea.cli("inbox", "answer", b, "--commit", "Lea Example 4711")
        wait_for("committed", lambda: self.talks(acme)[0]["peer_committed"])
        acme.cli("offer", "answer", a, "--open", "--yes")
        wait_for("opened", lambda: self.talks(lea)[0]["peer_opened"])
        lea.cli("inbox", "disclose", b, "--leaf", "name", "--yes")
        got = {f["name"]: f for f in self.shown(a, 4)["shown"]}
        self.assertEqual("Lea Example 4711", got["name"]["value"])

        # Of one's own accord; facts that change get a number of their own.
        lea.cli("fact", "set", "years:welding", "13", "--max", "60")
        lea.cli("inbox", "disclose", b, "--leaf", "licence", "--unasked", "--yes")
        got = {f["name"]: f for f in self.shown(a, 5)["shown"]}
        self.assertEqual((True, False), (got["licence"]["value"], got["licence"]["asked"]))
        lea.cli("inbox", "disclose", b, "--leaf", "years", "--yes")
        last = self.shown(a, 6)["shown"][-1]
        self.assertEqual((13, 13), (last["at_least"], last["at_most"]))

        # It is all there after a restart, and nothing was refused.
        for node in (acme, lea):
            node.stop()
            node.start()
        s = self.claims(acme, a)
        self.assertEqual((6, []), (len(s["shown"]), s["refused"]))
        self.assertEqual(7, len([f for f in self.claims(lea, b)["shown"]]) +
                         sum(f["shown"] and f.get("old", False)
                             for f in self.claims(lea, b)["leaves"]))
        # The company's side shows nothing, the person asks nothing.
        status, _ = acme.api("POST", f"/talks/{a}/disclose", {"leaves": [{"leaf": "name"}]})
        self.assertEqual(409, status)
        status, _ = lea.api("POST", f"/talks/{b}/ask", {"names": ["name"]})
        self.assertEqual(409, status)


if __name__ == "__main__":
    unittest.main()
