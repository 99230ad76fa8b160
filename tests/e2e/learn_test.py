"""Assessments on running nodes: taken alone, applied, signed by another; and
what to learn next."""
import json
import unittest

from support import Case, peers_of, wait_for, write

NET = "test-learn"
SHEETS = "urn:ohcn:spreadsheet-use"


class Learn(Case):
    def setUp(self):
        self.w = self.world()

    def person(self, name="lea", **options):
        node = self.w.node(name, "person", network=NET, **options)
        node.start()
        return node

    def post(self, node, path, body):
        status, answer = node.api("POST", path, body)
        self.assertEqual(200, status, answer)
        return answer

    def file(self, name, value):
        return write(self.w.directory / name, json.dumps(value))

    def test_alone(self):
        """The built-in one needs no peer, goes on after a restart, and
        changes nothing before it is applied."""
        lea = self.person()
        first = self.post(lea, "/assessments/self/take",
                         {"about": ["welding", "first aid"]})
        self.assertEqual("self-rating", first["next"]["type"])
        self.assertEqual(6, len(first["next"]["options"]))
        state = self.post(lea, "/assessments/self/answer", {"answers": {"0": 5}})
        self.assertEqual(1, state["answered"])
        self.assertEqual(2, state["next"]["item"], "a rating at the end is sure enough")
        lea.stop()
        lea.start()
        again = self.post(lea, "/assessments/self/take", {})
        self.assertEqual(state["levels"], again["levels"])
        state = self.post(lea, "/assessments/self/answer",
                         {"answers": {"2": 3, "3": [0, 1]}})
        self.assertIsNone(state["next"])
        result = self.post(lea, "/assessments/self/finish", {})
        self.assertEqual([5, 3], [x["level"] for x in result["levels"]])
        self.assertTrue(all(x["confidence"] <= 600 for x in result["levels"]))
        self.assertIsNone(lea.cli("profile", "show")["draft"])
        dry = lea.cli("assess", "apply", result["id"], "--dry-run")
        self.assertEqual(2, len(dry["changes"]))
        self.assertIsNone(lea.cli("profile", "show")["draft"])
        lea.cli("assess", "apply", result["id"])
        shown = lea.cli("profile", "show")
        self.assertEqual([5, 3], [x["level"] for x in shown["draft"]["skills"]])
        self.assertIsNone(shown["published"])
        self.assertEqual(1, lea.cli("assess", "result")["count"])
        lea.cli("assess", "forget", result["id"])
        self.assertEqual(0, lea.cli("assess", "result")["count"])

    def test_next_without_peers(self):
        lea = self.person()
        with self.fails(5):
            lea.cli("learn", "next")
        answers = self.file("answers.json", {
            "about": ["nurse"], "answers": {str(i): 4 for i in range(0, 8, 2)}})
        result = lea.cli("assess", "take", "self", "--answers", answers)
        lea.cli("assess", "apply", result["id"])
        answer = lea.cli("learn", "next", "--limit", "5")
        self.assertTrue(answer["suggestions"])
        held = {s["term"] if isinstance(s["term"], str) else s["term"]["term"]
                for s in lea.cli("profile", "show")["draft"]["skills"]}
        for one in answer["suggestions"]:
            self.assertNotIn(one["term"], held)
            self.assertGreater(one["occupations"], 0)
            self.assertTrue(one["leads"])
            self.assertIsNone(one["wanted_by"], "fewer than ten people")
            self.assertLessEqual(abs(sum(one["parts"].values()) - one["score"]), 3)
        self.assertEqual(answer["suggestions"],
                         lea.cli("learn", "next", "--limit", "5")["suggestions"])

    def test_never_used(self):
        lea = self.person()
        with self.fails(1, "E1015", "nobody is matched by it", "leave it out"):
            lea.cli("profile", "edit", "--add-skill", "woman")
        out = lea.cli("vocabulary", "search", "woman", raw=True).stdout
        self.assertIn("never used", out)

    def test_signed(self):
        """An external assessor's result counts for whom it was made."""
        school = self.w.node("school", "provider", network=NET)
        school.start()
        lea = self.person("lea", bootstrap=[school.address()])
        tom = self.person("tom", bootstrap=[school.address()])
        key = school.cli("status")["did"]
        draft = self.file("exam.json", {
            "title": {"en": "Exam"}, "measures": [{"term": SHEETS, "to": 4}],
            "external": {"url": "https://school.example/exam", "key": key},
            "external_id": "exam"})
        exam = school.cli("assess", "new", draft)["record"]["id"]
        for node in (lea, tom):
            wait_for("a neighbour", lambda n=node: peers_of(n))
            wait_for("the exam", lambda n=node: n.cli("assess", "list")["count"])
        with self.fails(8):
            lea.cli("assess", "take", exam, "--answers",
                    self.file("none.json", {"answers": {}}))
        levels = self.file("levels.json", {
            "person": lea.cli("status")["did"],
            "levels": [{"term": SHEETS, "level": 4, "confidence": 950}]})
        result = school.cli("assess", "sign", "exam", levels)["result"]
        mine = write(self.w.directory / "result.txt", result + "\n")
        with self.fails(1, "another person"):
            tom.cli("assess", "import-result", mine)
        forged = result[:-1] + ("0" if result[-1] != "0" else "1")
        with self.fails(1, "signature"):
            lea.cli("assess", "import-result",
                    write(self.w.directory / "forged.txt", forged))
        taken = lea.cli("assess", "import-result", mine)
        self.assertEqual("assessor", taken["levels"][0]["basis"])
        self.assertEqual(key, taken["assessor"])
        lea.cli("assess", "apply", taken["id"], "--min-confidence", "900")
        self.assertEqual(4, lea.cli("profile", "show")["draft"]["skills"][0]["level"])
        high = self.file("high.json", {
            "person": lea.cli("status")["did"],
            "levels": [{"term": SHEETS, "level": 5}]})
        with self.fails(1, "not measured"):
            school.cli("assess", "sign", "exam", high)

    def test_hidden_keys(self):
        """An author's items with hashes for keys are taken like others."""
        school = self.w.node("school", "provider", network=NET)
        school.start()
        items = [{"term": SHEETS, "type": "single-choice", "level": level,
                  "prompt": {"en": f"Question {level}"}, "key": 1,
                  "options": [{"en": "a"}, {"en": "b"}, {"en": "c"}, {"en": "d"}]}
                 for level in (1, 2, 3, 4, 5)]
        draft = self.file("quiz.json", {
            "title": {"en": "Quiz"}, "measures": [{"term": SHEETS}],
            "items": items, "adaptive": True, "external_id": "quiz"})
        shown = school.cli("assess", "new", draft, "--hide-keys", "--dry-run")
        text = json.dumps(shown["record"])
        self.assertIn("key_hash", text)
        self.assertNotIn('"key":', text)
        school.cli("assess", "new", draft, "--hide-keys")
        state = self.post(school, "/assessments/quiz/take", {})
        self.assertEqual(2, state["next"]["item"], "the middle first")
        state = self.post(school, "/assessments/quiz/answer", {"answers": {"2": 1}})
        self.assertEqual(3, state["next"]["item"], "then a harder one")
        done = school.cli("assess", "take", "quiz", "--answers", self.file(
            "right.json", {"answers": {str(i): 1 for i in range(5)}}))
        self.assertEqual(5, done["levels"][0]["level"])
        self.assertEqual("answers", done["levels"][0]["basis"])
        bad = dict(json.loads((self.w.directory / "quiz.json").read_text()))
        bad["items"] = [dict(items[0], key=7)]
        with self.fails(1, "none of the options"):
            school.cli("assess", "new", self.file("bad.json", bad))


if __name__ == "__main__":
    unittest.main()
