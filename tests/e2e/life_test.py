"""The life of one node: made, started, stopped, and everything that a person
or a broken disk may do to it in between."""
import fcntl
import json
import os
import shutil
import socket
import subprocess
import unittest
from pathlib import Path

from nodes import FAULT, preload_library
from support import BINARY, Case, DATA, READS, command, frames, wait_for, write

TRIAL = ["--set", "node.network=test-life", "--set",
         "listen.addresses=/ip4/127.0.0.1/tcp/0", "--set", "api.port=0",
         "--set", "mdns.mode=off"]
OPEN = ["--no-passphrase", *TRIAL]


class Life(Case):
    """Commands as they are typed, with `up` and `down`."""

    def setUp(self):
        self.home = self.directory() / "home"
        self.addCleanup(self.leave)

    def leave(self):
        if (self.home / "run" / "api.sock").exists():
            command(self.home, *OPEN, "down")
        lock, log = self.home / "store" / "owner.lock", self.home / "ohcn.log"
        if lock.exists() and lock.read_text().strip():
            # What leaks is said at the very end of the process.
            process = Path("/proc") / lock.read_text().strip()
            wait_for("the process to end", lambda: not process.exists(), 30)
        if log.exists():
            text = log.read_text()
            found = FAULT.search(text)
            self.assertIsNone(found, found and text[found.start():][:4000])

    def ohcn(self, *words, code=0, **options):
        run = command(self.home, *OPEN, *words, **options)
        self.assertEqual(code, run.returncode, run.stderr)
        return run

    def read(self, *words):
        return json.loads(self.ohcn("--json", *words).stdout)

    def test_up_down_up(self):
        self.refused(command(self.home, "status"), 3, "no node answers", "try: ohcn up")
        self.ohcn("up", "--role", "company", "--name", "Acme", "--region", "de")
        first = self.read("status")
        self.assertEqual("company", first["role"])
        self.refused(command(self.home, *OPEN, "up"), 8, "already running")
        self.refused(command(self.home, *OPEN, "daemon"), 8)
        self.refused(command(self.home, *OPEN, "init"), 8, "never overwritten")
        csv = write(self.home.parent / "a.csv",
                    "external_id,type,title,region,skills\na-1,gig,One,de,welding:3\n")
        made = self.read("demand", "import", csv)["rows"][0]["id"]
        secret = (self.home / "key").read_bytes()
        self.ohcn("down")
        self.assertFalse((self.home / "run" / "api.sock").exists())
        self.refused(command(self.home, "down"), 3)
        self.ohcn("up")
        again = self.read("status")
        for name in ("peer_id", "did", "role", "network"):
            self.assertEqual(first[name], again[name])
        self.assertEqual(made, self.read("record", "show", made)["id"])
        self.assertEqual(secret, (self.home / "key").read_bytes())
        # A contradiction with the user's own file is an error, not a change.
        self.ohcn("down")
        before = (self.home / "ohcn.conf").read_text()
        self.refused(command(self.home, *OPEN, "up", "--role", "person"), 8, "node.role")
        self.assertEqual(before, (self.home / "ohcn.conf").read_text())

    def test_down_is_down(self):
        """Who copies, repairs or replaces the files after `ohcn down` meets
        no process that still writes them, however slow the disk is."""
        slow = preload_library("drop_unsynced.c", self.home.parent)
        self.ohcn("up", env={
            "LD_PRELOAD": str(slow), "OHCN_TEST_SYNC_MS": "900",
            "OHCN_TEST_JOURNAL": str(self.home.parent / "journal"),
            "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")})
        self.ohcn("down")
        for folder in ("store", "private"):
            with self.subTest(folder), open(self.home / folder / "owner.lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_reads_speak_json(self):
        self.ohcn("up")
        self.refused(command(self.home, *OPEN, "match", "list"), 8, "profile import")
        self.ohcn("profile", "import", DATA / "people" / "lea-zgraggen.json")
        for words in READS:
            with self.subTest(" ".join(words)):
                run = command(self.home, *OPEN, "--json", *words)
                # doctor finds that there is no peer, and says so by its code
                self.assertEqual(1 if words == ["doctor"] else 0, run.returncode, run.stderr)
                self.assertRegex(json.loads(run.stdout)["schema"], r"^ohcn\.[a-z.-]+/1$")
                plain = command(self.home, *OPEN, *words)
                self.assertNotIn("(null)", plain.stdout + plain.stderr)
        run = command(self.home, *OPEN, "--json", "record", "show", "nosuchrecord")
        self.assertEqual(5, run.returncode, run.stderr)
        self.assertEqual("ohcn.error/1", json.loads(run.stdout)["schema"])
        self.assertEqual(5, json.loads(run.stdout)["exit"])

    def test_exit_codes_are_documented(self):
        text = command(self.home, "help", "exit-codes").stdout
        codes = {int(line.split()[0]) for line in text.splitlines()
                 if line.split() and line.split()[0].isdigit()}
        self.assertEqual({0, 1, 2, 3, 4, 5, 6, 7, 8, 65, 73, 75, 76, 78}, codes)
        self.refused(command(self.home, "statsu"), 2, "status")
        self.refused(command(self.home, "demand", "imprt"), 2, "import")
        self.refused(command(self.home, "status", "--jsn"), 2, "--json")

    def test_settings(self):
        self.home.mkdir()
        conf = write(self.home / "ohcn.conf", "[node]\nrole = person\n\n[peers]\nmaxx = 7\n")
        for words in (["up"], ["daemon"], ["status"], ["config", "check"]):
            run = command(self.home, "--no-passphrase", *words)
            self.refused(run, 78, str(conf), "5", "peers.max")
        write(conf, "[peers]\nmax = many\n")
        self.refused(command(self.home, "--no-passphrase", "up"), 78, str(conf), "2")
        self.assertFalse((self.home / "key").exists(), "a bad setting must make nothing")
        conf.unlink()
        self.refused(command(self.home, "--set", "gossip.dd=3", "config", "show"), 78, "gossip.d")
        self.refused(command(self.home, "config", "show", env={"OHCN_PEERS_MAX": "x"}), 78,
                     "OHCN_PEERS_MAX")

    def test_port_in_use(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        self.ohcn("init")
        for setting in (f"listen.addresses=/ip4/127.0.0.1/tcp/{port}", f"api.port={port}"):
            run = command(self.home, *OPEN, "--set", setting, "up")
            self.refused(run, 8, str(port))
        self.ohcn("up")  # nothing is left locked

    def test_passphrase(self):
        right = write(self.home.parent / "right", "correct horse\n")
        wrong = write(self.home.parent / "wrong", "battery staple\n")
        command(self.home, *TRIAL, "--passphrase-file", right, "init")
        secret = (self.home / "key").read_bytes()
        for words in (["up"], ["daemon"], ["key", "words"], ["key", "show"]):
            run = command(self.home, *TRIAL, "--passphrase-file", wrong, *words)
            self.refused(run, 4, "passphrase")
            run = command(self.home, *TRIAL, "--no-passphrase", *words)
            self.refused(run, 4, "passphrase")
        run = command(self.home, *TRIAL, "up")  # no terminal to ask on
        self.refused(run, 4, "--passphrase-file")
        run = command(self.home, *TRIAL, "--passphrase-file", right, "up")
        self.assertEqual(0, run.returncode, run.stderr)
        self.assertEqual(secret, (self.home / "key").read_bytes())

    def test_damaged_key(self):
        self.ohcn("init")
        key = self.home / "key"
        good = key.read_bytes()
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 1
        cases = {"cut": (good[:100], {65}), "empty": (b"", {65}),
                 "foreign": (b"-----BEGIN OPENSSH PRIVATE KEY-----\n" * 6, {65}),
                 "longer": (good + b"x", {65}), "flipped": (bytes(flipped), {4, 65})}
        for name, (data, codes) in cases.items():
            with self.subTest(name):
                key.write_bytes(data)
                for words in (["up"], ["daemon"], ["key", "words"]):
                    run = command(self.home, *OPEN, *words)
                    self.refused(run, run.returncode, "key")
                    self.assertIn(run.returncode, codes, run.stderr)
                    self.assertEqual(data, key.read_bytes(), "the key file was changed")
        key.write_bytes(good)
        self.ohcn("up")
        # A home whose key is lost is not given another one in silence.
        self.ohcn("down")
        key.unlink()
        run = command(self.home, *OPEN, "daemon")
        self.refused(run, run.returncode, "key")
        self.assertIn(run.returncode, (5, 65))
        run = command(self.home, *OPEN, "up")
        self.assertNotEqual(0, run.returncode, "a new key for an old home")
        self.assertFalse(key.exists())

    def test_words_restore_the_key(self):
        self.ohcn("init")
        words = self.ohcn("-q", "key", "words").stdout.strip()
        self.assertEqual(24, len(words.split()))
        did = self.read("key", "show")["author"]
        paper = write(self.home.parent / "words.txt", words.replace(" ", "\n") + "\n")
        other = self.home.parent / "other"
        self.assertEqual(0, command(other, *OPEN, "init", "--words-from", paper).returncode)
        shown = json.loads(command(other, *OPEN, "--json", "key", "show").stdout)
        self.assertEqual(did, shown["author"])
        self.assertNotEqual(self.read("key", "show")["peer_id"], shown["peer_id"],
                            "the node key must not come from the seed")
        third = self.home.parent / "third"
        mixed = words.split()
        mixed[3], mixed[4] = "abandon", "zoo"
        for text, said in ((" ".join(words.split()[:23]), "24"),
                           (words.replace(words.split()[5], "qwxyz"), "6"),
                           (" ".join(mixed), "words")):
            run = command(third, *OPEN, "init", "--words-from", write(paper, text))
            self.refused(run, 2, said)
            self.assertFalse((third / "key").exists())

    def test_strange_stores(self):
        self.ohcn("up")
        csv = write(self.home.parent / "a.csv",
                    "external_id,type,title,region,skills\na-1,gig,One,de,welding:3\n")
        made = self.read("demand", "import", csv)["rows"][0]["id"]
        self.ohcn("down")
        store = self.home / "store" / "data.mdb"
        good = store.read_bytes()
        at = good.find(b"ohcnstor\0\0\0")
        self.assertNotEqual(-1, at, "the version of the store's layout")
        ours = good[at:at + 12]
        newer = good.replace(ours, ours[:-1] + bytes([ours[-1] + 1]))
        cases = {"newer": (newer, 76, "newer"),
                 "foreign": (b"SQLite format 3\0" * 4096, 65, "store"),
                 "text": (b"Dear diary,\n", 65, "store"),
                 "cut": (good[:5000], 65, "store")}
        for name, (data, code, text) in cases.items():
            with self.subTest(name):
                store.write_bytes(data)
                self.refused(command(self.home, *OPEN, "up"), code, text, str(store.parent))
                self.assertEqual(data, store.read_bytes(), "the file was touched")
        store.write_bytes(good)
        # The store of another network is refused, and left alone.
        run = command(self.home, *OPEN, "--set", "node.network=test-other", "up")
        self.refused(run, 78, "test-life", "test-other")
        self.ohcn("up")
        self.assertEqual(made, self.read("record", "show", made)["id"])

    def test_nowhere_to_write(self):
        blocked = write(self.home.parent / "a-file", "not a directory")
        run = command(blocked / "home", *OPEN, "init")
        self.refused(run, 73, str(blocked))
        closed = self.home.parent / "closed"
        closed.mkdir(mode=0o555)
        os.chmod(self.home.parent, 0o755)
        # Root may write anywhere: be nobody, who may not look into /root.
        options = {}
        if os.getuid() == 0:
            program = shutil.copy(BINARY, self.home.parent / "ohcn")
            os.chmod(program, 0o755)
            options = {"user": 65534, "group": 65534, "cwd": "/", "binary": program}
        run = command(closed / "home", *OPEN, "init", **options)
        self.refused(run, 73, str(closed))
        run = command(closed / "home", *OPEN, "up", **options)
        self.refused(run, 73, str(closed))
        self.assertEqual([], list(closed.iterdir()))
        # A full disk under the output of a command.
        self.ohcn("up")
        with open("/dev/full", "w") as full:


            run = subprocess.run([BINARY, "--home", self.home, *OPEN, "status"],
                                 stdout=full, stderr=subprocess.PIPE, text=True)
        self.refused(run, 73)

    def test_two_nodes_one_home(self):
        """The second is told, the first goes on."""
        w = self.world()
        node = w.node("one", "person", network="test-life")
        node.start()
        for words in (["up"], ["daemon"]):
            self.refused(command(node.home, *OPEN, *words), 8)
        # Also when the socket of the first is gone: the store is locked.
        (node.home / "run" / "api.sock").unlink()
        run = command(node.home, *OPEN, "daemon")
        self.refused(run, 8)
        self.assertIsNone(node.process.poll())

    def test_killed_leaves_no_trace(self):
        """SIGKILL leaves lock files and a socket: the next start is clean."""
        w = self.world()
        node = w.node("one", "company", network="test-life")
        node.start()
        did = node.cli("status")["did"]
        node.kill()
        self.assertTrue((node.home / "run" / "api.sock").exists())
        self.assertEqual(did, node.start()["did"])
        export = node.home.parent / "all.ohcn"
        node.cli("record", "export", "-o", export, raw=True)
        self.assertEqual([], frames(export.read_bytes()))
        wait_for("the stamp", lambda: node.cli("status")["stamp_ready"], 10)


if __name__ == "__main__":
    unittest.main()
