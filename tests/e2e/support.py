"""What the end-to-end tests share: where the program lies, single commands,
and worlds that check the logs of their nodes. OHCN_BUILD names the build."""
import contextlib
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from nodes import FAULT, ROOT, Fault, NodeError, World, wait_for

BUILD = Path(os.environ.get("OHCN_BUILD", ROOT / "build" / "test")).resolve()
BINARY = BUILD / "ohcn"
DATA = ROOT / "tests" / "demo" / "data"

# Commands that only look, each with words that need nothing else.
READS = [
    ["status"], ["doctor"], ["version"], ["paths"], ["key", "show"],
    ["profile", "show"], ["organisation", "show"], ["demand", "list"],
    ["course", "list"], ["match", "list"], ["signal", "top"],
    ["signal", "map"], ["signal", "series"],
    ["record", "list"], ["peer", "list"], ["sync", "status"], ["topic", "list"],
    ["topic", "explain", "people"],
    ["vocabulary", "search", "welding"], ["vocabulary", "list"],
    ["term", "list"],
    ["config", "list"], ["config", "show"], ["config", "check"],
]


def command(home, *words, stdin=None, env=None, timeout=120, binary=BINARY,
            **options):
    """One command as a person would type it; the completed process. A
    sanitizer's words or a signal fail the test at once."""
    full = [str(binary), "--home", str(home)] + [str(w) for w in words]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OHCN_")}
    environment.update(env or {})
    run = subprocess.run(full, input=stdin, capture_output=True, text=True,
                         timeout=timeout, env=environment,
                         stdin=subprocess.DEVNULL if stdin is None else None,
                         **options)
    if FAULT.search(run.stderr) or FAULT.search(run.stdout) or run.returncode < 0:
        raise Fault(f"{' '.join(full)}: exit {run.returncode}\n{run.stderr}")
    return run


def holds(node, record_id):
    """Does the node hold this very record?"""
    return node.api("GET", f"/records/{record_id}")[0] == 200


def peers_of(node):
    return node.api("GET", "/peers")[1]["peers"]


def varint(n):
    out = bytearray()
    while n >= 128:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


HEAD, END = b"OHCNREC\n", b"OHCNEND\n"


def frames(data):
    """The records in a record file (SPEC.md section 15) that is whole."""
    assert data[:9] == HEAD + b"\x01" and data[-8:] == END, data[:20]
    out, at = [], 10 + data[9]
    while data[at] != 0:
        n = shift = 0
        while True:
            b = data[at]
            at += 1
            n |= (b & 127) << shift
            shift += 7
            if b < 128:
                break
        out.append(data[at:at + n])
        at += n
    assert data[at:] == b"\0" + len(out).to_bytes(8, "big") + END
    return out


def record_file(net, records):
    """A record file of these records."""
    return (HEAD + b"\x01" + bytes([len(net)]) + net.encode() +
            b"".join(varint(len(r)) + r for r in records) +
            b"\0" + len(records).to_bytes(8, "big") + END)


class Case(unittest.TestCase):
    maxDiff = None

    def world(self, **options):
        """A world that ends with the test, whose logs must be clean."""
        w = World(BINARY, **options)
        self.addCleanup(self._end, w)
        return w

    def _end(self, w):
        try:
            with w:
                pass
        except Fault as e:
            self.fail(str(e))

    def directory(self):
        d = tempfile.TemporaryDirectory(prefix="ohcn-", ignore_cleanup_errors=True)
        self.addCleanup(d.cleanup)
        return Path(d.name)

    def refused(self, run, code, *texts):
        """It ended with ${code} and said ${texts}; never just a number."""
        self.assertEqual(code, run.returncode, run.stderr)
        self.assertRegex(run.stderr, r"ohcn: .*\[E\d{4}\]")
        for text in texts:
            self.assertIn(text, run.stderr)

    @contextlib.contextmanager
    def fails(self, code, *texts):
        with self.assertRaises(NodeError) as caught:
            yield
        self.assertEqual(code, caught.exception.code, caught.exception.text)
        for text in texts:
            self.assertIn(text, caught.exception.text)


def write(path, text):
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


__all__ = ["BINARY", "BUILD", "Case", "DATA", "Fault", "NodeError", "READS",
           "ROOT", "command", "frames", "holds", "peers_of", "varint",
           "wait_for", "write"]
