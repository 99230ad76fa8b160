"""Teams, communities and the market of one node that holds a few cards."""
import json
import subprocess
import unittest

from support import BUILD, Case, command, write

NET = "test-team"
JOBS = ("external_id,type,title,region,skills\n"
        "W,gig,Weld a gate,de,welding:3!\n"
        "B,project,Build a shelter,de,\"welding:3!;first aid:2;project management:3\"\n"
        "F,gig,First aid at a fair,de,first aid:2!\n")


def skills(*items):
    """["welding:3"] -> skills of a payload"""
    return [{"term": {"uri": "urn:ohcn:" + i.split(":")[0]}, "level": int(i.split(":")[1])}
            for i in items]


def card(*held, wants=(), purposes=(), region="de", languages=("de",), **more):
    out = {"region": region, "remote": "either", "hours": "up-to-30", "seeks": ["gig", "project"],
           "skills": skills(*held),
           "languages": [{"language": code, "cefr": "B2"} for code in languages], **more}
    if wants:
        out["aspirations"] = skills(*wants)
    if purposes:
        out["purposes"] = [{"uri": "urn:ohcn:" + p} for p in purposes]
    return out


CARDS = [
    card("welding:4", "first-aid:3"),          # wanted by all three
    card("welding:3"),
    card("first-aid:2", wants=["welding:3"]),
    card("project-management:4", "teamwork:3"),
    card("cooking:4"),
    card("first-aid:2", languages=["fr"], region="fr"),
]


