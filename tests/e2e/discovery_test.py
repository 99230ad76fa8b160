"""Nodes that find one another: on the local network without any address, by
an invitation, and through the table from one address alone."""
import json
import socket
import struct
import time
import unittest

from support import BINARY, Case, command, peers_of, wait_for, write

LAN = ("mdns.mode=on", "mdns.loopback=yes", "mdns.interval=2s")
SERVER = ("kad.mode=server",)


def knows(node, other):
    return any(p["peer_id"] == other.cli("status")["peer_id"] for p in peers_of(node))


def discovery(node):
    return node.api("GET", "/discovery")[1]


class Lan(Case):
    """Other nodes may be about: a second run of these tests on this machine.
    Nothing is said here of peers that the test has not made."""

    def test_neighbours(self):
        """No bootstrap peer, no address: both are there, and gossip runs."""
        w = self.world()
        a = w.node("a", "person", settings=LAN)
        b = w.node("b", "person", settings=LAN)
        a.start()
        b.start()
        wait_for("the neighbours to meet", lambda: knows(a, b) and knows(b, a), 30)
        wait_for("gossip", lambda: any(p["meshes"] > 0 for p in peers_of(a)), 30)
        self.assertGreater(discovery(a)["mdns"]["answers"], 0)

    def test_listen_and_off(self):
        """Who only listens finds others and is not told; who is off, nothing."""
        w = self.world()
        on = w.node("on", "person", settings=LAN)
        listens = w.node("listens", "person", settings=(*LAN, "mdns.mode=listen"))
        off = w.node("off", "person", settings=(*LAN, "mdns.mode=off"))
        for n in (listens, off):
            n.start()
        time.sleep(6)
        self.assertFalse(knows(listens, off))
        self.assertEqual(0, discovery(listens)["mdns"]["answered"])
        self.assertIsNone(discovery(off)["mdns"])
        on.start()
        wait_for("the listener to call", lambda: knows(listens, on), 30)
        self.assertFalse(knows(off, on) or knows(off, listens))

    def test_garbage(self):
        """Packets that are none, and addresses that lead nowhere."""
        w = self.world()
        a = w.node("a", "person", settings=LAN)
        a.start()
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        name = b"\x01x\x04_p2p\x04_udp\x05local\x00"
        nobody = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"
        text = f"dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/{nobody}".encode()
        txt = bytes([len(text)]) + text
        head = struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0)
        answer = head + name + struct.pack(">HHIH", 16, 1, 120, len(txt)) + txt
        for packet in (b"", b"x", b"\xff" * 9000, head + b"\xc0\x0c" * 100, answer[:-1]):
            for _ in range(50):
                s.sendto(packet, ("224.0.0.251", 5353))
        wait_for("the garbage", lambda: discovery(a)["mdns"]["bad"] > 0, 20)
        s.sendto(answer, ("224.0.0.251", 5353))
        wait_for("the answer", lambda: discovery(a)["mdns"]["answers"] > 0, 20)
        self.assertNotIn(nobody, [p["peer_id"] for p in peers_of(a)])
        s.close()


