"""A company's internal marketplace: a private network, whose nodes have a key
in common. Two employees and the company; one outside that knows the address and
the network's name. All that goes over the wire is looked at on its way."""
import re
import socket
import threading
import unittest

from support import Case, command, holds, peers_of, wait_for, write

NET = "acme-inside"
HEAD = "external_id,type,title,region,skills,teaches,languages\n"
GIGS = HEAD + "G-1,gig,Quiet turbine overhaul,de,\"welding:3!\",,\n"
PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline=2027-09-01"
# What a connection without the key says in its first bytes, and words of ours.
PLAIN = (b"/multistream/1.0.0", b"/noise", b"/plaintext", NET.encode(),
         b"Quiet turbine", b"Lea Example", b"ohcn")


class Wire:
    """Passes on what comes to a port of its own, and keeps all of it."""

    def __init__(self, port):
        self.to = port
        self.bytes = bytearray()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            self.sockets += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(a, b),
                                 daemon=True).start()

    def _pass(self, source, target):
        try:
            while data := source.recv(65536):
                self.bytes += data
                target.sendall(data)
        except OSError:
            pass
        for s in (source, target):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        for s in self.sockets:
            s.close()


class Private(Case):
    def setUp(self):
        w = self.w = self.world()
        self.key = self.directory() / "swarm.key"
        made = command(self.directory() / "admin", "network", "key", "new", self.key)
        self.assertEqual(0, made.returncode, made.stderr)
        inside = (f"network.psk_file={self.key}",)
        self.acme = w.node("acme", "company", network=NET, settings=inside)
        self.acme.start()
        address = self.acme.address()
        self.wire = Wire(int(re.search(r"/tcp/(\d+)", address).group(1)))
        self.addCleanup(self.wire.close)
        through = re.sub(r"/tcp/\d+", f"/tcp/{self.wire.port}", address)
        self.people = [w.node(name, "person", network=NET, settings=inside,
                              bootstrap=[through]) for name in ("lea", "tom")]
        self.outside = w.node("outside", "company", network=NET,
                              bootstrap=[through])
        for node in (*self.people, self.outside):
            node.start()
        for node in self.people:
            wait_for("a neighbour", lambda: peers_of(node))

    def reaches(self, node, talk, **fields):
        def there():
            t = node.api("GET", f"/talks/{talk}")[1]
            return all(t[k] == v for k, v in fields.items()) and t
        return wait_for(f"{node.name}: {fields}", there)

    def whole(self, node, document, **fields):
        def there():
            d = node.api("GET", f"/documents/{document}")
            return d[0] == 200 and all(d[1][k] == v for k, v in fields.items())
        return wait_for(f"{node.name}: document {fields}", there)

    def test_market(self):
        acme, (lea, tom), outside = self.acme, self.people, self.outside
        acme.cli("demand", "import", write(self.w.directory / "gigs.csv", GIGS))
        cards = {}
        for node, skill in ((lea, "welding"), (tom, "bookkeeping")):
            node.cli("profile", "edit", "--add-skill", skill, "--level", "4")
            cards[node] = node.cli("profile", "publish", "--now")["record"]["id"]
        for card in cards.values():
            wait_for("the cards arrive", lambda: holds(acme, card))

        # Both sides find each other; the colleague does not fit.
        gig = wait_for("the gig at lea", lambda: next(
            (r["id"] for r in lea.cli("record", "list", "--kind", "demand")
             ["records"]), None))
        wait_for("she finds it", lambda: gig in str(lea.cli("match", "list")))
        found = [c["record"] for c in acme.cli(
            "candidate", "list", "--demand", "G-1")["candidates"]]
        self.assertEqual([cards[lea]], found)

        i = acme.cli("offer", "send", "--demand", "G-1", "--to", cards[lea],
                     "--pledge", PLEDGE)["id"]
        j = wait_for("the offer", lambda: next(
            (t["id"] for t in lea.api("GET", "/talks")[1]["talks"]), None))
        lea.cli("inbox", "show", j)
        lea.cli("inbox", "answer", j, "--interest")
        self.reaches(acme, i, state="interested")
        acme.cli("offer", "answer", i, "--text", "Quiet turbine, Monday?")
        self.reaches(lea, j, state="talk")
        a = acme.cli("agreement", "propose", i, "--hours", "60", "--end",
                     "2027-08-01")["document"]["id"]
        self.whole(lea, a, asks="sign")
        lea.cli("agreement", "sign", a)
        self.whole(acme, a, complete=True)
        acme.cli("offer", "answer", i, "--text", "And?")
        wait_for("words", lambda: "And?" in str(lea.api("GET", f"/talks/{j}")[1]))
        o = lea.cli("outcome", "propose", a, "--result", "delivered",
                    "--usefulness", "5", "--hours", "50", "--pledge", "kept",
                    "--invested", "800", "--currency", "EUR",
                    "--invested-hours", "40")["document"]["id"]
        self.whole(acme, o, asks="sign")
        acme.cli("outcome", "sign", o)
        self.reaches(acme, i, state="concluded")
        self.reaches(lea, j, state="concluded")
        self.assertEqual([], tom.api("GET", "/talks")[1]["talks"])

        # Outside: who has the address and the name but not the key gets no
        # connection and not one record, also when told to dial.
        outside.cli("peer", "connect", acme.address(), check=False)
        self.assertEqual([], peers_of(outside))
        self.assertEqual([], outside.cli("record", "list")["records"])
        self.assertEqual(2, len(peers_of(acme)))
        with self.fails(8, "private network"):
            outside.cli("join", acme.cli("invite")["link"])
        # On the wire there are random bytes from the first one on.
        seen = bytes(self.wire.bytes)
        self.assertGreater(len(seen), 10000)
        for word in PLAIN:
            # The outside node speaks without the key: its own words alone.
            if word not in (b"/multistream/1.0.0", b"/noise", b"/plaintext"):
                self.assertNotIn(word, seen)
        outside.stop()
        before = len(self.wire.bytes)
        acme.cli("demand", "import", write(
            self.w.directory / "more.csv", GIGS + GIGS.split("\n")[1].replace(
                "G-1", "G-2") + "\n"))
        wait_for("it arrives", lambda: len(lea.cli(
            "record", "list", "--kind", "demand")["records"]) == 2)
        for node in self.people:
            node.stop()
            node.start()
            wait_for("a neighbour", lambda: peers_of(node))
        for word in PLAIN:
            self.assertNotIn(word, bytes(self.wire.bytes[before:]), word)


if __name__ == "__main__":
    unittest.main()
