"""What an import makes of somebody's words, and their own say in it."""
import unittest
from pathlib import Path

from support import Case, write

WORDS = Path(__file__).parent / "words"

NET = "test-import"
ROWS = """external_id,title,skills
A-1,Fahrer,Stapler fahren; Kassenbedienung; Schlaraffia
A-2,Kassierer,Kassenbedienung:3!
"""
RESUME = """{"basics": {"name": "Ada Geheim", "summary": "Ich habe in der
 Pflege und an der Kasse gearbeitet und mit Menschen."},
 "skills": ["Altenpflege", "Kassenbedienung", "Verpacken von Waren",
 "Schlaraffia"]}"""
CARE = "urn:ohcn:care-of-older-people"


def words(reply):
    return {v["text"]: v.get("uri", v["why"] if "why" in v else "")
            for v in reply["mapped"] + reply["unmapped"]}


class Import(Case):
    def setUp(self):
        self.w = self.world()

    def test_resume(self):
        ada = self.w.node("ada", "person", network=NET)
        ada.start()
        file = write(self.w.directory / "ada.json", RESUME.replace("\n", ""))
        review = self.w.directory / "words.txt"

        shown = ada.cli("profile", "import", file, "--dry-run", raw=True).stdout
        for part in ("Kassieren", "69 %", "not taken", "not sure enough",
                     "Verpacken 35 %", "no term found", "stays private"):
            self.assertIn(part, shown)
        self.assertNotIn("Geheim", shown)
        first = ada.cli("profile", "import", file, "--dry-run", "--review", review)
        self.assertEqual({"Altenpflege": CARE,
                          "Kassenbedienung": "urn:ohcn:cash-handling",
                          "Verpacken von Waren": "unsure",
                          "Schlaraffia": "unknown"}, words(first))
        self.assertIsNone(ada.cli("profile", "show")["draft"])
        self.assertEqual(0o600, review.stat().st_mode & 0o777)

        # as it was written it changes nothing; edited it decides
        self.assertEqual({k: v if v.startswith("urn") else "dropped"
                          for k, v in words(first).items()},
                         words(ada.cli("profile", "import", file, "--dry-run",
                                       "--review", review)))
        lines = review.read_text()
        lines = lines.replace('keep "Kassen', 'drop "Kassen')
        lines = lines.replace('drop "Verpacken', 'keep "Verpacken')
        lines = lines.replace('drop "Schlaraffia', 'use erste hilfe "Schlaraffia')
        review.write_text(lines)
        kept = ada.cli("profile", "import", file, "--review", review)
        self.assertEqual({"Altenpflege": CARE, "Kassenbedienung": "dropped",
                          "Verpacken von Waren": "urn:ohcn:packing",
                          "Schlaraffia": "urn:ohcn:first-aid"}, words(kept))
        self.assertEqual(3, len(ada.cli("profile", "show")["draft"]["skills"]))

        # by number, the same whatever is decided
        reply = ada.cli("profile", "import", file, "--dry-run", "--reject", "1",
                        "--accept", "3-4")
        self.assertEqual(["dropped", "urn:ohcn:cash-handling", "urn:ohcn:packing",
                          "unknown"], [words(reply)[w] for w in words(first)])
        reply = ada.cli("profile", "import", file, "--dry-run", "--confidence", 80)
        self.assertEqual("unsure", words(reply)["Kassenbedienung"])

        for bad, why in ((["--accept", "5"], "1 to 4"), (["--reject", "x"], "3,7-9"),
                         (["--confidence", "0"], "1 to 100"), (["--ask"], "terminal"),
                         (["--review", file], "not a line of a review")):
            run = ada.cli("profile", "import", file, *bad, raw=True, check=False)
            self.assertEqual(2, run.returncode, run.stderr)
            self.assertIn(why, run.stderr)
        status, answer = ada.api("POST", "/profile/import",
                                 {"data": RESUME, "decisions": {"Altenpflege": 3}})
        self.assertEqual((422, "E3109"), (status, answer["code"]))

    def test_demands(self):
        firm = self.w.node("firm", "company", network=NET)
        firm.start()
        file = write(self.w.directory / "jobs.csv", ROWS)

        def texts(reply):
            return [words(row) for row in reply["rows"]]

        first = firm.cli("demand", "import", file, "--dry-run", "--lang", "de")
        cash = "urn:ohcn:cash-handling"
        drive = "urn:ohcn:forklift-driving"
        self.assertEqual([{"Stapler fahren": drive, "Kassenbedienung": cash,
                           "Schlaraffia": "unknown"}, {"Kassenbedienung": cash}],
                         texts(first))
        # one decision for all rows; a must-have dropped on purpose is no fault
        reply = firm.cli("demand", "import", file, "--lang", "de", "--reject", "2")
        self.assertEqual([{"Stapler fahren": drive, "Kassenbedienung": "dropped",
                           "Schlaraffia": "unknown"},
                          {"Kassenbedienung": "dropped"}], texts(reply))
        self.assertEqual((2, 0), (reply["created"], reply["errors"]))

    def test_two_languages(self):
        """A résumé and a posting as people have them, in German and English:
        skills in sentences and HTML, compounds, capitals, CEFR in words."""
        ada = self.w.node("ada", "person", network=NET)
        firm = self.w.node("firm", "company", network=NET)
        ada.start()
        firm.start()
        own = {
            "de": {"ELEKTROINSTALLATIONEN": "electrical-installation",
                   "Projektmanagement": "project-management",
                   "Zeitmanagement": "time-management",
                   "Gute Kenntnisse in Microsoft Excel": "spreadsheet-use",
                   "Schweissen": "welding", "Instandhaltung": "repair-and-maintenance",
                   "SPS-Programmierung": "plc-programming",
                   "das Lesen technischer Zeichnungen": "blueprint-reading",
                   "Photovoltaik": "solar-installation"},
            "en": {"EXCEL": "spreadsheet-use", "Data visualization": "data-visualisation",
                   "Problem-solving": "problem-solving", "cash handling": "cash-handling",
                   "first aid": "first-aid", "data protection": "data-protection",
                   "ran project management": "project-management"},
        }
        spoken = {"de": {"de": 7, "en": 4, "tr": 5}, "en": {"en": 7, "de": 3, "fr": 2}}
        for language, want in own.items():
            reply = ada.cli("profile", "import", WORDS / f"resume-{language}.json",
                            "--dry-run")
            have = words(reply)
            for text, term in want.items():
                self.assertEqual(f"urn:ohcn:{term}", have.get(text), text)
            self.assertLessEqual(len(reply["unmapped"]), 1, reply["unmapped"])
            self.assertEqual(spoken[language], {one["language"]: one["cefr"] for one
                                                in reply["draft"]["languages"]})
            # of the text itself nothing stays, neither names nor sentences
            for private in ("Hafenwerk", "Moorland", "verantwortlich", "Trained"):
                self.assertNotIn(private.lower(), str(reply["draft"]).lower())

        asked = {
            "de": ({"repair and maintenance": 30, "programming industrial controls": 30,
                    "welding": 10, "teamwork": 30, "reliability": 30},
                   {"de": 4, "en": 2}, 38, (320000, 390000, "EUR", "month"), "on-site"),
            "en": ({"Python": 30, "data visualisation": 30, "communication": 30,
                    "project management": 30, "machine learning": 10},
                   {"en": 5}, 37, (4250000, 4250000, "GBP", "year"), "remote"),
        }
        for language, (skills, tongues, hours, pay, remote) in asked.items():
            reply = firm.cli("demand", "import", WORDS / f"posting-{language}.json")
            self.assertEqual((1, 0), (reply["created"], reply["errors"]), reply)
            title = reply["rows"][0]["title"]
            record = next(d["id"] for d in firm.cli("demand", "list")["demands"]
                          if title in str(d["title"]))
            said = firm.api("GET", f"/records/{record}")[1]["payload"]
            self.assertEqual(skills, {r["label"]: r["weight"]
                                      for r in said["requirements"]})
            self.assertEqual(tongues, {one["language"]: one["cefr"]
                                       for one in said["languages"]})
            self.assertEqual((hours, remote), (said["guaranteed_hours"], said["remote"]))
            self.assertEqual(pay, tuple(said["pay"][k] for k in
                                        ("min", "max", "currency", "period")))
        self.assertIn("für unser Werk", firm.api("GET", f"/records/{self.first(firm)}")[1]
                      ["payload"]["description"]["de"])

        self.text_alone(ada, firm)

    def text_alone(self, ada, firm):
        """The same with nothing but text, as pdftotext or pandoc leave it."""
        for name, text, skills, tongues in (
                ("cv.txt", "Ada Geheim\nIch habe in der Werkstatt und mit Menschen "
                 "gearbeitet.\nKenntnisse: Schweißen, Altenpflege\n"
                 "Sprachen: Deutsch (Muttersprache), Englisch B1\n",
                 {"welding", "care-of-older-people"}, {"de": 7, "en": 3}),
                ("cv.md", "# Ada Secret\n\n## Skills\n\n- **Welding**\n- first aid\n\n"
                 "## Languages\n\n- English: native\n- German: B2\n",
                 {"welding", "first-aid"}, {"en": 7, "de": 4})):
            file = write(self.w.directory / name, text)
            reply = ada.cli("profile", "import", file)
            self.assertEqual({f"urn:ohcn:{s}" for s in skills},
                             set(words(reply).values()))
            self.assertEqual(tongues, {one["language"]: one["cefr"] for one
                                       in reply["draft"]["languages"]})
            self.assertNotIn("Ada", str(reply))
        for name, text, lang, skills in (
                ("job.txt", "Schweißerin (m/w/d)\n\nIhr Profil:\n- Schweißen\n"
                 "- Deutsch mindestens B2\nWir bieten:\n- Erste Hilfe\n", "de",
                 ["urn:ohcn:welding"]),
                ("job.md", "# Carer\n\n**Requirements:** first aid\n\n## We offer\n\n"
                 "- welding\n", "en", ["urn:ohcn:first-aid"])):
            file = write(self.w.directory / name, text)
            reply = firm.cli("demand", "import", file, "--lang", lang, "--dry-run")
            self.assertEqual((1, 0), (reply["created"], reply["errors"]), reply)
            row = reply["rows"][0]
            self.assertEqual(text.splitlines()[0].lstrip("# "), row["title"])
            self.assertEqual(skills, [v["uri"] for v in row["mapped"]
                                      if v["field"] == "description"])
        for noun, node in (("profile", ada), ("demand", firm)):
            for name, text, why in (("a.pdf", "%PDF-1.7", "pdftotext"),
                                    ("a.docx", "PK\x03\x04", "pandoc"),
                                    ("a.txt", "", "")):
                run = node.cli(noun, "import", write(self.w.directory / name, text),
                               raw=True, check=False)
                self.assertNotEqual(0, run.returncode)
                self.assertIn(why, run.stderr)
        self.assertIn("welding", str(ada.cli("profile", "show")).lower())

    @staticmethod
    def first(firm):
        return next(d["id"] for d in firm.cli("demand", "list")["demands"]
                    if "Elektroniker" in str(d["title"]))


if __name__ == "__main__":
    unittest.main()
