"""Communities between real nodes: a facilitator and two members. Founded and
published under a persona, found by others; what a person tells by it."""
import base64
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "vectors"))
import evidence  # noqa: E402  the second program that reads SPEC.md
from support import Case, holds, peers_of, wait_for, write

NET = "test-community"
JOBS = ("external_id,type,title,region,skills\n"
        "R-1,project,Map the river,de,\"welding:2\"\n")

B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def key_of(did):
    n = 0
    for c in did.removeprefix("did:key:z"):
        n = n * 58 + B58.index(c)
    return n.to_bytes(34, "big")[2:]


def id_of(record):
    text = record[1:].upper()
    return base64.b32decode(text + "=" * (-len(text) % 8))[-32:]


class Community(Case):
    def setUp(self):
        self.w = self.world()
        self.hub = self.w.node("hub", "person", network=NET)
        self.hub.start()
        boot = [self.hub.address()]
        self.lea, self.tom = (self.w.node(name, "person", network=NET, bootstrap=boot)
                              for name in ("lea", "tom"))
        for node in (self.lea, self.tom):
            node.start()
            wait_for("a neighbour", lambda: peers_of(node))

    def found(self, *more):
        self.hub.cli("community", "found", "river", "--title", "River watch",
                     "--purpose", "climate protection", "--rhythm", "weekly",
                     "--minutes", "90", "--seats", "12", *more)
        return self.hub.cli("community", "publish", "river")["record"]["id"]


class Record(Community):
    def test_published_changed_ended(self):
        hub, lea = self.hub, self.lea
        hub.cli("demand", "import", write(self.w.directory / "jobs.csv", JOBS))
        hub.cli("community", "found", "river", "--title", "River watch", "--purpose",
                "climate protection", "--rhythm", "weekly", "--demand", "R-1")
        self.assertEqual("draft", hub.cli("community", "show", "river")["state"])
        dry = hub.cli("community", "publish", "river", "--dry-run")
        payload = dry["record"]["body"]["payload"]
        me = hub.cli("status")["did"] if "did" in hub.cli("status") else \
            hub.cli("persona", "list")["personas"][0]["did"]
        self.assertEqual([me], payload["facilitators"])
        self.assertEqual("ask", payload["joining"])
        self.assertIn("inbox", payload)
        self.assertEqual([], hub.cli("community", "list", "--all")["known"])
        first = hub.cli("community", "publish", "river")["record"]["id"]
        wait_for("the record arrives", lambda: holds(lea, first))
        seen = lea.cli("community", "show", first)
        self.assertEqual("known", seen["state"])
        self.assertEqual(1, len(seen["demands"]))
        wait_for("its project, too",
                 lambda: lea.cli("community", "show", first)["demands"][0]["title"]
                 == "Map the river")
        self.assertEqual([first], [c["id"] for c in
                                   lea.cli("community", "list", "--all")["known"]])
        # Changed: another id, the same community.
        hub.cli("community", "edit", "river", "--skill", "welding:2")
        second = hub.cli("community", "publish", "river")["record"]["id"]
        self.assertNotEqual(first, second)
        wait_for("the change arrives", lambda: holds(lea, second))
        self.assertEqual("published", hub.cli("community", "show", "river")["state"])
        hub.stop()
        hub.start()
        self.assertEqual("published", hub.cli("community", "show", "river")["state"])
        wait_for("a neighbour again", lambda: peers_of(hub) or
                 lea.cli("peer", "connect", hub.address()))
        # Over: gone everywhere, and the name is not used again.
        hub.cli("community", "end", "river")
        wait_for("the end arrives", lambda: not lea.cli(
            "community", "list", "--all")["known"])
        self.assertEqual("ended", hub.cli("community", "show", "river")["state"])
        with self.fails(8, "ended"):
            hub.cli("community", "publish", "river")

    def test_care(self):
        tom = self.tom
        tom.cli("community", "found", "quiet", "--title", "Quiet", "--purpose",
                "climate protection", "--website", "https://tom.example")
        dry = tom.cli("community", "publish", "quiet", "--dry-run")
        self.assertEqual("warn", dry["care"]["verdict"])
        self.assertIn("website", " ".join(dry["care"]["words"]))
        tom.cli("profile", "edit", "--add-skill", "welding")
        tom.cli("profile", "publish", "--now")
        wait_for("the card", lambda: tom.cli("profile", "show")["published"])
        self.assertEqual("refuse", tom.cli("community", "publish", "quiet",
                                           "--dry-run")["care"]["verdict"])
        # Two personas in one record would say that they are one.
        tom.cli("persona", "add", "second")
        other = [p["did"] for p in tom.cli("persona", "list")["personas"]
                 if p["name"] == "second"][0]
        with self.fails(1, "another persona"):
            tom.cli("community", "edit", "quiet", "--facilitator", other)
        self.assertEqual([], tom.cli("community", "list", "--persona",
                                     "second")["communities"])



