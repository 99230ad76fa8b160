"""Communities between real nodes: a facilitator and two members. Founded and
published under a persona, found by others; what a person tells by it."""
import unittest

from support import Case, holds, peers_of, wait_for, write

NET = "test-community"
JOBS = ("external_id,type,title,region,skills\n"
        "R-1,project,Map the river,de,\"welding:2\"\n")


class Community(Case):
    def setUp(self):
        self.w = self.world()
        self.hub = self.w.node("hub", "person", network=NET)
        self.hub.start()
        boot = [self.hub.address()]
        self.lea, self.tom = (self.w.node(name, "person", network=NET, bootstrap=boot)
                              for name in ("lea", "tom"))
        for node in (self.lea, self.tom):
            node.start()
            wait_for("a neighbour", lambda: peers_of(node))

    def found(self, *more):
        self.hub.cli("community", "found", "river", "--title", "River watch",
                     "--purpose", "climate protection", "--rhythm", "weekly",
                     "--minutes", "90", "--seats", "12", *more)
        return self.hub.cli("community", "publish", "river")["record"]["id"]


class Record(Community):
    def test_published_changed_ended(self):
        hub, lea = self.hub, self.lea
        hub.cli("demand", "import", write(self.w.directory / "jobs.csv", JOBS))
        hub.cli("community", "found", "river", "--title", "River watch", "--purpose",
                "climate protection", "--rhythm", "weekly", "--demand", "R-1")
        self.assertEqual("draft", hub.cli("community", "show", "river")["state"])
        dry = hub.cli("community", "publish", "river", "--dry-run")
        payload = dry["record"]["body"]["payload"]
        me = hub.cli("status")["did"] if "did" in hub.cli("status") else \
            hub.cli("persona", "list")["personas"][0]["did"]
        self.assertEqual([me], payload["facilitators"])
        self.assertEqual("ask", payload["joining"])
        self.assertIn("inbox", payload)
        self.assertEqual([], hub.cli("community", "list", "--all")["known"])
        first = hub.cli("community", "publish", "river")["record"]["id"]
        wait_for("the record arrives", lambda: holds(lea, first))
        seen = lea.cli("community", "show", first)
        self.assertEqual("known", seen["state"])
        self.assertEqual(1, len(seen["demands"]))
        wait_for("its project, too",
                 lambda: lea.cli("community", "show", first)["demands"][0]["title"]
                 == "Map the river")
        self.assertEqual([first], [c["id"] for c in
                                   lea.cli("community", "list", "--all")["known"]])
        # Changed: another id, the same community.
        hub.cli("community", "edit", "river", "--skill", "welding:2")
        second = hub.cli("community", "publish", "river")["record"]["id"]
        self.assertNotEqual(first, second)
        wait_for("the change arrives", lambda: holds(lea, second))
        self.assertEqual("published", hub.cli("community", "show", "river")["state"])
        hub.stop()
        hub.start()
        self.assertEqual("published", hub.cli("community", "show", "river")["state"])
        wait_for("a neighbour again", lambda: peers_of(hub) or
                 lea.cli("peer", "connect", hub.address()))
        # Over: gone everywhere, and the name is not used again.
        hub.cli("community", "end", "river")
        wait_for("the end arrives", lambda: not lea.cli(
            "community", "list", "--all")["known"])
        self.assertEqual("ended", hub.cli("community", "show", "river")["state"])
        with self.fails(8, "ended"):
            hub.cli("community", "publish", "river")

    def test_care(self):
        tom = self.tom
        tom.cli("community", "found", "quiet", "--title", "Quiet", "--purpose",
                "climate protection", "--website", "https://tom.example")
        dry = tom.cli("community", "publish", "quiet", "--dry-run")
        self.assertEqual("warn", dry["care"]["verdict"])
        self.assertIn("website", " ".join(dry["care"]["words"]))
        tom.cli("profile", "edit", "--add-skill", "welding")
        tom.cli("profile", "publish", "--now")
        wait_for("the card", lambda: tom.cli("profile", "show")["published"])
        self.assertEqual("refuse", tom.cli("community", "publish", "quiet",
                                           "--dry-run")["care"]["verdict"])
        # Two personas in one record would say that they are one.
        tom.cli("persona", "add", "second")
        other = [p["did"] for p in tom.cli("persona", "list")["personas"]
                 if p["name"] == "second"][0]
        with self.fails(1, "another persona"):
            tom.cli("community", "edit", "quiet", "--facilitator", other)
        self.assertEqual([], tom.cli("community", "list", "--persona",
                                     "second")["communities"])


if __name__ == "__main__":
    unittest.main()
