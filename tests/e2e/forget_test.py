"""What can be taken back, and what cannot: each sentence of `ohcn help
forgetting`, with real nodes."""
import time
import unittest

from support import Case, command, holds, peers_of, record_file, wait_for, write

NET = "test-forget"
JOBS = ("external_id,type,title,region,skills,teaches,languages\n"
        "A-17,job,Boat builder,de,\"welding:3!\",,\n")


class Forgetting(Case):
    def setUp(self):
        self.w = self.world()
        self.hub = self.w.node("hub", "company", network=NET)
        self.hub.start()
        self.lea = self.w.node("lea", "person", network=NET,
                               bootstrap=[self.hub.address()],
                               settings=["publish.persona_gap=0s"])
        self.lea.start()
        wait_for("a neighbour", lambda: peers_of(self.lea))
        self.lea.cli("profile", "edit", "--add-skill", "welding", "--level", "4")

    def publish(self, persona="main"):
        card = self.lea.cli("--persona", persona, "profile", "publish",
                            "--now")["record"]["id"]
        wait_for("the card arrives", lambda: holds(self.hub, card))
        return card

    def forget(self, *words):
        return self.lea.cli("--yes", "profile", "forget", *words)

    def raw(self, node, record):
        return bytes.fromhex(node.api("GET", f"/records/{record}")[1]["bytes_hex"])

    def live(self, node, kind="profile"):
        records = node.cli("record", "list", "--kind", kind, "--limit", "100")
        return [r for r in records["records"] if not r.get("deleted")]

    def brings_again(self, node, raw):
        path = self.w.directory / "old.ohcn"
        path.write_bytes(record_file(NET, [raw]))
        return node.cli("record", "import", path, check=False)

    def test_before_anybody_has_it(self):
        plan = self.lea.cli("profile", "publish")
        self.assertGreater(plan["publish_at"], time.time() - 60)
        told = self.forget()
        self.assertIsNone(told["record"])
        # Nothing was sent, and nobody has anything.
        self.assertEqual([], self.live(self.lea))
        status = self.lea.cli("status")["stem"]
        self.assertEqual(0, status["published"])
        self.assertEqual([], self.live(self.hub))

    def test_in_the_network(self):
        away = self.w.node("away", "company", network=NET,
                           bootstrap=[self.hub.address()])
        away.start()
        wait_for("a neighbour", lambda: peers_of(away))
        card = self.publish()
        wait_for("the card arrives", lambda: holds(away, card))
        record = self.hub.api("GET", f"/records/{card}")[1]
        # It ends by itself, and says so.
        self.assertLessEqual(record["expires"] - time.time(), 90 * 86400 + 3600)
        raw = self.raw(self.hub, card)
        away.stop()
        tombstone = self.forget()["record"]["id"]
        wait_for("the hub has the tombstone", lambda: holds(self.hub, tombstone))
        self.assertFalse(holds(self.hub, card))
        self.assertFalse(holds(self.lea, card))
        # It says who, and that it is gone; the card's words are in no byte.
        left = self.raw(self.hub, tombstone)
        self.assertLess(len(left), len(raw))
        self.assertTrue(any(raw[i:i + 32] in left for i in range(len(raw) - 32)),
                        "the key stands in both")
        # Who was away.
        away.start()
        wait_for("it hears of it", lambda: holds(away, tombstone))
        self.assertFalse(holds(away, card))
        # An old copy is refused, and goes to nobody.
        for node in (away, self.hub):
            self.brings_again(node, raw)
            self.assertFalse(holds(node, card))
            self.assertTrue(holds(node, tombstone))
        # But who copied it has it: every byte is in the copy above.
        self.assertIn(raw, record_file(NET, [raw]))

    def test_a_persona_for_good(self):
        self.lea.cli("persona", "add", "quiet")
        self.lea.cli("--persona", "quiet", "profile", "edit", "--add-skill", "cooking",
                     "--level", "3")
        wait_for("its stamp", lambda: all(
            p["stamp_ready"] for p in self.lea.cli("persona", "list")["personas"]))
        card = self.publish("quiet")
        raw = self.raw(self.hub, card)
        self.lea.cli("--yes", "persona", "revoke", "quiet", "--reason", "retired")
        wait_for("the card goes", lambda: not holds(self.hub, card))
        self.brings_again(self.hub, raw)
        self.assertFalse(holds(self.hub, card))
        with self.fails(1, "revoked"):
            self.lea.cli("--persona", "quiet", "profile", "publish", "--now")

    def test_on_this_machine(self):
        self.assertIn("welding", str(self.lea.cli("profile", "show")))
        self.forget("--draft")
        self.assertNotIn("welding", str(self.lea.cli("profile", "show")))
        private = self.lea.home / "private"
        before = (private / "data.mdb").stat().st_ino
        # The file is made anew, and nothing is left of the old one; what its
        # pages hold is looked at in unit/vault.
        self.lea.stop()
        self.assertNotEqual(before, (private / "data.mdb").stat().st_ino)
        self.assertEqual([], [p.name for p in private.iterdir()
                              if p.name in ("data.old", "fresh")])
        self.lea.start()
        self.assertNotIn("welding", str(self.lea.cli("profile", "show")))

    def test_without_the_key_file(self):
        self.lea.cli("profile", "edit", "--add-skill", "carpentry", "--level", "2")
        words = command(self.lea.home, "--no-passphrase", "key", "words",
                        "--set", f"node.network={NET}").stdout
        self.lea.stop()
        keys = [p for p in self.lea.home.iterdir() if p.name.startswith("key")]
        self.assertEqual(1, len(keys), keys)
        keys[0].unlink()
        paper = write(self.w.directory / "words.txt", " ".join(
            w for w in words.split() if w.isalpha()))
        again = command(self.lea.home, "--no-passphrase", "init", "--words-from",
                        paper, "--set", f"node.network={NET}")
        self.assertEqual(0, again.returncode, again.stderr)
        self.lea.start()
        self.assertNotIn("carpentry", str(self.lea.cli("profile", "show",
                                                       check=False)))

    def test_what_was_read_stays(self):
        path = write(self.w.directory / "jobs.csv", JOBS)
        self.hub.cli("demand", "import", path)
        card = self.publish()
        i = self.hub.cli("offer", "send", "--demand", "A-17", "--to", card,
                         "--pledge", "kind=course,amount=800,currency=EUR,hours=40,"
                         "deadline=2027-09-01")["id"]

        def talks():
            return self.lea.api("GET", "/talks")[1]["talks"]
        wait_for("the offer", talks)
        self.hub.cli("offer", "withdraw", i, "--text", "A mistake")
        got = wait_for("it is withdrawn", lambda: [
            t for t in talks() if t["state"] == "withdrawn"])
        self.assertEqual("Boat builder", got[0]["offer"]["role"])

    def test_the_page(self):
        text = command(self.lea.home, "help", "forgetting").stdout
        for words in ("tombstone", "overwritten", "cannot be taken back",
                      "all nodes that keep the rules"):
            self.assertIn(words, text)


if __name__ == "__main__":
    unittest.main()
