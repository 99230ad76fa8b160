"""A store's file damaged in every region: found, repaired, and healed by a
peer. OHCN_FLIPS: how many bits of each region are tried."""
import json
import os
import random
import struct
import unittest
from pathlib import Path

from store_case import NET, PAGE, StoreCase
from support import command, wait_for

FLIPS = int(os.environ.get("OHCN_FLIPS", "5"))


def page_kinds(data):
    """{number: kind} of a compact file: every page of it is in use."""
    out = {}
    for n in range(2, len(data) // PAGE):
        number, _, flags = struct.unpack_from("<QHH", data, n * PAGE)
        if number == n and flags in (1, 2):
            out[n] = flags
    return out


def live_bytes(data, n, kind):
    """{what: offsets} of a page that mean something to somebody."""
    at = n * PAGE
    lower, upper = struct.unpack_from("<HH", data, at + 12)
    out = {"head of a page": [at + i for i in (*range(8), *range(10, 16))],
           "places of entries": list(range(at + 16, at + lower))}
    heads, keys, values = [], [], []
    for i in range((lower - 16) // 2):
        node = at + struct.unpack_from("<H", data, at + 16 + 2 * i)[0]
        size, flags, key_n = struct.unpack_from("<IHH", data, node)
        heads += range(node, node + 8)
        if kind == 1 and i == 0:
            continue  # the first key of a branch is never read
        keys += range(node + 8, node + 8 + key_n)
        if kind == 2:
            value = range(node + 8 + key_n, node + 8 + key_n + (8 if flags & 1 else size))
            # Of the head of a tree four bytes are nobody's.
            values += value[4:] if flags & 2 else value
    out["sizes of entries"] = heads
    out["keys"] = keys
    out["values"] = values
    return out


class Damage(StoreCase):
    def test_flipped_bits(self):
        """One bit at a time, in each region of the file: never `all is well`,
        never a crash without words."""
        node = self.company(n=80)
        node.stop()
        self.store(node, "compact")
        path = node.home / "store" / "data.mdb"
        good = path.read_bytes()
        self.assertEqual(0, self.store(node, "check")["faults"])
        regions = {}
        for n, kind in page_kinds(good).items():
            text = good[n * PAGE:(n + 1) * PAGE]
            if b"ohcnstor" in text:
                continue  # a page of small settings, which nothing sums up
            for what, offsets in live_bytes(good, n, kind).items():
                name = f"{what} ({'branch' if kind == 1 else 'leaf'})"
                regions.setdefault(name, []).extend(offsets)
        # Of the newest head: numbers, roots and counts of the trees.
        heads = [(i, struct.unpack_from("<Q", good, i * PAGE + 144)[0]) for i in (0, 1)]
        newest = max(heads, key=lambda h: h[1])[0] * PAGE
        regions["the newest head"] = [newest + i for i in (
            *range(8), 10, 11, *range(16, 24), *range(44, 88), *range(92, 136))]
        rng = random.Random(5)
        missed, tried = [], 0
        for name, offsets in sorted(regions.items()):
            for at in rng.sample(offsets, min(FLIPS, len(offsets))):
                bit = rng.randrange(8)
                bad = bytearray(good)
                bad[at] ^= 1 << bit
                path.write_bytes(bytes(bad))
                tried += 1
                run = command(node.home, "--json", *NET, "store", "check")
                faults = json.loads(run.stdout)["faults"] if run.returncode in (0, 65) else -1
                # A key of a branch only has to lie between what is left and
                # right of it: such a flip may change nothing.
                if name == "keys (branch)" and run.returncode == 0:
                    continue
                if run.returncode != 65 or faults < 1:
                    missed.append((name, at, bit, run.returncode, run.stderr))
        self.assertEqual([], missed, f"{len(missed)} of {tried}")
        self.assertGreater(tried, 40)
        path.write_bytes(good)
        node.start()
        self.assertEqual(80, len(self.ids(node)))

    def heal(self, damage):
        """Two nodes hold the same; the file of one is damaged, found,
        repaired, and the other one gives back what is lost."""
        witness = self.company("witness", n=120)
        node = self.company("acme", n=30, bootstrap=[witness.address()])
        both = wait_for("both hold all", lambda: (
            lambda s: s if len(s) == 150 and s == self.ids(witness) else None)(self.ids(node)))
        node.stop()
        path = node.home / "store" / "data.mdb"
        bad = bytearray(path.read_bytes())
        damage(bad)
        path.write_bytes(bytes(bad))
        self.assertGreater(self.store(node, "check", code=65)["faults"], 0)
        told = self.store(node, "repair")
        self.assertLessEqual(told["records"], 150)
        self.assertTrue(Path(told["aside"], "data.mdb").exists())
        self.assertEqual(0, self.store(node, "check", "--signatures")["faults"])
        node.start()
        wait_for("all is back", lambda: self.ids(node) == both)
        self.assertEqual(both, self.ids(witness))
        node.stop()
        self.assertEqual(0, self.store(node, "check")["faults"])
        node.start()
        return told

    def test_records_heal(self):
        def damage(data):
            """A bit in every fourth record."""
            at = hits = 0
            while (at := data.find(b"Job number", at + 1)) > 0:
                hits += 1
                if hits % 4 == 0:
                    data[at] ^= 4
        told = self.heal(damage)
        self.assertLess(told["records"], 150)
        self.assertGreater(told["lost"], 0)

    def test_trees_heal(self):
        def damage(data):
            """The root of every tree that has branches."""
            hits = 0
            for n, kind in page_kinds(data).items():
                if kind == 1:
                    data[n * PAGE + 16:n * PAGE + 200] = os.urandom(184)
                    hits += 1
            self.assertGreater(hits, 0)
        told = self.heal(damage)
        # The leaves still had everything.
        self.assertGreater(told["records"], 100)

    def test_cut_off_is_checked(self):
        """A node that was cut off looks at its store when it is back."""
        node = self.company(n=20)
        node.kill()
        private = node.home / "private" / "data.mdb"
        node.start()
        self.assertIn("store_was_cut_off", node.log.read_text())
        wait_for("the check", lambda: "store_checked faults=0" in node.log.read_text())
        self.assertNotIn("store-damaged", [x["code"] for x in node.cli("status")["warnings"]])
        # Damage while it is down shows the same way, and in the status.
        node.kill()
        path = node.home / "store" / "data.mdb"
        data = bytearray(path.read_bytes())
        at = 0
        while (at := data.find(b"Job number", at + 1)) > 0:
            data[at] ^= 1
        path.write_bytes(bytes(data))
        node.start()
        wait_for("the finding", lambda: "store-damaged" in [
            x["code"] for x in node.cli("status")["warnings"]])
        node.stop()
        # The private data have a cure of their own.
        self.store(node, "repair")
        data = bytearray(private.read_bytes())
        for n, kind in page_kinds(data).items():
            if kind == 2:
                data[n * PAGE + 12] ^= 1
        private.write_bytes(bytes(data))
        run = command(node.home, *NET, "store", "check")
        self.assertEqual(65, run.returncode, run.stdout)
        self.assertIn("private data", run.stdout)
        self.assertIn("backup restore", run.stdout)
        self.assertNotIn("store repair", run.stdout)


if __name__ == "__main__":
    unittest.main()
