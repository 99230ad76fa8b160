#!/usr/bin/env python3
"""light.py BUILD [--json]: a day of a light node that follows one region.

  light.day_mb  all bytes of the light node's connections in one day, both
                ways: TCP payload, with handshakes, identify, gossip's hello,
                reconciliation and records. TCP/IP's own headers are not in it
                (about 3 % more).

The region has DEMANDS demands of about 440 bytes, by authors with 32 each.
Assumed change: each is replaced or renewed once in 30 days, so a thirtieth of
them in this day, a quarter of those before each of the day's four syncs.
Both nodes are real processes; the light one has the region of yesterday.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from nodes import World, wait_for  # noqa: E402

NET = "test-bench"
DEMANDS, SYNCS, TEXT = 100_000, 4, 250
GOAL_MB = 3


def main():
    build = Path(sys.argv[1]).resolve()
    as_json = "--json" in sys.argv[2:]
    made = 0

    with tempfile.TemporaryDirectory(prefix="ohcn-light-") as folder, \
            World(build / "ohcn", directory=Path(folder) / "world") as world:
        def file(name, first, count, revision):
            path = Path(folder) / name
            with open(path, "wb") as out:
                subprocess.run([build / "tests" / "tool_demands", NET, "de", str(first),
                                str(count), str(revision), str(TEXT)], stdout=out, check=True)
            return path

        base = file("base", 0, DEMANDS, 0)
        size = base.stat().st_size / DEMANDS
        options = ["publish.delay=0", "kad.mode=off"]
        full = world.node("full", "company", network=NET, settings=options)
        light = world.node("light", "person", network=NET, region="de",
                           settings=["node.mode=light", f"light.syncs_per_day={SYNCS}"])
        for node in (full, light):
            node.start()
            node.cli("record", "import", base, timeout=600)
        light.stop()
        light.bootstrap = [full.address()]

        def changed():
            nonlocal made
            count = (DEMANDS // 30 - made) if made // (DEMANDS // 30 // SYNCS) == SYNCS - 1 \
                else DEMANDS // 30 // SYNCS
            # Spread over the authors, as a day's changes are.
            part = file(f"part{made}", made * 29, count, 1)
            full.cli("record", "import", part, timeout=600)
            made += count

        def state():
            return light.api("GET", "/sync")[1]["light"]

        changed()
        light.start()
        for i in range(SYNCS):
            if i > 0:
                changed()
            light.cli("sync", "now")
            wait_for(f"sync {i + 1} is over", lambda: state()["syncs_today"] > i and
                     state()["resting"] and state()["whole_at"], 60)
        used = state()["used_today"]
        stats = light.cli("status")["sync"]
        new = stats["records_new"]
        if new < made:
            raise SystemExit(f"light.py: {made} records changed, {new} came")
        overhead = stats["bytes_in"] + stats["bytes_out"]

    value = used / 1e6
    if as_json:
        print(json.dumps({"name": "light.day_mb", "value": round(value, 3), "unit": "MB",
                          "goal": GOAL_MB, "peer": None, "peer_value": None,
                          "limit": round(made * size / 1e6, 3)}))
    else:
        print(f"light.day_mb           {value:12.2f} MB      goal {GOAL_MB:.2f}  "
              f"(the {made} records alone {made * size / 1e6:.2f})")
        print(f"  {DEMANDS} demands of {size:.0f} bytes, {SYNCS} syncs; in streams of sync "
              f"{overhead / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
