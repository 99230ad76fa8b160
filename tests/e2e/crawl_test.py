"""A researcher's crawl of a network of twelve: everybody is found, who opted
out is only counted, the files fit their schemas, a crawl that was killed or
stopped goes on to the same set, and a difference shows what was changed.

With DuckDB (pip install duckdb) the files are read by it as well; without it
that test is skipped by name."""
import base64
import csv
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from support import BINARY, Case, wait_for

try:
    import duckdb
except ImportError:
    duckdb = None

NET = "test-crawl"
TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
JSON_TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


def unpack(path):
    """A file of the data set, as text; zstd refuses what is cut short."""
    if path.suffix != ".zst":
        return path.read_text()
    return subprocess.run(["zstd", "-dcq", str(path)], check=True,
                          capture_output=True).stdout.decode()


class DataSet:
    def __init__(self, path):
        self.path = path
        self.manifest = json.loads((path / "crawl.json").read_text())
        self.counts = self.manifest["counts"]

    def rows(self, name):
        text = unpack(self.path / name)
        if ".csv" in name:
            return list(csv.DictReader(io.StringIO(text)))
        return [json.loads(line) for line in text.splitlines()]

    def records(self):
        out = {}
        for f in self.manifest["files"]:
            if f["name"].startswith("records-"):
                out.update({r["id"]: r for r in self.rows(f["name"])})
        return out

    def check(self, case):
        """Hashes, numbers of rows, and each row by its schema, strictly."""
        for f in self.manifest["files"]:
            raw = (self.path / f["name"]).read_bytes()
            case.assertEqual(f["sha256"], hashlib.sha256(raw).hexdigest())
            case.assertEqual(f["bytes"], len(raw))
            rows = self.rows(f["name"])
            case.assertEqual(f["rows"], len(rows), f["name"])
            schema = json.loads((self.path / f["schema"]).read_text())
            check = self._table if ".csv" in f["name"] else self._line
            for row in rows:
                check(case, schema, row)
        listed = {f["name"] for f in self.manifest["files"]}
        there = {p.name for p in self.path.iterdir() if p.is_file()}
        case.assertEqual(there - {"crawl.json"}, listed)

    @staticmethod
    def _line(case, schema, row):
        case.assertEqual(list(schema["properties"]), list(row))
        for name, about in schema["properties"].items():
            kinds = about["type"] if isinstance(about["type"], list) else [about["type"]]
            value = row[name]
            if value is None:
                case.assertIn("null", kinds, (name, row))
                continue
            case.assertIs(type(value), JSON_TYPES[kinds[0]], (name, row))
            if about.get("format") == "date-time":
                case.assertRegex(value, TIMES)
            if kinds[0] == "array":
                case.assertTrue(all(isinstance(v, str) for v in value))

    @staticmethod
    def _table(case, schema, row):
        columns = schema["tableSchema"]["columns"]
        case.assertEqual([c["name"] for c in columns], list(row))
        for c in columns:
            if c["datatype"] == "integer" and row[c["name"]] != "":
                int(row[c["name"]])
            case.assertFalse(c["required"] and row[c["name"]] is None)


