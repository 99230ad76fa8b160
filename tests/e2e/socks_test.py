"""Publishing through a SOCKS 5 proxy, as through Tor: whatever the node asks
of the network, it asks of the proxy. A preload library notes each call that
could go around it; a node without a proxy shows that it is awake."""
import shutil
import socket
import subprocess
import unittest

from nodes import preload_library
from socks import Socks
from support import Case, holds, peers_of, wait_for

NET = "test-socks"


class ThroughAProxy(Case):
    def setUp(self):
        self.watch = preload_library("watch_dials.c", self.directory())
        self.w = self.world()
        self.acme = self.w.node("acme", "company", network=NET)
        self.acme.start()
        self.third = self.w.node("third", "company", network=NET, dials=self.watch,
                                 bootstrap=[self.acme.address()])
        self.third.start()

    def lea(self, port, bootstrap):
        """A person who hides, with everything switched on that may be."""
        return self.w.node(
            "lea", "person", network=NET, bootstrap=bootstrap, dials=self.watch,
            settings=[f"network.socks5=127.0.0.1:{port}", "mdns.mode=on",
                      "nat.port_mapping=true", "stem.alone=10m",
                      "stem.guard_wait=1s"])

    def named(self, node):
        """(its address by a name that no resolver knows, name, port)"""
        _, _, host, _, port, _, peer = node.address().split("/")
        self.assertEqual("127.0.0.1", host)
        name = f"{node.name}.invalid"
        return f"/dns4/{name}/tcp/{port}/p2p/{peer}", name, int(port)

    def only_the_proxy(self, node, port):
        """Nothing else was dialled, sent or looked up; how many dials."""
        lines = node.dials.read_text().splitlines()
        other = [line for line in lines if line != f"connect 127.0.0.1 {port}"]
        self.assertEqual([], other)
        return len(lines)

    def test_nothing_goes_around_it(self):
        hubs = [self.named(self.acme), self.named(self.third)]
        proxy = Socks({name: port for _, name, port in hubs})
        self.addCleanup(proxy.close)
        lea = self.lea(proxy.port, [address for address, _, _ in hubs])
        lea.start()
        wait_for("two neighbours", lambda: len(peers_of(lea)) == 2)
        lea.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        card = lea.cli("profile", "publish", "--now")["record"]["id"]
        for node in (self.acme, self.third):
            wait_for("the card arrives", lambda: holds(node, card))
        wait_for("it has come back", lambda: lea.cli("status")["stem"]["heard"] == 1)
        self.assertEqual(0, lea.cli("status")["stem"]["fell_back"])

        self.assertGreaterEqual(self.only_the_proxy(lea, proxy.port), 2)
        names = {host for _, kind, host, _ in proxy.asked if kind == "name"}
        self.assertEqual({"acme.invalid", "third.invalid"}, names)
        # Tor gives each user circuits of its own: one for each peer.
        users = {}
        for user, _, host, _ in proxy.asked:
            users.setdefault(host, set()).add(user)
        self.assertEqual(1, len(users["acme.invalid"]))
        self.assertNotEqual(users["acme.invalid"], users["third.invalid"])
        # Nobody was told an address of hers; who does not hide tells it.
        me = lea.cli("status")["peer_id"]
        for node in (self.acme, self.third):
            rows = {p["peer_id"] == me: p for p in peers_of(node)}
            self.assertEqual([], rows[True]["addresses"])
            self.assertFalse(rows[True]["outbound"])
            self.assertNotEqual([], rows[False]["addresses"])
        # The watch is awake: who has no proxy dials by itself.
        port = self.acme.address().split("/")[4]
        self.assertIn(f"connect 127.0.0.1 {port}", self.third.dials.read_text())

    def test_without_the_proxy_there_is_silence(self):
        """The proxy has gone: then nobody is dialled, and nothing published."""
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        lea = self.lea(port, [self.named(self.acme)[0], self.third.address()])
        lea.start()
        lea.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        lea.cli("profile", "publish", "--now")
        wait_for("it has tried", lambda: lea.dials.exists() and
                 len(lea.dials.read_text().splitlines()) >= 2)
        self.only_the_proxy(lea, port)
        self.assertEqual([], peers_of(lea))
        self.assertEqual(1, lea.cli("status")["stem"]["own_now"])

    def test_with_tor(self):
        """A real Tor that has no network: it takes what the node asks for, and
        the node goes no other way."""
        if shutil.which("tor") is None:
            print("\nSKIP e2e/tor: apt-get install tor", flush=True)
            return
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        tor = subprocess.Popen(
            ["tor", "--SocksPort", str(port), "--DataDirectory",
             str(self.directory()), "--quiet"], stdout=subprocess.DEVNULL)

        def end():
            tor.terminate()
            tor.wait()
        self.addCleanup(end)
        lea = self.lea(port, [self.named(self.acme)[0]])
        lea.start()
        lea.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        lea.cli("profile", "publish", "--now")
        wait_for("it has tried", lambda: lea.dials.exists() and
                 len(lea.dials.read_text().splitlines()) >= 2)
        self.only_the_proxy(lea, port)


if __name__ == "__main__":
    unittest.main()
