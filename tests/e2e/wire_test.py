"""No byte on any wire links a persona's key and the node's. A preload library
notes what each process says before Noise seals it, a relay notes the bytes
behind. On each stream of each connection of all nodes: nowhere the key of a
persona together with anything of the node that it lives on; and nowhere the
names that the owner gave, or that the node gave its conversations."""
import select
import socket
import struct
import threading
import unittest

import stranger
from nodes import preload_library
from support import Case, holds, peers_of, wait_for, write

NET = "test-wire"
HEAD = "external_id,type,title,region,skills,teaches,languages\n"
JOBS = HEAD + "A-17,job,Plant electrician,de,\"welding:3!\",,\n"
PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline=2027-09-01"
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def from_base58(text):
    n = 0
    for c in text:
        n = n * 58 + ALPHABET.index(c)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + n.to_bytes((n.bit_length() + 7) // 8, "big")


class Relay:
    """Carries TCP from a port of its own to another one, and keeps it."""

    def __init__(self, port):
        self.to, self.bytes, self.closing = port, bytearray(), False
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self.closing = True
        self.socket.close()

    def _serve(self):
        while not self.closing:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._pump, args=[client], daemon=True).start()

    def _pump(self, client):
        try:
            with client, socket.create_connection(("127.0.0.1", self.to)) as peer:
                other = {client: peer, peer: client}
                while not self.closing:
                    for s in select.select([client, peer], [], [], 1)[0]:
                        data = s.recv(65536)
                        if not data:
                            return
                        self.bytes += data
                        other[s].sendall(data)
        except OSError:
            pass  # one of the two has gone


def said(path):
    """(handshake messages, {key: bytes of a transport}) of a node's file."""
    raw, at = path.read_bytes(), 0
    shaken, frames = [], {}
    while at + 24 <= len(raw):
        key, nonce, ad, n = struct.unpack_from("<8sQII", raw, at)
        at += 24
        if ad == 0:
            frames.setdefault(key, {})[nonce] = raw[at:at + n]
        else:
            shaken.append(raw[at:at + n])
        at += n
    return shaken, {k: b"".join(f[i] for i in sorted(f)) for k, f in frames.items()
                    if sorted(f) == list(range(len(f)))}


def streams(data):
    """{stream: bytes} of one direction of a connection; "": what stands
    before and between."""
    out, at = {"": b""}, 0
    while at + 1 < len(data) and data[at + 1:at + 2] == b"/":
        at += 1 + data[at]  # multistream-select
    out[""] += data[:at]
    while at + 12 <= len(data):
        version, kind, _, stream, n = struct.unpack_from(">BBHII", data, at)
        if version != 0 or kind > 3:
            raise ValueError(f"not yamux at {at}")
        at += 12
        if kind == 0:
            out[stream] = out.get(stream, b"") + data[at:at + n]
            at += n
    return out


def forms(pub, text):
    """How a key may be written."""
    return [pub, pub.hex().encode(), pub.hex().upper().encode(), text.encode(), pub[::-1]]


def first_of(data, needles):
    return next((n for n in needles if n in data), None)


