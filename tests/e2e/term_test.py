"""Own terms: made by name on one node, shown on another, and matched there
once it has made the same one."""
import json
import unittest

from support import Case, peers_of, wait_for

NET = "test-term"
URI = "urn:ohcn:own:en:pretzel-shaping"


class Term(Case):
    def setUp(self):
        self.w = self.world()

    def post(self, node, noun, name, **payload):
        file = self.w.directory / f"{name}.json"
        file.write_text(json.dumps({"title": {"en": name}, "external_id": name, "region": "de", **payload}))
        return node.cli(noun, "post", file)

    def test_two_nodes(self):
        acme = self.w.node("acme", "company", network=NET)
        acme.start()
        lea = self.w.node("lea", "person", network=NET, bootstrap=[acme.address()],
                          settings=["publish.delay=0s"])
        lea.start()
        wait_for("a neighbour", lambda: peers_of(lea))
        term = lea.cli("term", "add", "Pretzel shaping", "--lang", "en", "--broader", "baking")
        self.assertEqual(URI, term["uri"])
        self.assertEqual([t["label"] for t in term["broader"]], ["baking bread"])
        lea.cli("profile", "edit", "--add-skill", "pretzel shaping", "--level", "4")
        dry = lea.cli("profile", "publish", "--dry-run")
        self.assertEqual([{"uri": URI, "labels": {"en": "Pretzel shaping"}}],
                         dry["record"]["body"]["payload"]["terms"])
        card = lea.cli("profile", "publish", "--now")["record"]["id"]
        # Shown where nobody has made it; no part of any score.
        shown = wait_for("the card", lambda: acme.api("GET", f"/records/{card}")[1].get("payload"))
        self.assertEqual(("Pretzel shaping", term["term"]),
                         (shown["skills"][0]["label"], shown["skills"][0]["term"]))
        self.assertNotIn(term["term"], [t["term"] for t in acme.api(
            "GET", "/vocabulary/search?q=pretzel%20shaping")[1]["terms"]])
        need = self.post(acme, "demand", "P", type="job", requirements=[
            {"term": URI, "level": 3, "weight": 80}])
        self.assertIn(need["record"]["id"], [r["id"] for r in acme.cli("record", "list")["records"]])

        def why():
            return acme.cli("match", "explain", "P", card)["requirements"]
        self.assertEqual([], why(), "unknown terms are no part of a score")
        # Made in the same words: the same term, matched.
        mine = acme.cli("term", "add", "pretzel shaping", "--lang", "en")
        self.assertEqual((URI, term["term"]), (mine["uri"], mine["term"]))
        self.assertEqual("have", why()[0]["status"])
        self.assertGreater(why()[0]["points"], 0)
        wait_for("a match", lambda: card in [
            c["record"] for c in acme.cli("candidate", "list", "--demand", "P")["candidates"]])
        # By name in a course and in a file of needs; carried along.
        course = self.post(acme, "course", "C", type="course", hours=5, self_paced=True,
                           teaches=[{"term": mine["term"], "from": 0, "to": 3}])
        record = acme.api("GET", "/records/" + course["record"]["id"])[1]
        self.assertEqual(URI, record["payload"]["terms"][0]["uri"])
        csv = "external_id,type,title,region,skills\nQ,job,Baker,de,pretzel shaping\n"
        (self.w.directory / "jobs.csv").write_text(csv)
        r = acme.cli("demand", "import", self.w.directory / "jobs.csv")
        self.assertEqual((1, 0), (r["created"], r["errors"]))
        r = acme.cli("demand", "import", self.w.directory / "jobs.csv")
        self.assertEqual(1, r["unchanged"])
        record = acme.api("GET", "/records/" + r["rows"][0]["id"])[1]["payload"]
        self.assertEqual(URI, record["terms"][0]["uri"])
        # Another language's word for it is the same once somebody says so.
        de = lea.cli("term", "add", "Brezeln schlingen", "--lang", "de", "--same-as", URI)
        self.assertNotEqual(URI, de["uri"])
        found = lea.api("GET", "/vocabulary/search?q=brezeln%20schlingen")[1]["terms"]
        self.assertEqual(1, len(found))
        self.assertIn(found[0]["label"], ("Pretzel shaping", "Brezeln schlingen"))
        # A special case of what is asked earns credit where it is known.
        self.post(acme, "demand", "B", type="job", requirements=[
            {"term": lea.api("GET", "/vocabulary/search?q=baking")[1]["terms"][0]["term"],
             "level": 2, "weight": 80}])
        near = wait_for("the baker", lambda: [
            m for m in lea.cli("match", "list")["matches"] if m["title"] == "B"])
        self.assertGreater(near[0]["fit"], 5000)

    def test_kept_and_removed(self):
        lea = self.w.node("lea", "person", network=NET)
        lea.start()
        one = lea.cli("term", "add", "pretzel shaping", "--lang", "en")
        lea.stop()
        lea.start()
        self.assertEqual([one["uri"]], [t["uri"] for t in lea.cli("term", "list")["terms"]])
        wait_for("it is known again", lambda: lea.api(
            "GET", "/vocabulary/search?q=pretzel%20shaping")[1]["terms"][0]["match"] == "exact")
        self.assertIn("own terms", [p["name"] for p in lea.api("GET", "/vocabulary")[1]["parts"]])
        self.assertIn("pretzel shaping", lea.cli("term", "list", raw=True).stdout)
        self.assertEqual(0, lea.cli("term", "remove", "Pretzel Shaping")["count"])
        self.assertNotIn("Pretzel shaping", [t["label"] for t in lea.api(
            "GET", "/vocabulary/search?q=pretzel%20shaping")[1]["terms"]])
        with self.fails(5, "E3715", "ohcn term list"):
            lea.cli("term", "remove", "pretzel shaping")

    def test_what_is_refused(self):
        lea = self.w.node("lea", "person", network=NET)
        lea.start()
        for words, code, texts in (
                (("woman", "--lang", "en"), 1, ["E3712", "nobody is matched by it"]),
                (("Schwerbehinderung", "--lang", "de"), 1, ["E3712"]),
                (("welding", "--lang", "en"), 8, ["E3713", "is a term already"]),
                (("x" * 121, "--lang", "en"), 1, ["E3710"]),
                (("--", "+"), 1, ["E3710"]),
                (("pretzel shaping", "--lang", "english"), 1, ["E3710", "two letters"]),
                (("pretzel shaping", "--broader", "bakng and so on"), 1, ["E3711"]),
                (("pretzel shaping", "--type", "hobby"), 1, ["E3702"])):
            with self.fails(code, *texts):
                lea.cli("term", "add", *words)
        self.assertEqual(0, lea.cli("term", "list")["count"])


if __name__ == "__main__":
    unittest.main()
