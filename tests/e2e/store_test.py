"""The care of a store: looked at, checked, copied, compacted, restored,
migrated; on a full disk, a read-only one, another machine."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

import power_cut
from nodes import NodeError
from store_case import HEAD, NET, PAGE, StoreCase
from support import BINARY, BUILD, command, wait_for, write


class Store(StoreCase):
    def test_beside_a_running_node(self):
        node = self.company(n=40)
        stat = self.store(node, "stat")
        self.assertEqual((3, 40, 40), (stat["version"], stat["records"], stat["own"]))
        self.assertEqual(40, stat["kinds"]["demand"])
        for words in ([], ["--signatures"], ["--quick"]):
            self.assertEqual(0, self.store(node, "check", *words)["faults"])
        copy = self.w.directory / "copy"
        self.assertEqual(40, self.store(node, "backup", copy)["records"])
        self.store(node, "backup", copy, code=8)
        self.assertEqual(40, self.store(node, "check", copy)["records"])
        # What needs it down says so, and changes nothing.
        for words in (["repair"], ["restore", copy, "--force"]):
            self.assertIn("ohcn down", self.store(node, *words, code=8)["said"])
        # The same by the API, for a node elsewhere: one task at a time.
        self.assertEqual(404, node.api("GET", "/store/task")[0])
        self.assertEqual(202, node.api("POST", "/store/check", {"signatures": True})[0])
        self.assertEqual(409, node.api("POST", "/store/backup", {"dir": "/tmp/x"})[0])
        task = wait_for("the check", lambda: (
            lambda t: t if not t["running"] else None)(node.api("GET", "/store/task")[1]))
        self.assertEqual((0, 40), (task["result"]["faults"], task["result"]["signatures"]))
        self.assertEqual(422, node.api("POST", "/store/backup", {"dir": "here"})[0])
        self.assertEqual(202, node.api("POST", "/store/backup", {"dir": str(copy)})[0])
        task = wait_for("the refusal", lambda: (
            lambda t: t if not t["running"] else None)(node.api("GET", "/store/task")[1]))
        self.assertEqual(8, task["problem"]["exit"])
        care = node.api("GET", "/store")[1]["care"]
        self.assertEqual(0, care["check"]["faults"])
        self.assertEqual(str(copy), care["store_backup"]["dir"])

    def test_compact_restore_clean(self):
        node = self.company(n=60)
        copy = self.w.directory / "copy"
        self.store(node, "backup", copy)
        after = self.post(node, 5)
        before = (node.home / "store" / "data.mdb").stat().st_size
        self.assertTrue(self.store(node, "compact")["at_next_start"])
        node.stop()
        node.start()  # it is done now
        self.assertIn("store_compacted", node.log.read_text())
        self.assertLess((node.home / "store" / "data.mdb").stat().st_size, before)
        self.assertEqual(65, len(self.ids(node)))
        node.stop()
        self.assertEqual(65, self.store(node, "stat")["records"])
        self.store(node, "compact")
        self.store(node, "restore", copy, code=8)
        told = self.store(node, "restore", copy, "--force")
        self.assertEqual(60, told["records"])
        self.assertTrue(Path(told["aside"], "data.mdb").exists())
        self.assertEqual(65, self.store(node, "check", told["aside"])["records"])
        self.store(node, "restore", self.w.directory, "--force", code=5)
        node.start()
        self.assertFalse(self.ids(node) & set(after))
        self.assertIn("store_changed", node.log.read_text())
        self.assertIn("store-changed", [x["code"] for x in node.cli("status")["warnings"]])
        node.stop()
        node.start()  # told once
        self.assertNotIn("store-changed", [x["code"] for x in node.cli("status")["warnings"]])
        self.assertEqual(0, self.store(node, "clean", "--dry-run")["removed"])
        self.assertEqual(1, self.store(node, "clean", "--yes")["removed"])
        self.assertEqual([], self.asides(node))

    def test_another_machine(self):
        node = self.company(n=3)
        held = self.ids(node)
        node.stop()
        other = self.company("other")
        other.stop()
        shutil.rmtree(other.home / "store")
        shutil.copytree(node.home / "store", other.home / "store")
        other.start()
        self.assertIn("store_moved", other.log.read_text())
        warning = next(x for x in other.cli("status")["warnings"] if x["code"] == "store-moved")
        self.assertIn("stop one of the two", warning["hint"])
        self.assertEqual(held, self.ids(other))
        other.stop()
        other.start()
        self.assertNotIn("store-moved", [x["code"] for x in other.cli("status")["warnings"]])

    def old(self, node):
        """The store as an ohcn of before left it."""
        subprocess.run([BUILD / "tests" / "tool_old_store", node.home / "store"], check=True,
                       stdout=subprocess.DEVNULL)

    def test_migration(self):
        with tempfile.TemporaryDirectory(prefix="ohcn-") as d:
            node = self.company(n=50, preload=power_cut.build_preload(d))
            held = self.ids(node)
            node.stop()
            self.old(node)
            self.assertTrue(self.store(node, "stat")["must_migrate"])
            self.assertEqual(0, self.store(node, "check")["faults"])
            # No room: refused in words, nothing harmed.
            old = (node.home / "store" / "data.mdb").read_bytes()
            node.full.touch()
            with self.fails(73, "full"):
                node.start(20)
            node.full.unlink()
            self.assertEqual(1, self.store(node, "stat")["version"])
            self.assertEqual(len(old), (node.home / "store" / "data.mdb").stat().st_size)
            for aside in node.home.glob("store.before-*"):
                shutil.rmtree(aside)
            node.start()
            self.assertEqual(held, self.ids(node))
            stat = self.store(node, "stat")
            self.assertEqual((3, 1), (stat["version"], stat["migrated_from"]))
            self.assertEqual(0, self.store(node, "check", "--signatures")["faults"])
            asides = self.asides(node)
            self.assertEqual(1, len(asides), asides)
            self.assertTrue(asides[0].startswith("store.before-v3-"))
            # The way back: the snapshot is the store of before.
            snapshot = node.home / asides[0]
            self.assertEqual(0, self.store(node, "check", snapshot)["faults"])
            # It goes by itself when its days are over.
            snapshot.rename(node.home / "store.before-v3-20200101T000000Z")
            node.stop()
            node.start()
            self.assertEqual([], self.asides(node))

    def test_full_disk_everywhere(self):
        """Start, backups, compaction, repair, restore: each refuses in words,
        leaves what there was, and works when there is room."""
        with tempfile.TemporaryDirectory(prefix="ohcn-") as d:
            preload = power_cut.build_preload(d)
            node = self.w.node("acme", "company", preload=preload)
            # The very first start.
            command(node.home, "--no-passphrase", *NET, "init", "--role", "company")
            node.full.touch()
            with self.fails(73, "full"):
                node.start(20)
            node.full.unlink()
            node.start()
            self.post(node, 30)
            held = self.ids(node)
            copy = self.w.directory / "copy"
            self.store(node, "backup", copy)
            full = node.preloaded(OHCN_TEST_FULL_IN=str(self.w.directory))
            node.full.touch()
            said = self.store(node, "backup", self.w.directory / "b", code=73, env=full)["said"]
            self.assertIn("full", said)
            self.assertFalse((self.w.directory / "b" / "data.mdb").exists())
            passphrase = write(Path(d) / "pass", "correct horse\n")
            file = self.w.directory / "acme.ohcnbackup"
            words = ["backup", "create", file, "--backup-passphrase-file", passphrase]
            run = command(node.home, "--no-passphrase", *NET, *words, env=full)
            self.refused(run, 73)
            self.assertFalse(file.exists())
            node.full.unlink()
            self.assertEqual(0, command(node.home, "--no-passphrase", *NET, *words).returncode)
            node.stop()
            node.full.touch()
            for words in (["compact"], ["repair"], ["restore", copy, "--force"]):
                with self.subTest(words[0]):
                    self.assertIn("full", self.store(node, *words, code=73, env=full)["said"])
                    self.assertEqual([], self.asides(node))
                    self.assertEqual(30, self.store(node, "check")["records"])
            home = self.w.directory / "new"
            words = ["backup", "restore", file, "--backup-passphrase-file", passphrase]
            run = command(home, "--no-passphrase", *words, env=full)
            self.refused(run, 73)
            self.assertFalse((home / "key").exists())
            self.assertFalse((home / "store" / "data.mdb").exists())
            node.full.unlink()
            self.assertEqual(0, command(home, "--no-passphrase", *words).returncode)
            for words in (["compact"], ["repair"], ["restore", copy, "--force"]):
                self.store(node, *words)
            node.start()
            self.assertEqual(held, self.ids(node))

    def test_disk_turns_read_only(self):
        """Under a running node: reads go on, writes are refused in words."""
        with tempfile.TemporaryDirectory(prefix="ohcn-") as d:
            preload = power_cut.build_preload(d)
            os.environ["OHCN_TEST_FULL_ERROR"] = "30"  # EROFS
            self.addCleanup(os.environ.pop, "OHCN_TEST_FULL_ERROR", None)
            node = self.company(n=3, preload=preload)
            held = self.ids(node)
            node.full.touch()
            csv = write(self.w.directory / "x.csv", HEAD + "x-1,gig,X,de,welding:3\n")
            run = node.cli("demand", "import", csv, raw=True, check=False)
            self.assertEqual(7, run.returncode, run.stdout + run.stderr)
            self.assertIn("ead-only", run.stdout)
            self.assertEqual(held, self.ids(node))
            self.assertIn("write-errors", [x["code"] for x in node.cli("status")["warnings"]])
            node.full.unlink()
            self.assertEqual("created", node.cli("demand", "import", csv)["rows"][0]["state"])

    def test_full_map(self):
        """A reader that does not end keeps every page that it can see, until
        the map is full: reads go on, writes are refused in words; when it has
        died, its place is cleared and all is as before."""
        node = self.company(settings=["store.map_size=16MiB", "store.quota_bytes=8MiB"])
        csv = self.w.directory / "big.csv"

        def change(turn):
            rows = [f"a-{i},gig,Job {turn} {i},de,welding:3,{f'word {turn} ' * 300}\n"
                    for i in range(500)]
            write(csv, HEAD.replace("skills", "skills,description") + "".join(rows))
            return json.dumps([r for r in node.cli("demand", "import", csv)["rows"]
                               if r["state"] not in ("created", "updated")])
        self.assertEqual("[]", change(0))
        reader = subprocess.Popen(
            [BINARY, "--home", node.home, *NET, "store", "check", "--signatures"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            wait_for("the reader", lambda: node.api("GET", "/store")[1]["readers"] > 1 or
                     reader.poll() is not None, every=0.01)
            os.killpg(reader.pid, signal.SIGSTOP)
            if node.api("GET", "/store")[1]["readers"] == 1:
                self.skipTest("the reader was too quick")
            turn = 1
            while (wrong := change(turn)) == "[]" and turn < 20:
                turn += 1
            self.assertIn("map size", wrong)
            self.assertEqual(500, len(self.ids(node)))
            self.assertIn("write-errors", [x["code"] for x in node.cli("status")["warnings"]])
        finally:
            os.killpg(reader.pid, signal.SIGKILL)
            reader.wait()
        wait_for("its place is free", lambda: node.api("GET", "/store")[1]["readers"] == 1)
        self.assertEqual("[]", change(50))
        self.assertEqual(500, self.store(node, "check")["records"])

    @contextlib.contextmanager
    def disk(self, size):
        """A disk of its own, small; needs root."""
        with tempfile.TemporaryDirectory(prefix="ohcn-disk-") as d:
            run = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", d],
                                 capture_output=True)
            if run.returncode != 0:
                self.skipTest("nobody may mount here")
            try:
                yield Path(d)
            finally:
                subprocess.run(["umount", "-l", d], check=True)

    def test_small_disk(self):
        """A real one that fills up, and one that is read-only at the start."""
        with self.disk("9m") as d:
            node = self.w.node("acme", "company")
            shutil.rmtree(node.home)
            node.home = d / "acme"
            node.home.mkdir()
            node.start()
            held = set(self.post(node, 20))
            copy = d / "copy"
            ballast = d / "ballast"
            free = os.statvfs(d).f_bavail * PAGE
            ballast.write_bytes(bytes(free - 64 * 1024))
            self.assertIn("free", self.store(node, "backup", copy, code=73)["said"])
            with contextlib.suppress(NodeError):
                for _ in range(8):
                    held |= set(self.post(node, 60))
            node.cli("status")
            node.kill()  # the worst moment
            ballast.unlink()
            node.start()
            self.assertGreaterEqual(self.ids(node) & held, self.ids(node) & held)
            node.stop()
            self.assertEqual(0, self.store(node, "check")["faults"])
            subprocess.run(["mount", "-o", "remount,ro", d], check=True)
            self.assertEqual(0, self.store(node, "check")["faults"])
            self.assertGreater(self.store(node, "stat")["records"], 0)
            with self.fails(73):
                node.start(20)
            subprocess.run(["mount", "-o", "remount,rw", d], check=True)
            node.start()
            node.stop()


if __name__ == "__main__":
    unittest.main()
