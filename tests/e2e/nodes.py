"""Real nodes as processes, for the end-to-end tests and the demo: start,
talk to them through the command line with --json, kill, restart. Python's
standard library alone."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "api"))
import schema  # noqa: E402


# What no log and no output of a command may ever hold.
FAULT = re.compile(r"ERROR: AddressSanitizer|runtime error:|LeakSanitizer|"
                   r"^\S+Z broken |\"level\":\"broken\"|assertion failed", re.M)


class Fault(AssertionError):
    """A node or a command has shown a fault of its own: a sanitizer spoke,
    the log says `broken`, it ended by a signal or with a wrong code."""


class NodeError(Exception):
    """A command failed: what it printed on standard error, and its code."""

    def __init__(self, command, code, text):
        super().__init__(f"{' '.join(command)}: exit {code}\n{text}")
        self.code = code
        self.text = text


# A machine that does other work as well is no failure.
PATIENCE = 3


def wait_for(what, check, seconds=60.0, every=0.2):
    """Polls check() until it is true; its value. Fails with ${what} after
    PATIENCE times ${seconds}."""
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"after {seconds:.0f} s still not: {what}")
        time.sleep(every)


class UnixConnection(http.client.HTTPConnection):
    """HTTP to the local API over its Unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Node:
    """One node: a home directory and, while it runs, a process."""

    def __init__(self, binary, home, role, name, network="test-e2e",
                 region="de", bootstrap=(), settings=(), language="en",
                 preload=None, plant=None, clock=None, dials=None):
        self.binary = str(binary)
        self.home = Path(home)
        self.role, self.name, self.network = role, name, network
        self.region, self.language = region, language
        self.bootstrap = list(bootstrap)
        self.settings = list(settings)
        self.preload, self.plant = preload, plant
        self.clock_library = clock
        self.dials_library = dials  # of watch_dials.c
        self.clock = self.home.parent / f"{self.home.name}.clock"
        self.passphrase = None  # a file; before the first start
        self.process = None
        self.bad_end = None
        self.log = self.home.parent / f"{self.home.name}.log"
        self.home.mkdir(parents=True, exist_ok=True)

    def _passphrase(self):
        return (["--passphrase-file", str(self.passphrase)] if self.passphrase
                else ["--no-passphrase"])

    def _arguments(self):
        sets = [f"node.role={self.role}", f"node.network={self.network}",
                f"node.region={self.region}", f"node.language={self.language}",
                "api.port=0",
                "stem.alone=1s",  # few have peers of their own choice
                "publish.klint=warn",  # a few invented people; see lint_test
                "mdns.mode=off",  # worlds must not meet
                "log.format=text", *self.settings]
        # A list that is set again goes on: loopback only where nothing else is.
        if not any(s.startswith("listen.addresses=") for s in self.settings):
            sets.append("listen.addresses=/ip4/127.0.0.1/tcp/0")
        if self.name:
            sets.append(f"node.name={self.name}")
        if self.bootstrap:
            sets.append("peers.bootstrap=" + " ".join(self.bootstrap))
        out = [self.binary, "--home", str(self.home), *self._passphrase()]
        for s in sets:
            out += ["--set", s]
        return out

    def start(self, seconds=60.0):
        """Starts the node in the foreground of a child; waits until ready."""
        env = dict(os.environ)
        env.pop("OHCN_HOME", None)
        if self.preload:
            env.update(self.preloaded(OHCN_TEST_JOURNAL=str(self.journal),
                                      OHCN_TEST_SYNC_MS="30"))
            if self.plant:
                env["OHCN_TEST_PLANT"] = self.plant
        if self.clock_library:
            env["LD_PRELOAD"] = " ".join(filter(None, [
                env.get("LD_PRELOAD"), str(self.clock_library)]))
            env["OHCN_TEST_CLOCK"] = str(self.clock)
            env["ASAN_OPTIONS"] = "verify_asan_link_order=0:" + \
                env.get("ASAN_OPTIONS", "")
        if self.dials_library:
            env["LD_PRELOAD"] = " ".join(filter(None, [
                env.get("LD_PRELOAD"), str(self.dials_library)]))
            env["OHCN_TEST_DIALS"] = str(self.dials)
            env["ASAN_OPTIONS"] = "verify_asan_link_order=0:" + \
                env.get("ASAN_OPTIONS", "")
        log = open(self.log, "ab")
        command = self._arguments()
        if not (self.home / "key").exists() and not list(self.home.glob("*key*")):
            command_init = command + ["init"]
            subprocess.run(command_init, stdout=log, stderr=log, check=True,
                           stdin=subprocess.DEVNULL, env=env)
            log.flush()
        self.process = subprocess.Popen(
            command + ["daemon"], stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, env=env, start_new_session=True)
        log.close()

        def ready():
            if self.process.poll() is not None:
                raise NodeError(command, self.process.returncode, self.log_tail())
            if not (self.home / "run" / "api.sock").exists():
                return None
            try:
                return self.cli("status")
            except NodeError:
                return None
        return wait_for(f"{self.name or self.role} is ready", ready, seconds, 0.05)

    @property
    def full(self):
        """While this file exists, the disk is full for what is preloaded."""
        return self.home.parent / f"{self.home.name}.full"

    def preloaded(self, preload=None, **more):
        """What the environment of a process that is to be tested needs."""
        return {"LD_PRELOAD": str(preload or self.preload),
                "OHCN_TEST_FULL": str(self.full),
                # The sanitizer's library wants to be the first; here it is not.
                "ASAN_OPTIONS": "verify_asan_link_order=0:" +
                os.environ.get("ASAN_OPTIONS", ""), **more}

    @property
    def dials(self):
        """What watch_dials.c has noted: a line for each thing asked of the
        network."""
        return self.home.parent / f"{self.home.name}.dials"

    @property
    def journal(self):
        return self.home.parent / f"{self.home.name}.journal"

    def log_tail(self, lines=30):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def cli(self, *words, raw=False, check=True, stdin=None, timeout=120):
        """Runs `ohcn --json WORDS` against this node; the parsed answer."""
        command = [self.binary, "--home", str(self.home), *self._passphrase()]
        if not raw:
            command.append("--json")
        command += [str(w) for w in words]
        run = subprocess.run(command, input=stdin, capture_output=True,
                             text=True, timeout=timeout)
        if FAULT.search(run.stderr) or run.returncode < 0:
            raise Fault(f"{' '.join(command)}: exit {run.returncode}\n{run.stderr}")
        if check and run.returncode not in (0, 7):
            raise NodeError(command, run.returncode, run.stderr)
        if raw:
            return run
        if not run.stdout.strip():
            return None
        answer = json.loads(run.stdout)
        schema.hold_command(answer)
        return answer

    def api(self, method, path, body=None, timeout=90, raw=False, token=None):
        """One request to the local API: (status, answer). Much faster than a
        command; the command line itself uses nothing else. ${token}: with no
        more rights than it has."""
        c = UnixConnection(self.home / "run" / "api.sock", timeout)
        try:
            c.request(method, "/api/v1" + path,
                      body if body is None or isinstance(body, bytes) else json.dumps(body),
                      {"X-OHCN": "1", "Content-Type": "application/json",
                       **({"Authorization": f"Bearer {token}"} if token else {})})
            answer = c.getresponse()
            data = answer.read()
        finally:
            c.close()
        if raw:
            return answer.status, data
        said = json.loads(data)
        schema.hold_api(method, path, answer.status, said)
        return answer.status, said

    def metrics(self):
        """The figures of /metrics: {'name{label="x"}': value}."""
        text = self.api("GET", "/metrics", raw=True)[1].decode()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in text.splitlines() if line and line[0] != "#"}

    def faults(self):
        """Lines of the logs that must never be there."""
        out = []
        for log in (self.log, self.home / "ohcn.log"):
            text = log.read_text(errors="replace") if log.exists() else ""
            found = FAULT.search(text)
            if found:
                begin = text.rfind("\n", 0, found.start()) + 1
                out.append(f"{log}:\n{text[begin:begin + 4000]}")
        if self.bad_end:
            out.append(f"{self.name}: {self.bad_end}\n{self.log_tail(5)}")
        return out

    def set_clock(self, seconds):
        """Its wall clock is so far off the machine's; needs ${clock}."""
        self.clock.write_text(str(int(seconds)))

    def address(self):
        return self.cli("status")["addresses"][0]

    def kill(self):
        """SIGKILL: no goodbye, nothing flushed."""
        early = self.process.poll()
        if early is not None:
            self.bad_end = f"it had ended by itself, exit {early}"
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def power_cut(self, rng=None):
        """SIGKILL, and what was not synced is gone; with ${rng} a random half
        of its pages is."""
        self.kill()
        return play_back(self.journal, self.home / "store" / "data.mdb", rng)

    def stop(self, seconds=90):
        if self.process is None:
            return 0
        self.process.terminate()
        code = self.process.wait(seconds)
        self.process = None
        if code != 0:
            self.bad_end = f"it ended with {code} when asked to stop"
        return code


