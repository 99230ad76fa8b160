#!/usr/bin/env python3
"""The whole loop with real processes, each with a home of its own, on
loopback: somebody takes an assessment, gets a path, is found, receives a
pledge to learn, learns, works; and somebody else sees the region's figures
change without learning who. What it tells it checks; it ends with an exit
code."""
import argparse
import datetime
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from nodes import NodeError, World, wait_for  # noqa: E402
from scene import Scene  # noqa: E402

NETWORK = "test-story"
ROBOTS = "programming industrial robots"
AUTOMATION = "automation"
HOLDERS = 12  # people are counted from ten on, in steps of five: she is the 13th
HEAD = "external_id,type,title,region,skills,teaches,invests,languages,seats\n"
PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline={deadline}"


class Story(Scene):
    def __init__(self, options):
        super().__init__(options)
        self.o = options

    def run(self):
        with World(self.o.build / "ohcn", keep=self.o.keep,
                   directory=self.o.directory) as world:
            self.w = world
            self.say("ohcn story: one loop, from an assessment to the region's figures "
                     f"(network\n\"{NETWORK}\", on this machine alone).")
            self.start()
            self.village()
            self.assess()
            self.path()
            self.found()
            self.offer()
            self.talk()
            self.agree()
            self.learn()
            self.outcome()
            self.scores()
            self.figures()
            if self.o.keep:
                self.say("\nThe network stays up, below " + str(world.directory))
        return self.summary()

    # ---- helpers

    def write(self, name, content):
        file = self.w.directory / name
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    def term(self, node, label):
        return node.cli("vocabulary", "search", label)["terms"][0]["term"]

    def talk_of(self, node):
        return node.api("GET", "/talks")[1]["talks"]

    def reaches(self, node, i, what=None, **fields):
        """Until the talk ${i} of ${node} is so; it as the API shows it."""
        def there():
            t = node.api("GET", f"/talks/{i}")[1]
            return all(t[k] == v for k, v in fields.items()) and (
                what is None or what(t)) and t
        return wait_for(f"{node.name}: {fields}", there)

    def everywhere(self, record_id, nodes=None):
        for node in nodes or self.nodes:
            wait_for(f"{record_id} at {node.name}", lambda n=node: self.holds(n, record_id))

    def robots(self, node):
        """The region's figures for the skill, as that node counts them."""
        cells = node.cli("signal", "top", "--term", ROBOTS, "--by", "region",
                         "--region", "de")["cells"]
        return next((c for c in cells if c["region"] == "de"), {})

    # ---- the parts

    def start(self):
        self.step("A person, three companies, a school and an onlooker start")
        w = self.w
        self.acme = w.node("acme", "company", network=NETWORK)
        self.acme.start()
        hub = [self.acme.address()]

        def node(name, role, **more):
            n = w.node(name, role, network=NETWORK, bootstrap=hub, **more)
            n.start()
            wait_for("a neighbour", lambda: n.cli("peer", "list")["peers"])
            return n
        self.lea = node("lea", "person")
        self.school = node("school", "provider")
        self.bolt, self.care = node("bolt", "company"), node("care", "company")
        self.eye = node("onlooker", "company")
        self.nodes = [self.acme, self.lea, self.school, self.bolt, self.care, self.eye]
        for n in self.nodes:
            self.say(f"   {n.name:10} {n.role:9} {n.address()}")
        for n, name in ((self.acme, "Acme"), (self.bolt, "Bolt"), (self.care, "Care"),
                        (self.school, "Evening school")):
            n.cli("organisation", "edit", "--name", name, "--type",
                  "school" if n is self.school else "company")
            n.cli("organisation", "publish")
        for n, rows in ((self.acme, 4), (self.bolt, 3), (self.care, 3)):
            file = self.write(f"{n.name}.csv", HEAD + "".join(
                f"{n.name}-{i},job,Robot technician {i},de,\"{ROBOTS}:3;{AUTOMATION}:2\","
                f"\"{ROBOTS}:1-3\",,en,1\n" for i in range(rows)))
            self.check(f"{n.name} has published {rows} needs",
                       n.cli("demand", "import", file)["created"] == rows)

    def village(self):
        self.step(f"{HOLDERS + 1} neighbours publish cards, each under a key of its own, and leave")
        skills = [ROBOTS] * HOLDERS + [AUTOMATION]
        cards = self.house("west", skills[:7]) + self.house("east", skills[7:])
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda c: self.everywhere(c, [self.eye, self.acme]), cards))
        for node in [n for n in self.w.nodes if n not in self.nodes]:
            node.stop()
            self.w.nodes.remove(node)
        before = wait_for("the onlooker counts", lambda: self.robots(self.eye).get("supply")
                          and self.robots(self.eye))
        self.before = before
        self.say(f"   the onlooker, for \"{ROBOTS}\" in de: held by {before['supply']}, "
                 f"open places {before['demand']} of {before['companies']} companies")
        self.check("counts of people go in steps: nobody's alone is seen",
                   before["supply"] == 10)

    def house(self, name, skills):
        """People of one household share a node; nobody can tell from outside."""
        node = self.w.node(name, "person", network=NETWORK,
                           bootstrap=[self.acme.address()],
                           settings=["publish.persona_gap=0s"])
        node.start()
        wait_for("a neighbour", lambda: node.cli("peer", "list")["peers"])
        cards = []
        for i, skill in enumerate(skills):
            who = ["--persona", f"p{i}" if i else "main"]
            if i:
                node.cli("persona", "add", f"p{i}")
            node.cli(*who, "profile", "edit", "--add-skill", skill, "--level", "2")
            cards.append(node.cli(*who, "profile", "publish", "--now")["record"]["id"])
        return cards

    def assess(self):
        self.step("Lea finds out what she can do; her answers stay on her machine")
        term = self.term(self.school, AUTOMATION)
        draft = self.write("quiz.json", {
            "title": {"en": "Automation, five questions"}, "measures": [{"term": term}],
            "items": [{"term": term, "type": "single-choice", "level": level, "key": 1,
                       "prompt": {"en": f"Question {level}"},
                       "options": [{"en": x} for x in ("a", "b", "c", "d")]}
                      for level in (1, 2, 3, 4, 5)],
            "adaptive": True, "external_id": "quiz"})
        quiz = self.school.cli("assess", "new", draft, "--hide-keys")["record"]["id"]
        self.everywhere(quiz, [self.lea])
        answers = self.write("answers.json", {
            "answers": {"0": 1, "1": 1, "2": 1, "3": 0, "4": 0}})
        result = self.lea.cli("assess", "take", quiz, "--answers", answers)
        for level in result["levels"]:
            self.say(f"   {level['label']}: level {level['level']}, "
                     f"by {level['basis']}")
        self.lea.cli("assess", "apply", result["id"])
        draft = self.lea.cli("profile", "show")["draft"]
        self.check("the level stands in her private draft",
                   [s["level"] for s in draft["skills"]] == [3])
        card = self.lea.cli("profile", "publish", "--now")["record"]
        self.card = card["id"]
        self.everywhere(self.card)

    def path(self):
        self.step("What is missing, and the cheapest way there")
        course = self.write("robots.json", {
            "type": "course", "title": {"en": "Industrial robots"}, "external_id": "R-1",
            "region": "de", "hours": 40, "self_paced": True,
            "teaches": [{"term": self.term(self.school, ROBOTS), "from": 0, "to": 3}],
            "cost": {"amount": 80000, "currency": "EUR"}})
        self.course = self.school.cli("course", "post", course)["record"]["id"]
        self.everywhere(self.course, [self.lea, self.acme])
        best = wait_for("needs for lea", lambda: self.lea.cli("match", "list")["matches"])[0]
        self.say(f"   her best match: {best['title']} ({best.get('organisation')}), "
                 f"score {best['score']}")
        path = self.lea.cli("path", "--skill", f"{ROBOTS}:3", "--hours", "8")
        for i, p in enumerate(path["paths"]):
            self.say(f"   way {i + 1}: {', '.join(s['title'] for s in p['steps'])}: "
                     f"{p['weeks']} weeks, {p['cost'] / 100:.0f} EUR")
        self.check("the school's course closes the gap",
                   path["paths"] and "Industrial robots" in str(path["paths"][0]["steps"]))
        self.say(f"   next: {path['next_action']['text']}")

    def found(self):
        self.step("Acme finds her card: no name, no age, no photo")
        got = self.acme.cli("candidate", "list", "--demand", "acme-0", "--limit", "20")
        place = [c["record"] for c in got["candidates"]]
        self.check("she is among them, though the must is not met yet", self.card in place)
        why = self.acme.cli("candidate", "explain", "acme-0", self.card)
        points = sum(t["points"] for t in why["terms"] if t["of"] == "fit")
        self.say(f"   her fit: {why['fit']} of 10000")
        self.check("the points of the explanation add up to the fit", points == why["fit"])

    def offer(self):
        self.step("Acme offers: it pays the course if she comes")
        self.deadline = "2027-09-01"
        self.talk_acme = self.acme.cli(
            "offer", "send", "--demand", "acme-0", "--to", self.card,
            "--pledge", PLEDGE.format(deadline=self.deadline))["id"]
        got = wait_for("the offer", lambda: self.talk_of(self.lea))[0]
        self.talk_lea = got["id"]
        shown = self.lea.cli("inbox", "show", self.talk_lea)
        pledge = shown["offer"]["pledge"]
        self.say(f"   lea reads: {shown['offer']['role']}, {pledge['kind']}, "
                 f"{pledge['amount'] / 100:.0f} {pledge['currency']}, {pledge['hours']} hours")
        self.check("it is the pledge that was made",
                   (pledge["amount"], pledge["hours"]) == (80000, 40))
        self.check("nobody else could open it", not any(
            self.talk_of(n) for n in (self.school, self.bolt, self.care, self.eye)))

    def talk(self):
        self.step("They talk; the company says first who it is")
        acme, lea, a, b = self.acme, self.lea, self.talk_acme, self.talk_lea
        lea.cli("inbox", "answer", b, "--interest", "--text", "Gladly. When?")
        self.reaches(acme, a, state="interested")
        acme.cli("offer", "answer", a, "--text", "From January.")
        self.reaches(lea, b, state="talk")
        acme.cli("offer", "answer", a, "--commit", "Acme, Ruth Weber")
        self.reaches(lea, b, peer_committed=True)
        lea.cli("inbox", "answer", b, "--commit", "Lea Zgraggen")
        self.reaches(acme, a, peer_committed=True)
        acme.cli("offer", "answer", a, "--open", "--yes")
        self.reaches(lea, b, peer_identity="Acme, Ruth Weber")
        self.check("Acme does not know her name yet",
                   acme.api("GET", f"/talks/{a}")[1]["peer_identity"] is None)
        lea.cli("inbox", "answer", b, "--open", "--yes")
        self.reaches(acme, a, peer_identity="Lea Zgraggen", state="revealed")
        self.check("now both know each other", True)

    def held(self, node, document, **fields):
        """Until the node holds the document so; as the API shows it."""
        def there():
            status, d = node.api("GET", f"/documents/{document}")
            return status == 200 and all(d[k] == v for k, v in fields.items()) and d
        return wait_for(f"{node.name}: document {fields}", there)

    def more_keys(self):
        """Each word of Acme's brings keys that Lea may answer under."""
        self.acme.cli("offer", "answer", self.talk_acme, "--text", "All well?")

    def agree(self):
        self.step("An agreement with that pledge, signed by both")
        end = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(40)
        terms = ("--hours", "60", "--end", str(end), "--teaches", f"{ROBOTS}:3")
        dry = self.acme.cli("agreement", "propose", self.talk_acme, *terms, "--dry-run")
        self.check("its pledge is the offer's", dry["differences"] == [])
        made = self.acme.cli("agreement", "propose", self.talk_acme, *terms)["document"]
        self.agreement = made["id"]
        got = self.held(self.lea, made["id"], asks="sign", complete=False)
        self.say(f"   lea reads: {got['content']['title']}, "
                 f"{got['content']['pledge']['amount'] / 100:.0f} EUR for learning")
        self.lea.cli("agreement", "sign", made["id"])
        self.held(self.acme, made["id"], complete=True)
        self.reaches(self.acme, self.talk_acme, state="agreed")
        self.reaches(self.lea, self.talk_lea, state="agreed")
        self.check("both have signed", True)

    def learn(self):
        self.step("She learns, and the school stands for it; Acme sees one fact of it")
        school, lea = self.school, self.lea
        places = self.write("places.csv", HEAD + f"S-1,project,Learners,de,"
                            f"\"{AUTOMATION}:2\",\"{ROBOTS}:1-3\",,en,4\n")
        school.cli("demand", "import", places)
        at_school = school.cli(
            "offer", "send", "--demand", "S-1", "--to", self.card, "--role", "Industrial robots",
            "--activity", "course", "--pledge",
            f"kind=certificate,hours=2,deadline={self.deadline}")["id"]
        mine = wait_for("the school's words", lambda: [
            t for t in self.talk_of(lea) if t["id"] != self.talk_lea])[0]["id"]
        lea.cli("inbox", "show", mine)
        lea.cli("inbox", "answer", mine, "--interest")
        self.reaches(school, at_school, state="interested")
        i = school.cli("credential", "issue", "--talk", at_school, "--title",
                       "Industrial robots", "--skill", f"{ROBOTS}:3", "--method",
                       "assessed", "--claim", "exam=87/100")["issued"][0]
        self.credential(lea, i, "proposed")
        lea.cli("credential", "accept", i)
        for node in (school, lea):
            self.credential(node, i, "good")
        self.acme.cli("offer", "ask", self.talk_acme, "exam")
        wait_for("the question", lambda: "exam" in lea.api(
            "GET", f"/talks/{self.talk_lea}/claims")[1]["asked"])
        lea.cli("inbox", "disclose", self.talk_lea, "--at-least", "exam=80", "--yes")
        seen = wait_for("the fact", lambda: self.acme.api(
            "GET", f"/talks/{self.talk_acme}/claims")[1]["shown"])[0]
        self.check("Acme knows: 80 or more, and no more than that",
                   (seen["at_least"], seen["at_most"]) == (80, None))
        self.more_keys()
        wait_for("keys to answer under", lambda: self.try_cli(
            lea, "credential", "present", i, "--talk", self.talk_lea, "--yes"))
        self.credential(self.acme, i, "good")
        self.check("and that the school stands for it", self.acme.api(
            "GET", f"/talks/{self.talk_acme}/claims")[1]["shown"][0]["worth"]["kind"]
                   == "credential")
        self.more_keys()
        p = wait_for("keys to answer under", lambda: self.try_cli(
            lea, "progress", "report", self.agreement, "--verb", "completed",
            "--minutes", "2400", "--reached", f"{ROBOTS}:3"))["document"]
        self.held(self.acme, p["id"], asks="sign")
        self.acme.cli("progress", "sign", p["id"])
        self.held(lea, p["id"], complete=True)
        self.check("level 3 is reached, says she, and Acme too", True)

    def credential(self, node, i, standing):
        wait_for(f"{node.name}: the certificate is {standing}", lambda: any(
            c["id"] == i and c["standing"] == standing
            for c in node.api("GET", "/credentials")[1]["credentials"]))

    def try_cli(self, node, *words):
        try:
            return node.cli(*words)
        except NodeError:
            return None

    def outcome(self):
        self.step("She works, Acme has paid: the outcome, signed by both")
        before = self.learnability()
        self.before_outcome = before
        self.more_keys()
        o = wait_for("keys to answer under", lambda: self.try_cli(
            self.lea, "outcome", "propose", self.agreement, "--result", "delivered",
            "--usefulness", "5", "--hours", "58", "--pledge", "kept", "--invested",
            "800", "--currency", "EUR", "--invested-hours", "40", "--learned",
            f"{ROBOTS}:3", "--applied", f"{ROBOTS}:3", "--before", "none", "--after",
            "permanent"))["document"]
        self.held(self.acme, o["id"], asks="sign")
        self.acme.cli("outcome", "sign", o["id"])
        self.outcome_id = o["id"]
        self.held(self.lea, o["id"], complete=True)
        for node, talk in ((self.acme, self.talk_acme), (self.lea, self.talk_lea)):
            self.reaches(node, talk, state="concluded")
            one = self.held(node, self.agreement, complete=True)
            self.check(f"{node.name}: the pledge is {one['standing']}",
                       one["standing"] == "kept")

    def learnability(self):
        return {"person": self.lea.cli("learnability", "show"),
                "company": self.acme.cli("learnability", "show")}

    def scores(self):
        self.step("Learnability: how willing she is to learn, and Acme to invest")
        acme_key = self.acme.cli("status")["did"]
        self.say(f"   before: {self.before_outcome['person']['score']} and "
                 f"{self.before_outcome['company']['score']}")
        # Whoever looks decides whom to rely on; nobody else's word counts.
        self.lea.cli("trust", "anchor", "add", acme_key, "--label", "Acme")
        lea_key = self.held(self.acme, self.agreement)["content"]["person"]
        self.acme.cli("trust", "anchor", "add", lea_key, "--label", "Lea")
        after = wait_for("the scores", lambda: (
            x := self.learnability())["person"]["score"] and x["company"]["score"] and x)
        for who in ("person", "company"):
            parts = ", ".join(f"{p['name']} {p['score']}" for p in after[who]["parts"])
            self.say(f"   {who}: {after[who]['score']} ({parts})")
            self.check(f"the {who}'s score has moved",
                       after[who]["score"] > self.before_outcome[who]["score"])
        why = self.lea.cli("learnability", "why")
        self.check("it names the outcome that it rests on", self.outcome_id in json.dumps(why))

    def figures(self):
        self.step("Lea renews her card, Acme closes the need; the onlooker counts")
        self.lea.cli("profile", "edit", "--add-skill", ROBOTS, "--level", "3")
        card = self.lea.cli("profile", "publish", "--now")["record"]["id"]
        self.everywhere(card, [self.eye])
        self.acme.cli("demand", "close", "acme-0")
        after = wait_for("new figures", lambda: (
            c := self.robots(self.eye)).get("supply") == 15
            and c["demand"] == self.before["demand"] - 1 and c)
        self.say(f"   held by {self.before['supply']}, now {after['supply']}; open places "
                 f"{self.before['demand']}, now {after['demand']}")
        told = json.dumps(self.eye.cli("signal", "top", "--term", ROBOTS, "--by", "region"))
        dids = [self.lea.cli("status")["did"], card, self.card]
        self.check("the figures name nobody", not any(d in told for d in dids))
        files = b"".join(f.read_bytes() for f in self.eye.home.rglob("*") if f.is_file())
        self.check("and nowhere on the onlooker's disk is her name",
                   b"Zgraggen" not in files)


def main():
    p = argparse.ArgumentParser(prog="./dev story", description=__doc__)
    p.add_argument("--keep", action="store_true", help="leave the network up")
    p.add_argument("--no-pause", action="store_true",
                   help="do not wait for Enter (so it is without a terminal)")
    p.add_argument("--directory", type=Path, help="where the homes are made")
    p.add_argument("--build", type=Path, default=ROOT / "build/release", help=argparse.SUPPRESS)
    o = p.parse_args()
    o.build = o.build.resolve()
    os.environ.pop("OHCN_HOME", None)
    try:
        sys.exit(Story(o).run())
    except (NodeError, TimeoutError) as e:
        print(f"\nthe story stopped: {e}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
