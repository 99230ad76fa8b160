"""What a company's recruiters work with: offers written once and filled in for
each card."""
import unittest

import talk_test
from nodes import schema
from support import write

PLEDGE = "kind=course,amount=800,currency=EUR,days=90,conditions={title} only"


class Recruiter(talk_test.Talk):
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


# What it builds on has its own file.
for name in [n for n in dir(talk_test.Talk) if n.startswith("test_")]:
    setattr(Recruiter, name, None)
del talk_test.Talk


if __name__ == "__main__":
    unittest.main()
