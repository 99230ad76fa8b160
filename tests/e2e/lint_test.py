"""Is a card one of many: what a newcomer may publish, what is proposed, and
that nothing goes out against it unless forced."""
import unittest

from support import Case


class Lint(Case):
    def test_newcomer(self):
        me = self.world().node("me", "person", network="test-lint",
                               settings=["publish.klint=enforce", "publish.delay=0s"])
        me.start()
        for skill in ("welding", "cooking", "teamwork", "first aid", "planning", "negotiation"):
            me.cli("profile", "edit", "--add-skill", skill, "--level", "4")
        shown = me.cli("profile", "publish", "--dry-run")["lint"]
        self.assertEqual(("refuse", True, True, 0), tuple(
            shown[k] for k in ("verdict", "newcomer", "enforced", "known")))
        self.assertEqual(6, len(shown["items"]))
        self.assertEqual(["drop"] + 5 * ["level"], sorted(s["do"] for s in shown["proposal"]["steps"]))
        refused = me.cli("profile", "publish", "--now", raw=True, check=False)
        self.assertNotEqual(0, refused.returncode)
        self.assertIn("E3141", refused.stderr)
        self.assertIn("--coarsen", refused.stderr)
        refused = me.cli("profile", "publish", "--now", "--force", raw=True, check=False)
        self.assertIn("not without --yes", refused.stderr)
        self.assertIsNone(me.cli("profile", "show")["published"])

        dry = me.cli("profile", "publish", "--coarsen", "--dry-run")
        self.assertEqual("fine", dry["lint"]["verdict"])
        self.assertEqual(6, len(dry["lint"]["coarsened"]["steps"]))
        skills = dry["record"]["body"]["payload"]["skills"]
        self.assertEqual(5 * [3], [s["level"] for s in skills])
        out = me.cli("profile", "publish", "--coarsen", "--now")
        self.assertEqual("fine", out["lint"]["verdict"])
        self.assertEqual(5, len(me.cli("profile", "show")["published"]["payload"]["skills"]))
        self.assertEqual(6, len(me.cli("profile", "show")["draft"]["skills"]))
        run = me.cli("profile", "publish", "--dry-run", raw=True)
        self.assertIn("it would be refused", run.stderr)
        words = run.stdout
        self.assertIn("one of many? only 0 cards", words)
        self.assertIn("--coarsen would: ", words)

        forced = me.cli("profile", "publish", "--now", "--force", "--yes")
        self.assertEqual("refuse", forced["lint"]["verdict"])
        self.assertEqual(6, len(me.cli("profile", "show")["published"]["payload"]["skills"]))


if __name__ == "__main__":
    unittest.main()