def preload_library(source, directory):
    """Compiles ${source} beside this file into a library to be preloaded."""
    out = Path(directory) / (Path(source).stem + ".so")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(out),
                    str(Path(__file__).resolve().parent / source), "-ldl",
                    "-lpthread"], check=True)
    return out


PAGE = 4096


def play_back(journal, path, rng=None):
    """Undoes the writes that a journal of drop_unsynced.c notes, the newest
    first; how many. A disk may keep any of them: with ${rng} each page is
    undone or kept by the toss of a coin."""
    if not journal.exists():
        return 0
    data = journal.read_bytes()
    entries, at = [], 0
    while at + 24 <= len(data):
        offset, n, size = struct.unpack_from("=QQQ", data, at)
        if at + 24 + n > len(data):
            break  # it was killed while it noted: the write did not happen
        entries.append((offset, data[at + 24:at + 24 + n], size))
        at += 24 + n
    if path.exists():
        kept = {}
        with open(path, "r+b") as f:
            for offset, old, size in reversed(entries):
                for i in range(0, len(old), PAGE):
                    page = (offset + i) // PAGE
                    if page not in kept:
                        kept[page] = rng is not None and rng.random() < 0.5
                    if not kept[page]:
                        f.seek(offset + i)
                        f.write(old[i:i + PAGE])
                if not any(kept.values()):
                    f.truncate(size)
    journal.unlink()
    return len(entries)


class World:
    """A temporary directory with nodes; stops them all at the end."""

    def __init__(self, binary, keep=False, directory=None):
        self.binary = Path(binary)
        self.directory = Path(directory or tempfile.mkdtemp(prefix="ohcn-"))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.keep = keep
        self.nodes = []

    def node(self, name, role, **options):
        n = Node(self.binary, self.directory / name, role, name, **options)
        self.nodes.append(n)
        return n

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self.keep and kind is None:
            return False
        faults = self.end()
        if kind is not None:
            for n in self.nodes:
                print(f"---- log of {n.name}\n{n.log_tail()}")
        elif not self.keep and not faults:
            shutil.rmtree(self.directory, ignore_errors=True)
        if faults:
            text = "\n".join(faults)
            if kind is None:
                raise Fault(text)
            print(f"---- faults\n{text}")
        return False

    def end(self):
        """Stops all nodes; the faults that they have shown."""
        for n in self.nodes:
            try:
                n.stop()
            except (subprocess.TimeoutExpired, OSError):
                n.kill()
                n.bad_end = "it did not stop when asked to"
        return [fault for n in self.nodes for fault in n.faults()]
