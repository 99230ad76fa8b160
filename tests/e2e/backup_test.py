"""A whole node in one file: made while it runs and while it does not, restored
on another machine, where it goes on as the same author."""
import json
import shutil
import unittest

from support import Case, command, holds, wait_for, write

HEAD = "external_id,type,title,region,skills\n"


class Backup(Case):
    def setUp(self):
        self.w = self.world()
        self.node = self.w.node("acme", "company")
        self.node.start()
        self.passphrase = write(self.w.directory / "pass", "correct horse\n")
        self.wrong = write(self.w.directory / "wrong", "battery staple\n")
        self.file = self.w.directory / "acme.ohcnbackup"
        self.csv = self.w.directory / "a.csv"

    def post(self, node, name, title):
        rows = node.cli("demand", "import", write(
            self.csv, f"{HEAD}{name},gig,{title},de,welding:3\n"))["rows"]
        self.assertIn(rows[0]["state"], ("created", "updated"), rows)
        return rows[0]["id"]

    def backup(self, *words, home=None, passphrase=None, code=0):
        run = command(home or self.node.home, "--no-passphrase", "--json", "--set",
                      "node.network=test-e2e", "backup", *words,
                      "--backup-passphrase-file", passphrase or self.passphrase)
        self.assertEqual(code, run.returncode, run.stderr)
        return json.loads(run.stdout) if code == 0 else run

    def test_to_a_new_machine(self):
        node = self.node
        node.cli("organisation", "edit", "--name", "Acme", "--type", "company")
        node.cli("organisation", "publish")
        first = self.post(node, "a-1", "One")
        before = node.cli("status")
        made = self.backup("create", self.file)
        self.assertEqual(2, made["own_records"])
        self.assertEqual(before["did"], made["manifest"]["author"])
        # A second time the same name is not taken, without --force.
        self.refused(self.backup("create", self.file, code=8), 8, "exists")
        self.backup("create", self.file, "--force")
        # What was done after the backup comes from the network again.
        later = self.post(node, "a-2", "Two")
        witness = self.w.node("witness", "company", bootstrap=[node.address()])
        witness.start()
        wait_for("the witness holds all",
                 lambda: all(holds(witness, i) for i in (first, later)))
        # Over the node that is there nothing is restored.
        for running in (True, False):
            if not running:
                node.stop()
            secret = (node.home / "key").read_bytes()
            self.refused(self.backup("restore", self.file, code=8), 8, "already")
            self.assertEqual(secret, (node.home / "key").read_bytes())
        # The old machine burns down.
        shutil.rmtree(node.home)
        fresh = self.w.node("fresh", "company", bootstrap=[witness.address()])
        shutil.rmtree(fresh.home)
        told = self.backup("restore", self.file, home=fresh.home)
        self.assertEqual((2, 0), (told["own_records"], told["expired"]))
        fresh.start()
        after = fresh.cli("status")
        for name in ("did", "peer_id"):
            self.assertEqual(before[name], after[name])
        self.assertTrue(holds(fresh, first))
        self.assertIn("Acme", json.dumps(fresh.cli("organisation", "show")["draft"]))
        wait_for("the later one comes back", lambda: holds(fresh, later))
        # Nothing is published before the network was asked.
        wait_for("it was asked",
                 lambda: not fresh.cli("persona", "conflicts")["restoring"])
        # An old record changes, and the change wins everywhere.
        seq = fresh.cli("record", "show", first)["seq"]
        changed = self.post(fresh, "a-1", "One and more")
        self.assertNotEqual(first, changed)
        self.assertGreater(fresh.cli("record", "show", changed)["seq"], seq)
        wait_for("the change arrives", lambda: holds(witness, changed))
        self.assertFalse(holds(witness, first))
        new = self.post(fresh, "a-3", "Three")
        wait_for("the new one arrives", lambda: holds(witness, new))
        self.assertEqual(3, fresh.cli("status")["own"]["demands_open"])

    def test_of_a_stopped_node(self):
        made = self.post(self.node, "a-1", "One")
        self.node.stop()
        told = self.backup("create", self.file)
        self.assertEqual(1, told["own_records"])
        home = self.w.directory / "other"
        self.backup("restore", self.file, home=home)
        other = self.w.node("other", "company")
        other.start()
        self.assertTrue(holds(other, made))

    def test_what_is_refused(self):
        self.backup("create", self.file)
        good = self.file.read_bytes()
        home = self.w.directory / "other"
        self.refused(self.backup("show", self.file, passphrase=self.wrong, code=4), 4, "passphrase")
        self.refused(self.backup("restore", self.file, passphrase=self.wrong, home=home, code=4), 4)
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 1
        newer = bytearray(good)
        newer[8] = 9
        for name, data, code, said in (
                ("flipped", flipped, 65, "damaged"), ("cut", good[:-30], 65, "cut short"),
                ("newer", newer, 76, "newer"), ("foreign", b"PK\3\4" * 99, 65, "not a backup")):
            with self.subTest(name):
                self.file.write_bytes(bytes(data))
                for words in (["show"], ["restore"]):
                    self.refused(self.backup(*words, self.file, home=home, code=code), code, said)
        self.assertFalse((home / "key").exists())
        self.assertFalse((home / "store" / "data.mdb").exists())
        run = command(self.node.home, "--no-passphrase", "backup", "create", home)
        self.refused(run, 4, "--backup-passphrase-file")


if __name__ == "__main__":
    unittest.main()
