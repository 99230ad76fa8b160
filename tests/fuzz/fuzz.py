#!/usr/bin/env python3
"""Runs fuzz targets and keeps tests/fuzz/LEDGER.tsv, one line per target.

  fuzz.py run SECONDS TARGET...     fuzz each, then write its time down
  fuzz.py merge TARGET...           found inputs into the committed corpus
  fuzz.py list                      the names of all targets

`./dev fuzz` and `./dev soak` call it. The time of a run
that ends without a finding is added to the target's line. A finding sets the
line's seconds back to 0 and is named there as "open"; who fixes it puts the
reproducer into the corpus and writes instead of it what was fixed.
"""
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUZZ = ROOT / "tests" / "fuzz"
BUILD = ROOT / "build" / "fuzz"
LEDGER = FUZZ / "LEDGER.tsv"
COLUMNS = ["target", "seconds", "executions", "edges", "last_run", "findings"]
CORPUS_BYTES = 200 * 1000  # of a target's committed corpus
CORPUS_FILES = 64
INPUT_MAX = 70000


def targets():
    return sorted(p.name[: -len("_fuzz.c")] for p in FUZZ.glob("*_fuzz.c"))


def read_ledger():
    rows = {}
    for line in LEDGER.read_text().splitlines() if LEDGER.exists() else []:
        if line and not line.startswith(("#", "target\t")):
            row = dict(zip(COLUMNS, line.split("\t")))
            rows[row["target"]] = row
    return rows


def write_ledger(rows):
    text = (
        "# Fuzz time, written by `./dev fuzz`. seconds and executions: without\n"
        "# a finding, since the target is as it is or since its last finding;\n"
        "# edges: that the last run covered; findings: what was fixed.\n"
    )
    text += "\t".join(COLUMNS) + "\n"
    for name in sorted(rows):
        text += "\t".join(str(rows[name].get(c, "")) for c in COLUMNS) + "\n"
    new = LEDGER.with_suffix(".new")
    new.write_text(text)
    new.replace(LEDGER)


def note(name, seconds, executions, edges, finding):
    """Two runs may end at once: the ledger is read and written under a lock."""
    with open(BUILD / "ledger.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rows = read_ledger()
        row = rows.setdefault(name, {"target": name})
        before = [int(row.get(c) or 0) for c in ("seconds", "executions")]
        row["seconds"] = 0 if finding else before[0] + seconds
        row["executions"] = 0 if finding else before[1] + executions
        if edges:
            row["edges"] = edges
        row["last_run"] = time.strftime("%Y-%m-%d", time.gmtime())
        if finding:
            old = row.get("findings", "")
            row["findings"] = (old + "; " if old else "") + "open: " + finding
        else:
            row.setdefault("findings", "")
        write_ledger(rows)


def program(name):
    if not (FUZZ / (name + "_fuzz.c")).exists():
        sys.exit("fuzz: there is no target '%s'" % name)
    return str(BUILD / "tests" / ("fuzz_" + name))


def last(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def run(name, seconds):
    found = BUILD / "found" / name
    crashes = BUILD / "crashes" / name
    found.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    log = BUILD / ("fuzz_%s.log" % name)
    started = time.time()
    with open(log, "w") as out:
        failed = subprocess.call(
            [program(name), "-max_total_time=%d" % seconds, "-timeout=60",
             "-max_len=%d" % INPUT_MAX, "-print_final_stats=1",
             "-artifact_prefix=%s/" % crashes,
             str(found), str(FUZZ / "corpus" / name)],
            stdout=out, stderr=subprocess.STDOUT, cwd=ROOT)
    took = int(time.time() - started)
    text = log.read_text(errors="replace")
    executions = last(r"number_of_executed_units: (\d+)", text)
    edges = last(r"cov: (\d+)", text)
    if failed:
        repro = re.findall(r"Test unit written to (\S+)", text)
        path = repro[-1] if repro else None
        print(text[-6000:])
        if path is None:  # killed, or it did not start: no finding
            sys.exit("fuzz: %s stopped; its output is in %s" % (name, log))
        note(name, took, executions, edges, Path(path).name)
        print("fuzz: %s: a finding: %s\n  replay: %s %s" % (
            name, path, os.path.relpath(program(name)), path))
        return False
    note(name, took, executions, edges, None)
    print("fuzz: %s: %d s, %d inputs, %d edges, no finding" % (
        name, took, executions, edges), flush=True)
    return True


def size(paths):
    return sum(p.stat().st_size for p in paths)


def merge(name):
    """What covers more than the committed files, within bounds."""
    corpus, found = FUZZ / "corpus" / name, BUILD / "found" / name
    if not found.exists():
        return
    corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as tmp:
        added = Path(tmp)
        for p in corpus.iterdir():
            shutil.copy(p, added / p.name)
        named = {p.name for p in corpus.iterdir()}
        subprocess.check_call(
            [program(name), "-merge=1", "-use_counters=0",
             "-max_len=%d" % INPUT_MAX, tmp, str(found)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        fresh = sorted((p for p in added.iterdir() if p.name not in named),
                       key=lambda p: (p.stat().st_size, p.name))
        # From small to large, evenly: a corpus of crumbs alone tests little.
        room = max(0, CORPUS_FILES - len(named))
        chosen = fresh if len(fresh) <= room else \
            [fresh[i * len(fresh) // room] for i in range(room)]
        total = size(corpus.iterdir())
        for p in chosen:
            if total + p.stat().st_size > CORPUS_BYTES:
                break
            shutil.copy(p, corpus / p.name)
            total += p.stat().st_size
    files = len(list(corpus.iterdir()))
    print("fuzz: %s: %d files, %d bytes, of %d that cover more" % (
        name, files, total, len(fresh)), flush=True)


def main(args):
    if args[:1] == ["list"]:
        print("\n".join(targets()))
    elif args[:1] == ["run"] and len(args) > 2:
        for name in args[2:]:
            if not run(name, int(args[1])):
                return 1
    elif args[:1] == ["merge"] and len(args) > 1:
        for name in args[1:]:
            merge(name)
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
