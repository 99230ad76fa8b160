"""What a company's recruiters work with: offers written once and filled in for
each card, and lists of candidates that a team keeps."""
import csv
import io
import unittest

import talk_test
from nodes import schema
from support import holds, peers_of, wait_for

PLEDGE = "kind=course,amount=800,currency=EUR,days=90,conditions={title} only"


class Recruiter(talk_test.TalkCase):
    def answer(self, part, method, path, body=None, status=200):
        got, said = self.acme.api(method, path, body)
        self.assertEqual(status, got, said)
        if status == 200:
            self.assertEqual([], schema.check(said, "company", part), said)
        return said

    def test_templates(self):
        acme = self.acme
        self.assertEqual([], self.answer("templates", "GET", "/offer-templates")["templates"])
        acme.cli("offer", "template", "add", "welders", "--note",
                 "{{You}} can {has}; {teaches|much} to learn.", "--pledge", PLEDGE)
        one = self.answer("template", "GET", "/offer-templates/welders")
        self.assertEqual((80000, 90), (one["pledge"]["amount"], one["pledge"]["days"]))
        dry = acme.cli("offer", "send", "--demand", "A-17", "--to", self.card,
                       "--template", "welders", "--dry-run")["offer"]
        self.assertRegex(dry["note"], r"^\{You}} can .*[Ww]eld.*; much to learn\.$")
        self.assertEqual("Plant electrician", dry["role"])
        self.assertEqual("Plant electrician only", dry["pledge"]["conditions"])
        self.assertEqual([], self.talks(acme))
        # What is said beside it goes first.
        dry = acme.cli("offer", "send", "--demand", "A-17", "--to", self.card,
                       "--template", "welders", "--note", "Hello", "--pledge",
                       talk_test.PLEDGE, "--dry-run")["offer"]
        self.assertEqual(("Hello", 40), (dry["note"], dry["pledge"]["hours"]))

        # Nothing is known for a place: no offer with a hole in it.
        acme.cli("offer", "template", "add", "empty", "--note", "Near {place}")
        with self.fails(1, "cannot be filled in", "{place|other words}"):
            acme.cli("offer", "send", "--demand", "A-17", "--to", self.card,
                     "--template", "empty")
        with self.fails(5, "no template"):
            acme.cli("offer", "send", "--demand", "A-17", "--to", self.card,
                     "--template", "other")
        for body in ({"note": "{nothing}"}, {"note": "{title"}, {"words": "x"},
                     {"note": "x" * 1300}, {"note": "x" * 700},
                     {"pledge": {"kind": "course-budget", "days": 5}},
                     {"pledge": {"kind": "gold", "hours": 5, "days": 5}},
                     {"pledge": {"kind": "mentoring", "hours": 5, "days": 5000}},
                     {"pledge": "much"}, {"role": 7}, {"activity": "gold"}):
            said = self.answer("template", "PUT", "/offer-templates/bad", body, 422)
            self.assertEqual("E3171", said["code"], body)
        said = self.answer("template", "PUT", "/offer-templates/No%20Name", {}, 422)
        self.assertEqual("name", said["field"])

        sent = acme.cli("offer", "send", "--demand", "A-17", "--to", self.card,
                        "--template", "welders")
        self.assertEqual(90 * 24, sent["offer"]["pledge"]["deadline"] -
                         sent["begun"] // 3600)
        acme.stop()
        acme.start()
        names = [t["name"] for t in acme.cli("offer", "template", "list")["templates"]]
        self.assertEqual(["empty", "welders"], names)
        self.answer("removed", "DELETE", "/offer-templates/empty")
        self.answer("removed", "DELETE", "/offer-templates/empty", status=404)
        for i in range(63):
            self.answer("template", "PUT", f"/offer-templates/t{i}", {"note": "x"})
        said = self.answer("template", "PUT", "/offer-templates/t63", {"note": "x"}, 409)
        self.assertEqual("E3172", said["code"])
        self.answer("template", "PUT", "/offer-templates/t0", {"note": "y"})

    def test_shortlist(self):
        acme, lea = self.acme, self.lea
        made = self.answer("shortlist", "PUT", "/shortlists/welders", {"demand": "A-17"})
        self.assertEqual(("Plant electrician", "A-17", ""), (
            made["demand"]["title"], made["demand"]["external_id"], made["by"]))
        for path, body, status, code in (
                ("welders", {"demand": "A-17"}, 409, "E3176"),
                ("No%20Name", {"demand": "A-17"}, 422, "E3175"),
                ("other", {}, 422, "E3175"), ("other", {"demand": "A-99"}, 404, "E3202")):
            self.assertEqual(code, self.answer(
                "shortlist", "PUT", f"/shortlists/{path}", body, status)["code"])
        # Anna of the team adds, Ben changes; each is named.
        tokens = {name: acme.api("POST", "/tokens", {
            "name": name, "scopes": ["read", "match", "offer"]})[1]["token"]
            for name in ("anna", "ben")}
        base = "/shortlists/welders/candidates"
        status, said = acme.api("POST", base, {
            "card": self.card, "note": "=the best, \"she\" says"}, token=tokens["anna"])
        self.assertEqual(200, status, said)
        self.assertEqual([], schema.check(said, "company", "shortlist"), said)
        one, = said["candidates"]
        self.assertEqual(("new", "anna", self.card, None, None), (
            one["state"], one["by"], one["card"], one["gone"], one["talk"]))
        for path, body, status, code in (
                ("", {"card": self.card, "state": "gold"}, 422, "E3177"),
                ("", {"card": self.card, "note": "x" * 501}, 422, "E3177"),
                ("", {}, 422, "E3177"), ("", {"card": "nobody77"}, 404, "E3144"),
                ("/nobody77", {"state": "hired"}, 404, "E3178")):
            said = self.answer("shortlist", "POST", base + path, body, status)
            self.assertEqual(code, said["code"], said)
        self.assertEqual(403, acme.api("GET", "/shortlists", token=acme.api(
            "POST", "/tokens", {"name": "eve", "scopes": ["read", "match"]})
            [1]["token"])[0])
        # An offer, by whom of the team whatever: contacted.
        status, sent = acme.api("POST", "/talks", {
            "demand": "A-17", "to": self.card, "note": "Hello"}, token=tokens["ben"])
        self.assertEqual(200, status, sent)
        one, = acme.cli("shortlist", "show", "welders")["candidates"]
        self.assertEqual(("contacted", "ben", sent["id"], "offered"), (
            one["state"], one["by"], one["talk"]["id"], one["talk"]["state"]))
        # A renewed card is the same candidate, also after a restart.
        lea.cli("profile", "edit", "--add-skill", "soldering", "--level", "2")
        renewed = lea.cli("profile", "publish", "--now")["record"]["id"]
        self.assertNotEqual(self.card, renewed)
        wait_for("the renewed card", lambda: holds(acme, renewed))
        acme.stop()
        acme.start()
        acme.cli("shortlist", "set", "welders", renewed, "--note", "still there")
        one, = acme.cli("shortlist", "show", "welders")["candidates"]
        self.assertEqual((renewed, "contacted", "still there", ""), (
            one["card"], one["state"], one["note"], one["by"]))
        acme.cli("shortlist", "set", "welders", one["author"], "--note", "=1+1, \"x\"")
        table = self.w.directory / "welders.csv"
        acme.cli("shortlist", "export", "welders", "-o", table)
        row, = csv.DictReader(io.StringIO(table.read_text()))
        self.assertEqual((renewed, "contacted", "'=1+1, \"x\""), (
            row["card"], row["state"], row["note"]))
        shown = self.answer("shortlists", "GET", "/shortlists")["shortlists"]
        self.assertEqual([("welders", 1)], [(s["name"], s["candidates"]) for s in shown])
        # Who withdraws falls out, and nothing is kept.
        wait_for("they meet", lambda: peers_of(lea) or
                 lea.cli("peer", "connect", acme.address(), check=False))
        lea.cli("profile", "forget", "--yes")
        said = wait_for("it is told once", lambda: (
            s := self.answer("shortlist", "GET", "/shortlists/welders"))["dropped"] and s)
        self.assertEqual((1, []), (said["dropped"], said["candidates"]))
        said = self.answer("shortlist", "GET", "/shortlists/welders")
        self.assertEqual((0, []), (said["dropped"], said["candidates"]))
        self.answer("removed", "DELETE", "/shortlists/welders")
        self.answer("removed", "DELETE", "/shortlists/welders", status=404)


if __name__ == "__main__":
    unittest.main()
