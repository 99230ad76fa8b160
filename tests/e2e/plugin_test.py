"""The example plug-ins as they are, each beside a real node: an assessor whose
signed result a person's node takes, and a course provider. Neither can do
more than its token lets it."""
import itertools
import json
import subprocess
import sys
import threading
import unittest
import urllib.request

from support import ROOT, Case, holds, peers_of, wait_for, write

NET = "test-plugin"
PLUGINS = ROOT / "examples" / "plugins"


class Plugin(Case):
    def setUp(self):
        self.w = self.world()
        self.school = self.w.node("school", "provider", network=NET)
        self.school.start()
        self.lea = self.w.node("lea", "person", network=NET,
                               bootstrap=[self.school.address()])
        self.lea.start()
        wait_for("a neighbour", lambda: peers_of(self.lea))

    def token(self, name, *scopes):
        run = self.school.cli("token", "add", name, "--scope", ",".join(scopes))
        return run["token"], write(self.w.directory / f"{name}.token", run["token"] + "\n")

    def start(self, script, *words):
        """The plug-in in a process; its lines come in a list."""
        p = subprocess.Popen([sys.executable, PLUGINS / script] + [str(w) for w in words],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = []

        def follow():
            for line in p.stdout:
                lines.append(line.strip())
        reads = threading.Thread(target=follow)
        reads.start()

        def end():
            p.kill()
            p.wait()
            reads.join(60)
            p.stdout.close()
        self.addCleanup(end)
        return p, lines

    @property
    def api(self):
        return self.school.home / "run" / "api.sock"

    def test_assessor(self):
        token, path = self.token("exam", "read", "assess")
        _, lines = self.start("assessor.py", self.api, path,
                              PLUGINS / "exam.json", 0)
        wait_for("the exam is open", lambda: lines)
        self.assertTrue(lines[0].startswith("exam at "), lines)
        exam = wait_for("lea sees it", lambda: self.lea.cli(
            "assess", "list")["assessments"])[0]
        shown = self.lea.cli("assess", "show", exam["id"])
        self.assertEqual(lines[0][8:], shown["url"])
        with urllib.request.urlopen(shown["url"], timeout=60) as f:
            questions = json.load(f)
        self.assertEqual(4, len(questions))
        self.assertNotIn("right", str(questions))
        body = json.dumps({"person": self.lea.cli("status")["did"],
                           "answers": [1, 1, 0, 0]}).encode()
        with urllib.request.urlopen(shown["url"], data=body, timeout=60) as f:
            result = json.load(f)["result"]
        taken = self.lea.cli("assess", "import-result", write(
            self.w.directory / "result.txt", result))
        self.assertEqual([(3, 800, "assessor")], [
            (x["level"], x["confidence"], x["basis"]) for x in taken["levels"]])
        # What it did is known, and what it may not do.
        log = self.school.cli("token", "log", "exam")["calls"]
        self.assertEqual(["/api/v1/assessments/sheets-1/sign", "/api/v1/assessments"],
                         [c["path"] for c in log])
        for path in ("/talks", "/candidates", "/profile", "/tokens"):
            self.assertEqual(403, self.school.api("GET", path, token=token)[0])

    def test_course_provider(self):
        self.lea.cli("profile", "edit", "--add-skill", "welding", "--level", "2")
        card = self.lea.cli("profile", "publish", "--now")["record"]["id"]
        wait_for("the card", lambda: holds(self.school, card))
        token, path = self.token("courses", "read", "course")
        p, lines = self.start("course_provider.py", self.api, path,
                              PLUGINS / "courses.json")
        self.assertEqual(0, p.wait(60), lines)
        self.assertEqual(["created welding-1", "created sheets-1", "cards 1"],
                         wait_for("its words", lambda: len(lines) == 3 and lines))
        wait_for("lea sees both", lambda: len(self.lea.cli(
            "record", "list", "--kind", "course")["records"]) == 2)
        # Again: one has changed, one is gone.
        courses = json.loads((PLUGINS / "courses.json").read_text())[:1]
        courses[0]["hours"] = 44
        less = write(self.w.directory / "less.json", courses)
        p, lines = self.start("course_provider.py", self.api, path, less, "--watch")
        wait_for("it watches", lambda: "cards 1" in lines or p.poll() is not None)
        self.assertEqual(["updated welding-1", "withdrawn sheets-1", "cards 1"], lines)
        # It hears of a need that it does not serve; of people only cards.
        jobs = ("external_id,type,title,region,skills\n"
                "A-1,job,Nurse %d,de,\"welding:3!,first aid:2\"\n")
        tries = itertools.count()

        def asked():  # it may not listen yet at the first
            self.school.cli("demand", "import", write(
                self.w.directory / "jobs.csv", jobs % next(tries)))
            return lines[3:]
        wait_for("what is wanted", asked)
        self.assertEqual(["wanted first aid"], lines[3:4])
        for path in ("/profile", "/talks", "/matches", "/candidates", "/path"):
            self.assertEqual(403, self.school.api("GET", path, token=token)[0])
        self.assertEqual(403, self.school.api("POST", "/demands", {}, token=token)[0])


if __name__ == "__main__":
    unittest.main()
