"""Several personas on one node: nobody else sees that they belong together;
one of them is revoked for good. The process that talks to the network has
none of their secrets."""
import os
import re
import signal
import unittest

from support import Case, command, holds, wait_for

SHARED = 9  # bytes in a row; eight are the shape of a card with one skill


def body_of(node, record_id):
    return node.api("GET", f"/records/{record_id}")[1]


def common(a, b, least):
    """Runs of bytes that stand in both."""
    grams = {a[i:i + least] for i in range(len(a) - least + 1)}
    return [b[i:i + least] for i in range(len(b) - least + 1)
            if b[i:i + least] in grams]


def signer_of(node):
    pid = node.process.pid
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        found = [int(p) for p in f.read().split()]
    names = {}
    for p in found:
        with open(f"/proc/{p}/comm") as f:
            names[p] = f.read().strip()
    return [p for p, name in names.items() if name == "ohcn-signer"]


class Personas(Case):
    def two(self, gap):
        w = self.world()
        witness = w.node("witness", "company")
        witness.start()
        me = w.node("me", "person", bootstrap=[witness.address()],
                    settings=[f"publish.persona_gap={gap}"])
        me.start()
        me.cli("persona", "add", "quiet")
        me.cli("profile", "edit", "--add-skill", "cooking", "--level", "3")
        me.cli("--persona", "quiet", "profile", "edit", "--add-skill", "welding",
               "--level", "4")
        wait_for("both stamps", lambda: all(
            p["stamp_ready"] for p in me.cli("persona", "list")["personas"]))
        return me, witness

    def publish(self, node, persona):
        return node.cli("--persona", persona, "profile", "publish", "--now")["record"]["id"]

    def test_nothing_in_common(self):
        me, witness = self.two("0s")
        # Drafts and plans are each persona's own.
        self.assertNotIn("welding", str(me.cli("profile", "show")))
        self.assertNotIn("cooking", str(me.cli("--persona", "quiet", "profile", "show")))
        ids = {p: self.publish(me, p) for p in ("main", "quiet")}
        wait_for("both cards arrive",
                 lambda: all(holds(witness, i) for i in ids.values()))
        cards = {p: body_of(witness, i) for p, i in ids.items()}
        self.assertNotEqual(cards["main"]["author"], cards["quiet"]["author"])
        raw = {p: bytes.fromhex(c["bytes_hex"]) for p, c in cards.items()}
        # What they must share: network, kind, region, slot and hours.
        for p, text in raw.items():
            at = text.find(b"\xa2de\x00")
            self.assertGreater(at, 40)
            raw[p] = text[text.find(b"test-e2e") + 8:at] + p.encode() + text[at + 14:]
        shared = common(raw["main"], raw["quiet"], SHARED)
        self.assertEqual([], [run.hex() for run in shared])
        # The scan finds what is planted.
        self.assertTrue(common(raw["main"], raw["main"][60:70], SHARED))
        # No name of a persona leaves the node.
        for c in cards.values():
            self.assertNotIn(b"quiet", bytes.fromhex(c["bytes_hex"]))

    def test_apart_in_time(self):
        me, witness = self.two("1h")
        first = self.publish(me, "main")
        run = me.cli("--persona", "quiet", "profile", "publish", "--now",
                     raw=True, check=False)
        self.assertNotEqual(0, run.returncode)
        self.assertIn("another persona published", run.stderr)
        # Not by a restart either; a plan is drawn beyond.
        me.stop()
        me.start()
        run = me.cli("--persona", "quiet", "profile", "publish", "--now",
                     raw=True, check=False)
        self.assertIn("another persona published", run.stderr)
        planned = me.cli("--persona", "quiet", "profile", "publish")["publish_at"]
        open_at = [p["publish_open_at"] for p in me.cli("persona", "list")["personas"]]
        self.assertEqual(0, open_at[0])
        self.assertGreaterEqual(planned, open_at[1])
        # The one who spoke goes on speaking.
        again = self.publish(me, "main")
        wait_for("its card arrives", lambda: holds(witness, again))
        self.assertFalse(holds(witness, first))

    def test_revoked(self):
        me, witness = self.two("0s")
        card = self.publish(me, "quiet")
        wait_for("the card arrives", lambda: holds(witness, card))
        dry = me.cli("persona", "revoke", "quiet", "--reason", "stolen", "--dry-run")
        self.assertEqual("revocation", dry["record"]["body"]["kind"])
        self.assertTrue(holds(me, card))
        # One lies signed in the vault, and so in every backup.
        kept = wait_for("one is signed", lambda: [
            a for status, a in [me.api("GET", "/personas/quiet/revocation")]
            if status == 200])[0]
        self.assertIn(bytes.fromhex(dry["record"]["bytes_hex"])[4:52],
                      bytes.fromhex(kept["bytes_hex"]))
        # Not without its name.
        status, answer = me.api("POST", "/personas/quiet/revoke",
                                {"reason": "stolen", "confirm": "main"})
        self.assertEqual(422, status, answer)
        told = me.cli("--yes", "persona", "revoke", "quiet", "--reason", "stolen")
        self.assertEqual("revoked", told["persona"]["state"])
        self.assertFalse(holds(me, card))
        wait_for("the witness drops the card", lambda: not holds(witness, card))
        run = me.cli("--persona", "quiet", "profile", "publish", "--now",
                     raw=True, check=False)
        self.assertIn("revoked", run.stderr)
        # For good: over a restart, and no way back.
        me.stop()
        me.start()
        states = {p["name"]: p["state"] for p in me.cli("persona", "list")["personas"]}
        self.assertEqual({"main": "live", "quiet": "revoked"}, states)
        status, answer = me.api("POST", "/personas/quiet/state", {"state": "live"})
        self.assertEqual(409, status, answer)
        self.assertTrue(self.publish(me, "main"))

    def test_secrets_elsewhere(self):
        """Neither seed nor a persona's secret is in the memory of the process
        that has the sockets; without its signer a node says so."""
        me, _ = self.two("0s")
        words = command(me.home, "--no-passphrase", "key", "words",
                        "--set", "node.network=test-e2e").stdout
        seed = seed_of(words)
        self.assertEqual(32, len(seed))
        pid = me.process.pid
        try:
            found = memory_holds(pid, seed)
            control = memory_holds(pid, b"test-e2e")
        except PermissionError:
            self.skipTest("memory of another process is not ours to read here")
        self.assertTrue(control, "the scan sees nothing at all")
        self.assertFalse(found, "the seed is in the memory of the node")
        signers = signer_of(me)
        self.assertEqual(1, len(signers))
        self.assertTrue(memory_holds(signers[0], seed), "it is nowhere?")
        os.kill(signers[0], signal.SIGKILL)
        run = me.cli("profile", "publish", "--now", raw=True, check=False)
        self.assertNotEqual(0, run.returncode)
        self.assertIn("holds the keys", run.stderr)
        self.assertFalse(me.cli("status")["keys_ready"])
        me.stop()
        me.start()
        self.assertTrue(self.publish(me, "main"))


def seed_of(text):
    """The 32 bytes of 24 words, by the list that the build made."""
    from support import BUILD
    source = next(BUILD.glob("**/words_list.h")).read_text()
    listed = re.findall(r'"([a-z]+)"', source)
    words = [w for w in text.split() if w in listed][-24:]
    bits = "".join(f"{listed.index(w):011b}" for w in words)
    return int(bits[:256], 2).to_bytes(32, "big")


def memory_holds(pid, what):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        for line in maps:
            span, mode = line.split()[:2]
            begin, end = (int(x, 16) for x in span.split("-"))
            if not mode.startswith("rw") or end - begin > 1 << 27:
                continue
            try:
                mem.seek(begin)
                if what in mem.read(end - begin):
                    return True
            except OSError:
                continue
    return False


if __name__ == "__main__":
    unittest.main()
