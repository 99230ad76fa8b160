"""What both signed, as others see it: two viewers with the same anchors and
documents get the same bytes, whoever relies on nobody gets nothing; doors
stand beside a match and move nobody, in no list of any route; nothing of it is
in any record. And the rules of an inbox."""
import re
import unittest

import agreement_test
from support import ROOT, Case, holds, peers_of, wait_for, write

NET = "test-learn"
HEAD = "external_id,type,title,region,skills,teaches,languages\n"
JOBS = HEAD + ("A-17,gig,Plant electrician,de,\"welding:3!\",,\n"
               "A-18,gig,Boat builder,de,\"welding:4!,carpentry:3!\",\"carpentry:4\",\n")
PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline=2027-09-01"

# Lists of GET routes that name no person and no company, or are no JSON.
NO_LIST = {"/metrics", "/events", "/status", "/config", "/backup", "/store", "/store/task",
           "/tokens", "/tokens/log", "/tokens/scopes", "/records/export", "/peers",
           "/peers/known", "/invite", "/discovery", "/sync", "/topics", "/topics/explain",
           "/vocabulary", "/vocabulary/search", "/vocabulary/bridge", "/terms",
           "/facts", "/offer-templates", "/profile", "/organisation"}
# What a route needs to be asked with; {card} and {mine} are records.
ASKED = {"/candidates": "demand=A-18&all=1", "/matches": "all=1",
         "/team": "skills=welding:3", "/market": "each=50",
         "/path": "skill=carpentry:3", "/compare": "a={card}&b={other}&demand=A-18",
         "/trust/find": "who=lea", "/records": "limit=1000",
         "/communities": "all=1", "/demands": "all=1", "/courses": "all=1",
         "/pathways": "all=1", "/assessments": "all=1",
         "/communities/suggest": "purpose=climate protection&size=5",
         "/signals/series": "term=welding"}
WHO = ("record", "id", "key", "did", "author", "card", "peer", "name")


def routes():
    text = (ROOT / "node" / "api" / "routes.c").read_text()
    found = re.findall(r'HTTP_GET,\s+V1\s+"(/[^"{]*)"', text)
    assert len(found) > 40, found
    return [r for r in found if r not in NO_LIST]


def name_of(v):
    """Its own, or that of what it is about."""
    return next((v[k] for k in WHO if isinstance(v.get(k), str)), next(
        (x["id"] for x in v.values() if isinstance(x, dict) and "id" in x), None))


def lists_of(value, at=""):
    """All lists of things that have a name, at any depth: {place: [who]}."""
    out = {}
    if isinstance(value, dict):
        for k, v in value.items():
            out.update(lists_of(v, f"{at}.{k}"))
    elif isinstance(value, list):
        names = [name_of(v) if isinstance(v, dict) else None for v in value]
        if names and None not in names:
            out[at] = names
        for name, v in zip(names, value):
            out.update(lists_of(v, f"{at}[{name}]"))
    return out


def key_of(node):
    return node.api("GET", "/personas")[1]["personas"][0]["did"]


def score(node, key, role, why=0):
    return node.api("GET", f"/learnability/{key}?role={role}&why={why}")[1]


