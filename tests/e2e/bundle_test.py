"""An adviser's bundle: signed by the adviser, reviewed part by part by the
person, who publishes; the adviser never has a key of theirs."""
import json
import unittest

from support import Case, write

NET = "test-bundle"


class Bundle(Case):
    def test_review(self):
        w = self.world()
        coach = w.node("coach", "person", network=NET)
        lea = w.node("lea", "person", network=NET)
        for node in (coach, lea):
            node.start()
        lea.cli("profile", "edit", "--add-skill", "welding", "--level", "2")
        before = lea.cli("profile", "show")["draft"]
        draft = write(w.directory / "draft.json", {
            "skills": [{"term": "urn:ohcn:welding", "level": 4}],
            "remote": "either"})
        path = w.directory / "lea.bundle"
        coach.cli("bundle", "make", "--profile", draft, "--note", "As we said",
                  "--for", lea.cli("status")["did"], "-o", path)
        shown = lea.cli("bundle", "show", path)
        self.assertEqual(coach.cli("status")["did"], shown["adviser"])
        self.assertEqual({"profile.skills", "profile.remote"},
                         {p["part"] for p in shown["parts"]})
        self.assertEqual(before, lea.cli("profile", "show")["draft"])
        # One part is taken, the other not; nothing is published.
        done = lea.cli("bundle", "review", path, "--accept", "profile.skills")
        self.assertEqual({"profile.skills": True, "profile.remote": False},
                         {p["part"]: p["taken"] for p in done["parts"]})
        after = lea.cli("profile", "show")
        self.assertEqual([4], [s["level"] for s in after["draft"]["skills"]])
        self.assertNotIn("remote", after["draft"])
        self.assertIsNone(after["published"])
        # Not changed by a byte, not for somebody else, not a part of none.
        with self.fails(1, "another key"):
            coach.cli("bundle", "show", path)
        file = json.loads(path.read_text())
        file["content"] = file["content"].replace('"level":4', '"level":5')
        with self.fails(1, "not signed by"):
            lea.cli("bundle", "show", write(w.directory / "forged", file))
        with self.fails(1, "no such part"):
            lea.cli("bundle", "review", path, "--accept", "profile.seeks")


if __name__ == "__main__":
    unittest.main()
