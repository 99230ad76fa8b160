#!/usr/bin/env python3
"""Plants one breach of each rule into a copy of the tree and expects the
lint to find each: a check that cannot fail is no check."""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BREACHES = [
    ("crypto/planted.c", '#include "proto/base/base.h"\n', "may not include"),
    ("store/planted.c", '#include "match/planted.h"\n', "store"),
    ("match/planted.c", "#include <uv.h>\n", "belongs to"),
    ("proto/record/planted.c", "#include <lmdb.h>\n", "belongs to"),
    ("proto/base/planted.c", "#include <unistd.h>\n", "only node/"),
    ("proto/base/planted.c", "int f(void)\n{\n\treturn (int)time(0);\n}\n", "not below node/"),
    ("match/planted.c", "void f(void)\n{\n\tcrypto_random(0, 0);\n}\n", "randomness"),
    ("proto/libp2p/planted.c", "void *f(void)\n{\n\treturn malloc(1);\n}\n", "memory is passed in"),
    ("node/planted.c", "void f(char *p)\n{\n\tsprintf(p, p);\n}\n", "banned"),
    ("node/planted.c", "int\nf(int x)\n{\n\treturn x;\n}\n" * 2, "is defined in"),
    ("node/planted.c", "int x; \n", "trailing space"),
    ("node/planted.c", '#include "planted.h"\n', "from the root"),
]


def main():
    missed = 0
    for path, text, want in BREACHES:
        with tempfile.TemporaryDirectory() as d:
            tree = Path(d)
            subprocess.run(["git", "init", "-q", d], check=True)
            (tree / "tests/lint").mkdir(parents=True)
            shutil.copy(ROOT / "tests/lint/lint.py", tree / "tests/lint/lint.py")
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
            (tree / "proto/base").mkdir(parents=True, exist_ok=True)
            (tree / "proto/base/base.h").write_text("\n")
            (tree / "match").mkdir(exist_ok=True)
            (tree / "match/planted.h").write_text("\n")
            r = subprocess.run([sys.executable, "tests/lint/lint.py"], cwd=d,
                               capture_output=True, text=True)
            if r.returncode == 0 or want not in r.stdout:
                print(f"not found: {want} in {path}\n{r.stdout}{r.stderr}")
                missed += 1
    print(f"{len(BREACHES)} planted breaches, {missed} missed")
    return 1 if missed else 0


sys.exit(main())
