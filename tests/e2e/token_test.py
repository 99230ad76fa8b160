"""Tokens with scopes against a real node: what each opens and what not, over
the Unix socket and over TCP; revoked, expired, after a restart; the log."""
import http.client
import json
import socket
import threading
import time
import unittest

from nodes import UnixConnection, preload_library
from support import Case, command, wait_for, write

TERM = "urn:ohcn:spreadsheet-use"
QUIZ = {"title": {"en": "Quiz"}, "external_id": "quiz-1",
        "measures": [{"term": TERM}],
        "items": [{"term": TERM, "type": "single-choice", "level": n, "key": 1,
                   "prompt": {"en": f"Question {n}"},
                   "options": [{"en": "a"}, {"en": "b"}]} for n in (1, 2, 3)]}
PRIVATE = ("/personas", "/conflicts", "/config", "/tokens", "/tokens/log")


class Token(Case):
    def setUp(self):
        w = self.world()
        self.node = w.node("acme", "company", clock=preload_library(
            "shift_clock.c", self.directory()))
        self.node.set_clock(0)
        self.node.start()

    def add(self, name, *scopes, only=None, **more):
        path = f"/tokens?persona={only}" if only else "/tokens"
        status, said = self.node.api("POST", path, {
            "name": name, "scopes": list(scopes), **more})
        self.assertEqual(200, status, said)
        self.assertRegex(said["token"], r"^ohcn-[0-9a-f]{64}$")
        return said["token"]

    def routes(self):
        """{route: the scopes that open it}."""
        said = self.node.api("GET", "/tokens/scopes")[1]
        out = {r: set() for r in said["owner_alone"]}
        for s in said["scopes"]:
            for r in s["routes"]:
                out.setdefault(r, set()).add(s["name"])
        return out

    @staticmethod
    def call(route):
        method, path = route.split(" ")
        path = path.replace("/api/v1", "")
        while "{" in path:
            path = path[:path.index("{")] + "zz" + path[path.index("}") + 1:]
        return method, path

    def test_every_route_has_its_scope(self):
        """Each route, asked with a token that has all scopes but its own."""
        names = [s["name"] for s in self.node.api("GET", "/tokens/scopes")[1]["scopes"]]
        routes = self.routes()
        self.assertGreater(len(routes), 80)
        for path in PRIVATE:
            self.assertEqual(set(), routes[f"GET /api/v1{path}"])
        tokens = {}
        before = self.node.cli("demand", "list"), self.node.api("GET", "/profile")
        for route, scopes in sorted(routes.items()):
            left = frozenset(names) - scopes
            if not left:
                continue  # any token may
            if left not in tokens:
                tokens[left] = self.add(f"t{len(tokens)}", *sorted(left))
            method, path = self.call(route)
            if path == "/metrics" and "/api/v1" not in route:
                continue
            status, said = self.node.api(method, path, {}, token=tokens[left])
            self.assertEqual(403, status, (route, said))
            self.assertEqual("E2019", said["code"], (route, said))
            for s in scopes or {"owner"}:
                self.assertIn(s, said["detail"])
        self.assertEqual(before, (self.node.cli("demand", "list"),
                                  self.node.api("GET", "/profile")))
        # Refused calls are in the log, each with the token's name.
        log = self.node.api("GET", "/tokens/log?limit=1000")[1]["calls"]
        refused = [c for c in log if c["status"] == 403]
        self.assertGreaterEqual(sum(c["times"] for c in refused), len(routes) - 3)
        self.assertEqual({f"t{i}" for i in range(len(tokens))},
                         {c["token"] for c in refused})

    def test_life(self):
        node = self.node
        job = {"format": "csv", "data": "external_id,type,title,region,skills\n"
               "A-1,job,Welder,de,welding:3!\n"}
        reader = self.add("reader", "demand")
        poster = self.add("poster", "read", "demand")
        plain = self.add("plain", "read")
        self.assertEqual(403, node.api("POST", "/demands/import", job, token=plain)[0])
        self.assertEqual([], node.api("GET", "/demands", token=reader)[1]["demands"])
        status, said = node.api("POST", "/demands/import", job, token=poster)
        self.assertEqual(200, status, said)
        self.assertEqual(1, len(node.api("GET", "/demands", token=reader)[1]["demands"]))
        # Not one, a name twice, no scope, an end that is over.
        self.assertEqual(401, node.api("GET", "/demands", token=reader[:-1] + "x")[0])
        self.assertEqual(401, node.api("GET", "/demands", token="x")[0])
        for body, status, code in (
                ({"name": "reader", "scopes": ["read"]}, 409, "E3162"),
                ({"name": "No Name", "scopes": ["read"]}, 422, "E3160"),
                ({"name": "x", "scopes": []}, 422, "E3161"),
                ({"name": "x", "scopes": ["root"]}, 422, "E3161"),
                ({"name": "x", "scopes": ["read"], "expires": 5}, 422, "E3165")):
            got = node.api("POST", "/tokens", body)
            self.assertEqual((status, code), (got[0], got[1]["code"]))
        # One ends by itself.
        soon = self.add("soon", "demand", expires=int(time.time()) + 3600)
        self.assertEqual(200, node.api("GET", "/demands", token=soon)[0])
        node.set_clock(2 * 3600)
        wait_for("its end", lambda: node.api(
            "GET", "/demands", token=soon)[0] == 401)
        node.set_clock(0)
        wait_for("the time of before", lambda: node.api(
            "GET", "/demands", token=soon)[0] == 200)
        # What the vault holds is no token.
        for f in node.home.rglob("*"):
            if f.is_file():
                self.assertNotIn(poster[5:].encode(), f.read_bytes(), f)

        node.stop()
        node.start()
        self.assertEqual(200, node.api("GET", "/demands", token=reader)[0])
        calls = node.cli("token", "log", "poster")["calls"]
        self.assertEqual([("POST", "/api/v1/demands/import", 200)],
                         [(c["method"], c["path"], c["status"]) for c in calls])

        # A stream of events ends with its token.
        stream = UnixConnection(node.home / "run" / "api.sock", 90)
        self.addCleanup(stream.close)
        stream.request("GET", "/api/v1/events", headers={
            "Authorization": f"Bearer {reader}"})
        answer = stream.getresponse()
        self.assertEqual(200, answer.status)
        rest = []
        listens = threading.Thread(target=lambda: rest.append(answer.read()))
        listens.start()
        self.assertEqual("revoked", node.cli("token", "revoke", "reader")["state"])
        listens.join(60)
        self.assertFalse(listens.is_alive())
        self.assertEqual(401, node.api("GET", "/demands", token=reader)[0])
        self.assertEqual(409, node.api("POST", "/tokens", {
            "name": "reader", "scopes": ["read"]})[0])
        node.stop()
        node.start()
        self.assertEqual(401, node.api("GET", "/demands", token=reader)[0])
        states = {t["name"]: t["state"] for t in node.cli("token", "list")["tokens"]}
        self.assertEqual({"reader": "revoked", "poster": "live", "plain": "live",
                          "soon": "live"}, states)
        with self.fails(5, "no token"):
            node.cli("token", "revoke", "nobody")

        # The command line with a token has no more rights than it.
        path = write(node.home.parent / "poster.token", poster + "\n")
        env = {"OHCN_TOKEN_FILE": str(path)}
        run = command(node.home, "demand", "list", "--json", env=env)
        self.assertEqual(1, len(json.loads(run.stdout)["demands"]))
        self.refused(command(node.home, "persona", "list", env=env), 4,
                     "lacks the scope", "owner")

    def test_events(self):
        """A token hears what its scopes let it."""
        node = self.node
        heard, said = {}, {}

        def listen(name, *scopes, only=None):
            stream = UnixConnection(node.home / "run" / "api.sock", 90)
            self.addCleanup(stream.close)
            stream.request("GET", "/api/v1/events", headers={
                "Authorization": f"Bearer {self.add(name, *scopes, only=only)}"})
            answer = stream.getresponse()
            heard[name], said[name] = [], []

            def run():
                for line in answer:
                    if line.startswith(b"event: "):
                        heard[name].append(line[7:].strip().decode())
                    elif line.startswith(b"data: "):
                        said[name].append(json.loads(line[6:]))
            t = threading.Thread(target=run)
            t.start()
            self.addCleanup(t.join, 60)

        listen("reads", "read")
        listen("publishes", "read", "publish")
        listen("offers", "offer")
        node.cli("persona", "add", "quiet")
        listen("bound", "read", "publish", only="quiet")
        listen("other", "read", "publish", only="main")
        node.cli("organisation", "edit", "--name", "Acme", "--type", "company")
        node.cli("organisation", "publish")
        wait_for("a record", lambda: "record" in heard["publishes"])
        # Who may only read is told of it as of any other: else what is in the
        # lists and was never told would be this node's.
        wait_for("the same", lambda: "record" in heard["reads"])
        self.assertEqual([True], [d.get("own") for d in said["publishes"]
                                  if d.get("kind") == "organisation"])
        self.assertEqual([None], [d.get("own") for d in said["reads"]
                                  if d.get("kind") == "organisation"])
        self.assertEqual([], heard["offers"])
        # A token of one persona hears of that one's own alone as its own.
        for name, own in (("bound", None), ("other", True)):
            wait_for(name, lambda n=name: "record" in heard[n])
            self.assertEqual([own], [d.get("own") for d in said[name]
                                     if d.get("kind") == "organisation"])
        for name in ("reads", "publishes", "offers", "bound", "other"):
            node.cli("token", "revoke", name)

    def test_what_read_tells(self):
        """What everybody may know, and nothing of whose it is."""
        node = self.node
        node.cli("organisation", "edit", "--name", "Acme", "--type", "company")
        node.cli("organisation", "publish")
        token = self.add("reads", "read", "match", "trust", "network")
        knows = self.add("knows", "publish", "read")
        listed = node.api("GET", "/records", token=token)[1]["records"]
        self.assertEqual(1, len(listed))
        one = node.api("GET", f"/records/{listed[0]['id']}", token=token)[1]
        full = node.api("GET", f"/records/{listed[0]['id']}", token=knows)[1]
        for key in ("own", "heard", "on_its_way"):
            self.assertNotIn(key, listed[0])
            self.assertNotIn(key, one)
            self.assertIn(key, full)
        self.assertEqual("Acme", one["payload"]["name"]["en"]
                         if isinstance(one["payload"]["name"], dict) else one["payload"]["name"])
        self.assertIsNone(node.api("GET", "/status", token=token)[1]["own"])
        store, all_of = (node.api("GET", "/store", token=t)[1]
                         for t in (token, knows))
        self.assertNotIn("own", store)
        self.assertEqual(1, all_of["own"])
        self.assertEqual({"own", "hidden", "private"},
                         {t["name"] for t in all_of["tables"]} -
                         {t["name"] for t in store["tables"]})
        status, said = node.api("POST", "/assessments", {"assessment": QUIZ})
        self.assertEqual(200, status, said)
        for t, has in ((token, False), (knows, True)):
            papers = node.api("GET", "/assessments", token=t)[1]["assessments"]
            self.assertEqual([has], ["own" in p for p in papers])
            shown = node.api("GET", f"/assessments/{papers[0]['id']}", token=t)
            self.assertEqual((200, has), (shown[0], "own" in shown[1]))
            # The name that its author gave it finds it for its author alone.
            self.assertEqual(200 if has else 404, node.api(
                "GET", "/assessments/quiz-1", token=t)[0])
        key = one["author"]
        for path in (f"/trust/keys/{key}", f"/learnability/{key}"):
            status, said = node.api("GET", path, token=token)
            self.assertEqual((200, False), (status, "own" in said), path)
        for path in ("/demands", "/courses", "/pathways", "/personas", "/profile"):
            self.assertEqual(403, node.api("GET", path, token=token)[0], path)

    def test_bound_to_a_persona(self):
        """A token of one persona: of others it sees nothing, may nothing."""
        node = self.node
        node.cli("persona", "add", "quiet")
        node.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        status, said = node.api("POST", "/tokens?persona=quiet", {
            "name": "bound", "scopes": [s["name"] for s in node.api(
                "GET", "/tokens/scopes")[1]["scopes"]]})
        self.assertEqual((200, "quiet"), (status, said.get("persona")))
        token = said["token"]
        self.assertIsNone(node.api("POST", "/tokens", {
            "name": "free", "scopes": ["read"]})[1]["persona"])
        # Without a name it means its own; another one, or a guess, is refused.
        mine = node.api("GET", "/profile", token=token)
        self.assertEqual((200, mine[1]), node.api("GET", "/profile?persona=quiet",
                                                  token=token))
        self.assertNotIn("welding", json.dumps(mine[1]))
        for other in ("main", "nobody"):
            for method, path in (("GET", "/profile"), ("PUT", "/profile"),
                                 ("GET", "/facts"), ("GET", "/documents"),
                                 ("GET", "/demands"), ("GET", "/communities"),
                                 ("POST", "/talks"), ("POST", "/profile/publish")):
                got = node.api(method, f"{path}?persona={other}", {}, token=token)
                self.assertEqual((403, "E2020"), (got[0], got[1].get("code")), path)
        self.assertEqual(403, node.api("GET", "/personas", token=token)[0])
        # What is of all personas, and whose the records are, is not for it.
        for path in ("/blocks", "/assessment-results"):
            got = node.api("GET", path, token=token)
            self.assertEqual((403, "E2020"), (got[0], got[1].get("code")), path)
        node.cli("organisation", "edit", "--name", "Acme", "--type", "company")
        node.cli("organisation", "publish")
        self.assertEqual([False], ["own" in one for one in node.api(
            "GET", "/records?kind=organisation", token=token)[1]["records"]])
        # It follows the persona, whatever its name, over a restart.
        node.cli("persona", "rename", "quiet", "welder")
        node.stop()
        node.start()
        self.assertEqual(200, node.api("GET", "/profile?persona=welder", token=token)[0])
        self.assertEqual(403, node.api("GET", "/profile?persona=main", token=token)[0])
        states = {t["name"]: t["persona"] for t in node.cli("token", "list")["tokens"]}
        self.assertEqual({"bound": "welder", "free": None}, states)
        # The log says as whom.
        node.api("PUT", "/profile", {}, token=token)
        log = node.cli("token", "log", "bound")["calls"]
        self.assertIn("persona welder", [c["note"] for c in log])

    def test_tcp(self):
        """Over TCP each call needs a token; the node's own is the owner's."""
        node = self.node
        node.stop()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        node.settings.append(f"api.port={port}")
        node.start()

        def ask(path, token):
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                c.request("GET", "/api/v1" + path, headers={
                    "Authorization": f"Bearer {token}"} if token else {})
                return c.getresponse().status
            finally:
                c.close()
        token = self.add("far", "match")
        self.assertEqual(401, ask("/personas", None))
        self.assertEqual(401, ask("/personas", token[:-1] + "g"))
        self.assertEqual(403, ask("/personas", token))
        self.assertEqual(200, ask("/tokens/scopes", token))
        owner = node.cli("paths")["token"]
        with open(owner) as f:
            self.assertEqual(200, ask("/personas", f.read().strip()))


if __name__ == "__main__":
    unittest.main()
