"""`peer explain` and `topic explain`: situations that people ask about are
made on purpose, and the explanation has to name them."""
import time
import unittest

from network_test import Peer
from support import Case, peers_of, varint, wait_for

NET = "test-explain"
DEMAND = f"/ohcn/1/{NET}/demand/0"


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def prune(topic, seconds):
    """The frame of an RPC with one PRUNE."""
    inner = field(1, topic.encode()) + varint(3 << 3) + varint(seconds)
    rpc = field(3, field(4, inner))
    return varint(len(rpc)) + rpc


class Explain(Case):
    def setUp(self):
        self.w = self.world()
        self.node = self.w.node("us", "company", network=NET)
        self.node.start()
        self.me = self.node.cli("status")["peer_id"]

    def peer(self, *topics):
        p = Peer()
        self.addCleanup(p.end)
        p.join(self.node, *topics)
        p.id = p.wait("listening")["peer"]
        return p

    def explain(self, peer):
        return self.node.cli("peer", "explain", peer.id)

    def standing(self, peer, topic=DEMAND):
        return next((t for t in self.explain(peer).get("topics", [])
                     if t["name"] == topic), {"standing": None})

    def says(self, answer, *texts):
        for text in texts:
            self.assertIn(text, "\n".join(answer["why"] + answer["try"]))

    def text(self, *words):
        run = self.node.cli(*words, raw=True)
        self.assertEqual(0, run.returncode, run.stderr)
        return run.stdout

    def test_member_of_the_mesh(self):
        other = self.w.node("other", "company", network=NET,
                            bootstrap=[self.node.address()])
        other.start()
        pid = wait_for("it is there", lambda: peers_of(self.node))[0]["peer_id"]
        wait_for("a mesh", lambda: all(
            t["standing"] == "member"
            for t in self.node.cli("peer", "explain", pid)["topics"]))
        answer = self.node.cli("peer", "explain", pid[-6:])
        self.assertEqual(pid, answer["peer_id"], "part of an id will do")
        self.assertTrue(answer["connected"])
        self.says(answer, "all is well")
        parts = {p["part"]: p for p in answer["score"]["parts"]}
        self.assertEqual({"P1", "P2", "P3", "P3b", "P4", "P5", "P6", "P7", "cap", "slow"},
                         set(parts))
        self.assertAlmostEqual(answer["score"]["points"],
                               sum(p["points"] for p in parts.values()), 2)
        self.assertTrue(all(p["meaning"] for p in parts.values()))
        shown = self.text("peer", "explain", pid)
        for word in (pid, "score", "in our mesh", DEMAND, "from it", "to it"):
            self.assertIn(word, shown)

        topic = self.node.cli("topic", "explain", "demand")
        self.assertEqual((DEMAND, 1, 1), (topic["name"], topic["peers"], topic["mesh"]))
        self.assertFalse(topic["healthy"])
        self.assertEqual(topic["wanted"]["d_lo"] - 1, topic["missing"]["members"])
        self.assertEqual([pid], [m["peer_id"] for m in topic["members"]])
        self.says(topic, "fewer than the", "peers.bootstrap")
        self.assertIn(pid, self.text("topic", "explain", DEMAND))
        mesh = 'ohcn_gossip_mesh_peers{topic="demand"}'
        self.assertEqual(1, self.node.metrics()[mesh])
        self.assertGreaterEqual(self.node.cli("peer", "list")["peers"][0]["score"], 0)

    def test_not_subscribed(self):
        peer = self.peer()
        wait_for("gossip", lambda: self.explain(peer).get("topics"))
        answer = self.explain(peer)
        self.assertEqual({"not-wanted"}, {t["standing"] for t in answer["topics"]})
        self.says(answer, "not subscribed to any topic", "node.network")
        topic = self.node.cli("topic", "explain", DEMAND)
        self.says(topic, "no connected peer is subscribed")
        peer.say("subscribe", "somewhere/else")
        wait_for("it says so", lambda: any(
            "not subscribed to our topics, but to 1" in x for x in self.explain(peer)["why"]))

    def test_in_back_off(self):
        peer = self.peer(DEMAND)
        wait_for("a mesh", lambda: self.standing(peer)["standing"] == "member")
        def pruned():
            peer.raw(self.me, "/meshsub/1.1.0", prune(DEMAND, 45))
            return self.standing(peer)["standing"] == "back-off"
        # The host of this peer puts a stream of its own in our place, three
        # times and no more.
        wait_for("back-off", pruned, 20, 0.4)
        left = self.standing(peer)["backoff_s"]
        self.assertTrue(20 < left <= 45, left)
        self.says(self.explain(peer), "in back-off", "wait")
        topic = self.node.cli("topic", "explain", "demand")
        self.assertEqual(0, topic["mesh"])
        self.assertEqual([peer.id], [o["peer_id"] for o in topic["others"]])
        self.says(topic, "1 are in back-off")
        self.assertIn("s more", self.text("peer", "explain", peer.id))

    def test_below_the_thresholds(self):
        """Garbage for the topic: rejected, and the score says for what."""
        peer = self.peer(DEMAND)
        wait_for("a mesh", lambda: self.standing(peer)["standing"] == "member")
        for i in range(60):
            peer.say("publish", DEMAND, f"ff{i:04x}")
            if i % 10 == 9:
                time.sleep(0.1)
        answer = wait_for("a bad score", lambda: next(
            (a for a in [self.explain(peer)] if a["score"]["points"] < 0), None))
        self.assertGreater(answer["counts"]["invalid"], 0)
        worst = min(answer["score"]["parts"], key=lambda p: p["points"])
        self.assertEqual("P4", worst["part"])
        self.says(answer, "score", "P4", "rejected", "The log names each reason")
        wait_for("out of the mesh", lambda: self.standing(peer)["standing"] == "poor-score")
        self.says(self.node.cli("topic", "explain", "demand"), "1 have a score below 0",
                  "ohcn peer explain")
        answer = wait_for("it is ignored", lambda: next(
            (a for a in [self.explain(peer)] if a["score"]["graylisted"]), None), 20)
        self.says(answer, "graylist")
        peer.say("publish", DEMAND, "ffee")
        wait_for("its frames are dropped", lambda: self.node.metrics()[
            'ohcn_gossip_dropped_total{reason="graylist"}'] > 0)
        drops = {d["reason"]: d["count"] for d in self.explain(peer)["drops"]}
        self.assertGreater(drops["graylist"], 0)

    def test_who_is_gone_and_who_never_was(self):
        peer = self.peer(DEMAND)
        wait_for("it is there", lambda: self.explain(peer)["connected"])
        peer.end()
        wait_for("it left", lambda: not self.explain(peer)["connected"])
        answer = self.explain(peer)
        self.assertLess(answer["left"]["ago_s"], 600)
        self.assertTrue(answer["left"]["why"])
        self.says(answer, "it left", "ohcn peer connect")
        self.assertIn("not connected", self.text("peer", "explain", peer.id[-8:]))
        stranger = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"
        with self.fails(5, "was not since this node is up", "ohcn peer list"):
            self.node.cli("peer", "explain", stranger)
        with self.fails(5, "no peer with this id", "4 characters"):
            self.node.cli("peer", "explain", "zzzz")
        other = self.peer()
        self.assertNotEqual(other.id, peer.id)
        with self.fails(8, other.id, peer.id):
            self.node.cli("peer", "explain", "12D3KooW")
        with self.fails(1, "the node itself"):
            self.node.cli("peer", "explain", self.me)
        with self.fails(5, "people, demand", "ohcn topic list"):
            self.node.cli("topic", "explain", "weather")


if __name__ == "__main__":
    unittest.main()
