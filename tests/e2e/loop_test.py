"""The loop that the network closes, through the command line: people, a
company and a school on nodes of their own, from a file to a match."""
import json
import subprocess
import time
import unittest

from support import (Case, DATA, command, frames, holds, peers_of, record_file,
                     wait_for, write)

NET = "test-loop"
HEAD = "external_id,type,title,region,skills,teaches,languages\n"
JOBS = (HEAD +
        "J-1,job,Plant electrician,de,\"industrial electrics:3!;troubleshooting:3\",,\n"
        "J-2,gig,Weld a gate,de,\"welding:3!\",,\n"
        "J-3,project,Teach a robot,de,\"programming industrial robots:3;automation:2\","
        "\"programming industrial robots:3-4\",\n")


class Loop(Case):
    def setUp(self):
        self.w = self.world()
        self.acme = self.w.node("acme", "company", network=NET)
        self.acme.start()
        self.hub = [self.acme.address()]

    def join(self, name, role, **options):
        node = self.w.node(name, role, network=NET, bootstrap=self.hub, **options)
        node.start()
        wait_for("a neighbour", lambda: peers_of(node))
        return node

    def post(self, text=JOBS, *words, name="jobs.csv"):
        path = write(self.w.directory / name, text)
        return self.acme.cli("demand", "import", path, *words)

    def held(self, node, kind):
        return {r["id"] for r in node.cli("record", "list", "--kind", kind,
                                              "--limit", "1000")["records"]}

    def test_profile(self):
        """Import shows what stays private, a dry run publishes nothing,
        publishing reaches the others, forgetting too."""
        lea = self.join("lea", "person")
        omar = self.join("omar", "person")
        path = DATA / "people" / "lea-zgraggen.json"
        dry = lea.cli("profile", "import", path, "--dry-run")
        self.assertTrue(dry["mapped"] and dry["kept_private"])
        self.assertIsNone(lea.cli("profile", "show")["draft"])
        lea.cli("profile", "import", path)
        shown = lea.cli("profile", "publish", "--dry-run")
        raw = bytes.fromhex(shown["record"]["bytes_hex"])
        for private in ("Zgraggen", "example.org", "Pilatus", "Luzern", "2016"):
            self.assertNotIn(private.encode(), raw)
        self.assertLess(shown["record"]["size"], 600)
        time.sleep(2)  # longer than gossip needs
        for node in (lea, omar, self.acme):
            self.assertEqual(0, node.cli("status")["records"]["profile"])
        card = lea.cli("profile", "publish", "--now")["record"]["id"]
        for node in (omar, self.acme):
            wait_for("the card arrives", lambda: holds(node, card))
        self.assertEqual(card, lea.cli("profile", "show")["published"]["id"])
        # An edit replaces it everywhere: one slot, one live record.
        lea.cli("profile", "edit", "--add-aspiration", "programming industrial robots", "--level", "4")
        newer = lea.cli("profile", "publish", "--now")["record"]["id"]
        self.assertNotEqual(card, newer)
        wait_for("the newer card", lambda: holds(omar, newer))
        self.assertFalse(holds(omar, card))
        lea.cli("profile", "forget", "--yes")
        for node in (omar, self.acme):
            wait_for("the card to be gone", lambda: not holds(node, newer))
            with self.fails(5):
                node.cli("record", "show", newer)
        # The old bytes are refused by the tombstone, wherever they come from.
        back = self.w.directory / "back.ohcn"
        back.write_bytes(record_file(NET, [raw]))
        answer = omar.cli("record", "import", back)
        self.assertNotIn("stored", answer["outcomes"])
        self.assertIsNotNone(lea.cli("profile", "show")["draft"], "the draft is the owner's")

    def test_delayed_publication_survives_a_restart(self):
        lea = self.join("lea", "person", settings=["publish.delay=6s"])
        lea.cli("profile", "import", DATA / "people" / "lea-zgraggen.json")
        planned = lea.cli("profile", "publish")
        self.assertIn("publish_at", planned)
        lea.kill()
        self.assertEqual(0, self.acme.cli("status")["records"]["profile"])
        lea.start()
        wait_for("the plan to be carried out",
                 lambda: lea.cli("profile", "show")["published"], 30)
        wait_for("the card at acme", lambda: self.held(self.acme, "profile"), 30)

    def test_matches(self):
        """Both sides see the match; the points are the score."""
        school = self.join("school", "provider")
        lea = self.join("lea", "person")
        self.acme.cli("organisation", "edit", "--name", "Acme", "--type", "company")
        self.acme.cli("organisation", "publish")
        self.assertEqual(3, self.post()["created"])
        courses = school.cli("course", "import", DATA / "courses" / "courses.csv")
        self.assertEqual(0, courses["errors"], courses)
        self.assertGreater(courses["created"], 20)
        lea.cli("profile", "import", DATA / "people" / "lea-zgraggen.json")
        card = lea.cli("profile", "publish", "--now")["record"]["id"]
        wait_for("the card at acme", lambda: holds(self.acme, card))
        wait_for("demands and courses at lea", lambda: (
            len(self.held(lea, "demand")) == 3 and
            len(self.held(lea, "course")) == courses["created"]))

        answer = lea.cli("match", "list")
        titles = [m["title"] for m in answer["matches"]]
        self.assertTrue(titles, answer)
        self.assertNotEqual("Weld a gate", titles[0], "she cannot weld")
        scores = [(-m["score"], m["record"]) for m in answer["matches"]]
        self.assertEqual(sorted(s for s, _ in scores), [s for s, _ in scores])
        for m in answer["matches"]:
            why = lea.cli("match", "explain", m["record"])
            self.assertEqual((m["score"], m["fit"], m["wish"]),
                             (why["score"], why["fit"], why["wish"]))
            for part in ("fit", "wish"):
                self.assertEqual(why[part], sum(t["points"] for t in why["terms"]
                                                if t["of"] == part), why)
            self.assertEqual(why["vocabulary_hash"], answer["vocabulary_hash"])

        for job in ("J-1", "J-3"):
            answer = self.acme.cli("candidate", "list", "--demand", job)
            self.assertEqual([card], [c["record"] for c in answer["candidates"]], answer)
            why = self.acme.cli("candidate", "explain", job, card)
            self.assertEqual(answer["candidates"][0]["fit"], why["fit"])
            self.assertEqual(why["fit"], sum(t["points"] for t in why["terms"]
                                             if t["of"] == "fit"))
        barred = self.acme.cli("candidate", "list", "--demand", "J-2")
        self.assertEqual([], barred["candidates"])
        self.assertEqual(1, max(b["people"] for b in barred["excluded_by"]), barred)
        # What a result says for people holds the same words.
        text = lea.cli("match", "list", raw=True).stdout
        self.assertIn(titles[0], text)

    def test_demands(self):
        """The same file again changes nothing; a changed row keeps its slot;
        what is missing, filled or withdrawn is so elsewhere too."""
        omar = self.join("omar", "person")
        dry = self.post(JOBS, "--dry-run")
        self.assertEqual(3, dry["created"])
        self.assertEqual([], self.acme.cli("demand", "list")["demands"])
        first = self.post()
        self.assertEqual(["created"] * 3, [r["state"] for r in first["rows"]])
        again = self.post()
        self.assertEqual((3, 0, 0), (again["unchanged"], again["created"], again["updated"]))
        slots = {d["external_id"]: d["slot"] for d in self.acme.cli("demand", "list")["demands"]}
        changed = self.post(JOBS.replace("Weld a gate", "Weld two gates"))
        self.assertEqual((2, 0, 1), (changed["unchanged"], changed["created"],
                                     changed["updated"]))
        after = {d["external_id"]: d["slot"] for d in self.acme.cli("demand", "list")["demands"]}
        self.assertEqual(slots, after)
        new = changed["rows"][1]["id"]
        wait_for("the change at omar", lambda: holds(omar, new))
        self.assertFalse(holds(omar, first["rows"][1]["id"]))

        # One bad row keeps all back, and is named.
        bad = JOBS + "J-4,gig,Fourth,de,welding:9,,\nJ-5,dance,Fifth,de,,,\n"
        path = write(self.w.directory / "bad.csv", bad)
        run = self.acme.cli("demand", "import", path, raw=True)
        self.assertEqual(7, run.returncode, run.stderr)
        answer = self.acme.cli("demand", "import", path)
        errors = {r["row"]: r["field"] for r in answer["rows"] if r["state"] == "error"}
        self.assertEqual(2, len(errors), answer)
        self.assertEqual({"skills", "type"}, set(errors.values()))
        self.assertTrue(all(r["message"] for r in answer["rows"] if r["state"] == "error"))
        self.assertEqual(3, len(self.acme.cli("demand", "list")["demands"]))
        for text in ("", "no header at all", "\0\1\2", "external_id\n\"open quote"):
            with self.subTest(text):
                run = self.acme.cli("demand", "import", write(path, text), raw=True, check=False)
                self.assertIn(run.returncode, (1, 2, 7), run.stderr + run.stdout)
                self.assertEqual(3, len(self.acme.cli("demand", "list")["demands"]))

        # Missing from a full file: withdrawn.
        fewer = "".join(JOBS.splitlines(True)[:3])
        answer = self.post(fewer, "--archive-missing")
        self.assertEqual(1, answer["archived"], answer)
        self.assertEqual({"J-1", "J-2"}, {d["external_id"] for d in self.acme.cli(
            "demand", "list", "--status", "open")["demands"]})
        self.acme.cli("demand", "close", "J-2", "--status", "withdrawn")
        self.acme.cli("demand", "close", "J-1")

        def states():
            return sorted(omar.cli("record", "show", i)["payload"]["status"]
                          for i in self.held(omar, "demand"))
        wait_for("closed at omar", lambda: states() == ["filled", "withdrawn", "withdrawn"])
        with self.fails(5):
            self.acme.cli("demand", "close", "no-such-job")
        # Nobody is offered what is closed.
        omar.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        self.assertEqual([], omar.cli("match", "list")["matches"])

    def test_usb_stick(self):
        """Records travel as a file to a node without any network."""
        self.post()
        stick = self.w.directory / "stick.ohcn"
        self.acme.cli("record", "export", "-o", stick, raw=True)
        data = stick.read_bytes()
        self.assertEqual(3, len(frames(data)))
        island = self.w.node("island", "researcher", network=NET)
        island.start()
        hurt = self.w.directory / "hurt.ohcn"
        records = frames(data)
        # A cut copy and a garbled one: what is whole is taken, the rest told.
        last = len(data) - 17 - len(records[-1]) - 2
        hurt.write_bytes(data[:last + 50])
        run = command(island.home, "record", "import", hurt)
        self.assertEqual(7, run.returncode, run.stderr)
        self.assertIn(f"at byte {last}: 50 bytes left out: the file is cut short", run.stderr)
        self.assertEqual(2, island.cli("status")["records"]["demand"])
        second = data.index(records[1]) - 2
        hurt.write_bytes(data[:second] + b"\xff" * 9 + data[second + 9:])
        reply = island.cli("record", "import", hurt)
        self.assertEqual({"duplicate": 1, "stored": 1}, reply["outcomes"])
        self.assertEqual([(second, len(records[1]) + 2)],
                         [(d["offset"], d["bytes"]) for d in reply["damaged"]])
        for bad, text in ((b"hello", "no file of records"), (b"", "empty"),
                          (record_file("other", records), "of the network")):
            hurt.write_bytes(bad)
            with self.fails(1, text, "nothing was imported"):
                island.cli("record", "import", hurt)
        self.assertEqual({"duplicate": 3}, island.cli("record", "import", stick)["outcomes"])
        self.assertEqual(self.held(self.acme, "demand"), self.held(island, "demand"))
        again = self.w.directory / "again.ohcn"
        island.cli("record", "export", "-o", again, raw=True)
        self.assertEqual(sorted(frames(data)), sorted(frames(again.read_bytes())),
                         "signed bytes are kept as they are")

    def test_words(self):
        """Search understands beginnings, typing errors and languages."""
        def labels(*words):
            return [t["label"].lower() for t in self.acme.cli("vocabulary", "search",
                                                             *words)["terms"]]
        for words in (["welding"], ["weld"], ["weldign"], ["--lang", "de", "Schweißen"],
                      ["--lang", "de", "Schweisen"], ["--lang", "fr", "soudage"]):
            with self.subTest(words):
                found = labels(*words)
                self.assertTrue(any("weld" in x or "schwei" in x or "soud" in x for x in found),
                                found)
        self.assertEqual([], labels("xqzwvkj"))

    def test_watch(self):
        """Events, as they happen, one JSON object a line."""
        omar = self.join("omar", "person")
        watch = subprocess.Popen(
            [omar.binary, "--home", omar.home, "--json", "watch", "--types", "record",
             "--count", "3"], stdout=subprocess.PIPE, text=True)
        wait_for("the listener", lambda: omar.metrics()["ohcn_api_sse_clients"] == 1)
        made = {r["id"] for r in self.post()["rows"]}
        out, _ = watch.communicate(timeout=180)
        self.assertEqual(0, watch.returncode)
        events = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(made, {e["data"]["id"] for e in events})
        self.assertEqual({"record"}, {e["type"] for e in events})
        # From an event on, without a hole: the ring still holds them.
        run = omar.cli("watch", "--types", "record", "--since", events[0]["id"],
                       "--count", "2", raw=True)
        self.assertEqual(2, len(run.stdout.splitlines()))


if __name__ == "__main__":
    unittest.main()
