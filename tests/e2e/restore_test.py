"""The same key on another machine: from its words, on two devices at once,
from an old backup, with a clock that steps. What was published elsewhere is
learned first, and both versions are shown where they differ."""
import hashlib
import json
import shutil
import sys
import time
import unittest
from pathlib import Path

from support import Case, command, holds, wait_for, write
from nodes import preload_library

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
sys.path.insert(0, str(VECTORS))
import evidence  # noqa: E402  msgpack and Ed25519 from the text of SPEC.md


def card_of(node, persona="main"):
    for p in node.cli("persona", "list")["personas"]:
        if p["name"] == persona:
            return p["profile"]
    return None


class Author(evidence.Key):
    """Persona 0 of a seed, as section 11 derives it."""

    def __init__(self, seed):
        root = evidence.keyed(seed, 0, "ohcn-root-v1")
        self.seed = evidence.keyed(evidence.keyed(root, 0, "persona_"), 1, "sign____")
        d = hashlib.sha512(self.seed).digest()
        self.a = int.from_bytes(d[:32], "little") & (2**254 - 8) | 2**254
        self.prefix, self.pub = d[32:], evidence.encode(evidence.times(self.a, evidence.BASE))

    def record(self, net, kind, payload, hours, slot=0, pv=0):
        def work(n):
            m = bytes([len(net)]) + net.encode() + self.pub + n.to_bytes(8, "big")
            return evidence.h("ohcn-stamp-v1", m)[0] == 0

        hour = int(time.time()) // 3600
        stamp = b"\1" + next(n for n in range(10000) if work(n)).to_bytes(8, "big")
        body = evidence.pack([1, net, kind, self.pub, "de", slot, hour - 1 << 8,
                              hour - 1 + hours, 0, stamp, pv, payload])
        name = evidence.h("ohcn-rec-v1", body)
        sig = self.sign(evidence.pad16("ohcn-sig-v1") + bytes([len(net)]) + net.encode() + b"\1" + name)
        return evidence.pack([body, 1, sig])


def record_file(net, records):
    def uvarint(n):
        return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + uvarint(n >> 7)

    return (b"OHCNREC\n\1" + bytes([len(net)]) + net.encode() +
            b"".join(uvarint(len(r)) + r for r in records) +
            b"\0" + len(records).to_bytes(8, "big") + b"OHCNEND\n")


