"""A small Internet in network namespaces: public hosts, homes behind NATs.
The caller is alone in its mount, net and process namespaces (stage.sh)."""
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from nodes import Node, wait_for  # noqa: E402


def run(*words, ns=None):
    command = ["ip", "netns", "exec", ns] if ns else []
    done = subprocess.run(command + list(words), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)} in {ns}: {done.stderr}")
    return done.stdout


def nft(ns, rules):
    subprocess.run(["ip", "netns", "exec", ns, "nft", "-f", "-"], input=rules,
                   text=True, check=True)


class Lab:
    """Namespace `core` forwards between all; 45.0.X.0/24 each."""

    def __init__(self, directory, binary):
        self.directory, self.binary = Path(directory), binary
        self.count = 0
        run("mkdir", "-p", "/run/netns")
        run("mount", "-t", "tmpfs", "none", "/run/netns")
        self.space("core")

    def space(self, name):
        run("ip", "netns", "add", name)
        run("ip", "link", "set", "lo", "up", ns=name)
        run("sysctl", "-qw", "net.ipv4.ip_forward=1", ns=name)

    def wire(self, a, a_if, a_addr, b, b_if, b_addr):
        run("ip", "link", "add", a_if, "netns", a, "type", "veth", "peer",
            "name", b_if, "netns", b)
        for ns, dev, addr in ((a, a_if, a_addr), (b, b_if, b_addr)):
            run("ip", "addr", "add", addr, "dev", dev, ns=ns)
            run("ip", "link", "set", dev, "up", ns=ns)
        # Far enough that packets cross under way, where the kernel can.
        subprocess.run(["ip", "netns", "exec", a, "tc", "qdisc", "add", "dev",
                        a_if, "root", "netem", "delay", "10ms"],
                       capture_output=True, check=False)

    def public(self, name):
        """A host with a public address; which."""
        self.count += 1
        net = f"45.{self.count}.0"
        self.space(name)
        self.wire("core", f"c{self.count}", f"{net}.1/24", name, "wan",
                  f"{net}.2/24")
        run("ip", "route", "add", "default", "via", f"{net}.1", ns=name)
        return f"{net}.2"

    def cable(self, name, state):
        """Pulls the cable of a public host ("down"), or plugs it in ("up");
        the kernel tells of it within about a second."""
        link = run("ip", "-o", "link", "show", "wan", ns=name)
        number = re.search(r"wan@if(\d+)", link).group(1)
        links = run("ip", "-o", "link", ns="core")
        end = re.search(rf"^{number}: (\w+)", links, re.M).group(1)
        run("ip", "link", "set", end, state, ns="core")
        wait_for(f"the link is {state}", lambda: (state == "up") == (
            " state UP " in run("ip", "-o", "link", "show", "wan", ns=name)))

    def home(self, name, masquerade="masquerade"):
        """A host NAME behind a router NAME-r; the router's public address."""
        router = f"{name}-r"
        public = self.public(router)
        self.space(name)
        lan = f"192.168.{self.count}"
        self.wire(router, "lan", f"{lan}.1/24", name, "eth0", f"{lan}.2/24")
        run("ip", "route", "add", "default", "via", f"{lan}.1", ns=name)
        nft(router, f"""
table ip nat {{
	chain pre {{ type nat hook prerouting priority -100; }}
	chain post {{
		type nat hook postrouting priority 100;
		oifname "wan" {masquerade}
	}}
}}
table ip filter {{
	chain in {{
		type filter hook input priority 0;
		iifname "wan" ct state established,related accept
		iifname "wan" drop
	}}
	chain through {{
		type filter hook forward priority 0;
		iifname "wan" ct state established,related accept
		iifname "wan" ct status dnat accept
		iifname "wan" drop
	}}
}}
""")
        return public

    def node(self, ns, settings=(), bootstrap=()):
        """A node in a namespace, started."""
        wrapper = self.directory / f"ohcn-in-{ns}"
        wrapper.write_text(f"#!/bin/sh\nexec ip netns exec {ns} "
                           f"{self.binary} \"$@\"\n")
        os.chmod(wrapper, 0o755)
        node = Node(wrapper, self.directory / ns, "person", ns,
                    network="test-nat", bootstrap=bootstrap,
                    settings=["listen.addresses=/ip4/0.0.0.0/tcp/4141",
                              "mdns.mode=off", *settings])
        node.start()
        return node