class Wire(Case):
    def setUp(self):
        watch = preload_library("watch_wire.c", self.directory())
        self.w = self.world()
        self.hub = self.w.node("hubnode4711", "company", network=NET, dials=watch)
        self.hub.start()
        _, _, _, _, port, _, peer = self.hub.address().split("/")
        self.relay = Relay(int(port))
        self.addCleanup(self.relay.close)
        self.third = self.w.node("thirdnode4711", "company", network=NET, dials=watch,
                                 bootstrap=[self.hub.address()])
        self.lea = self.w.node(
            "leanode4711", "person", network=NET, dials=watch,
            bootstrap=[f"/ip4/127.0.0.1/tcp/{self.relay.port}/p2p/{peer}"],
            settings=["publish.persona_gap=1s"])
        for node in (self.third, self.lea):
            node.start()
            wait_for("a neighbour", lambda: peers_of(node))

    def talks(self, node):
        return node.api("GET", "/talks")[1]["talks"]

    def state_is(self, node, talk, state):
        wait_for(state, lambda: node.api("GET", f"/talks/{talk}")[1]["state"] == state)

    def live(self):
        """Two personas publish, one answers an offer, the other raises a
        hand; the names of the talks."""
        hub, lea = self.hub, self.lea
        hub.cli("demand", "import", write(self.w.directory / "jobs.csv", JOBS))
        done = hub.cli("organisation", "publish")["record"]["id"]
        demand = hub.cli("demand", "list")["demands"][0]["id"]
        lea.cli("persona", "add", "quiet4711")
        lea.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        lea.cli("--persona", "quiet4711", "profile", "edit", "--add-skill", "carpentry")
        card = lea.cli("profile", "publish", "--now")["record"]["id"]
        # Not in the same second: the node waits for the gap.
        wait_for("the second card", lambda: lea.cli(
            "--persona", "quiet4711", "profile", "publish", "--now", check=False,
            raw=True).returncode == 0)
        other = lea.cli("--persona", "quiet4711", "profile", "show")["published"]["id"]
        for node in (hub, self.third):
            for record in (card, other):
                wait_for("the cards arrive", lambda: holds(node, record))
        for record in (done, demand):
            wait_for("the company at lea", lambda: holds(lea, record))
        i = hub.cli("offer", "send", "--demand", "A-17", "--to", card, "--pledge", PLEDGE)["id"]
        j = wait_for("the offer", lambda: self.talks(lea))[0]["id"]
        lea.cli("inbox", "show", j)
        lea.cli("inbox", "answer", j, "--interest")
        self.state_is(hub, i, "interested")
        hub.cli("offer", "answer", i, "--text", "Welcome")
        self.state_is(lea, j, "talk")
        lea.cli("inbox", "answer", j, "--text", "Thank you")
        k = wait_for("a hand", lambda: lea.cli(
            "--persona", "quiet4711", "hand", "raise", "--demand", demand, check=False))["id"]
        got = wait_for("the hand", lambda: next(
            (t["id"] for t in self.talks(hub) if t["asks"] == "hand"), None))
        wait_for("her words", lambda: "Thank you" in str(
            hub.api("GET", f"/talks/{i}")[1]["said"]))
        return [i, j, k, got]

    def test_no_byte_links(self):
        talks = self.live()
        nodes = (self.hub, self.third, self.lea)
        # Of each node: its key, and the keys of its personas.
        own = {}
        for node in nodes:
            peer = node.cli("status")["peer_id"]
            port = int(node.address().split("/")[4])
            raw = from_base58(peer)
            self.assertEqual(bytes.fromhex("002408011220"), raw[:6])
            personas = []
            for p in node.cli("persona", "list")["personas"]:
                pub = from_base58(p["did"].removeprefix("did:key:z"))[2:]
                personas.append((p["name"], forms(pub, p["did"].removeprefix("did:key:"))))
            address = b"\x04\x7f\0\0\1\x06" + port.to_bytes(2, "big")
            own[node.name] = (forms(raw[6:], peer) + [raw, address,
                              f"127.0.0.1/tcp/{port}".encode()], personas)
        # A company's name stands in its organisation's record, if it likes.
        secret = [b"leanode4711", b"thirdnode4711", b"quiet4711"]
        for t in talks:
            secret += [t.encode(), bytes.fromhex(t)]
        for node in nodes:
            node.stop()

        told, used = set(), set()
        for node in nodes:
            shaken, transports = said(node.dials)
            self.assertGreater(len(transports), 0)
            for one in shaken:
                for _, personas in own.values():
                    for _, keys in personas:
                        self.assertIsNone(first_of(one, keys), "in a handshake")
            for data in transports.values():
                self.assertIsNone(first_of(data, secret), f"{node.name} tells a local name")
                for stream, part in streams(data).items():
                    for name, (node_forms, personas) in own.items():
                        is_node = first_of(part, node_forms)
                        if is_node:
                            told.add(name)
                        for persona, keys in personas:
                            if first_of(part, keys) is None:
                                continue
                            used.add((name, persona))
                            self.assertIsNone(
                                is_node, f"{node.name} on a stream of {part[:60]}: {name} "
                                f"and its persona {persona}")
        # The watch is awake: nodes say who they are, and so do personas.
        self.assertEqual({n.name for n in nodes}, told)
        self.assertLessEqual({("leanode4711", "main"), ("leanode4711", "quiet4711"),
                              ("hubnode4711", "main")}, used)
        # And what really went over the wire is sealed.
        raw = bytes(self.relay.bytes)
        self.assertGreater(len(raw), 10000)
        self.assertIn(b"/noise", raw)
        for node_forms, personas in own.values():
            for keys in [node_forms[:5]] + [k for _, k in personas]:
                self.assertIsNone(first_of(raw, keys))
        self.assertIsNone(first_of(raw, secret))

    def test_the_watch_sees(self):
        """What would link them is found, in pieces on a stream, too."""
        pub, peer = bytes(range(32)), b"p" * 32

        def data(stream, part):
            return struct.pack(">BBHII", 0, 0, 0, stream, len(part)) + part
        both = streams(b"\x0d/yamux/1.0.0\n" + data(1, pub[:9]) + data(3, b"x") +
                       struct.pack(">BBHII", 0, 1, 1, 3, 256) + data(1, pub[9:] + peer))
        self.assertEqual({"": b"\x0d/yamux/1.0.0\n", 1: pub + peer, 3: b"x"}, both)
        self.assertEqual(pub, first_of(both[1], forms(pub, "z6M")))
        self.assertIsNone(first_of(both[3], forms(pub, "z6M")))
        self.assertEqual(bytes.fromhex("0001"), from_base58("12"))
        self.assertEqual(stranger.pack(1), b"\1")


if __name__ == "__main__":
    unittest.main()
