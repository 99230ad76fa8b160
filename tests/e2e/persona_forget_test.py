"""`ohcn persona forget`: what it has published goes, what is kept of it here is
erased; cut off at any moment it goes on; its key is never made anew."""
import unittest

from support import Case, holds, peers_of, wait_for, write

NET = "test-oblivion"
JOBS = ("external_id,type,title,region,skills,teaches,languages\n"
        "A-17,job,Plant electrician,de,\"welding:3!\",,\n")
PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline=2027-09-01"


class PersonaForget(Case):
    def setUp(self):
        self.w = self.world()
        self.acme = self.w.node("acme", "company", network=NET)
        self.acme.start()
        self.lea = self.w.node("lea", "person", network=NET,
                               bootstrap=[self.acme.address()],
                               settings=["publish.persona_gap=0s"])
        self.lea.start()
        wait_for("a neighbour", lambda: peers_of(self.lea))

    def personas(self):
        return {p["name"]: p for p in self.lea.cli("persona", "list")["personas"]}

    def live(self, node):
        return [r["id"] for r in node.cli("record", "list", "--kind", "profile",
                                          "--limit", "100")["records"]
                if not r.get("deleted")]

    def forgotten(self):
        found = self.personas().get("forgotten-1")
        return found and not self.values() and found

    def values(self):
        """What a dry run still finds, of the one that was forgotten."""
        left = self.lea.cli("persona", "forget", "forgotten-1", "--dry-run")
        return left["talks"] + left["documents"] + left["communities"]

    def test_all_of_it(self):
        lea, acme = self.lea, self.acme
        lea.cli("persona", "add", "quiet")
        lea.cli("--persona", "quiet", "profile", "edit", "--add-skill", "welding",
                "--level", "4")
        lea.cli("profile", "edit", "--add-skill", "baking", "--level", "2")
        card = lea.cli("--persona", "quiet", "profile", "publish",
                       "--now")["record"]["id"]
        kept = lea.cli("profile", "publish", "--now")["record"]["id"]
        wait_for("both cards", lambda: holds(acme, card) and holds(acme, kept))
        path = write(self.w.directory / "jobs.csv", JOBS)
        acme.cli("demand", "import", path)
        acme.cli("offer", "send", "--demand", "A-17", "--to", card, "--pledge",
                 PLEDGE)
        wait_for("the offer", lambda: lea.api("GET", "/talks")[1]["talks"])
        key = self.personas()["quiet"]["did"]

        dry = lea.cli("persona", "forget", "quiet", "--dry-run")
        self.assertEqual((1, 1, False), (dry["records"], dry["talks"], dry["begun"]))
        self.assertGreater(dry["values"], 0)
        self.assertEqual("live", self.personas()["quiet"]["state"])
        # Not without its name, not the first one.
        status, said = lea.api("POST", "/personas/quiet/forget", {"confirm": "main"})
        self.assertEqual((422, "E3127"), (status, said["code"]))
        with self.fails(8, "first persona"):
            lea.cli("--yes", "persona", "forget", "main")
        self.assertEqual({"main", "quiet"}, set(self.personas()))

        self.assertTrue(lea.cli("--yes", "persona", "forget", "quiet")["begun"])
        lea.kill()  # in the middle of it
        lea.start()
        gone = wait_for("it is forgotten", self.forgotten)
        self.assertEqual(("revoked", key), (gone["state"], gone["did"]))
        self.assertEqual([], lea.api("GET", "/talks")[1]["talks"])
        self.assertEqual(404, lea.api("GET", "/profile?persona=quiet")[0])
        wait_for("it is gone elsewhere", lambda: self.live(acme) == [kept])
        with self.fails(8, "forgotten"):
            lea.cli("--yes", "persona", "forget", "forgotten-1")
        # The others stay, and the next one gets a key of its own.
        self.assertIn("baking", str(lea.api("GET", "/profile")[1]))
        lea.cli("persona", "add", "quiet")
        self.assertNotEqual(key, self.personas()["quiet"]["did"])
        self.assertEqual(2, self.personas()["quiet"]["index"])


if __name__ == "__main__":
    unittest.main()