class Together(Community):
    """Asked, welcomed, agreed; sessions of three; who leaves is forgotten."""

    def api(self, node, path):
        status, said = node.api("GET", path)
        self.assertEqual(200, status, said)
        return said

    def join(self, node, record, text, persona=None):
        who = [] if persona is None else ["--persona", persona]
        node.cli("community", "join", record, "--name", "river", "--text", text,
                 *who)
        request = wait_for("the request", lambda: [
            q for q in self.api(self.hub, "/communities/river/members")["requests"]
            if q["text"] == text])[0]
        self.assertIsNone(request["key"])
        self.hub.cli("community", "welcome", "river", request["talk"], "--role",
                     "Treasurer", "--hours-week", "2", "--weeks", "10")
        wait_for("the role is offered", lambda: node.cli(
            "community", "accept", "river", "--dry-run", *who)["step"] == "interested")
        node.cli("community", "accept", "river", *who)
        wait_for("its agreement", lambda: node.cli(
            "community", "accept", "river", "--dry-run", *who)["step"] == "signed")
        node.cli("community", "accept", "river", *who)
        mine = [p["did"] for p in node.cli("persona", "list")["personas"]
                if p["name"] == (persona or "main")][0]
        wait_for("both have signed", lambda: any(
            m["key"] == mine and m["complete"]
            for m in self.api(self.hub, "/communities/river/members")["members"]))
        return mine

    def session(self, node, i):
        status, said = node.api("GET", f"/sessions/{i}")
        return said if status == 200 else None

    def strange(self, record, other, signed=True):
        """A session that a key nobody knows says to have held with another."""
        stranger = evidence.KEYS[5]
        peers = sorted([stranger.pub, key_of(other)])
        body = evidence.body_of("session", {
            "peers": peers, "k": 2, "nonce": bytes(16), "at": int(time.time()) // 3600,
            "minutes": 60, "subject": id_of(record)}, NET)
        by = [(16 + peers.index(stranger.pub), stranger)] if signed else []
        return {"document": evidence.document(body, by, NET).hex()}

    def test_not_led_by(self):
        """A role by a key that the record does not name, and one of a
        community that has ended."""
        hub, lea = self.hub, self.lea
        me = self.tom.cli("persona", "list")["personas"][0]["did"]
        record = self.found("--facilitator", me)
        wait_for("the record", lambda: holds(lea, record))
        lea.cli("community", "join", record, "--name", "river", "--text", "I can")
        asks = wait_for("the request", lambda: self.api(
            hub, "/communities/river/members")["requests"])
        hub.cli("community", "welcome", "river", asks[0]["talk"], "--role", "Scout")
        wait_for("the role", lambda: lea.cli(
            "community", "accept", "river", "--dry-run")["step"] == "interested")
        lea.cli("community", "accept", "river")
        wait_for("it is refused", lambda: lea.api(
            "POST", "/communities/river/accept", {})[1].get("code") == "E3187")
        with self.fails(8, "no facilitator"):
            lea.cli("community", "accept", "river")
        self.assertEqual("asked", lea.cli("community", "show", "river")["state"])
        hub.cli("community", "end", "river")
        wait_for("the end", lambda: lea.cli(
            "community", "show", "river")["state"] == "ended")
        with self.fails(8, "ended"):
            lea.cli("community", "accept", "river")
        with self.fails(8, "ended"):
            hub.cli("community", "welcome", "river", asks[0]["talk"], "--role", "Scout")

    def test_three_nodes(self):
        hub, lea, tom = self.hub, self.lea, self.tom
        record = self.found()
        for node in (lea, tom):
            wait_for("the record", lambda: holds(node, record))
        # One of them under a persona made for it.
        tom.cli("persona", "add", "river")
        wait_for("its stamp", lambda: all(
            p["stamp_ready"] for p in tom.cli("persona", "list")["personas"]))
        dry = lea.cli("community", "join", record, "--dry-run")
        self.assertIn("used once", dry["everybody_sees"])
        leas = self.join(lea, record, "I can weld")
        toms = self.join(tom, record, "me too", "river")
        self.assertEqual([], tom.cli("community", "list")["communities"])
        members = self.api(hub, "/communities/river/members")
        self.assertEqual([20, 20], [m["hours"] for m in members["members"]])
        self.assertEqual([], members["requests"])
        # A member sees its own role, and of others nothing.
        own = self.api(lea, "/communities/river/members")["members"]
        self.assertEqual([leas], [m["key"] for m in own])
        self.assertEqual("member", lea.cli("community", "show", "river")["state"])
        with self.fails(8):
            lea.cli("community", "join", record, "--name", "again")

        # A session of three, two of whom have to sign.
        s = hub.cli("session", "propose", "river", "--k", "3", "--minutes", "90",
                    "--practised", "welding:3", "--send")
        self.assertEqual(["fine", "fine"], [p["outcome"] for p in s["passed"]])
        for node, who in ((lea, ""), (tom, "?persona=river")):
            wait_for("it arrives", lambda: node.api(
                "GET", f"/sessions/{s['id']}{who}")[0] == 200)
        lea.cli("session", "sign", s["id"], "--send")
        tom.cli("session", "sign", s["id"], "--send", "--persona", "river")
        done = wait_for("all three have signed", lambda: (
            (x := self.session(hub, s["id"]))["complete"] and x))
        self.assertEqual(3, done["signed"])
        self.assertEqual({leas, toms}, {k["key"] for k in done["keys"] if not k["me"]})
        hub.cli("session", "send", s["id"])
        wait_for("lea has it whole", lambda: self.session(lea, s["id"])["complete"])
        learned = hub.cli("community", "show", "river")["learned"]
        self.assertEqual((1, 90, 3), (learned["sessions"], learned["minutes"],
                                      learned["attended"]))
        self.assertEqual(3, learned["terms"][0]["level"])
        self.assertNotIn("did:key", str(learned))
        self.hostile(record, leas, toms, done["document"])

        # All of it is there after a restart.
        for node in (hub, lea, tom):
            node.stop()
            node.start()
        self.assertEqual(1, hub.cli("community", "show", "river")["learned"]["sessions"])
        self.assertEqual("member", lea.cli("community", "show", "river")["state"])
        # Leaving: kept as over, or erased with all that hangs on it.
        lea.cli("community", "leave", "river")
        self.assertEqual("ended", lea.cli("community", "show", "river")["state"])
        self.assertTrue(self.api(lea, "/communities/river/members")["members"][0]["over"])
        left = tom.cli("community", "leave", "river", "--forget", "--yes",
                       "--persona", "river")
        self.assertEqual(2, left["documents"])
        self.assertEqual([], tom.cli("session", "list", "--persona", "river")["sessions"])
        with self.fails(5):
            tom.cli("community", "show", "river", "--persona", "river")
        # It is over: nobody joins, and no role of it is accepted any more.
        hub.cli("community", "end", "river")
        with self.fails(8, "ended"):
            hub.cli("community", "publish", "river")
        wait_for("the end at lea", lambda: not lea.cli(
            "community", "list", "--all")["known"])
        with self.fails(5):
            lea.cli("community", "join", record)

    def hostile(self, record, leas, toms, whole):
        hub, lea, tom = self.hub, self.lea, self.tom
        # A signature of one session put under another one.
        other = hub.cli("session", "propose", "river", "--k", "2", "--minutes", "30",
                        "--with", leas)
        good, fresh = bytes.fromhex(whole), bytes.fromhex(other["document"])
        status, said = hub.api("POST", "/sessions/take",
                               {"document": (fresh[:-64] + good[-64:]).hex()})
        self.assertEqual((422, "E3171"), (status, said["code"]), said)
        self.assertIn("signature", said["detail"])
        self.assertEqual(1, self.session(hub, other["id"])["signed"])
        # Cut short, and of nobody here.
        for bad in (whole[:-2], whole + "00", "zz", "", whole[:40]):
            self.assertEqual(422, hub.api("POST", "/sessions/take",
                                          {"document": bad})[0])
        # A session of a stranger's own is of no community of hers.
        stranger = tom.cli("session", "propose", "--with", leas)
        taken = lea.api("POST", "/sessions/take", {"document": stranger["document"]})[1]
        self.assertIsNone(taken["community"])
        self.assertFalse(taken["complete"])
        with self.fails(1, "another persona"):
            tom.cli("session", "propose", "--with", f"{leas},{toms}")
        # One that names the community and a member, or who leads it.
        for node, other, verdict in ((lea, leas, "not-of-us"), (hub, None, "strangers")):
            other = other or hub.cli("persona", "list")["personas"][0]["did"]
            taken = node.api("POST", "/sessions/take", self.strange(record, other))[1]
            self.assertEqual(verdict, taken["verdict"])
            self.assertEqual((409, "E3177"), (
                (x := node.api("POST", f"/sessions/{taken['id']}/sign", {}))[0],
                x[1]["code"]))
            self.assertEqual(0, [v for v in self.api(node, "/sessions")["sessions"]
                                 if v["id"] == taken["id"]][0]["signed_by_me"])
        # Who has no role in it cannot be named in one of it.
        nobody = [p["did"] for p in tom.cli("persona", "list")["personas"]
                  if p["name"] == "main"][0]
        with self.fails(8, "no role"):
            hub.cli("session", "propose", "river", "--with", nobody)


if __name__ == "__main__":
    unittest.main()