class Invitation(Case):
    def setUp(self):
        self.world_ = self.world()
        self.host = self.world_.node("host", "company", network="test-inv",
                                     settings=SERVER)
        self.host.start()
        self.link = self.host.cli("invite")["link"]

    def test_join(self):
        guest = self.world_.node("guest", "person", network="test-inv")
        guest.start()
        self.assertEqual([], peers_of(guest))
        reply = guest.cli("join", self.link)
        self.assertTrue(reply["connected"])
        self.assertTrue(knows(guest, self.host))
        self.assertTrue(guest.cli("join", self.link)["connected"])
        with self.fails(8, "test-other"):
            guest.cli("join", self.link.replace("test-inv", "test-other"))
        with self.fails(2, "damaged"):
            guest.cli("join", self.link.replace("id=12D3", "id=!2D3"))
        with self.fails(2, "begins with"):
            guest.cli("join", "https://example.org/")
        with self.fails(1, "this very node"):
            guest.cli("join", guest.cli("invite")["link"])
        with self.fails(8, "no key"):
            guest.cli("invite", "--with-key")

    def test_kept(self):
        """The peer of an invitation is called again after a restart."""
        guest = self.world_.node("guest", "person", network="test-inv")
        guest.start()
        self.assertTrue(guest.cli("join", self.link)["connected"])
        guest.stop()
        guest.start()
        wait_for("the old peer", lambda: knows(guest, self.host), 30)

    def test_up(self):
        """A machine that knows nothing, and the link."""
        home = self.directory() / "new"
        trial = ["--set", "listen.addresses=/ip4/127.0.0.1/tcp/0", "--set",
                 "api.port=0", "--set", "mdns.mode=off", "--no-passphrase"]
        self.addCleanup(lambda: command(home, "down"))
        run = command(home, *trial, "up", "--join", self.link)
        self.assertEqual(0, run.returncode, run.stderr)
        self.assertIn("joined", run.stdout)
        status = json.loads(command(home, "--json", "status").stdout)
        self.assertEqual("test-inv", status["network"])
        self.assertEqual(1, status["peers"])
        other = self.link.replace("test-inv", "test-other")
        self.refused(command(home, *trial, "up", "--join", other), 8, "test-other")
        command(home, "down")
        self.refused(command(home, *trial, "up", "--join", other), 8, "test-other",
                     "of \"test-inv\"")
        self.refused(command(home, *trial, "up", "--join", "ohcn:invite?net=x"), 2,
                     "not whole")
        self.assertEqual(0, command(home, *trial, "up", "--join", self.link).returncode)

    def test_private(self):
        """The key of a private network goes along only when it is asked for."""
        w = self.world()
        key = self.directory() / "swarm.key"
        write(key, "/key/swarm/psk/1.0.0/\n/base16/\n" + "5a" * 32)
        key.chmod(0o600)
        host = w.node("host", "company", network="test-inv",
                      settings=(f"network.psk_file={key}",))
        host.start()
        plain, full = host.cli("invite")["link"], host.cli("invite", "--with-key")["link"]
        self.assertNotIn("5a5a", plain)
        self.assertIn("&psk=", plain)
        self.assertIn("&key=" + "5a" * 32, full)
        home = self.directory() / "new"
        trial = ["--set", "listen.addresses=/ip4/127.0.0.1/tcp/0", "--set",
                 "api.port=0", "--set", "mdns.mode=off", "--no-passphrase"]
        self.addCleanup(lambda: command(home, "down"))
        self.refused(command(home, *trial, "up", "--join", plain), 78, "private network")
        run = command(home, *trial, "up", "--join", full)
        self.assertEqual(0, run.returncode, run.stderr)
        self.assertIn("joined: connected", run.stdout)
        self.assertEqual(0o600, (home / "swarm.key").stat().st_mode & 0o777)
        with self.fails(8, "private network"):
            self.host.cli("join", plain)

    def test_code(self):
        run = command(self.host.home, "invite", "--qr")
        self.assertEqual(0, run.returncode, run.stderr)
        rows = [r for r in run.stdout.splitlines() if "\033[" in r]
        wide = [len(r.replace("\033[97;40m", "").replace("\033[0m", "")) for r in rows]
        self.assertEqual(1, len(set(wide)))
        # A square: two rows of it in each line.
        self.assertAlmostEqual(wide[0], 2 * len(rows), delta=1)
        self.assertIn("this machine alone", run.stderr)


class Table(Case):
    def test_chain(self):
        """Each knows only the one before; all find all."""
        w = self.world()
        nodes = []
        for i in range(5):
            n = w.node(f"n{i}", "person", settings=SERVER,
                       bootstrap=[nodes[-1].address()] if nodes else [])
            n.start()
            nodes.append(n)
        wait_for("five nodes to know each other",
                 lambda: all(len(peers_of(n)) >= 4 for n in nodes), 90)
        for n in nodes:
            kad = discovery(n)["kad"]
            self.assertEqual("server", kad["mode"])
            self.assertEqual(4, kad["contacts"])

    def test_modes(self):
        """On one machine nobody proves that others can reach us."""
        w = self.world()
        a = w.node("a", "person")
        a.start()
        b = w.node("b", "person", bootstrap=[a.address()])
        b.start()
        off = w.node("off", "person", settings=("kad.mode=off",), bootstrap=[a.address()])
        off.start()
        wait_for("three nodes", lambda: len(peers_of(a)) == 2, 30)
        self.assertEqual("client", discovery(a)["kad"]["mode"])
        self.assertEqual(0, discovery(b)["kad"]["contacts"])
        self.assertIsNone(discovery(off)["kad"])


if __name__ == "__main__":
    print(BINARY)
    unittest.main()
