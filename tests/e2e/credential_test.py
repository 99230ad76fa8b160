"""Credentials between real nodes: a school issues one to a person in a sealed
conversation, she accepts it, shows a company one fact behind it and then the
whole, and the school takes it back. What nobody was told, nobody knows: there
is no gossip of credentials."""
import json
import unittest

from support import Case, holds, peers_of, wait_for, write

NET = "test-credential"
HEAD = "external_id,type,title,region,skills,teaches,languages\n"
PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline=2027-09-01"


class Credential(Case):
    def setUp(self):
        self.w = self.world()
        self.acme = self.w.node("acme", "company", network=NET)
        self.acme.start()
        hub = [self.acme.address()]
        self.school = self.w.node("school", "company", network=NET, bootstrap=hub)
        self.lea = self.w.node("lea", "person", network=NET, bootstrap=hub)
        for node in (self.school, self.lea):
            node.start()
            wait_for("a neighbour", lambda: peers_of(node))
        self.lea.cli("profile", "edit", "--add-skill", "welding", "--level", "2")
        self.card = self.lea.cli("profile", "publish", "--now")["record"]["id"]
        for node in (self.acme, self.school):
            wait_for("the card arrives", lambda: holds(node, self.card))
            path = write(self.w.directory / f"{node.name}.csv",
                         HEAD + f"J-{node.name},job,Welder at {node.name},de,\"welding:3!\",,\n")
            node.cli("demand", "import", path)

    def talks(self, node):
        return node.api("GET", "/talks")[1]["talks"]

    def talk_with(self, company):
        sent = company.cli("offer", "send", "--demand", f"J-{company.name}", "--to",
                           self.card, "--pledge", PLEDGE)
        did = company.cli("persona", "list")["personas"][0]["did"]
        mine = wait_for("the offer", lambda: [
            t for t in self.talks(self.lea) if t["peer"] == did])[0]["id"]
        self.lea.cli("inbox", "show", mine)
        self.lea.cli("inbox", "answer", mine, "--interest")
        wait_for("her interest", lambda: company.api(
            "GET", f"/talks/{sent['id']}")[1]["state"] == "interested")
        return sent["id"], mine

    def credentials(self, node):
        return node.api("GET", "/credentials")[1]["credentials"]

    def standing(self, node, i, want):
        def there():
            all_of = {c["id"]: c for c in self.credentials(node)}
            return i in all_of and all_of[i]["standing"] == want and all_of[i]
        return wait_for(f"{node.name}: {want}", there)

    def shown(self, talk):
        return self.acme.api("GET", f"/talks/{talk}/claims")[1]["shown"]

    def test_from_issue_to_end(self):
        school, lea, acme = self.school, self.lea, self.acme
        at_school, from_school = self.talk_with(school)
        order = ["credential", "issue", "--talk", at_school, "--title", "Welding, basics",
                 "--skill", "welding:3", "--method", "assessed", "--claim",
                 "exam=87/100,centre=Hall 4"]
        dry = school.cli(*order, "--dry-run")
        self.assertEqual([], self.credentials(school))
        self.assertEqual(1, len(dry["would_sign"]))
        with self.fails(1):
            school.cli("credential", "issue", "--talk", at_school, "--title", "x",
                       "--skill", "weldingg:3", "--method", "assessed")
        i = school.cli(*order)["issued"][0]
        got = self.standing(lea, i, "proposed")
        self.assertTrue(got["waits_for_you"])
        self.assertEqual("Welding, basics", got["content"]["title"])
        # Nothing counts, and nothing is shown, before she has accepted it.
        at_acme, from_acme = self.talk_with(acme)
        with self.fails(1):
            lea.cli("credential", "present", i, "--talk", from_acme, "--yes")
        with self.fails(1):
            school.cli("credential", "accept", i)
        with self.fails(1):
            school.cli("credential", "export", i, "--badge")
        self.assertTrue(lea.cli("credential", "accept", i)["sent"])
        self.standing(lea, i, "good")
        self.standing(school, i, "good")

        # One fact of it: her own word until the company holds the credential.
        acme.cli("offer", "ask", at_acme, "exam")
        leaf = wait_for("the question", lambda: [
            f for f in lea.api("GET", f"/talks/{from_acme}/claims")[1]["leaves"]
            if f["name"] == "exam" and f["asked"]])[0]
        self.assertEqual(i, leaf["credential"])
        lea.cli("inbox", "disclose", from_acme, "--at-least", "exam=80", "--yes")
        seen = wait_for("the leaf", lambda: self.shown(at_acme))[0]
        self.assertEqual((80, None), (seen["at_least"], seen["at_most"]))
        self.assertEqual("own-word", seen["worth"]["kind"])
        self.assertEqual([], self.credentials(acme))
        with self.fails(1):
            lea.cli("credential", "present", i, "--talk", from_acme)
        lea.cli("credential", "present", i, "--talk", from_acme, "--yes")
        self.standing(acme, i, "good")
        worth = self.shown(at_acme)[0]["worth"]
        self.assertEqual(("credential", "good", "Welding, basics"),
                         (worth["kind"], worth["standing"], worth["title"]))
        self.assertEqual(self.talks(school)[0]["peer"], seen["holder"])
        self.assertNotIn("Hall 4", json.dumps(acme.api("GET", f"/talks/{at_acme}/claims")[1]))

        # As a W3C badge: signed by the school, verified without a node.
        badge = self.w.directory / "badge.json"
        school.cli("credential", "export", i, "--badge", "-o", badge, raw=True)
        said = lea.cli("credential", "verify", badge)
        self.assertTrue(said["valid"])
        self.assertEqual(worth["issuer"], said["signed_by"])
        held = lea.cli("credential", "import", badge)["held_as"]
        self.assertEqual([held], [b["held_as"] for b in lea.cli("credential", "list")["badges"]])
        with self.fails(1):
            lea.cli("credential", "export", i, "--badge")  # not hers to sign
        broken = json.loads(badge.read_text())
        broken["credentialSubject"]["achievement"]["name"] = "Welding, master"
        with self.fails(1):
            lea.cli("credential", "import", write(badge, broken))
        lea.cli("credential", "forget", held)

        # Taken back: who is told knows.
        with self.fails(1):
            lea.cli("credential", "revoke", i, "--reason", "mistake")
        self.assertTrue(school.cli("credential", "revoke", i, "--reason", "mistake")["sent"])
        self.standing(lea, i, "revoked")
        self.assertEqual("good", self.standing(acme, i, "good")["standing"])
        path = self.w.directory / "end.json"
        lea.cli("credential", "export", i, "-o", path, raw=True)
        acme.cli("credential", "import", path)
        self.standing(acme, i, "revoked")
        self.assertEqual("revoked", self.shown(at_acme)[0]["worth"]["standing"])
        with self.fails(1):
            school.cli("credential", "export", i, "--badge")

    def test_by_file(self):
        school, lea, acme = self.school, self.lea, self.acme
        did = lea.cli("persona", "list")["personas"][0]["did"]
        i = school.cli("credential", "issue", "--to", did, "--title", "First aid",
                       "--skill", "welding:2", "--method", "completed", "--claim",
                       "hours=16/40", "--copies", "2")["issued"]
        self.assertEqual(2, len(set(i)))
        # What is missing is named, not only that it is no good document.
        order = ["credential", "issue", "--to", did, "--title", "x", "--method", "observed"]
        with self.fails(1, "skills"):
            school.cli(*order)
        with self.fails(1, "coach"):
            school.cli(*order, "--skill", "welding:2", "--coach")
        with self.fails(1, "grade"):
            school.cli(*order, "--grade", "500")
        path = self.w.directory / "for-lea.json"
        school.cli("credential", "export", i[0], "-o", path, raw=True)
        good = json.loads(path.read_text())
        # Altered in each of its parts; another network's; nonsense.
        for part, at in (("document", 100), ("document", -40), ("sheet", -3), ("sheet", 60)):
            bad = dict(good)
            text = bad[part]
            digit = "0" if text[at] != "0" else "1"
            at %= len(text)
            bad[part] = text[:at] + digit + text[at + 1:]
            with self.fails(1):
                lea.cli("credential", "import", write(path, bad))
        with self.fails(1):
            lea.cli("credential", "import", write(path, {"ohcn": "credential/2"}))
        # Not about acme: without the holder's signature it is nothing there.
        with self.fails(1):
            acme.cli("credential", "import", write(path, good))
        lea.cli("credential", "import", write(path, good))
        # Another persona of hers cannot take it, and does not see it.
        lea.cli("persona", "add", "quiet")
        with self.fails(5):
            lea.cli("credential", "accept", i[0], "--persona", "quiet")
        self.assertFalse(lea.cli("credential", "accept", i[0])["sent"])
        self.assertEqual([], lea.cli("credential", "list", "--persona", "quiet")["credentials"])
        back = self.w.directory / "back.json"
        lea.cli("credential", "export", i[0], "-o", back, raw=True)
        self.assertIsNone(json.loads(back.read_text())["sheet"])
        school.cli("credential", "import", back)
        self.standing(school, i[0], "good")
        for node in (school, lea):
            node.stop()
            node.start()
        self.standing(lea, i[0], "good")
        acme.cli("credential", "import", back)
        self.standing(acme, i[0], "good")

    def test_coaches(self):
        """A certificate makes a coach only where it was shown; a card says
        what it wants. Two personas of one node certify each other by file."""
        school, lea, acme = self.school, self.lea, self.acme
        lea.cli("profile", "edit", "--add-skill", "welding", "--level", "2",
                "--offers", "coaching", "--language", "de=native")
        card = lea.cli("profile", "publish", "--now")["record"]["id"]
        wait_for("her card", lambda: holds(acme, card))
        did = lea.cli("persona", "list")["personas"][0]["did"]
        self.assertEqual([], acme.cli("coach", "list")["coaches"])
        own_word = acme.cli("coach", "list", "--all")["coaches"]
        self.assertEqual([(did, card, True)],
                         [(c["did"], c["card"], c["offers"]) for c in own_word])
        order = ["credential", "issue", "--to", did, "--title", "Coach", "--method", "observed"]
        with self.fails(1):
            school.cli(*order, "--coach")  # no grade
        with self.fails(1):
            school.cli(*order, "--grade", "100")
        i = school.cli(*order, "--grade", "201", "--coach")["issued"][0]
        path = self.w.directory / "coach.json"
        school.cli("credential", "export", i, "-o", path, raw=True)
        lea.cli("credential", "import", path)
        lea.cli("credential", "accept", i)
        lea.cli("credential", "export", i, "-o", path, raw=True)
        self.assertEqual([], acme.cli("coach", "list")["coaches"])
        acme.cli("credential", "import", path)
        found = acme.cli("coach", "list", "--grade", "201")["coaches"]
        self.assertEqual([(did, 201)], [(c["did"], c["certificates"][0]["grade"]) for c in found])
        self.assertEqual([], acme.cli("coach", "list", "--grade", "301")["coaches"])
        self.assertEqual([], acme.cli("coach", "list", "--region", "fr")["coaches"])
        languages = found[0]["languages"]
        self.assertTrue(languages)
        for words, there in ((("--skill", "welding"), True), (("--skill", "carpentry"), False),
                             (("--language", languages[0]), True), (("--language", "xx"), False)):
            got = acme.cli("coach", "list", *words)["coaches"]
            self.assertEqual([did] if there else [], [c["did"] for c in got], words)
        with self.fails(1):
            acme.cli("coach", "list", "--language", "German")
        school.cli("credential", "import", path)
        school.cli("credential", "revoke", i, "--reason", "misuse")
        school.cli("credential", "export", i, "-o", path, raw=True)
        acme.cli("credential", "import", path)
        self.assertEqual([], acme.cli("coach", "list")["coaches"])
        shown = acme.cli("coach", "list", "--all")["coaches"]
        self.assertEqual([(did, "revoked")],
                         [(c["did"], c["certificates"][0]["standing"]) for c in shown])
        self.assertEqual([], acme.cli("coach", "list", "--all", "--grade", "201")["coaches"])

    def test_from_a_signed_result(self):
        """What an assessor states about a person becomes a credential."""
        school, lea = self.school, self.lea
        did = lea.cli("persona", "list")["personas"][0]["did"]
        term = lea.cli("profile", "show")["draft"]["skills"][0]["term"]
        draft = write(self.w.directory / "exam.json", json.dumps({
            "title": {"en": "Welding exam"}, "measures": [{"term": term}],
            "external": {"url": "https://school.example/exam",
                         "key": school.cli("status")["did"]},
            "external_id": "exam"}))
        school.cli("assess", "new", draft)
        levels = write(self.w.directory / "levels.json", json.dumps(
            {"person": did, "levels": [{"term": term, "level": 4}]}))
        result = school.cli("assess", "sign", "exam", levels)["result"]
        forged = result[:-1] + ("0" if result[-1] != "0" else "1")
        with self.fails(1):
            school.cli("credential", "issue", "--result", forged, "--title", "Exam")
        i = school.cli("credential", "issue", "--result", result, "--title", "Exam")["issued"][0]
        c = school.cli("credential", "show", i)["content"]
        self.assertEqual((did, "assessed", 4),
                         (c["holder"], c["method"], c["skills"][0]["level"]))


if __name__ == "__main__":
    unittest.main()
