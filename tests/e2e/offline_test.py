"""Offline first: a node that was away for 30 days, a laptop whose lid was
closed, two nodes on a LAN without the internet, a USB stick between nodes
that never meet: all end with the same records, and what was deleted stays
deleted."""
import json
import signal
import tempfile
import time
import unittest

from discovery_test import LAN, knows
from nodes import preload_library
from support import Case, frames, peers_of, wait_for, write

DAY = 86400
HEAD = "external_id,type,title,region,skills\n"


def records(node, *words):
    """All that leaves the node, the signed bytes, sorted."""
    out = node.home.parent / f"{node.name}.ohcn"
    node.cli("record", "export", "-o", out, *words, raw=True)
    return sorted(frames(out.read_bytes()))


def titles(node):
    """The open demands that others see at this node."""
    listed = node.cli("record", "list", "--kind", "demand", "--limit", "1000")["records"]
    return sorted(r["title"] for r in listed if r.get("title"))


class Offline(Case):
    def setUp(self):
        self.w = self.world()
        libraries = tempfile.TemporaryDirectory(prefix="ohcn-")
        self.addCleanup(libraries.cleanup)
        self.shift = preload_library("shift_clock.c", libraries.name)

    def post(self, node, *jobs, archive=False):
        """Demands by external id; the same id again is a new version."""
        csv = write(self.w.directory / f"{node.name}.csv", HEAD + "".join(
            f"{external},gig,{title},{region},welding:3\n" for external, title, region in jobs))
        words = ["demand", "import", csv] + (["--archive-missing"] if archive else [])
        reply = node.cli(*words)
        self.assertFalse([r for r in reply["rows"] if r["state"] == "error"], reply)

    def post_until(self, node, external, title, days):
        """A demand whose time is over after so many days of the node's clock."""
        until = time.time() + float(node.clock.read_text()) + days * DAY
        job = {"@context": "https://schema.org", "@type": "JobPosting", "title": title,
               "identifier": external, "skills": "welding", "inLanguage": "en",
               "employmentType": "FULL_TIME", "jobLocation": {
                   "@type": "Place", "address": {"addressCountry": "DE"}},
               "validThrough": time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(until))}
        file = write(self.w.directory / f"{external}.json", json.dumps(job))
        reply = node.cli("demand", "import", file, "--format", "jobposting")
        self.assertEqual("created", reply["rows"][0]["state"], reply)

    def same(self, *nodes):
        """Waits until all hold the same; the records."""
        wait_for("the same records everywhere",
                 lambda: len({tuple(records(n)) for n in nodes}) == 1, 60, every=1)
        return records(nodes[0])

    def test_away_for_30_days(self):
        a = self.w.node("a", "company", clock=self.shift)
        a.set_clock(-30 * DAY)
        a.start()
        b = self.w.node("b", "company", clock=self.shift, bootstrap=[a.address()])
        b.set_clock(-30 * DAY)
        b.start()
        wait_for("a neighbour", lambda: peers_of(a) and peers_of(b))
        self.post(a, *[(f"a-{i}", f"A {i}", "de") for i in range(8)])
        self.post_until(b, "long", "B 0", 50)
        self.post_until(a, "short", "Over soon", 10)
        self.assertEqual(10, len(self.same(a, b)))
        b.stop()
        # Two weeks later: changed, moved to another region, closed, new.
        a.stop()
        a.set_clock(-15 * DAY)
        a.start()
        self.post(a, ("a-0", "A 0 again", "de"), ("a-1", "A 1", "at"), ("a-9", "A 9", "de"))
        a.cli("demand", "close", "a-2")
        a.stop()
        a.set_clock(0)
        a.bootstrap, b.bootstrap = [], [a.start() and a.address()]
        self.post(a, ("a-3", "A 3 again", "de"))
        self.assertNotIn("Over soon", titles(a))
        b.set_clock(0)
        b.start()
        held = self.same(a, b)
        for gone in ("Over soon", "A 5"):  # 30 days are the life of a gig
            self.assertNotIn(gone, titles(b))
        for there in ("A 0 again", "A 3 again", "A 9", "B 0"):
            self.assertIn(there, titles(b))
        self.assertEqual(titles(a), titles(b))
        # The stick of someone who was away just as long brings nothing back.
        c = self.w.node("c", "company", clock=self.shift)
        c.set_clock(0)
        c.start()
        self.assertEqual(len(held), c.cli("record", "import", b.home.parent / "b.ohcn")
                         ["outcomes"]["stored"])
        self.assertEqual(held, records(c))

    def test_lid(self):
        """The process stands still and its clock leaps; it was slow before."""
        a = self.w.node("a", "company")
        a.start()
        b = self.w.node("b", "company", clock=self.shift, bootstrap=[a.address()])
        b.set_clock(-300)
        b.start()
        wait_for("a neighbour", lambda: peers_of(b))
        self.post(a, *[(f"a-{i}", f"A {i}", "de") for i in range(5)])
        self.same(a, b)
        b.process.send_signal(signal.SIGSTOP)
        self.post(a, ("a-0", "A 0 again", "de"), ("a-5", "A 5", "de"))
        a.cli("demand", "close", "a-1")
        a.stop()  # and comes back: the old connection is dead
        time.sleep(1)
        a.settings.append("listen.addresses=" + b.bootstrap[0].split("/p2p/")[0])
        a.start()
        b.set_clock(0)
        b.process.send_signal(signal.SIGCONT)
        self.same(a, b)
        self.assertIn("A 0 again", titles(b))
        self.post(b, ("b-0", "B 0", "de"))
        self.same(a, b)

    def test_lan(self):
        """Each has a history of its own; nobody told them of the other."""
        a = self.w.node("a", "company", settings=("mdns.mode=off",), network="test-lan")
        b = self.w.node("b", "company", settings=("mdns.mode=off",), network="test-lan")
        for n in (a, b):
            n.start()
            self.post(n, *[(f"{n.name}-{i}", f"{n.name} {i}", "de") for i in range(20)])
            n.cli("demand", "close", f"{n.name}-3")
        # A stick has brought an old state of the one to the other.
        a.cli("record", "export", "-o", self.w.directory / "old.ohcn", raw=True)
        b.cli("record", "import", self.w.directory / "old.ohcn")
        self.post(a, ("a-0", "newer", "de"))
        a.cli("demand", "close", "a-4")
        for n in (a, b):
            n.stop()
            n.settings = list(LAN)
            n.start()
        wait_for("the neighbours to meet", lambda: knows(a, b) and knows(b, a), 30)
        self.assertEqual(40, len(self.same(a, b)))
        self.assertEqual(titles(a), titles(b))

    def test_stick(self):
        """There and back and there again, between two that never meet."""
        a = self.w.node("a", "company")
        b = self.w.node("b", "company")
        stick = self.w.directory / "stick.ohcn"

        def carry(one, other, *words):
            one.cli("record", "export", "-o", stick, *words, raw=True)
            return other.cli("record", "import", stick)["outcomes"]

        for n in (a, b):
            n.start()
            self.post(n, *[(f"{n.name}-{i}", f"{n.name} {i}", "de") for i in range(10)])
        self.assertEqual({"stored": 10}, carry(a, b))
        old = stick.read_bytes()
        self.assertEqual({"stored": 10, "duplicate": 10}, carry(b, a))
        self.assertEqual(20, len(self.same(a, b)))
        # Changes, a deletion and a move travel as well; the old stick does no harm.
        self.post(a, ("a-0", "newer", "de"), ("a-1", "a 1", "fr"))
        a.cli("demand", "close", "a-2")
        carry(a, b, "--since", "1h")
        stick.write_bytes(old)
        again = b.cli("record", "import", stick)["outcomes"]
        self.assertEqual({"stale": 3, "duplicate": 7}, again)
        self.assertEqual(20, len(self.same(a, b)))
        self.assertEqual(titles(a), titles(b))
        self.assertEqual(1, len(records(b, "--region", "fr")))
        self.assertEqual([], records(b, "--kind", "course"))

    def test_own_card_stays(self):
        """A person's card that nobody has sent back yet is on no stick."""
        p = self.w.node("p", "person", settings=("publish.delay=0s",))
        p.start()
        p.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        p.cli("profile", "publish", "--now", "--yes")
        wait_for("the card", lambda: p.cli("status")["records"].get("profile") == 1)
        self.assertEqual([], records(p))
        time.sleep(8)  # gossip has nothing more to tell a newcomer of its own
        q = self.w.node("q", "person", bootstrap=[p.address()])
        q.start()
        r = self.w.node("r", "person", bootstrap=[p.address(), q.address()])
        r.start()
        wait_for("it is heard of", lambda: len(records(q)) == 1, 90)
        self.same(q, r)


if __name__ == "__main__":
    unittest.main()
