"""Feeds: a web server of the test's own is read again and again: new, changed,
archived, the same; words that wait for a review; what is lost all at once is
asked about; where a feed must not lead."""
import http.server
import json
import re
import threading
import unittest

from nodes import schema
from support import Case, wait_for, write

NET = "test-feed"
HEAD = "external_id,title,region,skills\n"


def table(*ids, title="Welder", skills="welding:3"):
    return HEAD + "".join(f"{i},{title} {i},de,{skills}\n" for i in ids)


class Web(http.server.BaseHTTPRequestHandler):
    """What the server says is set by the test: {path: (status, headers, body)}."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        web = self.server
        web.asked.append((self.path, dict(self.headers)))
        if web.hold is not None:
            web.hold.wait(60)
        status, headers, body = web.pages.get(self.path, (404, {}, ""))
        if headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
            status, body = 304, ""
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Feed(Case):
    def setUp(self):
        self.w = self.world()
        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
        self.web.daemon_threads = True
        self.web.pages, self.web.asked, self.web.hold = {}, [], None
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        self.addCleanup(self.web.server_close)
        self.addCleanup(self.web.shutdown)
        self.base = f"http://127.0.0.1:{self.web.server_address[1]}"
        self.files = self.directory()

    def node(self, *settings):
        node = self.w.node("acme", "company", network=NET, settings=(
            "feeds.least_interval=1s", "limits.body=64KiB",
            f"feeds.directory={self.files}", *settings))
        node.start()
        return node

    def checked(self, said, part="feed"):
        self.assertEqual([], schema.check(
            {k: v for k, v in said.items() if k != "schema"}, "company", part), said)
        return said

    def set(self, node, name, path, **more):
        url = path if ":" in path else self.base + path
        status, said = node.api("PUT", f"/feeds/{name}", {
            "url": url, "format": "csv", "every": 86400, **more})
        self.assertEqual(200, status, said)
        return self.checked(said)

    def sync(self, node, name="careers", **more):
        def free():
            status, said = node.api("POST", f"/feeds/{name}/sync", more)
            return (status, said) if status != 409 else None
        status, said = wait_for("no other is being read", free)
        self.assertEqual(200, status, said)
        return self.checked(said)

    def counts(self, feed):
        last = feed["last"]
        return tuple(last[k] for k in (
            "created", "updated", "unchanged", "archived", "held", "errors"))

    def open(self, node):
        return sorted(d["external_id"] for d in node.cli("demand", "list")["demands"]
                      if d["status"] == "open")

    def test_life(self):
        node = self.node("feeds.allow_private=yes")
        pages = self.web.pages
        pages["/jobs.csv"] = (200, {"ETag": '"one"'}, table("a", "b", "c", "d"))
        node.cli("demand", "import", write(self.w.directory / "own.csv", table("mine")))
        # The first read is due at once.
        self.set(node, "careers", "/jobs.csv")
        wait_for("it is read by itself", lambda: self.open(node) == list("abcd") + ["mine"])
        feed = wait_for("its end", lambda: (
            f := node.cli("feed", "show", "careers"))["last"] and f)
        self.assertEqual((4, 0, 0, 0, 0, 0), self.counts(feed))
        self.assertGreater(feed["next"], feed["last"]["at"] + 80000)
        # Nothing new: asked for by its mark, nothing is imported.
        said = self.sync(node)
        self.assertEqual("unchanged", said["last"]["result"])
        self.assertEqual('"one"', self.web.asked[-1][1]["If-None-Match"])
        # The same bytes without a mark.
        pages["/jobs.csv"] = (200, {}, table("a", "b", "c", "d"))
        self.assertEqual("unchanged", self.sync(node)["last"]["result"])

        # One is new, one has changed, one is gone: the last alone is archived;
        # what did not come by the feed stays.
        text = table("a", "c", "e") + "d,Another title,de,welding:3\n"
        pages["/jobs.csv"] = (200, {"Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT"}, text)
        dry = self.sync(node, dry_run=True)
        self.assertTrue(dry["dry_run"])
        self.assertEqual((1, 1, 2, 1, 0, 0), self.counts(dry))
        self.assertEqual(list("abcd") + ["mine"], self.open(node))
        self.assertEqual((1, 1, 2, 1, 0, 0), self.counts(self.sync(node)))
        self.assertEqual(["a", "c", "d", "e", "mine"], self.open(node))
        pages["/jobs.csv"] = (304, {}, "")
        self.assertEqual("unchanged", self.sync(node)["last"]["result"])
        self.assertEqual("Mon, 02 Nov 2026 10:00:00 GMT",
                         self.web.asked[-1][1]["If-Modified-Since"])

        # Gone, an error, no table, too large, cut off: nothing is withdrawn.
        for status, headers, body, why in (
                (404, {}, "", "404"), (500, {}, "oh", "500"),
                (200, {}, "", "empty"), (200, {}, b"\xff\xfe", "UTF-8"),
                (200, {}, "x" * 70000, "larger"), (200, {}, "<html>no</html>", "")):
            pages["/jobs.csv"] = (status, headers, body)
            said = self.sync(node)
            self.assertEqual("failed", said["last"]["result"], (why, said))
            self.assertIn(why, said["last"]["why"])
            self.assertEqual(["a", "c", "d", "e", "mine"], self.open(node))
        self.assertEqual(6, said["fails"])
        metrics = node.metrics()
        self.assertEqual((6, 1), (metrics['ohcn_feed_reads_total{result="failed"}'],
                                  metrics["ohcn_feeds_failing"]))
        self.assertIn("failed", node.cli("feed", "list", raw=True).stdout)

        # Half of it is gone: asked first, also after a restart; then done.
        pages["/jobs.csv"] = (200, {}, table("a", "c", "f"))
        said = self.sync(node)
        self.assertEqual(("asks", {"missing": 2, "known": 4}), (
            said["last"]["result"], said["ask"]))
        self.assertEqual(["a", "c", "d", "e", "f", "mine"], self.open(node))
        # It goes on asking, though there are more by now.
        self.assertEqual({"missing": 2, "known": 5}, self.sync(node)["ask"])
        self.assertEqual(["a", "c", "d", "e", "f", "mine"], self.open(node))
        node.stop()
        node.start()
        self.assertEqual({"missing": 2, "known": 5},
                         node.cli("feed", "show", "careers")["ask"])
        node.cli("feed", "review", "careers", "--archive")
        wait_for("they are archived", lambda: self.open(node) == ["a", "c", "f", "mine"])
        wait_for("its end", lambda: not node.cli("feed", "show", "careers")["busy"])
        feed = node.cli("feed", "show", "careers")
        self.assertEqual((None, 3), (feed["ask"], feed["known"]))
        # All of it is gone, of three: asked as well.
        pages["/jobs.csv"] = (200, {}, HEAD + "x,,de,\n")
        said = self.sync(node)
        self.assertEqual({"missing": 3, "known": 3}, said["ask"])
        self.assertEqual(["a", "c", "f", "mine"], self.open(node))
        # What it published stays when it is removed.
        self.assertEqual("careers", node.cli("feed", "remove", "careers")["removed"])
        self.assertEqual(["a", "c", "f", "mine"], self.open(node))
        self.assertEqual([], self.checked(
            node.api("GET", "/feeds")[1], "feeds")["feeds"])

    def test_unsure(self):
        """Words of unsure meaning wait; what was published stays as it was."""
        node = self.node("feeds.allow_private=yes")
        job = {"@context": "https://schema.org", "@type": "JobPosting",
               "title": "Welder", "identifier": "j-1", "skills": "welding",
               "jobLocation": {"address": {"addressCountry": "DE"}}}
        vague = dict(job, identifier="j-2", title="Helper", skills="weldng of pipes")
        self.web.pages["/jobs.json"] = (200, {}, json.dumps([job, vague]))
        self.set(node, "careers", "/jobs.json", format="jobposting")
        feed = wait_for("it is read", lambda: (
            f := node.cli("feed", "show", "careers"))["last"] and f)
        self.assertEqual("asks", feed["last"]["result"], feed)
        self.assertEqual((1, 0, 0, 0, 1, 0), self.counts(feed))
        self.assertEqual(["j-1"], self.open(node))
        self.assertEqual(["weldng of pipes"], [w["text"] for w in feed["review"]])
        self.assertIn("weldng", node.cli("feed", "show", "careers", raw=True).stdout)
        node.cli("feed", "review", "careers", "--accept", "weldng of pipes=welding")
        wait_for("it is published", lambda: self.open(node) == ["j-1", "j-2"])
        feed = wait_for("its end", lambda: not (
            f := node.cli("feed", "show", "careers"))["busy"] and f)
        self.assertEqual(({"weldng of pipes": "welding"}, []),
                         (feed["decisions"], feed["review"]))

    def job(self, i, until, title="Welder"):
        return {"@context": "https://schema.org", "@type": "JobPosting",
                "title": f"{title} {i}", "identifier": i, "skills": "welding",
                "validThrough": until,
                "jobLocation": {"address": {"addressCountry": "DE"}}}

    def read(self, node, name="careers"):
        return wait_for("it is read", lambda: (
            f := node.cli("feed", "show", name))["last"] and not f["busy"] and f)

    def test_all_over(self):
        """A file in which all is over withdraws nothing."""
        node = self.node("feeds.allow_private=yes")
        for until, state in (("2099-01-01", "read"), ("2001-01-01", "read")):
            self.web.pages["/jobs.json"] = (200, {}, json.dumps(
                [self.job(i, until) for i in "abcde"]))
            if until == "2099-01-01":
                self.set(node, "careers", "/jobs.json", format="jobposting")
                said = self.read(node)
            else:
                said = self.sync(node)
            self.assertEqual(state, said["last"]["result"], said)
            self.assertEqual(list("abcde"), self.open(node))
        self.assertEqual((0, 0, 0, 0, 0, 5), self.counts(said))
        self.assertEqual((None, 5), (said["ask"], said["known"]))

    def test_foreign(self):
        """What did not come by this feed is neither changed nor withdrawn by it,
        also when the feed has once said the same."""
        node = self.node("feeds.allow_private=yes")
        pages = self.web.pages
        own = table("mine", "same")
        node.cli("demand", "import", write(self.w.directory / "own.csv", own))
        first = {d["external_id"]: d["title"] for d in node.cli("demand", "list")["demands"]}
        pages["/jobs.csv"] = (200, {}, table("a", "mine", title="Baker") +
                              "same,Welder same,de,welding:3\n")
        self.set(node, "careers", "/jobs.csv")
        said = self.read(node)
        self.assertEqual((1, 1), (said["last"]["created"], said["last"]["errors"]), said)
        self.assertIn("did not come", said["errors"][0]["message"])
        self.assertEqual(1, said["known"])
        pages["/jobs.csv"] = (200, {}, table("a", title="Baker"))
        self.assertEqual(0, self.sync(node)["last"]["archived"])
        self.assertEqual(["a", "mine", "same"], self.open(node))
        now = {d["external_id"]: d["title"] for d in node.cli("demand", "list")["demands"]}
        self.assertEqual(first, {k: now[k] for k in first})

    def test_set_while_read(self):
        node = self.node("feeds.allow_private=yes")
        self.web.pages["/jobs.csv"] = (200, {"ETag": '"one"'}, table("a"))
        self.web.hold = threading.Event()
        self.addCleanup(self.web.hold.set)
        self.set(node, "careers", "/jobs.csv")
        wait_for("it is asked for", lambda: self.web.asked)
        what = {"url": self.base + "/jobs.csv", "format": "csv", "every": 86400}
        status, said = node.api("PUT", "/feeds/careers", what)
        self.assertEqual((409, "E3183"), (status, said["code"]))
        self.assertEqual(200, node.api("PUT", "/feeds/other", what)[0])
        self.web.hold.set()
        self.read(node)
        self.read(node, "other")
        # Other settings: the whole file is asked for once more.
        before = len(self.web.asked)
        self.set(node, "careers", "/jobs.csv", region="at")
        wait_for("it is read anew", lambda: len(self.web.asked) > before)
        self.assertNotIn("If-None-Match", self.web.asked[before][1])

    def test_forgotten(self):
        """A forgotten persona's feed goes with it and does not come back."""
        node = self.node("feeds.allow_private=yes")
        node.cli("persona", "add", "quiet")
        self.web.pages["/jobs.csv"] = (200, {}, table("a"))
        self.web.hold = threading.Event()
        self.addCleanup(self.web.hold.set)
        node.cli("--persona", "quiet", "feed", "add", "careers",
                 self.base + "/jobs.csv", "--format", "csv")
        wait_for("it is asked for", lambda: self.web.asked)
        node.cli("persona", "forget", "quiet", "--yes")
        self.web.hold.set()

        def forgotten():
            return any(p["name"] == "forgotten-1"
                       for p in node.cli("persona", "list")["personas"])
        wait_for("it is forgotten", forgotten)
        for again in (False, True):
            if again:
                node.stop()
                node.start()
            left = node.cli("--persona", "forgotten-1", "feed", "list")
            self.assertEqual([], left["feeds"], again)
            self.assertEqual(0, node.metrics()["ohcn_feeds"], again)

    def test_where_to(self):
        """No private address, neither at once nor by a redirect or a name; no
        file but in the owner's directory."""
        node = self.node()
        self.web.pages["/jobs.csv"] = (200, {}, table("a"))
        port = self.web.server_address[1]
        for i, host in enumerate(("127.0.0.1", "localhost", "[::1]", "0.0.0.0",
                                  "2130706433", "[::ffff:127.0.0.1]")):
            self.set(node, f"f{i}", f"http://{host}:{port}/jobs.csv")
            said = self.sync(node, f"f{i}")
            self.assertEqual("failed", said["last"]["result"], host)
        self.assertEqual([], self.web.asked)
        self.assertIn("private address", str(node.cli("feed", "show", "f0")))
        write(self.files / "jobs.csv", table("b"))
        self.set(node, "file", "file:jobs.csv")
        wait_for("the file is read", lambda: self.open(node) == ["b"])
        for url in ("file:../jobs.csv", "file:/etc/passwd", "ftp://x.example/",
                    "http://me:secret@x.example/", "jobs.csv"):
            status, said = node.api("PUT", "/feeds/bad", {"url": url, "format": "csv"})
            self.assertEqual((422, "E3181"), (status, said["code"]), url)
        for body in ({"format": "xml"}, {"every": 0}, {"region": "germany"},
                     {"map": 7}):
            status, said = node.api("PUT", "/feeds/bad", {
                "url": "https://x.example/", **body})
            self.assertEqual((422, *body), (status, said["field"]))
        # A token that posts may read what is set, not send the node elsewhere.
        token = node.api("POST", "/tokens", {"name": "ats", "scopes": ["demand"]})[1]["token"]
        self.assertEqual(200, node.api("GET", "/feeds", token=token)[0])
        self.assertEqual(403, node.api("PUT", "/feeds/bad", {
            "url": "https://x.example/"}, token=token)[0])

    def test_redirects(self):
        node = self.node("feeds.allow_private=yes")
        self.web.pages["/there"] = (200, {}, table("a"))
        self.web.pages["/once"] = (302, {"Location": "/there"}, "")
        self.web.pages["/file"] = (302, {"Location": "file:///etc/passwd"}, "")
        self.web.pages["/round"] = (302, {"Location": "/round"}, "")
        for name, good in (("once", True), ("file", False), ("round", False)):
            self.set(node, name, f"/{name}")
            said = self.sync(node, name)
            self.assertEqual(good, said["last"]["result"] in ("read", "unchanged"), said)
        self.assertLess(len(self.web.asked), 30)
        self.assertNotIn("root:", re.sub(r"\s", "", str(node.cli("demand", "list"))))


if __name__ == "__main__":
    unittest.main()