class Restore(Case):
    def start_with_witness(self, **options):
        self.w = self.world()
        self.witness = self.w.node("witness", "company")
        self.witness.start()
        me = self.w.node("me", "person", bootstrap=[self.witness.address()],
                         settings=["publish.persona_gap=0s"], **options)
        me.start()
        return me

    def publish(self, node, skill, persona="main"):
        node.cli("--persona", persona, "profile", "edit", "--add-skill", skill,
                 "--level", "3")
        return node.cli("--persona", persona, "profile", "publish",
                        "--now")["record"]["id"]

    def words_of(self, node):
        run = command(node.home, "--no-passphrase", "--quiet", "key", "words")
        return write(self.w.directory / "paper", run.stdout)

    def device(self, name, words, bootstrap):
        n = self.w.node(name, "person", bootstrap=bootstrap,
                        settings=["publish.persona_gap=0s"])
        shutil.rmtree(n.home)
        run = command(n.home, "--no-passphrase", "init", "--role", "person",
                      "--words-from", words)
        self.assertEqual(0, run.returncode, run.stderr)
        n.start()
        return n

    def restoring(self, node):
        return node.cli("persona", "conflicts")["restoring"]

    def conflicts(self, node):
        return node.cli("persona", "conflicts")["conflicts"]

    def restored(self, node):
        wait_for("the network was asked", lambda: not self.restoring(node), 90)

    def test_from_words(self):
        me = self.start_with_witness()
        me.cli("persona", "add", "idle")  # publishes nothing
        me.cli("persona", "add", "quiet")
        first = self.publish(me, "cooking")
        quiet = self.publish(me, "welding", "quiet")
        wait_for("both cards arrive",
                 lambda: holds(self.witness, first) and holds(self.witness, quiet))
        dids = [p["did"] for p in me.cli("persona", "list")["personas"]]
        words = self.words_of(me)
        me.stop()
        shutil.rmtree(me.home)
        # Alone it publishes nothing, however long it waits.
        fresh = self.device("fresh", words, [])
        fresh.cli("profile", "edit", "--add-skill", "baking", "--level", "3")
        run = fresh.cli("profile", "publish", "--now", raw=True, check=False)
        self.assertNotEqual(0, run.returncode)
        self.assertIn("was restored", run.stderr)
        self.assertTrue(self.restoring(fresh))
        # With a peer it finds all three personas by the records of two.
        fresh.stop()
        fresh.bootstrap = [self.witness.address()]
        fresh.start()
        self.restored(fresh)
        found = fresh.cli("persona", "list")["personas"]
        self.assertEqual(dids, [p["did"] for p in found])
        self.assertEqual([first, None, quiet],
                         [p["profile"] if p["name"] != "persona-1" else None
                          for p in found[:2]] + [quiet])
        # They are its own: cards get keys for offers that it can open.
        wait_for("the cards are renewed with keys of this machine",
                 lambda: card_of(fresh) not in (None, first) and
                 card_of(fresh, "persona-2") not in (None, quiet), 90)
        self.assertEqual([], self.conflicts(fresh))
        # And it goes on where the other one was.
        card = self.publish(fresh, "tiling")
        wait_for("the witness takes the change", lambda: holds(self.witness, card))
        self.assertFalse(holds(self.witness, first))
        # What nobody answers for is decided by the owner.
        again = fresh.cli("key", "restore", "--now")
        wait_for("it is over", lambda: not self.restoring(fresh))
        self.assertIn("restoring", again)

    def test_own_records_of_an_older_version(self):
        """Drafts of payloads (pv 0) are unread; those that say what pv 1 can
        say are published again, until the end that they had."""
        en = 0x656e
        known = json.loads((VECTORS / "keys.json").read_text())["seeds"][1]
        w = self.w = self.world()
        self.witness = w.node("witness", "company")
        self.witness.start()
        net = self.witness.network
        me = Author(bytes.fromhex(known["seed"]))
        gig = {0: 2, 2: {en: "Odd jobs"}, 42: "gig-1"}
        drafts = [
            me.record(net, 3, gig, 720),
            me.record(net, 3, {**gig, 42: "gig-2"}, 100, slot=1),
            # pv 0 had another type there, and no such key at all
            me.record(net, 4, {0: 6, 2: {en: "Cohort"}, 4: [{0: bytes(8), 4: 3}], 36: bytes(32)}, 720),
            me.record(net, 3, {**gig, 42: "gig-3", 1000: 1}, 720, slot=2)]
        path = w.directory / "drafts.ohcnrec"
        path.write_bytes(record_file(net, drafts))
        self.witness.cli("record", "import", path)
        wait_for("the drafts are there", lambda: self.records(self.witness, 4))
        for r in self.records(self.witness):
            self.assertEqual((0, True, None), (r["pv"], r["opaque"], r["payload"]))
        old = {(r["kind"], r["slot"]): r for r in self.records(self.witness)}
        fresh = self.device("fresh", write(w.directory / "paper", known["words"]),
                            [self.witness.address()])
        self.restored(fresh)
        wait_for("two are published again", lambda: sorted(
            r["slot"] for r in self.records(self.witness) if r["pv"] == 1) == [0, 1], 180)
        now = {(r["kind"], r["slot"]): r for r in self.records(self.witness)}
        for slot, name in ((0, "gig-1"), (1, "gig-2")):
            new, was = now["demand", slot], old["demand", slot]
            self.assertFalse(new["opaque"])
            self.assertEqual(name, new["payload"]["external_id"])
            self.assertGreater(new["seq"], was["seq"])
            self.assertGreaterEqual(new["expires"], was["expires"])
        # ... or an hour later, if the hour has changed meanwhile
        self.assertLessEqual(now["demand", 1]["expires"] - old["demand", 1]["expires"], 3600)
        for why in ("case_demand must be a map: nobody reads it",
                    "a field is not known: nobody reads it"):
            wait_for(why, lambda: why in fresh.log.read_text())
        now = {(r["kind"], r["slot"]): r for r in self.records(self.witness)}
        for left in (("course", 0), ("demand", 2)):
            self.assertEqual(old[left]["id"], now[left]["id"])

    def records(self, node, n=None):
        """Those of demands and courses; None if not yet ${n}."""
        got = [node.api("GET", "/records/" + r["id"]) for r in
               node.api("GET", "/records?limit=50")[1]["records"]
               if r["kind"] in ("demand", "course")]
        all_of = [r for status, r in got if status == 200]
        return all_of if n is None or len(all_of) == n else None

    def test_two_devices(self):
        me = self.start_with_witness()
        first = self.publish(me, "cooking")
        wait_for("the card arrives", lambda: holds(self.witness, first))
        other = self.device("other", self.words_of(me), [self.witness.address()])
        self.restored(other)
        # The renewal with a key of the other machine is no other version.
        wait_for("the other one renews", lambda: card_of(other) not in (None, first), 90)
        second = card_of(other)
        wait_for("and the first hears of it", lambda: holds(me, second))
        self.assertEqual(second, card_of(me))
        self.assertEqual([], self.conflicts(me))
        theirs = self.publish(other, "welding")
        wait_for("the other version arrives", lambda: self.conflicts(me))
        told = self.conflicts(me)[0]
        self.assertEqual(("main", "profile", 0),
                         (told["persona"], told["kind"], told["slot"]))
        self.assertEqual(theirs, told["theirs"]["id"])
        self.assertNotEqual(told["mine"]["payload"], told["theirs"]["payload"])
        # The question stands over a restart, and one can take theirs ...
        me.stop()
        me.start()
        self.assertEqual(theirs, self.conflicts(me)[0]["theirs"]["id"])
        me.cli("persona", "keep", "theirs", "profile")
        self.assertEqual([], self.conflicts(me))
        self.assertEqual(told["theirs"]["payload"]["skills"], me.cli(
            "record", "show", card_of(me))["payload"]["skills"])
        # ... or one's own, which then is the newest everywhere.
        later = self.publish(other, "tiling")
        wait_for("their next version arrives", lambda: self.conflicts(me))
        mine = me.cli("persona", "keep", "mine", "profile")["record"]["id"]
        wait_for("all have mine", lambda: holds(self.witness, mine) and holds(other, mine))
        self.assertNotEqual(later, card_of(other))
        self.assertEqual([], self.conflicts(me))
        wait_for("now the other one asks", lambda: self.conflicts(other))

    def test_old_backup(self):
        me = self.start_with_witness()
        secret = write(self.w.directory / "pass", "correct horse\n")
        file = self.w.directory / "me.ohcnbackup"
        first = self.publish(me, "cooking")
        run = command(me.home, "--no-passphrase", "backup", "create", file,
                      "--backup-passphrase-file", secret,
                      "--set", "node.network=test-e2e")
        self.assertEqual(0, run.returncode, run.stderr)
        later = self.publish(me, "welding")
        wait_for("the later card arrives", lambda: holds(self.witness, later))
        me.stop()
        shutil.rmtree(me.home)
        back = self.w.node("back", "person", bootstrap=[self.witness.address()],
                           settings=["publish.persona_gap=0s"])
        shutil.rmtree(back.home)
        run = command(back.home, "--no-passphrase", "backup", "restore", file,
                      "--backup-passphrase-file", secret)
        self.assertEqual(0, run.returncode, run.stderr)
        back.start()
        self.restored(back)
        # The newer one has won, here too; the one of the backup is kept.
        wait_for("both are shown", lambda: self.conflicts(back))
        told = self.conflicts(back)[0]
        self.assertEqual(later, told["theirs"]["id"])
        self.assertEqual(first, told["mine"]["id"])
        self.assertTrue(holds(self.witness, later))
        back.cli("persona", "keep", "theirs", "profile")
        wait_for("it is renewed from here", lambda: card_of(back) not in (None, later), 90)

    def test_clock_steps(self):
        lib = preload_library("shift_clock.c", self.world().directory)
        me = self.start_with_witness(clock=lib)
        cards = [self.publish(me, "cooking")]
        seqs = []
        me.set_clock(-3 * 3600)
        me.cli("profile", "edit", "--add-skill", "plumbing", "--level", "3")
        run = me.cli("profile", "publish", "--now", raw=True, check=False)
        self.assertIn("from-future", run.stderr)  # it would be of no use to others
        for step, skill in ((-600, "welding"), (600, "tiling"), (0, "baking")):
            me.set_clock(step)
            cards.append(self.publish(me, skill))
            seqs.append(me.cli("record", "show", cards[-1])["seq"])
        # Whatever the clock said, what came later is the newer one.
        self.assertEqual(sorted(set(seqs)), seqs)
        wait_for("the witness has the last", lambda: holds(self.witness, cards[-1]))
        # Five weeks ahead and back: keys and personas are as they were.
        me.cli("persona", "add", "quiet")
        before = me.cli("persona", "list")["personas"]
        me.set_clock(35 * 86400)
        wait_for("the leap is seen", lambda: "clock_leapt" in me.log.read_text())
        me.set_clock(0)
        names = [(p["did"], p["state"]) for p in before]
        self.assertEqual(names, [(p["did"], p["state"])
                                 for p in me.cli("persona", "list")["personas"]])
        card = self.publish(me, "printing")
        wait_for("and it goes on", lambda: holds(self.witness, card))


if __name__ == "__main__":
    unittest.main()
