"""`ohcn path`: alone with the vocabulary, then with courses and a demand
whose company pays."""
import json
import unittest

from support import Case


class Path(Case):
    def setUp(self):
        self.w = self.world()
        self.node = self.w.node("me", "person")
        self.node.start()

    def path(self, *words):
        return self.node.cli("path", *words)

    def post(self, noun, name, **payload):
        file = self.w.directory / f"{name}.json"
        file.write_text(json.dumps(
            {"title": {"en": name}, "external_id": name, "region": "de", **payload}))
        return self.node.cli(noun, "post", file)

    def term(self, label):
        return self.node.cli("vocabulary", "search", label)["terms"][0]["term"]

    def course(self, name, teaches, hours, amount, **more):
        return self.post("course", name, type="course", hours=hours, self_paced=True,
                         teaches=[{"term": self.term(t), "from": a, "to": b} for t, a, b in teaches],
                         cost={"amount": amount, "currency": "EUR"}, **more)

    def test_alone_then_with_offers(self):
        alone = self.path("--occupation", "software developer")
        self.assertEqual("no-offer", alone["block"]["why"])
        self.assertEqual([], alone["paths"])
        self.assertEqual("study", alone["next_action"]["kind"])
        self.assertGreater(len(alone["open"]), 3)
        self.assertTrue(all(o["self_study"] and o["offers"] == 0 for o in alone["open"]))
        self.assertEqual([o["depth"] for o in alone["open"]],
                         sorted(o["depth"] for o in alone["open"]))
        self.assertFalse(alone["profile"])

        self.course("Rust for C people", [("Rust programming", 0, 3)], 30, 20000,
                    needs=[{"term": self.term("C programming"), "level": 2}])
        self.course("C from the start", [("C programming", 0, 2)], 20, 5000)
        self.course("All of it", [("Rust programming", 0, 3)], 40, 90000)
        two = self.path("--skill", "Rust programming:3", "--hours", "10")
        self.assertTrue(two["search"]["exact"])
        self.assertEqual([25000, 90000], [p["cost"] for p in two["paths"]])
        self.assertEqual([5, 4], [p["weeks"] for p in two["paths"]])
        self.assertEqual(["C from the start", "Rust for C people"],
                         [s["title"] for s in two["paths"][0]["steps"]])
        self.assertIn("C from the start", two["next_action"]["text"])
        self.assertEqual(5, self.path("--skill", "Rust programming")["means"]["hours_week"])

        less = self.path("--skill", "Rust programming:3", "--budget", "220", "--currency", "EUR")
        self.assertEqual(("budget", 3000), (less["block"]["why"], less["block"]["short_money"]))

        # the whole costs 350, Rust alone 250: what 240 can close, and what is left
        self.course("Cook", [("cooking", 0, 2)], 10, 10000)
        both = self.post("demand", "N-0", type="job", status="open", requirements=[
            {"term": self.term("Rust programming"), "level": 3, "weight": 80},
            {"term": self.term("cooking"), "level": 2, "weight": 20}])["record"]["id"]
        part = self.path("--demand", both, "--budget", "240", "--currency", "EUR")
        self.assertEqual(("budget", 11000), (part["block"]["why"],
                                             part["block"]["short_money"]))
        self.assertEqual((10000, True, [self.term("cooking")],
                          [self.term("Rust programming")]),
                         (part["partial"]["cost"], part["partial"]["exact"],
                          [t["term"] for t in part["partial"]["closes"]],
                          [t["term"] for t in part["partial"]["leaves"]]))
        text = self.node.cli("path", "--demand", both, "--budget", "240", "--currency",
                             "EUR", raw=True).stdout
        self.assertIn("what can be closed: 1 of 2", text)
        self.assertIn("left: ", text)
        self.assertIsNone(self.path("--demand", both)["partial"])

        need = self.post("demand", "N-1", type="job", status="open",
                         requirements=[{"term": self.term("Rust programming"), "level": 3, "weight": 80,
                                        "must": True}],
                         invests=[{"kind": "course-budget", "amount": 30000, "currency": "EUR"},
                                  {"kind": "training-time", "hours": 12}])
        paid = self.path("--demand", need["record"]["id"], "--hours", "10")
        first = paid["paths"][0]
        self.assertEqual((0, 25000, "company", 12),
                         (first["cost"], first["paid_by_company"], first["payer"], first["hours_paid"]))
        text = self.node.cli("path", "--demand", need["record"]["id"], raw=True).stdout
        for word in ("diagnosis:", "strategy:", "next:", "the company pays", "C from the start"):
            self.assertIn(word, text)

    def test_meant_otherwise(self):
        """What a demand asks for beside skills; what else words may mean;
        another language, the same in the strategy as in the line."""
        nurse = self.node.api("GET", "/vocabulary/search?q=nurse&type=occupation")[1]["terms"][0]["term"]
        need = self.post("demand", "N-2", type="job", requirements=[
            {"term": nurse, "weight": 50}, {"term": self.term("first aid"), "level": 2, "weight": 50}])
        r = self.path("--demand", need["record"]["id"])
        self.assertEqual(1, r["counts"]["asked"])
        self.assertEqual(["nurse"], [t["label"] for t in r["asked_too"]])
        need = self.post("demand", "N-3", type="job", requirements=[{"term": nurse, "weight": 50}])
        with self.fails(1, "E3432", 'ohcn path --occupation "nurse"'):
            self.path("--demand", need["record"]["id"])
        with self.fails(5, "is an occupation", 'ohcn path --occupation "nurse"'):
            self.path("--skill", "nurse:3")
        with self.fails(1, "E3434", "1 beginner to 5 expert"):
            self.path("--skill", "welding:9")
        self.course("Primeros auxilios", [("first aid", 0, 3)], 10, 0, languages=["es"])
        self.node.cli("profile", "edit", "--add-skill", "welding", "--language", "de=native")
        r = self.path("--skill", "first aid:2")
        self.assertEqual([], r["paths"])
        self.assertIn("another language: --language", r["open"][0]["help"])
        self.assertIn("another language: --language", r["strategy"])
        self.assertNotIn("study", r["strategy"])
        self.assertEqual(1, len(self.path("--skill", "first aid:2", "--language", "es")["paths"]))

    def test_what_is_refused(self):
        for words, code in ((("--skill", "no such thing at all xyz"), "E3431"),
                            ((), "E3430"),
                            (("--skill", "welding", "--occupation", "librarian"), "E3430"),
                            (("--skill", "welding", "--format", "smoke"), "E3434"),
                            (("--skill", "welding", "--until", "1999-01-01"), "E3434"),
                            (("--skill", "welding", "--budget", "5"), "E3434"),
                            (("--demand", "nonesuchrecord"), "E3202")):
            run = self.node.cli("path", *words, raw=True, check=False)
            self.assertNotEqual(0, run.returncode)
            self.assertIn(code, run.stderr)


if __name__ == "__main__":
    unittest.main()
