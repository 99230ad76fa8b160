#!/usr/bin/env python3
"""The rules of the house that a program can check.

Fails on: an include against the layer order, a third-party header outside
the folder that owns it, a call that is not deterministic or not safe, direct
heap calls in crypto/ and proto/, a circle of includes, trailing space, a
list or score of people that could see trust or Learnability.
Reports with --report: long lines, files and functions.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# folder -> folders it may include besides itself; the longest prefix counts
MAY = {
    "crypto": set(),
    "proto/base": set(),
    "proto/record": {"proto/base", "crypto"},
    "proto/libp2p": {"proto/base", "crypto"},
    "proto/sync": {"proto/base", "proto/record", "crypto"},
    "proto/evidence": {"proto/base", "proto/record", "crypto"},
    "proto/mail": {"proto/base", "proto/record", "crypto"},
    "proto/stem": {"proto/base", "proto/record", "proto/libp2p", "crypto"},
    "proto": {"proto", "proto/base", "crypto", "proto/record"},
    "store": {"proto/base", "proto/record", "crypto"},
    "match": {"proto/base", "proto/record", "proto/evidence"},
    "node": {"proto/base", "proto/record", "proto/libp2p", "proto/sync",
             "proto/evidence", "proto/mail", "proto/stem", "crypto", "store", "match"},
}
# folders of node/ -> those of node/ they may include besides themselves and the
# headers of node/ itself; api, cli and node/ itself see all
INSIDE = {
    "base": "", "http": "base", "credential": "", "import": "base record",
    "keys": "base credential", "net": "base keys", "record": "base keys net",
    "access": "base http keys record",
    "sync": "base keys record",
    "mail": "base access keys record",
    "evidence": "base access credential keys mail record",
    "trust": "base access evidence keys record",
    "company": "base access evidence keys mail record",
    "community": "base access evidence keys mail record",
    "care": "base access community company evidence keys mail net record sync",
    "crawl": "base net record sync",
}
OWNER = {
    "uv.h": {"node", "tests"}, "lmdb.h": {"store"}, "sodium.h": {"crypto"},
    "blake2.h": {"crypto"}, "protobuf-c/protobuf-c.h": {"proto/libp2p"},
    "msgpack.h": {"proto/record"}, "openssl/": {"proto/libp2p"},
    "microhttpd.h": {"node"}, "jansson.h": {"node", "tests"},
    "curl/curl.h": {"node"}, "ini.h": {"node"}, "csv.h": {"node"},
    "zstd.h": {"node"}, "qrencode.h": {"node"}, "miniupnpc/": {"node"}, "natpmp.h": {"node"},
}
# system headers allowed outside node/; any other needs the owner table
SYSTEM = {
    "stdbool.h", "stddef.h", "stdint.h", "stdlib.h", "string.h", "assert.h",
    "inttypes.h", "limits.h", "stdarg.h", "stdio.h", "stdalign.h",
}
# files of the store's disk backend may touch the system
SYSTEM_FILES = {"store/map_lmdb.c": {"errno.h", "sys/file.h", "sys/stat.h", "sys/statvfs.h", "unistd.h", "fcntl.h"}}
BANNED = re.compile(
    r"(?<![>.\w])(time|clock_gettime|gettimeofday|rand|random|srand|getenv|strcpy|strcat|"
    r"sprintf|alloca|gets|system|sleep|usleep|pthread_\w+|thrd_\w+)\s*\(")
BANNED_EVERYWHERE = re.compile(r"(?<![>.\w])(strcpy|strcat|sprintf|alloca|gets|system|rand|srand)\s*\(")
RANDOM = re.compile(r"\bcrypto_random\s*\(")
HEAP = re.compile(r"\b(malloc|calloc|realloc|strdup)\s*\(")
# A definition: its type on a line of its own, as everywhere here.
GLOBAL = re.compile(r"^([a-z][\w ]*\*?)\n(\w+)\((?:[^;{}]*)\)\n\{", re.M)
FOLDERS = ("crypto", "proto", "store", "match", "node")


def folder_of(path):
    parts = path.split("/")
    for n in (2, 1):
        name = "/".join(parts[:n])
        if len(parts) > n and name in MAY:
            return name
    return parts[0]


def strip(text):
    """Without comments and string contents, line numbers kept."""
    def blank(m):
        s = m.group(0)
        if s.startswith("/"):
            return re.sub(r"[^\n]", " ", s)
        return '""'
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def is_trust(path):
    return path.startswith(("match/learn/", "match/trust.", "node/trust/"))


def orders_people(path):
    """Scores, lists and their order: all of match/ that is not trust itself."""
    return (path == "node/api/rank.c"
            or (path.startswith("match/") and not is_trust(path)))


def reached(graph, path):
    """All headers that a file includes, over others too."""
    seen, left = set(), [path]
    while left:
        for name in graph.get(left.pop(), ()):
            if name not in seen:
                seen.add(name)
                left.append(name)
    return seen


def may_inside(path, name):
    """Of two files of node/, by the order of its folders."""
    here, there = path.split("/")[1:-1], name.split("/")[1:-1]
    if not (path.startswith("node/") and name.startswith("node/")) or not here or not there:
        return True
    return here == there or here[0] not in INSIDE or there[0] in INSIDE[here[0]].split()


def main():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.c", "*.h"],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    errors, notes, graph, defined = [], [], {}, {}
    for path in listed:
        if not (ROOT / path).exists():
            continue
        raw = (ROOT / path).read_text(encoding="utf-8")
        top = path.split("/")[0]
        here = folder_of(path) if top in FOLDERS else "tests"
        for n, line in enumerate(raw.split("\n"), 1):
            if line != line.rstrip():
                errors.append(f"{path}:{n}: trailing space")
            if len(line.expandtabs(8)) > 80 and "http" not in line:
                notes.append(f"{path}:{n}: {len(line.expandtabs(8))} columns")
        for n, line in enumerate(raw.split("\n"), 1):
            m = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not m or here == "tests":
                continue
            kind, name = m.groups()
            owner = next((o for o in OWNER if name == o or (o.endswith("/") and name.startswith(o))), None)
            if owner:
                if here not in OWNER[owner]:
                    errors.append(f"{path}:{n}: {name} belongs to {', '.join(sorted(OWNER[owner]))}")
            elif kind == '"':
                if name.endswith(".pb-c.h") or name == "crypto/words_list.h":
                    continue
                target = folder_of(name)
                if "/" not in name or not (ROOT / name).exists():
                    errors.append(f"{path}:{n}: include from the root of the repository: {name}")
                elif target != here and target not in MAY[here]:
                    errors.append(f"{path}:{n}: {here} may not include {target}")
                elif not may_inside(path, name):
                    errors.append(f"{path}:{n}: {Path(path).parent} may not include {name}")
                graph.setdefault(path, set()).add(name)
            elif here != "node" and name not in SYSTEM and name not in SYSTEM_FILES.get(path, ()):
                errors.append(f"{path}:{n}: <{name}>: only node/ touches the system")
        code = strip(raw)
        for n, line in enumerate(code.split("\n"), 1):
            if here not in ("node", "tests") and BANNED.search(line):
                errors.append(f"{path}:{n}: not below node/: {BANNED.search(line).group(1)}()")
            elif BANNED_EVERYWHERE.search(line) and top in FOLDERS:
                errors.append(f"{path}:{n}: banned: {BANNED_EVERYWHERE.search(line).group(1)}()")
            if RANDOM.search(line) and here not in ("node", "tests", "crypto"):
                errors.append(f"{path}:{n}: randomness is passed in: crypto_random()")
            if (here == "crypto" or here.startswith("proto")) and HEAP.search(line):
                errors.append(f"{path}:{n}: memory is passed in: {HEAP.search(line).group(1)}()")
        if top in FOLDERS and path.endswith(".c"):
            for m in GLOBAL.finditer(code):
                if "static" not in m.group(1):
                    defined.setdefault(m.group(2), []).append(path)
        if raw.count("\n") > 1000:
            notes.append(f"{path}: {raw.count(chr(10))} lines")
        for m in re.finditer(r"^\{\n(.*?)^\}", raw, flags=re.S | re.M):
            if m.group(1).count("\n") > 70:
                at = raw[:m.start()].count("\n")
                notes.append(f"{path}:{at}: function of {m.group(1).count(chr(10))} lines")
    errors += circles(graph)
    for path in sorted(graph):
        if orders_people(path):
            errors += [f"{path}: what orders people knows nothing of {name}"
                       for name in sorted(reached(graph, path)) if is_trust(name)]
    for name, paths in sorted(defined.items()):
        if len(paths) > 1:
            errors.append(f"{name}() is defined in {' and '.join(paths)}: the linker takes either")
    for line in errors:
        print(line)
    if "--report" in sys.argv:
        for line in notes:
            print("note:", line)
    print(f"{len(listed)} files, {len(errors)} errors, {len(notes)} notes")
    return 1 if errors else 0


def circles(graph):
    """Circles of includes among modules: x.c and x.h count as one.

    An internal header takes in the public one of the module it is a part of.
    """
    merged = {}
    for path, targets in graph.items():
        if re.search(r"(^|/|_)internal\.h$", path):
            continue
        name = path.rsplit(".", 1)[0]
        merged.setdefault(name, set()).update(
            t.rsplit(".", 1)[0] for t in targets if t.rsplit(".", 1)[0] != name)
    state, found = {}, []

    def visit(name, trail):
        state[name] = 1
        for t in sorted(merged.get(name, ())):
            if state.get(t) == 1:
                found.append("circle of includes: " + " -> ".join(trail[trail.index(t):] + [t]))
            elif t not in state:
                visit(t, trail + [t])
        state[name] = 2

    for name in sorted(merged):
        if name not in state:
            visit(name, [name])
    return found


sys.exit(main())
