"""Sync of real nodes: what each made while apart both have afterwards, for
next to nothing when nothing differs; what is known of peers outlives a
restart; a light node syncs its region within its budget and hangs up."""
import unittest

from support import Case, frames, holds, peers_of, record_file, wait_for, write

NET = "test-sync"
HEAD = "external_id,type,title,region,skills,description\n"


def post(world, node, tag, count, region="de", text=""):
    """Demands of a node; their ids."""
    csv = write(world.directory / f"{tag}.csv", HEAD + "".join(
        f"{tag}-{i},gig,{tag} {i},{region},welding:3,{text}\n" for i in range(count)))
    rows = node.cli("demand", "import", csv)["rows"]
    return [r["id"] for r in rows]


def sync(node):
    return node.api("GET", "/sync")[1]


def peer(node, other):
    """What a node knows of another one's sync, or nothing."""
    me = other.cli("status")["peer_id"]
    return next((p for p in sync(node)["peers"] if p["peer_id"] == me), None)


def agreed(node, other, after=0):
    p = peer(node, other)
    return p and p["why"] == "" and not p["talking"] and p["sessions"] > after


class Apart(Case):
    def test_apart_and_together(self):
        w = self.world()
        ann = w.node("ann", "company", network=NET)
        bo = w.node("bo", "company", network=NET)
        maker = w.node("maker", "company", network=NET)
        for n in (ann, bo, maker):
            n.start()
        made = post(w, maker, "made", 110)
        out = w.directory / "made.ohcn"
        maker.cli("record", "export", "-o", out, raw=True)
        records = frames(out.read_bytes())
        self.assertEqual(110, len(records))
        # By a file, so that nobody has anything to say by gossip.
        for n, some in ((ann, records[:40]), (bo, records[40:])):
            file = w.directory / f"{n.name}.ohcn"
            file.write_bytes(record_file(NET, some))
            n.cli("record", "import", file)
        mine = post(w, ann, "mine", 1)[0]
        bo.cli("peer", "connect", ann.address())
        wait_for("both have all", lambda: all(
            holds(n, i) for n in (ann, bo) for i in made))
        wait_for("they agree", lambda: agreed(ann, bo) and agreed(bo, ann))
        self.assertIn(sync(ann)["records_new"] + sync(bo)["records_new"], (110, 111))

        # Nothing differs: a hundred bytes, and not a record.
        before = peer(bo, ann)["sessions"]
        bo.cli("sync", "now", ann.cli("status")["peer_id"])
        wait_for("once more", lambda: agreed(bo, ann, before))
        p = peer(bo, ann)
        self.assertLessEqual(p["last_bytes"], 100)
        self.assertEqual(0, p["differences"])
        m = bo.metrics()
        self.assertGreaterEqual(m['ohcn_sync_ends_total{how="equal"}'], 1)
        self.assertEqual(0, m['ohcn_sync_ends_total{how="lied"}'])
        self.assertGreater(m['ohcn_sync_bytes_total{direction="in"}'], 0)

        self.assertTrue(holds(bo, mine))

        # What was agreed is known after a restart, and costs no more.
        when = p["agreed_at"]
        bo.stop()
        ann.cli("demand", "close", mine)
        bo.start()
        self.assertGreaterEqual(peer(bo, ann)["agreed_at"], when)
        bo.cli("peer", "connect", ann.address())
        wait_for("bo hears that it is closed", lambda: not holds(bo, mine))
        wait_for("they agree", lambda: agreed(bo, ann))
        self.assertLess(peer(bo, ann)["last_bytes"], 3000)
        self.assertIn("agreed", bo.cli("sync", "status", raw=True).stdout)

    def test_nobody(self):
        w = self.world()
        ann = w.node("ann", "person", network=NET)
        ann.start()
        run = ann.cli("sync", "now", raw=True, check=False)
        self.refused(run, 5, "no peer is connected that speaks sync")
        self.assertEqual([], sync(ann)["peers"])


class Light(Case):
    def setUp(self):
        self.w = self.world()
        self.full = self.w.node("full", "company", network=NET)
        self.full.start()

    def light(self, *settings):
        n = self.w.node("light", "company", network=NET, region="de",
                        bootstrap=[self.full.address()],
                        settings=["node.mode=light", *settings])
        return n

    def rests(self, node):
        l = sync(node)["light"]
        return l["resting"] and l["syncs_today"] > 0 and l

    def test_region(self):
        """Its region and nothing else; then it hangs up."""
        here = post(self.w, self.full, "here", 50)
        there = post(self.w, self.full, "there", 20, region="fr")
        node = self.light()
        node.start()
        wait_for("its region", lambda: all(holds(node, i) for i in here))
        l = wait_for("it rests", lambda: self.rests(node))
        self.assertFalse(any(holds(node, i) for i in there))
        wait_for("it has hung up", lambda: peers_of(node) == [], 20)
        self.assertEqual([], [t for t in node.api("GET", "/topics")[1]["topics"]
                              if t["subscribed"]])
        self.assertEqual(3000000, l["day_bytes"])
        self.assertGreater(l["used_today"], 50 * 200)
        self.assertLess(l["used_today"], 120000)
        self.assertEqual(l["day_bytes"] - l["used_today"], l["left_today"])
        self.assertIsNotNone(l["whole_at"])
        self.assertIn("used today", node.cli("status", raw=True).stdout)

        # What it publishes goes out without a subscription; and what was
        # used today is not forgotten by a restart.
        mine = post(self.w, node, "mine", 1)[0]
        node.cli("sync", "now")
        wait_for("it is out", lambda: holds(self.full, mine))
        wait_for("it rests", lambda: self.rests(node))
        used = sync(node)["light"]["used_today"]
        node.stop()
        node.start()
        l = sync(node)["light"]
        self.assertGreaterEqual(l["used_today"], used)
        self.assertGreaterEqual(l["syncs_today"], 2)

    def test_budget(self):
        """What does not fit waits: the bytes of a day are never exceeded."""
        many = []
        for part in range(4):
            many += post(self.w, self.full, f"m{part}", 250, text="x" * 900)
        budget = 1024 * 1024
        node = self.light(f"light.day_bytes={budget}")
        node.start()
        wait_for("it is cut short", lambda: sync(node)["light"]["cut_short"] > 0)
        l = wait_for("it rests", lambda: self.rests(node))
        self.assertLessEqual(l["used_today"], budget)
        self.assertGreater(l["used_today"], budget // 4)
        have = sum(holds(node, i) for i in many)
        self.assertGreater(have, 0)
        self.assertLess(have, len(many))
        self.assertIsNone(l["whole_at"])


if __name__ == "__main__":
    unittest.main()
