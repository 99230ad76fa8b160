"""Nothing acknowledged is lost: power cuts with unsynced writes dropped, and
a disk that is full."""
import io
import tempfile
import unittest
from contextlib import redirect_stdout

import power_cut
from nodes import NodeError
from support import BUILD, Case, write


class Durability(Case):
    def test_power_cuts(self):
        """A few of the 200 that `./dev soak` makes."""
        lost, changes, _ = power_cut.run(BUILD, 5, False, seed=2)
        self.assertEqual([], lost)
        self.assertGreater(changes, 20)

    def test_power_cuts_with_peers(self):
        """While records come from others and leave for want of room."""
        said = io.StringIO()
        with redirect_stdout(said):
            lost, changes, _ = power_cut.run(BUILD, 3, False, seed=4, peers=2)
        self.assertEqual([], lost, said.getvalue())
        self.assertGreater(changes, 20)

    def test_a_planted_fault_is_found(self):
        """A node that only pretends to sync must lose something, or the test
        above is blind."""
        said = io.StringIO()
        try:
            with redirect_stdout(said):
                lost, _, undone = power_cut.run(BUILD, 5, True, seed=3)
        except (NodeError, TimeoutError):
            return  # the store did not even come back
        self.assertTrue(lost, said.getvalue())
        self.assertGreater(undone, 0)

    def test_full_disk(self):
        """It says so, keeps what it has, and goes on when there is room."""
        w = self.world()
        with tempfile.TemporaryDirectory(prefix="ohcn-") as d:
            node = w.node("acme", "company", preload=power_cut.build_preload(d))
            node.start()
            head = "external_id,type,title,region,skills\n"
            csv = write(w.directory / "a.csv", head + "a-1,gig,One,de,welding:3\n")
            first = node.cli("demand", "import", csv)["rows"][0]["id"]
            full = node.home.parent / "acme.full"
            full.touch()
            write(csv, head + "a-2,gig,Two,de,welding:3\n")
            stick = w.directory / "stick.ohcn"
            node.cli("record", "export", "-o", stick, raw=True)
            other = w.node("other", "company")
            other.start()
            other.cli("demand", "import", csv)
            other.cli("record", "export", "-o", stick, raw=True)
            run = node.cli("demand", "import", csv, raw=True, check=False)
            self.assertEqual(7, run.returncode, run.stdout + run.stderr)
            self.assertIn("disk is full", run.stdout)
            node.cli("organisation", "edit", "--name", "Acme", "--type", "company")
            for words in (["organisation", "publish"], ["record", "import", stick]):
                run = node.cli(*words, raw=True, check=False)
                self.assertEqual(73, run.returncode, run.stdout + run.stderr)
                self.assertIn("disk is full", run.stderr)
            status = node.cli("status")
            self.assertEqual(1, status["records"]["demand"])
            self.assertIn("write-errors", [x["code"] for x in status["warnings"]])
            full.unlink()
            second = node.cli("demand", "import", csv)["rows"][0]["id"]
            node.kill()
            node.start()
            for rid in (first, second):
                self.assertEqual(rid, node.cli("record", "show", rid)["id"])
            # Full at the start: a code of its own, and nothing is harmed.
            node.stop()
            full.touch()
            with self.fails(73):
                node.start(20)
            full.unlink()
            node.start()
            self.assertEqual(2, node.cli("status")["records"]["demand"])


if __name__ == "__main__":
    unittest.main()
