#!/usr/bin/env python3
"""What clang says of each file of a build that gcc made: its warnings are
errors, nothing is written. The first argument is the build's folder; with
more, only files whose path contains one of them. Takes minutes: part of the
long runs (`./dev soak`)."""
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def command(entry):
    words = shlex.split(entry["command"])
    while "ccache" in Path(words[0]).name:
        words = words[1:]
    kept, skip = ["clang", "-fsyntax-only", "-Werror"], False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in ("-o", "-MT", "-MF", "-MQ"):
            skip = True
        elif word not in ("-c", "-MD"):
            kept.append(word)
    return kept


def one(entry):
    run = subprocess.run(command(entry), cwd=entry["directory"], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.returncode, run.stdout


def main():
    entries = json.loads((Path(sys.argv[1]) / "compile_commands.json").read_text())
    # Programs that share a source compile it alike.
    files = {e["file"]: e for e in entries if e["file"].endswith(".c")
             and (not sys.argv[2:] or any(w in e["file"] for w in sys.argv[2:]))}
    if not files:
        print("clang: there is nothing to look at")
        return 1
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for code, text in pool.map(one, files.values()):
            failed += code != 0
            sys.stdout.write(text)
    print(f"clang: {len(files)} files, {failed} with warnings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
