#!/usr/bin/env python3
"""Kills a node under load again and again, with unsynced writes dropped, and
checks that every record whose publication was acknowledged is still there.
The ledger of acknowledgements is kept here, outside the process.

  power_cut.py BUILD [--kills N]

With --plant the node only pretends to sync: the test must then lose
something, or it is blind.
"""
import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from nodes import Node, NodeError, World  # noqa: E402


def build_preload(directory):
    out = Path(directory) / "drop_unsynced.so"
    source = Path(__file__).resolve().parent / "drop_unsynced.c"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(out),
                    str(source), "-ldl", "-lpthread"], check=True)
    return out


def publisher(node, ledger, number, stop):
    """Posts one demand after the other; notes each acknowledged one."""
    while not stop.is_set():
        number[0] += 1
        external = f"job-{number[0] % 900}"
        row = (f"external_id,type,title,region,skills\n"
               f"{external},gig,Job number {number[0]},de,welding:3!\n")
        path = node.home.parent / "load.csv"
        path.write_text(row)
        try:
            answer = node.cli("demand", "import", str(path), timeout=30)
        except (NodeError, subprocess.TimeoutExpired):
            return
        for r in answer["rows"]:
            if r["state"] in ("created", "updated"):
                ledger[r["external_id"]] = (r["id"], number[0])


def check(node, ledger):
    """What is acknowledged and not there any more. A later change that was
    stored but not yet acknowledged may stand in its place."""
    held = {d["external_id"]: (d["id"], int(d["title"].split()[-1]))
            for d in node.cli("demand", "list")["demands"]}
    lost = []
    for external, (rid, number) in ledger.items():
        have = held.get(external, (None, -1))
        if have[1] < number or (have[1] == number and have[0] != rid):
            lost.append(external)
    return lost


def run(build, kills, plant, seed=1):
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="ohcn-power-") as d:
        preload = build_preload(d)
        with World(Path(build) / "ohcn", directory=Path(d) / "w") as world:
            node = world.node("acme", "company", preload=preload,
                              plant="nosync" if plant else None)
            ledger, number, undone, lost = {}, [0], 0, []
            for kill in range(kills):
                node.start()
                lost = check(node, ledger)
                if lost:
                    print(f"kill {kill}: lost {lost[:5]} of {len(ledger)}")
                    node.kill()
                    return lost, len(ledger), undone
                stop = threading.Event()
                t = threading.Thread(target=publisher,
                                     args=(node, ledger, number, stop))
                t.start()
                time.sleep(rng.uniform(0.15, 1.0))
                undone += node.power_cut()
                stop.set()
                t.join()
            if not plant:
                node.start()
                lost = check(node, ledger)
                node.stop()
            return lost, len(ledger), undone


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--kills", type=int, default=5)
    p.add_argument("--plant", action="store_true")
    a = p.parse_args()
    if a.plant:
        try:
            lost, acknowledged, undone = run(a.build, a.kills, True)
        except (NodeError, TimeoutError) as e:
            print(f"planted: the store did not come back, as it must: {e}")
            return 0
        print(f"planted: {len(lost)} of {acknowledged} lost, {undone} writes undone")
        return 0 if lost else 1
    lost, acknowledged, undone = run(a.build, a.kills, False)
    print(f"{a.kills} power cuts, {acknowledged} acknowledged records in the "
          f"ledger, {undone} unsynced writes undone, {len(lost)} lost")
    return 1 if lost or acknowledged == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
