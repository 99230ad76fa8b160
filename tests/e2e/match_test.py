"""Matching in running nodes: the index says what looking at each record says,
whatever came, changed or left, also after a restart, another vocabulary and
with too little room; and what an explanation promises comes true."""
import sys
import tempfile
import unittest

from nodes import preload_library
from support import ROOT, Case, holds, peers_of, wait_for, write

sys.path.insert(0, str(ROOT / "tests" / "api"))
import schema  # noqa: E402

NET = "test-match"
DAY = 86400
SKILLS = ["welding", "teamwork", "cooking", "first aid", "python", "troubleshooting"]
HEAD = "external_id,type,title,region,remote,skills,teaches,pay_max,currency,period\n"


def job(i):
    kind = ("job", "gig", "project")[i % 3]
    region = ("de", "at", "fr")[i // 3 % 3]
    remote = ("on-site", "remote")[i % 2]
    skills = f"{SKILLS[i % 6]}:{1 + i % 4};{SKILLS[(i * 5 + 1) % 6]}:{1 + i % 3}"
    return (f"M-{i},{kind},Work {i},{region},{remote},\"{skills}\",\"{SKILLS[(i + 2) % 6]}:3\","
            f"{2000 + 100 * i},EUR,month\n")


QUERIES = ["", "&all=1", "&kind=gig", "&region=at,fr", "&remote=1", "&pay=3000EUR/month",
           "&kind=course", "&limit=3"]


class Matching(Case):
    def setUp(self):
        self.w = self.world()

    def company(self, name="acme", jobs=24, **options):
        node = self.w.node(name, "company", network=NET, **options)
        node.start()
        if jobs:
            self.post(node, range(jobs))
        return node

    def post(self, node, which):
        path = write(self.w.directory / "jobs.csv", HEAD + "".join(map(job, which)))
        answer = node.cli("demand", "import", path)
        self.assertEqual(0, answer["errors"], answer)
        return answer

    def person(self, name, hub, skills=(), **options):
        node = self.w.node(name, "person", network=NET, bootstrap=[hub.address()], **options)
        node.start()
        wait_for("a neighbour", lambda: peers_of(node))
        for skill, level in skills:
            node.cli("profile", "edit", "--add-skill", skill, "--level", level)
        node.cli("profile", "edit", "--language", "de=native", "--remote", "either",
                 "--add-aspiration", "cooking", "--seeks", "job,gig,project")
        return node

    def ready(self, node):
        wait_for("the index", lambda: node.cli("status")["match_index"]["state"] == "ready")

    def get(self, node, path):
        code, answer = node.api("GET", path)
        self.assertEqual(200, code, answer)
        return answer

    def same(self, node, base="/matches?x=1", lists=("matches", "learning"), queries=QUERIES):
        """By the index and by a scan; the plain answer."""
        plain = None
        for query in queries:
            with self.subTest(query):
                a = self.get(node, base + query)
                b = self.get(node, base + query + "&scan=1")
                for key in lists:
                    if key not in a:
                        continue
                    self.assertEqual("index", a["view"][key]["by"], "the index is ready")
                    self.assertEqual("scan", b["view"][key]["by"])
                    for side in (a, b):
                        side["view"][key].pop("by")
                for side in (a, b):  # a second may pass between the two
                    for key in ("oldest_age_s", "newest_age_s"):
                        side["view"].pop(key)
                self.assertEqual(a, b)
                part = "matches" if "matches" in lists else "candidates"
                self.assertEqual([], schema.check(dict(b, view=self.get(
                    node, base + query)["view"]), "match", part)[:5])
                plain = plain or a
        return plain

    def held(self, node, n):
        wait_for(f"{n} demands", lambda: node.cli("status")["records"]["demand"] == n)

    def test_index_is_scan(self):
        """What came, changed and left, one after the other."""
        acme = self.company()
        lea = self.person("lea", acme, [("welding", 3), ("teamwork", 4)])
        self.held(lea, 24)
        self.ready(lea)
        first = self.same(lea)
        self.assertEqual(24, first["scanned"])
        new = self.post(acme, [24])["rows"][0]["id"]
        wait_for("the new one", lambda: holds(lea, new))
        there = self.get(lea, "/matches?all=1&limit=100")["matches"]
        self.assertIn(new, [m["record"] for m in there], "at once, without a wait")
        acme.cli("demand", "close", "M-24")
        wait_for("the old one is replaced", lambda: not holds(lea, new))
        self.held(lea, 25)
        there = self.get(lea, "/matches?all=1&limit=100")["matches"]
        self.assertNotIn(new, [m["record"] for m in there])
        self.assertEqual(25, len(there), "closed, but told so")
        self.assertIn("status", sorted({
            g["gate"] for m in there if m["title"] == "Work 24"
            for g in self.get(lea, "/matches/" + m["record"])["gates"] if g["state"] == "fail"}))
        plain = self.same(lea)
        before = self.get(lea, "/status")["match_index"]
        lea.stop()
        lea.start()
        self.ready(lea)
        after = self.get(lea, "/status")["match_index"]
        for key in ("people", "demands", "courses"):
            self.assertEqual(before[key], after[key])
        self.assertEqual(plain["matches"], self.same(lea)["matches"], "built again from the store")
        self.assertIn("in the index", lea.cli("status", raw=True).stdout)

    def test_another_vocabulary(self):
        """An import changes what terms mean: the index is built again."""
        acme = self.company(jobs=6)
        lea = self.person("lea", acme, [("welding", 3)])
        self.held(lea, 6)
        self.ready(lea)
        before = self.same(lea)
        with tempfile.TemporaryDirectory() as d:
            with open(d + "/skills_en.csv", "w") as f:
                f.write("conceptType,conceptUri,skillType,reuseLevel,preferredLabel,altLabels,"
                        "status\nKnowledgeSkillCompetence,http://data.europa.eu/esco/skill/aaa,"
                        "skill/competence,cross-sector,glow plug polishing,,released\n")
            lea.cli("vocabulary", "import", "esco", d)
            builds = lea.metrics()["ohcn_match_index_builds_total"]
            wait_for("another index", lambda: self.get(
                lea, "/matches")["view"]["matches"]["by"] == "index")
            self.assertGreaterEqual(lea.metrics()["ohcn_match_index_builds_total"], builds)
            after = self.same(lea)
        self.assertNotEqual(before["vocabulary_hash"], after["vocabulary_hash"])

    def test_expired_and_over_the_limit(self):
        with tempfile.TemporaryDirectory() as libraries:
            shift = preload_library("shift_clock.c", libraries)
            acme = self.company(jobs=20)
            lea = self.person("lea", acme, [("welding", 3)], clock=shift,
                              settings=["limits.match_records=16"])
            lea.set_clock(0)
            self.held(lea, 20)
            self.ready(lea)
            index = wait_for("it is full", lambda: next((
                i for i in [self.get(lea, "/status")["match_index"]] if i["demands"] == 16), None))
            self.assertEqual(4, index["left_out"])
            self.assertIn("match-index-full", [w["code"] for w in lea.cli("status")["warnings"]])
            self.assertEqual(20, len(self.get(lea, "/matches?all=1&scan=1")["matches"]))
            self.assertEqual(16, len(self.get(lea, "/matches?all=1")["matches"]))
            lea.stop()
            lea.set_clock(200 * DAY)  # all of them are over
            lea.start()
            self.ready(lea)
            self.assertEqual([], self.get(lea, "/matches?all=1")["matches"])
            self.assertEqual([], self.get(lea, "/matches?all=1&scan=1")["matches"])

    def test_people(self):
        """Both sides; places in the list; a promised place is kept."""
        acme = self.company(jobs=0)
        need = write(self.w.directory / "need.csv", HEAD +
                     "W-1,job,Welder,de,,\"welding:4!;teamwork:2\",,,,\n")
        acme.cli("demand", "import", need)
        people = [self.person(name, acme, skills) for name, skills in (
            ("ann", [("welding", 5), ("teamwork", 5)]),
            ("bob", [("welding", 4)]),
            ("cem", [("welding", 4), ("teamwork", 1)]))]
        for node in people:
            node.cli("profile", "publish", "--now")
        wait_for("their cards", lambda: acme.cli("status")["records"]["profile"] == 3)
        for node in people:
            wait_for("the need and the cards", lambda: (
                node.cli("status")["records"]["demand"] == 1 and
                node.cli("status")["records"]["profile"] == 3))
            self.ready(node)
        self.ready(acme)
        whole = self.same(acme, "/candidates?demand=W-1&exact=1", ("candidates",),
                          ["", "&all=1", "&region=de", "&hours=10", "&limit=1"])
        order = [c["record"] for c in whole["candidates"]]
        self.assertEqual(3, len(order))
        demand = whole["demand"]["id"]
        for place, record in enumerate(order, 1):
            why = acme.cli("match", "explain", "W-1", record)
            self.assertEqual([], schema.check({k: v for k, v in why.items() if k != "schema"},
                                              "match", "explanation")[:5])
            self.assertEqual((place, 3), (why["rank"]["now"], why["rank"]["of"]))
        # Who is last is told what to learn, does, and has the place.
        cards = {n.cli("profile", "show")["published"]["id"]: n for n in people}
        last = cards[order[-1]]
        rank = last.cli("match", "explain", demand)["rank"]
        self.assertEqual(3, rank["now"], rank)
        change = rank["change"]
        self.assertLess(change["rank"], 3)
        self.assertIn("instead of 3rd", change["text"])
        shown = last.cli("match", "explain", demand, raw=True).stdout
        self.assertIn("number 3 of 3", shown)
        self.assertIn(change["text"], shown)
        label = change["label"]
        last.cli("profile", "edit", "--remove", label, check=False)
        last.cli("profile", "edit", "--add-skill", label, "--level", change["to_level"])
        card = last.cli("profile", "publish", "--now")["record"]["id"]
        wait_for("the new card", lambda: holds(acme, card))
        now = self.get(acme, "/candidates?demand=W-1&exact=1")["candidates"]
        got = next(c for c in now if c["record"] == card)
        self.assertEqual(change["score"], got["score"], "as was promised")
        # Equals are ordered by their ids, and nobody knows that of a card to come.
        equals = sum(c["score"] == got["score"] for c in now) - 1
        self.assertTrue(change["rank"] - equals <= got["rank"] <= change["rank"], got["rank"])
        # A draft is matched before anything is published.
        draft = write(self.w.directory / "draft.json", {
            "type": "job", "title": {"en": "Welder"}, "region": "de",
            "requirements": [{"term": c["term"], "level": c["level"], "weight": 50,
                              "must": True} for c in [{
                                  "term": change["term"], "level": 5}]]})
        reply = acme.cli("match", "list", "--draft", draft)
        self.assertIsNone(reply["demand"]["id"])
        self.assertEqual(1, acme.cli("status")["records"]["demand"], "nothing was published")
        # A company sees people for each open need; two of them side by side.
        each = acme.cli("match", "list")["demands"]
        self.assertEqual([demand], [d["demand"]["id"] for d in each])
        a, b = now[0]["record"], now[1]["record"]
        both = acme.cli("match", "compare", "--demand", "W-1", a, b)
        self.assertEqual("a", both["ahead"])
        text = acme.cli("match", "compare", "--demand", "W-1", a, b, raw=True).stdout
        for word in ("A ahead by", "score", "welding", "A comes first"):
            self.assertIn(word, text)
        # Forgotten is gone from every list.
        last.cli("profile", "forget", "--yes")
        wait_for("the card is gone", lambda: not holds(acme, card))
        self.assertNotIn(card, [c["record"] for c in self.get(
            acme, "/candidates?demand=W-1&all=1")["candidates"]])


if __name__ == "__main__":
    unittest.main()