class Crawl(Case):
    """One network for all steps: starting twelve nodes is what takes long."""

    def crawl(self, out, *words, code=0, settings=(), wait=True, node=None):
        """Of a researcher without a node, or beside the running ${node}."""
        home = node.home if node else self.w.directory / "researcher"
        command = [str(BINARY), "--home", str(home),
                   "--json", "--set", f"node.network={NET}", "--set", "mdns.mode=off"]
        for s in settings:
            command += ["--set", s]
        command += ["crawl", "run", "--contact", "crawl@example.org",
                    "-o", str(out), *words]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OHCN_")}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, text=True, env=environment)
        if not wait:
            return process
        stdout, stderr = process.communicate(timeout=120)
        self.assertEqual(code, process.returncode, stderr)
        self.assertNotIn("AddressSanitizer", stderr)
        self.assertNotIn("runtime error", stderr)
        return json.loads(stdout) if stdout.strip() else None, stderr

    def node(self, name, bootstrap, **options):
        settings = ["kad.mode=server", "sync.pace=10s", *options.pop("settings", ())]
        n = self.w.node(name, "company", network=NET, bootstrap=bootstrap,
                        settings=settings, **options)
        n.start()
        return n

    def post(self, n, i, region="de"):
        """An organisation and a demand for welding."""
        for method, path, body in (
                ("PUT", "/organisation", {"draft": {
                    "name": {"en": f"Firm {i}"}, "type": "company"}}),
                ("POST", "/organisation/publish", {}),
                ("POST", "/demands/import", {
                    "format": "csv", "data":
                        "external_id,type,title,region,skills\n"
                        f"J-1,job,Welder {i},{region},welding:3!\n"})):
            code, answer = n.api(method, path, body)
            self.assertLess(code, 300, answer)

    def network(self):
        """Seven around a hub, one of which has opted out, and a chain of four:
        who asks the hub hears of its end through others alone; the very end
        has no part in the hash table, peer exchange alone names it."""
        hub = self.node("n0", [])

        def chain():
            out = [hub]
            for i in range(8, 12):
                out.append(self.node(f"n{i}", [out[-1].address()],
                                     settings=["kad.mode=off"] if i == 11 else []))
            return out[1:]

        with ThreadPoolExecutor(5) as pool:
            rest = pool.submit(chain)
            nodes = [hub, *pool.map(lambda i: self.node(
                f"n{i}", [hub.address()],
                settings=["crawl.allow=no"] if i == 5 else []), range(1, 8))]
            nodes += rest.result()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda x: self.post(x[1], x[0]), enumerate(nodes)))
        wait_for("every record everywhere", lambda: all(
            n.api("GET", "/status")[1]["records"]["demand"] == 12 for n in nodes))
        wait_for("each is in a table", lambda: all(
            n.api("GET", "/discovery")[1]["kad"]["table"] for n in nodes[:-1]))
        return nodes

    def test_crawl(self):
        self.w = self.world()
        nodes = self.network()
        seed = nodes[0].address()
        out = self.w.directory

        with self.subTest("a dry run"):
            plan, _ = self.crawl(out / "dry", "--dry-run", seed)
            self.assertFalse((out / "dry").exists())
            self.assertEqual([s["peer"] for s in plan["seeds"]], [seed.split("/p2p/")[1]])
            self.assertIn("ohcn-crawler/", plan["agent"])
            self.assertIn(b"crawl@example.org", b"".join(
                bytes.fromhex(s["hex"]) for s in plan["sends"]))

        with self.subTest("all are found, who opted out is counted"):
            answer, progress = self.crawl(out / "a", seed)
            first = DataSet(out / "a")
            first.check(self)
            self.assertEqual("complete", answer["state"])
            self.assertEqual(12, first.counts["peers_heard_of"])
            self.assertEqual(11, first.counts["answered"])
            self.assertEqual(1, first.counts["opted_out"])
            self.assertFalse((out / "a" / ".work").exists())
            self.assertIn("ohcn.crawl.progress/1", progress)
            peers = {p["peer"] for p in first.rows("peers.ndjson.zst")}
            self.assertEqual(11, len(peers))
            for row in first.rows("visits.ndjson.zst"):
                self.assertIn(row["peer"], peers)
                self.assertEqual("answered", row["outcome"])
            for row in first.rows("edges.csv.zst"):
                self.assertIn(row["from_peer"], peers)
                self.assertIn(row["to_peer"], peers)
            end = [p for p in first.rows("peers.ndjson.zst") if not p["dht_server"]]
            self.assertEqual(["exchange"], [p["source"] for p in end])
            # nothing that leads to a node stands anywhere
            text = "".join(unpack(p) for p in (out / "a").iterdir() if p.is_file())
            for n in nodes:
                self.assertNotIn(n.address().split("/p2p/")[1], text)
            self.assertNotIn("127.0.0.1", text)

        with self.subTest("records, each once, as they were signed"):
            records = first.records()
            self.assertEqual(24, len(records))
            held = {r["id"]: r for r in nodes[3].cli(
                "record", "list", "--limit", "1000")["records"]}
            self.assertEqual(set(held), set(records))
            one = next(iter(records))
            shown = nodes[3].cli("record", "show", one)
            self.assertEqual(shown["bytes_hex"],
                             base64.b64decode(records[one]["bytes"]).hex())
            self.assertEqual(shown["author"], records[one]["author"])
            self.assertEqual({"welding"}, {
                r["payload"]["requirements"][0]["label"]
                for r in records.values() if r["kind"] == "demand"})
            visits = first.rows("visits.ndjson.zst")
            self.assertEqual({24}, {v["records_offered"] for v in visits})
            self.assertEqual(24, sum(v["records_new"] for v in visits))
            cells = {(c["kind"], c["region"], c["label"]): c
                     for c in first.rows("counts.csv")}
            self.assertEqual("12", cells["demand", "de", "welding"]["authors"])
            self.assertTrue(all(int(c["authors"]) >= 10 for c in cells.values()))

        with self.subTest("nobody answers"):
            dead = "/ip4/127.0.0.1/tcp/9/p2p/" + seed.split("/p2p/")[1]
            answer, _ = self.crawl(out / "d", "--retries", "0", dead, code=3)
            self.assertEqual(1, answer["counts"]["unreachable"])

        with self.subTest("the folder is taken"):
            _, text = self.crawl(out / "a", seed, code=8)
            self.assertIn("E1024", text)
            _, text = self.crawl(out / "a", "--resume", code=5)
            self.assertIn("E1022", text)

        with self.subTest("killed in the middle, it goes on to the same set"):
            p = self.crawl(out / "k", "--rate", "4", seed, wait=False)
            time.sleep(2.2)
            p.send_signal(signal.SIGKILL)
            p.communicate()
            self.assertEqual("running", json.loads(
                (out / "k" / "crawl.json").read_text())["state"])
            self.crawl(out / "k", "--resume", "--rate", "50")
            killed = DataSet(out / "k")
            killed.check(self)
            self.assertEqual(2, killed.manifest["runs"])
            self.assertEqual(11, killed.counts["answered"])
            self.assertEqual(1, killed.counts["opted_out"])
            self.assertEqual(set(records), set(killed.records()))
            seen = [v["peer"] for v in killed.rows("visits.ndjson.zst")]
            self.assertEqual(11, len(set(seen)))
            # other names in every crawl
            self.assertFalse(set(seen) & peers)

        with self.subTest("stopped by Ctrl-C, it is partial and whole"):
            p = self.crawl(out / "s", "--rate", "3", seed, wait=False)
            time.sleep(1.8)
            p.send_signal(signal.SIGINT)
            stdout, stderr = p.communicate(timeout=60)
            self.assertEqual(7, p.returncode, stderr)
            self.assertEqual("partial", json.loads(stdout)["state"])
            stopped = DataSet(out / "s")
            stopped.check(self)
            self.assertGreater(stopped.counts["waiting"], 0)
            self.crawl(out / "s", "--resume", "--rate", "50", "--addresses")
            whole = DataSet(out / "s")
            whole.check(self)
            self.assertEqual(0, whole.counts["waiting"])
            self.assertEqual(set(records), set(whole.records()))
            self.assertIn("127.0.0.1", unpack(out / "s" / "peers.ndjson.zst"))

        with self.subTest("a limit; begins with whom the running node knows"):
            self.crawl(out / "l", "--limit", "3", "--kinds", "demand", node=nodes[1])
            limited = DataSet(out / "l")
            self.assertEqual(3, limited.counts["visits"])
            self.assertEqual("the limit of visits", limited.manifest["ended_by"])
            sources = {p["source"] for p in limited.rows("peers.ndjson.zst")}
            self.assertIn("node", sources)
            self.assertGreater(limited.manifest["seeds"], 2)
            self.assertEqual({"demand"}, {r["kind"] for r in limited.records().values()})

        with self.subTest("a difference shows what was changed"):
            nodes[2].cli("demand", "close", "J-1")
            self.post(nodes[3], 3, region="fr")
            wait_for("the changes at the hub", lambda: self.changed(nodes[0], records))
            self.crawl(out / "b", seed)
            run = nodes[0].cli("crawl", "diff", out / "a", out / "b")
            rows = {(r["kind"], r["region"]): r for r in run["records"]}
            self.assertEqual({"before": 12, "after": 12, "change": 0},
                             run["network"]["peers_heard_of"])
            # one demand was closed and moved with it, one organisation renewed
            self.assertEqual({("organisation", "de"), ("demand", "de"), ("demand", "fr")},
                             set(rows))
            moved = rows["demand", "fr"]
            self.assertEqual((0, 1, 1), (moved["before"], moved["after"], moved["changed"]))
            self.assertEqual(1, rows["demand", "de"]["changed"])
            self.assertIn(("welding", "changed", 12, 11), [
                (t["label"], t["what"], t["records_before"], t["records"])
                for t in run["terms"]])
            same = nodes[0].cli("crawl", "diff", out / "a", out / "a")
            self.assertEqual(([], []), (same["records"], same["terms"]))

        with self.subTest("DuckDB"):
            self.duckdb(out / "b")

    def changed(self, node, before):
        now = {r["id"] for r in node.cli("record", "list", "--limit", "1000")["records"]}
        return len(now - set(before)) >= 2

    def duckdb(self, path):
        if duckdb is None:
            print("\nSKIP e2e/duckdb: pip install duckdb", flush=True)
            return
        here = os.getcwd()
        os.chdir(path)
        try:
            db = duckdb.connect()
            db.execute((path / "schema" / "duckdb.sql").read_text())
            data = DataSet(path)
            for f in data.manifest["files"]:
                view = f["name"].split(".")[0].replace("-", "_")
                n = db.execute(f"SELECT count(*) FROM {view}").fetchone()[0]
                self.assertEqual(f["rows"], n, view)
                # and without the views: types are found by looking
                reader = "read_csv" if ".csv" in f["name"] else "read_json"
                n = db.execute(f"SELECT count(*) FROM {reader}('{f['name']}')").fetchone()[0]
                self.assertEqual(f["rows"], n, f["name"])
            n = db.execute("SELECT count(*) FROM edges JOIN peers ON to_peer = peer").fetchone()[0]
            self.assertEqual(n, len(data.rows("edges.csv.zst")))
            kinds = db.execute("SELECT DISTINCT payload->>'type' FROM records_demand "
                               "WHERE NOT deleted").fetchall()
            self.assertEqual([("job",)], kinds)
        finally:
            os.chdir(here)


if __name__ == "__main__":
    unittest.main()
