#!/usr/bin/env python3
"""Kills a node under load again and again, with unsynced writes dropped, and
checks that every record whose publication was acknowledged is still there.
The ledger of acknowledgements is kept here, outside the process.

  power_cut.py BUILD [--kills N] [--peers N]

With --peers there is more going on than publishing: other nodes publish as
well, what they have comes by sync and gossip after each start, and there is
room for a part of it alone, so that the store evicts. After every cut the
store must be sound as well: `ohcn store check`.

With --plant the node only pretends to sync: the test must then lose
something, or it is blind.
"""
import argparse
import http.client
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from nodes import Fault, NodeError, World, preload_library  # noqa: E402


def build_preload(directory):
    return preload_library("drop_unsynced.c", directory)


PUBLISHERS = 3
SLOTS = 300  # of each publisher; a slot takes 64 changes an hour


def publisher(node, which, ledger, number, stop):
    """Imports small files of demands, one after the other; notes each row
    that was acknowledged. What hangs in the air at the kill is not noted."""
    while not stop.is_set():
        rows = ["external_id,type,title,region,skills"]
        batch = []
        for _ in range(1 + number[which] % 7):
            number[which] += 1
            external = f"job-{which}-{number[which] % SLOTS}"
            batch.append((external, number[which]))
            rows.append(f"{external},gig,Job number {number[which]},de,welding:3!")
        try:
            status, answer = node.api("POST", "/demands/import", {
                "format": "csv", "data": "\n".join(rows) + "\n"})
        except (OSError, http.client.HTTPException, ValueError):
            return  # the power is gone
        if status != 200:
            raise Fault(f"import answered {status}: {answer}")
        for (external, value), r in zip(batch, answer["rows"]):
            if r["external_id"] == external and r["state"] in ("created", "updated"):
                ledger[external] = (r["id"], value)


def held_demands(node):
    """{external id: (record id, number)} of what the node says it holds."""
    status, answer = node.api("GET", "/demands")
    if status != 200:
        raise Fault(f"/demands answered {status}: {answer}")
    out = {}
    for d in answer["demands"]:
        title = d["title"]
        if isinstance(title, dict):
            title = next(iter(title.values()))
        out[d["external_id"]] = (d["id"], int(title.split()[-1]))
    return out


def check(node, ledger):
    """What is acknowledged and not there any more. A later change that was
    stored but not yet acknowledged may stand in its place."""
    held = held_demands(node)
    lost = []
    for external, (rid, number) in ledger.items():
        have = held.get(external, (None, -1))
        if have[1] < number or (have[1] == number and have[0] != rid):
            lost.append(external)
    return lost


def load(node, ledger, number, seconds):
    """Publishes for a while, then cuts the power in the middle of it."""
    stop = threading.Event()
    failed = []

    def guarded(which):
        try:
            publisher(node, which, ledger, number, stop)
        except Fault as e:
            failed.append(e)
    threads = [threading.Thread(target=guarded, args=(w,)) for w in range(PUBLISHERS)]
    for t in threads:
        t.start()
    time.sleep(seconds)
    return stop, threads, failed


QUOTA = 450  # records; the ledger's own may be more, others leave for them
OTHERS = 60  # demands of each peer


def start_peers(world, n):
    """Nodes with demands of their own, each another author."""
    out = []
    for i in range(n):
        peer = world.node(f"peer{i}", "company", bootstrap=[p.address() for p in out])
        peer.start()
        rows = [f"other-{i}-{k},gig,Other number {k},de,welding:3" for k in range(OTHERS)]
        status, answer = peer.api("POST", "/demands/import", {
            "format": "csv", "data": "\n".join(
                ["external_id,type,title,region,skills", *rows]) + "\n"}, timeout=120)
        if status != 200:
            raise Fault(f"import answered {status}: {answer}")
        out.append(peer)
    return out


def say_store(node):
    """Was there anything but publishing? Else the run was blind."""
    stat = node.api("GET", "/store")[1]
    print(f"evicted {stat['evicted']}, others held {stat['records'] - stat['own']}, "
          f"arrivals {stat['arrivals']}, own {stat['own']}", flush=True)
    if stat["arrivals"] <= stat["own"]:
        raise Fault("nothing came from the peers")


def check_store(node):
    """What `ohcn store check` finds in the store of a node that is down."""
    run = subprocess.run(
        [node.binary, "--home", str(node.home), "--set", f"node.network={node.network}",
         "--json", "store", "check"], capture_output=True, text=True)
    if run.returncode != 0:
        raise Fault(f"store check: exit {run.returncode}\n{run.stdout[-3000:]}{run.stderr}")


def run(build, kills, plant, seed=1, say=False, peers=0):
    """(lost, acknowledged changes, undone writes)"""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="ohcn-power-") as d:
        preload = build_preload(d)
        with World(Path(build) / "ohcn", directory=Path(d) / "w") as world:
            node = world.node("acme", "company", preload=preload,
                              plant="nosync" if plant else None)
            others = start_peers(world, peers)
            if others:
                node.bootstrap = [p.address() for p in others]
                node.settings.append(f"store.quota_records={QUOTA}")
            ledger, number, undone = {}, [0] * PUBLISHERS, 0
            for kill in range(kills + 1):
                node.start()
                lost = check(node, ledger)
                if lost:
                    print(f"after kill {kill}: lost {lost[:5]} of {len(ledger)}")
                if lost or kill == kills:
                    if others and not lost:
                        say_store(node)
                    if plant:
                        node.kill()
                    else:
                        node.stop()
                    return lost, sum(number), undone
                # With peers also long enough for what comes from them.
                stop, threads, failed = load(
                    node, ledger, number, rng.uniform(0.1, 3.0 if others else 0.8))
                # Every other time a random half of the pages survives.
                undone += node.power_cut(rng if kill % 2 and not plant else None)
                stop.set()
                for t in threads:
                    t.join()
                if failed:
                    raise failed[0]
                if others:
                    check_store(node)
                if say and kill % 20 == 19:
                    print(f"{kill + 1} kills, {sum(number)} changes, "
                          f"{undone} writes undone, 0 lost", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--kills", type=int, default=5)
    p.add_argument("--peers", type=int, default=0)
    p.add_argument("--plant", action="store_true")
    a = p.parse_args()
    if a.plant:
        try:
            lost, changes, undone = run(a.build, a.kills, True)
        except (NodeError, TimeoutError) as e:
            print(f"planted: the store did not come back, as it must: {e}")
            return 0
        print(f"planted: {len(lost)} of {changes} lost, {undone} writes undone")
        return 0 if lost else 1
    lost, changes, undone = run(a.build, a.kills, False, say=a.kills > 20,
                                peers=a.peers)
    print(f"{a.kills} power cuts, {changes} changes published, {undone} "
          f"unsynced writes undone, {len(lost)} lost")
    blind = changes == 0 or (undone == 0 and a.kills >= 20)
    return 1 if lost or blind else 0


if __name__ == "__main__":
    sys.exit(main())
