"""Nodes among nodes: records spread from neighbour to neighbour, latecomers
catch up, and peers that speak garbage at any layer do no harm."""
import json
import queue
import random
import socket
import subprocess
import threading
import time
import unittest

from support import (BUILD, Case, frames, holds, peers_of, record_file, varint,
                     wait_for, write)

NET = "test-net"
HELLO = b"\x13/multistream/1.0.0\n"
NOISE = b"\x07/noise\n"


def port_of(node):
    return int(node.address().split("/tcp/")[1].split("/")[0])


class Peer:
    """tests/tool/peer/: a bare libp2p peer of ours without any records."""

    def __init__(self):
        self.process = subprocess.Popen(
            [BUILD / "tests" / "tool_peer"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.events = queue.Queue()
        self.seen, self.errors = [], []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=lambda: self.errors.append(self.process.stderr.read()),
                         daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))
        self.events.put({"event": "gone"})

    def say(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()

    def wait(self, event, seconds=90, **like):
        """The first such event that nobody has waited for yet."""
        end = time.monotonic() + seconds
        while True:
            for i, got in enumerate(self.seen):
                if got["event"] == event and all(got.get(k) == v for k, v in like.items()):
                    return self.seen.pop(i)
            try:
                self.seen.append(self.events.get(timeout=max(0.01, end - time.monotonic())))
            except queue.Empty:
                raise TimeoutError(f"no {event}; there was {self.seen}") from None

    def raw(self, peer, protocol, data):
        """These bytes on a stream of its own, whatever comes back."""
        self.say("open", peer, protocol)
        stream = str(self.wait("opening")["stream"])
        self.wait("ready", stream=int(stream))
        self.say("write", stream, data.hex())
        self.wait("done", command="write")

    def join(self, node, *topics):
        self.say("dial", node.address())
        self.wait("done", command="dial", error="ok")
        for t in topics:
            self.say("subscribe", t)
        self.wait("identified")

    def end(self):
        self.process.stdin.close()
        self.process.wait(20)


class Line(Case):
    def test_five_in_a_row(self):
        """From one end to the other by gossip alone; who was away catches up
        by asking."""
        w = self.world()
        row, before = [], None
        for name in ("ann", "bo", "cy", "di", "ed"):
            node = w.node(name, "company", network=NET,
                          bootstrap=[before.address()] if before else [])
            node.start()
            row.append(node)
            before = node
        for i, node in enumerate(row):
            want = 1 if i in (0, 4) else 2
            wait_for("neighbours", lambda n=node, k=want: len(peers_of(n)) == k)
            wait_for("a mesh", lambda n=node: any(
                t["mesh"] > 0 for t in n.api("GET", "/topics")[1]["topics"]
                if t["name"] == f"/ohcn/1/{NET}/demand/0"))
        synced = row[4].cli("status")["sync"]["records_new"]
        csv = write(w.directory / "a.csv", "external_id,type,title,region,skills\n"
                    "a-1,gig,One,de,welding:3\na-2,gig,Two,fr,welding:2\n")
        made = [r["id"] for r in row[0].cli("demand", "import", csv)["rows"]]
        for rid in made:
            wait_for("the far end has it", lambda: holds(row[4], rid), 20)
        self.assertEqual(synced, row[4].cli("status")["sync"]["records_new"],
                         "it came by gossip")
        for node in row[1:]:
            for rid in made:
                self.assertTrue(holds(node, rid))
        # Byte for byte what was signed.
        self.assertEqual(1, len({n.api("GET", f"/records/{made[0]}")[1]["bytes_hex"]
                                 for n in row}))

        ed = row[4]
        ed.stop()
        write(csv, "external_id,type,title,region,skills\n" +
              "".join(f"b-{i},gig,Missed {i},de,welding:1\n" for i in range(60)))
        missed = {r["id"] for r in row[0].cli("demand", "import", csv)["rows"]}
        wait_for("cy has them", lambda: all(holds(row[2], i) for i in missed))
        time.sleep(12)  # gossip has forgotten them
        ed.start()
        wait_for("ed catches up", lambda: all(holds(ed, i) for i in missed), 60)
        status = ed.cli("status")
        self.assertGreaterEqual(status["sync"]["records_new"], 60)
        self.assertEqual(62, status["records"]["demand"])


class Hostile(Case):
    def setUp(self):
        self.w = self.world()
        self.node = self.w.node("victim", "company", network=NET,
                                settings=["peers.memory=16MiB", "peers.per_ip_max=64",
                                          "peers.max=64"])
        self.node.start()
        self.port = port_of(self.node)

    def alive(self):
        """It answers, and its memory is within the bound."""
        memory = self.node.api("GET", "/status")[1]["memory"]
        self.assertEqual(16 << 20, memory["cap"])
        self.assertLess(memory["used"], memory["cap"])
        self.assertIsNone(self.node.process.poll(), self.node.log_tail())
        return memory["used"]

    def log(self):
        return self.node.log.read_text()

    def closed(self, sock, seconds=20):
        sock.settimeout(seconds)
        try:
            while sock.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def test_garbage_before_encryption(self):
        rng = random.Random(7)
        begin = self.node.metrics()
        cases = {
            "random": rng.randbytes(5000),
            "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + rng.randbytes(500),
            "an endless length": b"\xff" * 100,
            "a long line": b"\xff\x7f" + b"x" * 20000,
            "hello and garbage": HELLO + rng.randbytes(3000),
            "zeros": bytes(3000),
            "a huge noise message": HELLO + NOISE + b"\xff\xff" + rng.randbytes(70000),
            "a wrong noise message": HELLO + NOISE + b"\0\x60" + rng.randbytes(0x60),
            "an empty noise message": HELLO + NOISE + b"\0\0" * 50,
        }
        for name, data in cases.items():
            with self.subTest(name):
                s = socket.create_connection(("127.0.0.1", self.port))
                with s:
                    before = self.log().count("connection_closed")
                    try:
                        s.sendall(data)
                    except ConnectionError:
                        pass
                    # A Noise message that is a valid key but not ours is only
                    # found out when the next one does not come.
                    if name != "a wrong noise message":
                        self.assertTrue(self.closed(s), "it was not cut")
                        wait_for("a reason in the log", lambda: self.log().count(
                            "connection_closed") > before, 5)
                self.alive()
        self.assertNotIn('why=""', "".join(
            x for x in self.log().splitlines(True) if "unusual connection_closed" in x))
        wait_for("the counters", lambda: self.count(self.node.metrics()) >=
                 self.count(begin) + len(cases) - 1, 15)

    def count(self, metrics):
        return sum(v for k, v in metrics.items()
                   if k.startswith("ohcn_peer_disconnects_total") and '"ok"' not in k)

    def test_half_open(self):
        """Many that begin a handshake and then say no more: bounded, cut in
        time, and honest peers get in again."""
        before = self.node.metrics()
        socks = []
        for i in range(300):
            s = socket.create_connection(("127.0.0.1", self.port))
            socks.append(s)
            try:
                s.sendall([b"", HELLO[:7], HELLO + NOISE, HELLO + NOISE + b"\0\x20" + b"a" * 10][i % 4])
            except ConnectionError:
                pass
            if i % 50 == 0:
                self.alive()
        self.alive()
        wait_for("some are refused", lambda: self.node.metrics()[
            "ohcn_peer_connects_refused_total"] > before["ohcn_peer_connects_refused_total"] + 200)
        # Sixteen at a time; the slow ones give way to the next.
        wait_for("the rest are cut in time", lambda: sum(
            self.node.metrics()[f'ohcn_peer_disconnects_total{{reason="{x}"}}']
            for x in ("time", "limit")) >= 12, 40)
        for s in socks:
            s.close()
        other = self.w.node("honest", "person", network=NET, bootstrap=[self.node.address()])
        other.start()
        wait_for("an honest peer gets in", lambda: peers_of(other), 30)

    def test_garbage_after_encryption(self):
        """tests/tool/hostile.c keeps to the protocols up to a layer."""
        calm = self.alive()
        cut = {"identity": "bad identity", "noise": "noise", "yamux": "yamux",
               "frames": "yamux", "flood": "yamux"}
        for level in ("identity", "noise", "yamux", "frames", "stream", "flood",
                      "/meshsub/1.1.0", "/meshsub/1.2.0", "/ipfs/id/1.0.0",
                      "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0", "/ohcn/sync/1"):
            for seed in (1, 2):
                with self.subTest(level, seed=seed):
                    begin = len(self.log())
                    run = subprocess.Popen(
                        [BUILD / "tests" / "tool_hostile", str(self.port), level, str(seed)])
                    while run.poll() is None:
                        self.alive()
                        time.sleep(0.1)
                    self.assertIn(run.returncode, (0, 3), "it did not come to that layer")
                    if level in cut:
                        self.assertEqual(0, run.returncode, "it was not cut")
                        wait_for("a reason", lambda: any(
                            cut[level] in x for x in self.log()[begin:].splitlines()
                            if "connection_closed" in x), 5)
        wait_for("its memory is free again", lambda: self.alive() < calm + 65536, 30)

    def test_garbage_of_a_known_peer(self):
        """A peer that is identified and meshed, and then turns bad."""
        topic = f"/ohcn/1/{NET}/demand/0"
        me = self.node.cli("status")["peer_id"]
        rng = random.Random(3)
        before = self.node.metrics()
        for protocol, data, why in (
                ("/meshsub/1.1.0", b"\x06\x12\x7f\xff\xff\xff\x0f" * 20, "gossip"),
                ("/meshsub/1.1.0", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "gossip"),
                ("/ipfs/id/push/1.0.0", varint(3000) + rng.randbytes(3000), None),
                ("/ohcn/sync/1", rng.randbytes(4000), None),
                ("/ipfs/ping/1.0.0", rng.randbytes(100), None)):
            with self.subTest(protocol):
                begin = len(self.log())
                peer = Peer()
                peer.join(self.node, topic)
                peer.raw(me, protocol, data)
                # A second gossip stream replaces the first, which the host of
                # this peer then opens anew, three times and no more.
                for _ in range(5 if why else 0):
                    time.sleep(0.4)
                    if any(e["event"] == "down" for e in peer.seen + list(peer.events.queue)):
                        break
                    peer.raw(me, protocol, data)
                if why:
                    peer.wait("down")
                    wait_for("a reason", lambda: any(
                        why in x for x in self.log()[begin:].splitlines()
                        if "connection_closed" in x), 5)
                self.alive()
                peer.end()
        after = self.node.metrics()
        name = "ohcn_gossip_protocol_errors_total"
        self.assertGreaterEqual(after[name], before[name] + 2)

    def test_forged_copies_and_strangers(self):
        """A forged copy of a record (same body, garbage signature) that comes
        first, by gossip and by file, does not stop the genuine one; records
        of another network and random bytes are refused."""
        maker = self.w.node("maker", "company", network=NET)
        maker.start()
        csv = write(self.w.directory / "a.csv", "external_id,type,title,region,skills\n"
                    "a-1,gig,One,de,welding:3\n")
        rid = maker.cli("demand", "import", csv)["rows"][0]["id"]
        real = bytes.fromhex(maker.cli("record", "show", rid)["bytes_hex"])
        forged = real[:-20] + bytes(20)
        topic = f"/ohcn/1/{NET}/demand/0"
        peer = Peer()
        peer.join(self.node, topic)
        wait_for("the topic", lambda: any(
            t["peers"] for t in self.node.api("GET", "/topics")[1]["topics"]
            if t["name"] == topic))
        peer.say("publish", topic, forged.hex())
        bad = 'ohcn_record_outcomes_total{outcome="bad-signature"}'
        wait_for("the forgery is refused", lambda: self.node.metrics()[bad] == 1)
        self.assertFalse(holds(self.node, rid))
        path = self.w.directory / "x.ohcn"
        path.write_bytes(record_file(NET, [forged]))
        run = self.node.cli("record", "import", path, raw=True)
        self.assertEqual(7, run.returncode, run.stderr)
        self.assertFalse(holds(self.node, rid))
        peer.say("publish", topic, real.hex())
        wait_for("the genuine one is taken", lambda: holds(self.node, rid))
        self.assertGreaterEqual(self.node.metrics()[
            'ohcn_gossip_verdicts_total{verdict="reject"}'], 1)

        # Another network, by file and on our topic.
        other = self.w.node("other", "company", network="test-elsewhere")
        other.start()
        out = self.w.directory / "other.ohcn"
        other.cli("demand", "import", csv)
        other.cli("record", "export", "-o", out, raw=True)
        with self.fails(1, "of the network"):
            self.node.cli("record", "import", out)
        path.write_bytes(record_file(NET, frames(out.read_bytes())))
        answer = self.node.cli("record", "import", path)
        self.assertEqual({"wrong-net": 1}, answer["outcomes"])
        self.assertEqual(1, answer["rejected"])
        wrong = 'ohcn_record_outcomes_total{outcome="wrong-net"}'
        peer.say("publish", topic, frames(out.read_bytes())[0].hex())
        wait_for("refused on the topic", lambda: self.node.metrics()[wrong] == 2)
        peer.end()

        # A thousand records of random bytes, some of them nearly real.
        rng = random.Random(11)
        junk = []
        for i in range(1000):
            if i % 2:
                body = bytearray(real)
                for _ in range(rng.randint(1, 4)):
                    body[rng.randrange(1, len(body))] ^= 1 << rng.randrange(8)
                body = bytes(body)
            else:
                body = b"\x93" + rng.randbytes(rng.randint(1, 2000))
            junk.append(body)
        path.write_bytes(record_file(NET, junk))
        run = self.node.cli("record", "import", path, raw=True)
        self.assertEqual(7, run.returncode, run.stderr)
        answer = self.node.cli("record", "import", path)
        self.assertGreater(sum(answer["outcomes"].values()), 400)
        self.assertGreater(answer["damages"], 400)  # what is not even shaped
        self.assertNotIn("stored", answer["outcomes"])
        self.assertEqual(1, self.node.cli("status")["records"]["demand"])
        self.alive()


if __name__ == "__main__":
    unittest.main()
