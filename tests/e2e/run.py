#!/usr/bin/env python3
"""Runs the tests *_test.py beside it, two files at a time, since they wait
more than they work, those that take longest first; the output of each as
unittest prints it, that of those that failed last. With words, only the files
whose names contain one of them. With OHCN_AGAIN in the environment, only
those that failed the last time, if that ended."""
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SLOW = ["restore", "malice", "network", "agreement", "community", "credential"]


def one(path):
    begin = time.monotonic()
    run = subprocess.run([sys.executable, "-m", "unittest", "-v", path.stem], cwd=HERE,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return path.stem, run.returncode, run.stdout, time.monotonic() - begin


def main():
    files = [f for f in sorted(HERE.glob("*_test.py"))
             if not sys.argv[1:] or any(w in f.stem for w in sys.argv[1:])]
    files.sort(key=lambda f: next((i for i, w in enumerate(SLOW) if f.stem == w + "_test"),
                                  len(SLOW)))
    left = Path(os.environ.get("OHCN_BUILD", HERE)) / "e2e-failed"
    if os.environ.get("OHCN_AGAIN") and left.exists():
        words = left.read_text().split()
        files = [f for f in files if f.stem in words] or files
    left.unlink(missing_ok=True)
    failed = {} if files else {"there is no such test": ""}
    with ThreadPoolExecutor(2) as pool:
        for name, code, text, seconds in pool.map(one, files):
            print(f"== {name}: {'ok' if code == 0 else 'FAILED'}, {seconds:.0f} s", flush=True)
            if code == 0:
                print(text, flush=True)
            else:
                failed[name] = text
    for name, text in failed.items():
        print(f"== {name}: FAILED\n{text}")
    if failed and files and "OHCN_BUILD" in os.environ:
        left.write_text(" ".join(failed))
    print(f"{len(files)} files, failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
