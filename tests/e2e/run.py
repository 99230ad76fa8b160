#!/usr/bin/env python3
"""Runs the tests *_test.py beside it, two files at a time, since they wait
more than they work; the output of each as unittest prints it, that of those
that failed last. With words, only the files whose names contain one of
them."""
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent


def one(path):
    begin = time.monotonic()
    run = subprocess.run([sys.executable, "-m", "unittest", "-v", path.stem], cwd=HERE,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return path.stem, run.returncode, run.stdout, time.monotonic() - begin


def main():
    files = [f for f in sorted(HERE.glob("*_test.py"))
             if not sys.argv[1:] or any(w in f.stem for w in sys.argv[1:])]
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
    print(f"{len(files)} files, failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