class Learnability(Case):
    # Borrowed, and not named in this module, or its tests would run here, too.
    state, reaches, talk, reveal, held, arrives = (
        vars(agreement_test.AgreementCase)[name]
        for name in ("state", "reaches", "talk", "reveal", "held", "arrives"))

    def setUp(self):
        self.w = self.world()
        self.acme = self.w.node("acme", "company", network=NET)
        self.acme.start()
        hub = [self.acme.address()]
        self.lea = self.w.node("lea", "person", network=NET, bootstrap=hub)
        self.tom = self.w.node("tom", "person", network=NET, bootstrap=hub)
        self.bert = self.w.node("bert", "company", network=NET, bootstrap=hub)
        self.cleo = self.w.node("cleo", "company", network=NET, bootstrap=hub)
        for node in (self.lea, self.tom, self.bert, self.cleo):
            node.start()
            wait_for("a neighbour", lambda: peers_of(node))
        for node in (self.acme, self.bert):
            node.cli("demand", "import", write(self.w.directory / "jobs.csv", JOBS))
        self.cards = {}
        for node in (self.lea, self.tom):
            node.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
            self.cards[node.name] = node.cli("profile", "publish", "--now")["record"]["id"]
        self.card = self.cards["lea"]
        for node in (self.acme, self.bert, self.cleo):
            for card in self.cards.values():
                wait_for("the cards arrive", lambda: holds(node, card))

    def begin_with_the_last(self):
        """Two people are alike, and two companies: those who stand last are
        the ones that are to learn and to invest. Whoever sorts by it moves
        them up."""
        acme, bert = self.acme, self.bert
        people = wait_for("both fit", lambda: (lambda c: len(c) == 2 and c)(
            acme.cli("candidate", "list", "--demand", "A-18", "--all")["candidates"]))
        self.assertEqual(people[0]["score"], people[1]["score"])
        self.card = people[1]["record"]
        if self.card == self.cards["tom"]:
            self.lea, self.tom = self.tom, self.lea
        gigs = wait_for("all four", lambda: (lambda m: len(m) == 4 and m)(
            self.lea.cli("match", "list", "--all")["matches"]))
        theirs = {d["id"] for d in bert.cli("demand", "list")["demands"]}
        last = [m["record"] for m in gigs if "Boat" in m["title"]][-1]
        if last in theirs:
            self.acme, self.bert = bert, acme

    def lists(self, node, more=""):
        """The order of whoever is named, in each list of each route."""
        cards = {"card": self.card, "other": next(
            c for c in self.cards.values() if c != self.card)}
        out = {}
        for path in routes():
            asked = ASKED.get(path, "").format(**cards).replace(" ", "%20")
            code, said = node.api("GET", f"{path}?{asked}{more}")
            if code == 200:
                out.update(lists_of(said, path))
        return out

    def same_order(self, before, now):
        """Who was there stands as before beside those who still are."""
        for place, names in before.items():
            if place in now:
                left = [n for n in names if n in now[place]]
                self.assertEqual(left, [n for n in now[place] if n in left], place)

    def orders(self):
        """Everything that is ordered, by place and score."""
        return ([(c["record"], c["rank"], c["score"], c["fit"])
                 for c in self.acme.cli("candidate", "list", "--demand", "A-18",
                                        "--all")["candidates"]],
                [(m["record"], m["rank"], m["score"], m["fit"])
                 for m in self.lea.cli("match", "list", "--all")["matches"]])

    def test_same_for_all_who_rely_on_the_same(self):
        self.begin_with_the_last()
        acme, lea, bert, cleo = self.acme, self.lea, self.bert, self.cleo
        a, p = key_of(acme), key_of(lea)
        before = self.orders()
        lists = {n.name: self.lists(n) for n in (acme, lea)}
        for place, who in ((lists[acme.name], "/candidates.candidates"),
                           (lists[acme.name], "/market.demands"),
                           (lists[acme.name], "/records.records"),
                           (lists[lea.name], "/matches.matches")):
            self.assertGreater(len(place[who]), 1, who)
        i, j = self.talk(PLEDGE)
        self.reveal(i, j)
        made = acme.cli("agreement", "propose", i, "--hours", "60", "--end",
                        agreement_test.date(40), "--teaches", "welding:5")
        agreement = made["document"]["id"]
        self.arrives(lea, agreement, asks="sign")
        lea.cli("agreement", "sign", agreement)
        self.reaches(acme, i, state="agreed")
        outcome = lea.cli(
            "outcome", "propose", agreement, "--result", "delivered",
            "--usefulness", "5", "--hours", "58", "--pledge", "kept",
            "--invested-hours", "40", "--learned", "welding:5",
            "--method", "observed")["document"]["id"]
        self.arrives(acme, outcome, asks="sign")
        # One signature is one's own word.
        lea.cli("trust", "anchor", "add", a)
        self.assertEqual(0, score(lea, "me", "person")["score"])
        acme.cli("outcome", "sign", outcome)
        self.arrives(lea, outcome, complete=True)

        mine = wait_for("it counts", lambda: (
            lambda s: s["score"] > 0 and s)(score(lea, "me", "person", 1)))
        self.assertEqual(1, mine["counterparties"])
        self.assertEqual(a, mine["sources"][0]["key"])
        self.assertEqual(outcome, mine["contributions"][0]["document"])
        self.assertEqual(mine["score"],
                         sum(c["score"] for c in mine["contributions"]) + mine["rest"])
        weighted = sum(x["weight"] * x["score"] for x in mine["parts"]) // 100
        self.assertEqual(weighted, mine["score"])
        invests = score(lea, a, "company")
        self.assertEqual(0, invests["score"])  # her own key is no anchor of hers
        lea.cli("trust", "anchor", "add", "me")
        self.assertGreater(score(lea, a, "company")["score"], 0)
        lea.cli("trust", "anchor", "remove", "me")

        # Two more who are shown the same two documents.
        files = []
        for n, d in enumerate((agreement, outcome)):
            files.append(self.w.directory / f"{n}.json")
            lea.cli("document", "export", d, files[-1])
        bert.cli("document", "import", files[0])
        bert.cli("document", "import", files[1])
        cleo.cli("document", "import", files[1])
        cleo.cli("document", "import", files[0])
        self.assertEqual(0, score(bert, p, "person")["score"])
        for node in (bert, cleo):
            node.cli("trust", "anchor", "add", a)
        seen = [score(n, p, "person") for n in (lea, bert, cleo)]
        print(f"learnability {seen[0]['score_permille']} of 1000, bytes "
              f"{seen[0]['bytes']}, hash {seen[0]['hash']}")
        self.assertEqual(1, len({s["bytes"] for s in seen}), seen)
        self.assertEqual(1, len({s["hash"] for s in seen}))
        # Without the anchor it is nothing again: trust is the viewer's.
        cleo.cli("trust", "anchor", "remove", a)
        self.assertEqual(0, score(cleo, p, "person")["score"])

        # Nobody has moved in any list. With both sides relied on, a door
        # stands beside the fit where a must-have is missing and taught.
        self.assertEqual(before, self.orders())
        acme.cli("trust", "anchor", "add", "me")
        acme.cli("trust", "anchor", "add", p)
        score(acme, p, "person")  # now the view is of now
        self.assertEqual(before, self.orders())
        for node in (acme, lea):
            self.assertGreater(score(acme, p, "person")["score"], 0)
            now = self.lists(node)
            self.same_order(lists[node.name], now)
            # And nobody can ask for it.
            for word in ("sort", "order", "order_by", "by"):
                asked = self.lists(node, f"&{word}=learnability")
                self.assertTrue(asked)
                self.same_order(now, asked)
        entry = next(c for c in acme.cli("candidate", "list", "--demand", "A-18",
                                         "--all")["candidates"]
                     if c["record"] == self.card)
        self.assertEqual(["carpentry"], [t["label"] for t in entry["door"]["taught"]])
        self.assertGreaterEqual(entry["door"]["door"], entry["fit"])
        self.assertEqual(entry["fit"], entry["door"]["fit"])

        # What went out says nothing of it: no score, no anchor.
        for record in acme.cli("record", "list", "--limit", "1000")["records"]:
            raw = bytes.fromhex(acme.api("GET", f"/records/{record['id']}")[1]["bytes_hex"])
            self.assertNotIn(bytes.fromhex(seen[0]["hash"]), raw)
            self.assertNotIn(bytes.fromhex(seen[0]["bytes"]), raw)
            self.assertNotEqual("attestation", record["kind"])

    def test_who_reads_it(self):
        """Who computes a score of somebody shows it of one, or beside a fit."""
        calls = set()
        for folder in ("node", "match"):
            for path in (ROOT / folder).rglob("*.c"):
                text = path.read_text()
                if re.search(r"\blearnability_(of|explain)\(", text):
                    calls.add(str(path.relative_to(ROOT)))
                    self.assertNotRegex(text.partition("learnability_of(")[2] if
                                        folder == "node" else "", r"\bqsort\(")
        self.assertEqual({"match/learn/score.c", "node/api/learnability.c",
                          "node/api/door.c", "node/trust/keeper.c"}, calls)

    def test_inbox_rules(self):
        acme, lea = self.acme, self.lea
        lea.stop()
        lea.settings.append("inbox.strangers=drop")
        lea.start()

        def offer():
            acme.cli("offer", "send", "--demand", "A-17", "--to", self.card,
                     "--pledge", PLEDGE)

        def talks():
            return lea.api("GET", "/talks")[1]["talks"]
        wait_for("they meet again", lambda: peers_of(lea))
        offer()
        wait_for("it is dropped", lambda: lea.cli("status")["inbox"]["dropped"]["stranger"])
        self.assertEqual([], talks())
        self.assertIn("offers dropped", lea.cli("status", raw=True).stdout)
        # Its sender sees the offer as it was: silence.
        self.assertEqual("offered", acme.api("GET", "/talks")[1]["talks"][0]["state"])
        # Whom she relies on comes in, and she sees so.
        lea.cli("trust", "anchor", "add", key_of(acme))
        self.assertEqual(65536, lea.cli("trust", "show", key_of(acme))["trust"])
        offer()
        got = wait_for("it comes in", talks)[0]
        self.assertTrue(got["trust"]["anchor"])
        self.assertFalse(got["quiet"])
        self.assertEqual(1000, got["trust"]["trust_permille"])


if __name__ == "__main__":
    unittest.main()