class Team(Case):
    def setUp(self):
        self.w = self.world()
        self.acme = self.w.node("acme", "company", network=NET)
        self.acme.start()

    def hold(self, cards, first=0):
        """The node takes these cards, each of another author."""
        lines = "".join(json.dumps(c) + "\n" for c in cards).encode()
        run = subprocess.run([BUILD / "tests" / "tool_cards", NET, str(first)], input=lines,
                             stdout=subprocess.PIPE, check=True)
        path = self.w.directory / f"cards{first}"
        path.write_bytes(run.stdout)
        self.acme.cli("record", "import", path)

    def post(self):
        self.acme.cli("demand", "import", write(self.w.directory / "jobs.csv", JOBS))

    def text(self, *words):
        run = command(self.acme.home, *words)
        self.assertEqual(0, run.returncode, run.stderr)
        return run.stdout

    def test_team(self):
        """A team for a need covers it, says what it lacks, and proves it."""
        self.hold(CARDS)
        self.post()
        r = self.acme.cli("team", "form", "--demand", "B")
        self.assertTrue(r["exact"] and r["musts"], r)
        self.assertEqual(6, r["known"])
        by = {n["label"]: n for n in r["needs"]}
        self.assertEqual({"welding", "first aid", "project management"}, set(by))
        self.assertFalse(any(n["missing"] for n in r["needs"]), r)
        self.assertEqual(1000, r["covered"])
        members = {m["record"] for m in r["members"]}
        self.assertTrue(all(n["by"] in members for n in r["needs"]))
        self.assertEqual("Build a shelter", r["demand"]["title"])
        # Two for each must: welding is held by two.
        r = self.acme.cli("team", "form", "--demand", "B", "--redundancy", "2")
        weld = next(n for n in r["needs"] if n["label"] == "welding")
        self.assertEqual((2, False), (weld["held_by"], weld["fragile"]))
        # Nobody has it: it is named; who wants to learn welding is shown.
        r = self.acme.cli("team", "form", "--skills", "cooking:2,welding:5!", "--size", "3")
        weld = next(n for n in r["needs"] if n["label"] == "welding")
        self.assertTrue(weld["missing"] and not r["musts"], r)
        self.assertGreater(weld["credit"], 0)
        self.assertTrue(weld["could_learn"]["record"])
        self.assertIn("missing  welding at level 5, a must", self.text(
            "team", "form", "--skills", "cooking:2,welding:5!", "--size", "3"))
        r = self.acme.cli("team", "form", "--skills", "first aid", "--language", "fr")
        self.assertEqual(["fr"], [m["region"] for m in r["members"]])

    def test_team_refused(self):
        with self.fails(2, "--demand ID or --skills"):
            self.acme.cli("team", "form")
        with self.fails(1, "E3421", "no skill is called"):
            self.acme.cli("team", "form", "--skills", "xqzzyq")
        # An occupation stands for its skills, and says so; what may be
        # several things is asked.
        r = self.acme.cli("team", "form", "--skills", "nurse:3,welding:2")
        self.assertEqual(["nurse"], [x["text"] for x in r["read_as"]])
        self.assertEqual("nurse", r["read_as"][0]["occupation"]["label"])
        self.assertEqual([x["term"] for x in r["read_as"][0]["terms"]],
                         [x["term"] for x in r["needs"]][:-1])
        self.assertTrue(all(x["level"] == 3 for x in r["needs"][:-1]))
        self.assertIn('"nurse" is an occupation; taken as:',
                      self.text("team", "form", "--skills", "nurse:3,welding:2"))
        with self.fails(1, "E3421", "one of: "):
            self.acme.cli("team", "form", "--skills", "weld")
        with self.fails(1, "E3421", "1 beginner to 5 expert"):
            self.acme.cli("team", "form", "--skills", "welding:9")
        r = self.acme.cli("team", "form", "--skills", "welding:3")
        self.assertEqual([], r["read_as"])
        with self.fails(1, "E3423"):
            self.acme.cli("team", "form", "--skills", "welding", "--language", "german!")

    def test_market(self):
        """One person is the best for all; the market gives each need one."""
        self.hold(CARDS)
        self.post()
        r = self.acme.cli("market")
        self.assertTrue(r["exact"])
        self.assertEqual(r["value"], r["bound"])
        self.assertGreaterEqual(r["value"], r["best_pair_first"])
        people = [p["record"] for d in r["demands"] for p in d["people"]]
        self.assertEqual(len(people), len(set(people)), "a person has one place")
        self.assertEqual(3, r["seats_taken"], r)
        self.assertEqual(sum(p["score"] for d in r["demands"] for p in d["people"]), r["value"])
        weld = next(d for d in r["demands"] if d["demand"]["title"] == "Weld a gate")
        taken = weld["people"][0]["record"]
        # Each score is the one of the list.
        listed = self.acme.cli("candidate", "list", "--demand", "W")["candidates"]
        self.assertIn((taken, weld["people"][0]["score"]),
                      [(c["record"], c["score"]) for c in listed])
        # Without that person, and with more seats: solved once more.
        r2 = self.acme.cli("market", "--without", taken)
        self.assertLessEqual(r2["what_if"]["change"], 0)
        self.assertEqual(r["value"] + r2["what_if"]["change"], r2["what_if"]["value"])
        self.assertTrue(any(taken in [x["record"] for x in m["was"]]
                            for m in r2["what_if"]["moves"]), r2["what_if"])
        r3 = self.acme.cli("market", "--seats", "W:2")
        self.assertGreaterEqual(r3["what_if"]["change"], 0)
        out = self.text("market", "--without", taken)
        self.assertIn("Weld a gate", out)
        self.assertIn("were not there", out)
        with self.fails(1, "E3426"):
            self.acme.cli("market", "--seats", "W")

    def test_turns(self):
        """Nearly equal people take turns within the stated points; never
        further, nobody is hidden, and the exact list stays at hand."""
        self.hold([card("welding:3", "first-aid:2") for _ in range(12)] +
                  [card("welding:1"), card("cooking:3")])
        self.post()
        orders = []
        for need in ("W", "B", "F"):
            path = f"/candidates?demand={need}&limit=100"
            exact = self.acme.api("GET", path + "&exact=1")[1]
            self.assertNotIn("turns", exact)
            turned = self.acme.api("GET", path)[1]
            points = turned["turns"]["points"]
            a, b = exact["candidates"], turned["candidates"]
            self.assertEqual(sorted(x["record"] for x in a), sorted(x["record"] for x in b))
            self.assertEqual(list(range(1, len(a) + 1)), [x["rank"] for x in a])
            for i, (x, y) in enumerate(zip(a, b)):
                self.assertLessEqual(x["score"] - y["score"], points)
                self.assertEqual(a[y["rank"] - 1]["record"], y["record"], "rank is the exact one")
                for before in b[:i]:
                    self.assertLessEqual(y["score"] - before["score"], points)
            self.assertEqual(b, self.acme.api("GET", path)[1]["candidates"], "fixed for the list")
            orders.append([x["record"] for x in b][:12])
        self.assertEqual(3, len({tuple(o) for o in orders}), "another list, another turn")
        self.assertIn("take turns", command(
            self.acme.home, "candidate", "list", "--demand", "W").stderr)

    def test_market_of_nothing(self):
        r = self.acme.cli("market")
        self.assertEqual([], r["demands"])
        self.assertIn("none of your needs is open", self.text("market"))

    def test_community(self):
        """Cells of people who care about it and can meet."""
        care = dict(purposes=["climate-protection"])
        self.hold([card("welding:3", wants=["python:2"], **care) for _ in range(3)] +
                  [card("first-aid:2", **care), card("python:3", **care),
                   card("cooking:3", languages=["fi"], region="fi", remote="on-site",
                        purposes=["climate-protection"]),
                   card("cooking:3")])
        r = self.acme.cli("community", "suggest", "--purpose", "climate protection")
        self.assertEqual(6, r["interested"])
        self.assertEqual(1, len(r["cells"]), r)
        self.assertEqual(1, r["unconnected"])
        cell = r["cells"][0]
        self.assertEqual(5, len(cell["members"]))
        self.assertEqual("de", cell["language"])
        self.assertEqual([], cell["missing"])
        self.assertEqual(1, len(r["needs"]), "what three want to learn")
        out = self.text("community", "suggest", "--purpose", "climate protection")
        self.assertIn("cell 1", out)
        self.assertIn("6 people here care about it", out)
        with self.fails(1, "E3424"):
            self.acme.cli("community", "suggest", "--purpose", "xqzzyq")


if __name__ == "__main__":
    unittest.main()
