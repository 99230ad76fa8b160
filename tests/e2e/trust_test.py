"""Trust as the owner of a node sees it: anchors, attestations with budgets,
its ways; what is public and what never is; warning lists and blocks."""
import unittest

from support import Case, holds, peers_of, wait_for, write

NET = "test-trust"


def key_of(node, persona="main"):
    for p in node.api("GET", "/personas")[1]["personas"]:
        if p["name"] == persona:
            return p["did"]
    raise AssertionError(persona)


def trust(node, key):
    return node.api("GET", f"/trust/keys/{key}")[1]["trust"]


class Trust(Case):
    def setUp(self):
        self.w = self.world()
        self.acme = self.w.node("acme", "company", network=NET)
        self.acme.start()
        hub = [self.acme.address()]
        self.school = self.w.node("school", "provider", network=NET, bootstrap=hub)
        self.school.start()
        self.lea = self.w.node("lea", "person", network=NET, bootstrap=hub)
        self.lea.start()
        for node in (self.school, self.lea):
            wait_for("a neighbour", lambda: peers_of(node))
        self.keys = {n: key_of(n) for n in (self.acme, self.school, self.lea)}

    def attest(self, node, key, share, *more):
        said = node.cli("trust", "attest", key, "--share", str(share), "--yes", *more)
        return said["record"]["id"]

    def test_ways(self):
        acme, school, lea = self.acme, self.school, self.lea
        a, s = self.keys[acme], self.keys[school]
        nothing = lea.cli("trust", "show", a)
        self.assertEqual(0, nothing["trust"])
        self.assertIn("no anchors", nothing["says"])
        # A dry run says what the public would see, and publishes nothing.
        dry = school.cli("trust", "attest", a, "--share", "500", "--dry-run")
        self.assertIn("links the two keys", dry["everybody_sees"])
        self.assertEqual([], school.cli("trust", "given")["attestations"])
        with self.fails(1):
            school.cli("trust", "attest", s, "--share", "500", "--yes")
        record = self.attest(school, a, 500, "--for", "investing,attesting")
        wait_for("it arrives", lambda: holds(lea, record))
        self.assertEqual(0, trust(lea, a))
        # An anchor counts in full; half of what it has goes on, and of that
        # the share.
        school.cli("organisation", "publish", "--now")
        wait_for("its name", lambda: lea.cli(
            "record", "list", "--kind", "organisation")["records"])
        lea.cli("trust", "anchor", "add", "@school", "--label", "My school")
        self.assertEqual(65536, trust(lea, s))
        self.assertEqual(16384, trust(lea, a))
        why = lea.cli("trust", "why", a)
        self.assertEqual([s, a], [k["key"] for k in why["ways"][0]["keys"]])
        self.assertEqual("My school", why["ways"][0]["keys"][0]["label"])
        self.assertEqual("My school", lea.cli("trust", "anchor", "list")["anchors"][0]["label"])
        # Nobody else has that view.
        self.assertEqual(0, trust(acme, s))
        # Withdrawn, it counts for nothing.
        school.cli("trust", "withdraw", a, "--yes")
        wait_for("the tombstone", lambda: trust(lea, a) == 0)
        lea.cli("trust", "anchor", "remove", s)
        self.assertEqual(0, trust(lea, s))
        with self.fails(5):
            lea.cli("trust", "anchor", "remove", s)

    def test_learnability_of_nothing(self):
        lea = self.lea
        me = lea.cli("learnability", "show")
        self.assertEqual(0, me["score"])
        self.assertEqual("none", me["confidence"])
        self.assertIn("nothing is known", me["says"])
        self.assertTrue(any("anchor" in t for t in me["would_change"]))
        self.assertEqual("person", me["role"])
        self.assertEqual("company", self.acme.cli("learnability", "show")["role"])

    def test_warnings(self):
        acme, school, lea = self.acme, self.school, self.lea
        a = self.keys[acme]
        self.assertEqual([], lea.cli("warning", "list")["lists"])
        keys = write(self.w.directory / "keys.csv", f"{a},broken-pledges,3 of 5 broken\n")
        out = self.w.directory / "fair.list"
        school.cli("warning", "make", keys, "--title", "Fair work", "--output", out)
        # The one who made it has not imported it: it is a file.
        self.assertEqual([], school.cli("warning", "list")["lists"])
        one = lea.cli("warning", "import", out)
        self.assertEqual("mark", one["effect"])
        self.assertEqual(self.keys[school], one["issuer"])
        self.assertEqual("broken-pledges", lea.cli("trust", "show", a)["warnings"][0]["reason"])
        self.assertEqual("drop", lea.cli("warning", "set", one["id"], "drop")["effect"])
        self.assertEqual(1, len(lea.cli("warning", "show", one["id"])["entries"]))
        bad = bytearray(out.read_bytes())
        bad[len(bad) // 2] ^= 1
        out.write_bytes(bad)
        with self.fails(1):
            lea.cli("warning", "import", out)
        lea.stop()
        lea.start()
        self.assertEqual("drop", lea.cli("warning", "list")["lists"][0]["effect"])
        lea.cli("warning", "remove", one["id"])
        self.assertEqual([], lea.cli("trust", "show", a)["warnings"])

    def test_blocks(self):
        lea, a = self.lea, self.keys[self.acme]
        lea.cli("block", "add", a)
        self.assertEqual([a], lea.cli("block", "list")["blocked"])
        self.assertTrue(lea.cli("trust", "show", a)["blocked"])
        lea.cli("block", "remove", a)
        self.assertEqual([], lea.cli("block", "list")["blocked"])


if __name__ == "__main__":
    unittest.main()
