"""The ledger of pledges between real nodes: what was agreed and kept enters
it, its root is published once a week, and others check openings of it."""
import unittest

import agreement_test
from agreement_test import DAY, date
from nodes import schema
from support import wait_for

PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline=" + date(60)


class Pledge(agreement_test.AgreementCase):
    def setUp(self):
        super().setUp()
        self.assertEqual(200, self.acme.api("PUT", "/organisation", {"draft": {
            "name": {"en": "Acme Welding"}, "type": "company",
            "practice_level": 4}})[0])
        self.acme.cli("organisation", "publish")

    def agree(self):
        i, j = self.talk(PLEDGE)
        a = self.acme.cli("agreement", "propose", i, "--hours", "60", "--end",
                          date(40))["document"]["id"]
        self.arrives(self.lea, a, asks="sign")
        self.lea.cli("agreement", "sign", a)
        self.arrives(self.acme, a, complete=True)
        return i, j, a

    def ledger(self):
        return self.acme.cli("pledge", "ledger")

    def proof(self, *words):
        path = self.w.directory / "acme.proof"
        said = self.acme.cli("pledge", *words, "-o", path)
        self.assertEqual(said["bytes_hex"], path.read_bytes().hex())
        return path

    def checks(self, path, node=None, good=True):
        node = node or self.lea
        status, said = node.api("POST", "/ledger/verify", {
            "bytes_hex": path.read_bytes().hex()})
        self.assertEqual(200, status, said)
        self.assertEqual(good, said["good"], said)
        return said

    def root_at(self, node, root):
        did = self.acme.cli("status")["did"]

        def there():
            for r in node.cli("record", "list", "--kind", "organisation",
                              "--author", did)["records"]:
                shown = node.api("GET", f"/records/{r['id']}")[1]
                return shown["payload"].get("ledger_root") == root
        wait_for(f"the root at {node.name}", there)

    def one(self, node):
        found = node.cli("pledge", "list")["pledges"]
        self.assertEqual(1, len(found), found)
        return found[0]

    def test_kept(self):
        acme, lea = self.acme, self.lea
        self.assertEqual(0, self.ledger()["size"])
        with self.fails(8, "nothing in the ledger"):
            acme.cli("pledge", "publish")
        i, j, a = self.agree()
        given, got = self.one(acme), self.one(lea)
        self.assertEqual(("given", "owed", a), (
            given["side"], given["state"], given["agreement"]))
        self.assertEqual(("received", "owed", None), (
            got["side"], got["state"], got["ledger"]))
        self.assertEqual({"number": 0, "settled": None, "committed": False},
                         given["ledger"])
        state = self.ledger()
        self.assertEqual((1, 0, None), (
            state["size"], state["committed"], state["published_root"]))
        self.assertIsNotNone(state["changes"])
        with self.fails(8, "no root"):
            acme.cli("pledge", "open", "-o", self.w.directory / "no.proof")
        # A record that is published in between tells nothing of it.
        acme.cli("organisation", "publish")
        self.assertIsNone(self.ledger()["published_root"])

        dry = acme.cli("pledge", "publish", "--dry-run")
        self.assertIsNone(self.ledger()["published_root"])
        first = acme.cli("pledge", "publish")["root"]
        self.assertEqual(dry["root"], first)
        self.root_at(lea, first)
        old = self.proof("open").read_bytes()
        said = self.checks(self.w.directory / "acme.proof")
        self.assertEqual((1, 1, 0), (said["size"], said["counts"]["pledged"],
                                     said["counts"]["kept"]))
        self.assertEqual([a], [x["document"] for x in said["leaves"]])
        self.assertEqual((4, 1, []), (said["practice"]["claimed"],
                                      said["practice"]["shown"], said["missing"]))
        self.assertIn("its own word", said["practice"]["says"])
        # Not one byte of it can be changed.
        forged = self.w.directory / "forged.proof"
        for at in range(20, len(old), 7):
            forged.write_bytes(old[:at] + bytes([old[at] ^ 1]) + old[at + 1:])
            status, said = lea.api("POST", "/ledger/verify", {
                "bytes_hex": forged.read_bytes().hex()})
            self.assertFalse(status == 200 and said["good"], at)
        with self.fails(1, "no proof"):
            lea.cli("pledge", "verify", write_bytes(forged, b"\x00" * 40))

        # Kept, both say; and after a restart all of it is there.
        self.acme.cli("offer", "answer", i, "--text", "And?")
        wait_for("words", lambda: "And?" in str(self.state(lea, j)["said"]))
        o = lea.cli("outcome", "propose", a, "--result", "delivered",
                    "--usefulness", "5", "--hours", "50", "--pledge", "kept",
                    "--invested", "800", "--currency", "EUR",
                    "--invested-hours", "40")["document"]["id"]
        self.arrives(acme, o, asks="sign")
        acme.cli("outcome", "sign", o)
        self.again(acme)
        given = self.one(acme)
        self.assertEqual(("kept", o, "kept"), (
            given["state"], given["outcome"], given["ledger"]["settled"]))
        self.assertEqual({"hours": 40, "amount": 80000, "currency": "EUR"}, given["paid"])
        state = self.ledger()
        self.assertEqual((2, 1, first), (
            state["size"], state["committed"], state["published_root"]))
        self.assertEqual(2, state["practice"]["shown"])
        total, = acme.cli("pledge", "list")["totals"]
        self.assertEqual(("course-budget", "EUR", 80000), (
            total["kind"], total["currency"], total["states"]["kept"]["amount"]))

        # At the turn of the week the root changes by itself.
        for node in (acme, lea):
            self.again(node, seconds=8 * DAY)
        self.meet()
        wait_for("another root", lambda: self.ledger()["published_root"] != first)
        second = self.ledger()["published_root"]
        self.assertEqual(self.ledger()["root"], second)
        self.root_at(lea, second)
        stale = write_bytes(self.w.directory / "old.proof", old)
        self.assertEqual("bad-path", self.checks(stale, good=False)["fault"])
        said = self.checks(self.proof("open"))
        self.assertIn("ask for an extension", said["says"])
        self.assertEqual([a, o], [x["document"] for x in said["leaves"]])
        said = self.checks(self.proof("extend", first))
        self.assertEqual((2, 1), (said["size"], said["counts"]["kept"]))
        self.assertEqual("good: it is what the company has published",
                         self.checks(self.proof("open"))["says"])
        with self.fails(5, "never had"):
            acme.cli("pledge", "extend", "00" * 32)

    def test_opened(self):
        """With the next offer comes what became of the pledges before."""
        acme, lea = self.acme, self.lea
        i, j, a = self.agree()
        dry = ("offer", "send", "--demand", "A-17", "--to", self.card, "--pledge",
               PLEDGE, "--dry-run")
        self.assertFalse(acme.cli(*dry)["ledger"])  # no root is published
        self.root_at(lea, acme.cli("pledge", "publish")["root"])
        small = acme.cli(*dry, "--no-ledger")
        large = acme.cli(*dry)
        self.assertEqual((False, True), (small["ledger"], large["ledger"]))
        self.assertIsNone(self.state(lea, j)["ledger"])
        did = acme.cli("status")["did"]
        self.assertIsNone(lea.cli("learnability", "show", did, 
                                  "--company")["ledger"])
        acme.cli(*dry[:-1])
        k = wait_for("an offer", lambda: next(
            (t["id"] for t in lea.api("GET", "/talks")[1]["talks"]
             if t["asks"] == "offer"), None))
        got = self.state(lea, k)
        self.assertEqual("offered", got["state"])
        self.assertEqual([], schema.check(got["ledger"], "pledge", "verified"), got)
        self.assertTrue(got["ledger"]["good"], got)
        self.assertEqual((1, 0), (got["ledger"]["counts"]["pledged"],
                                  got["ledger"]["counts"]["kept"]))
        self.assertEqual([a], [x["document"] for x in got["ledger"]["leaves"]])
        self.assertNotIn("ledger", got["said"][0])
        self.assertIn("pledged 1: kept 0", lea.cli("inbox", "show", k, raw=True).stdout)
        shown = lea.cli("learnability", "show", did, "--company")
        self.assertEqual([], schema.check(
            {k: v for k, v in shown.items() if k not in ("schema",)},
            "trust", "learnability"), shown)
        self.assertEqual((1, 1, True), (
            shown["ledger"]["size"], shown["ledger"]["counts"]["open"],
            shown["ledger"]["current"]))
        # The root moves on: what came is of the one before.
        lea.cli("inbox", "answer", k, "--interest")
        o = acme.cli("outcome", "propose", a, "--result", "delivered",
                     "--usefulness", "5", "--hours", "50", "--pledge", "kept",
                     "--invested", "800", "--currency", "EUR",
                     "--invested-hours", "40")["document"]["id"]
        self.arrives(lea, o, asks="sign")
        lea.cli("outcome", "sign", o)
        self.arrives(acme, o, complete=True)
        self.root_at(lea, acme.cli("pledge", "publish")["root"])
        got = self.state(lea, k)["ledger"]
        self.assertEqual((False, "bad-path"), (got["good"], got["fault"]))
        shown = lea.cli("learnability", "show", did, "--company")["ledger"]
        self.assertEqual((1, False), (shown["size"], shown["current"]))
        # The company tells how it grew: nothing was taken back.
        self.assertIsNone(self.state(lea, k)["ledger"]["extension"])
        theirs = next(t["id"] for t in acme.api("GET", "/talks")[1]["talks"] if t["id"] != i)
        dry = acme.cli("offer", "ledger", theirs, "--dry-run")
        self.assertEqual(("extension", 1, 2), (dry["type"], dry["older_size"], dry["size"]))
        self.assertEqual(dry["bytes_hex"], acme.cli("offer", "ledger", theirs)["bytes_hex"])
        with self.fails(8, "was told"):
            acme.cli("offer", "ledger", theirs)
        grown = wait_for("its proof", lambda: self.state(lea, k)["ledger"]["extension"])
        self.assertEqual([], schema.check(self.state(lea, k)["ledger"], "pledge", "verified"))
        self.assertEqual((True, 1, 0, None, 1, 2, 1), (
            grown["good"], grown["proofs"], grown["refused"], grown["fault"],
            grown["since"], grown["size"], grown["counts"]["kept"]))
        self.assertIn("keeps all that it told before",
                      lea.cli("inbox", "show", k, raw=True).stdout)
        self.assertNotIn("ledger", self.state(lea, k)["said"][-1])
        # In the first talk nothing was told: there it is an opening.
        self.assertEqual("opening", acme.cli("offer", "ledger", i)["type"])
        wait_for("the opening", lambda: self.state(lea, j)["ledger"])
        got = self.state(lea, j)["ledger"]
        self.assertEqual((True, 2, None), (got["good"], got["size"], got["extension"]))
        with self.fails(8, "keeps no ledger"):
            lea.cli("offer", "ledger", k)

    def test_lapsed(self):
        """Nobody says what became of it: it lapses, and stays so."""
        acme, lea = self.acme, self.lea
        i, j, a = self.agree()
        self.again(acme, seconds=65 * DAY)
        self.assertEqual("due", self.one(acme)["state"])
        self.again(acme, seconds=100 * DAY)
        wait_for("it lapses", lambda: self.one(acme)["state"] == "lapsed")
        state = self.ledger()
        self.assertEqual((2, 1, 0), (state["size"], state["counts"]["lapsed"],
                                     state["counts"]["open"]))
        self.again(acme, seconds=100 * DAY)
        self.assertEqual(2, self.ledger()["size"])


def write_bytes(path, data):
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    unittest.main()
