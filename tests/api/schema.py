"""A check of JSON against a schema file of node/api/schema: the part of JSON
Schema 2020-12 that they use, and nothing else: an unknown keyword is an
error, so that no rule is passed over in silence."""
import functools
import json
import re
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parents[2] / "node" / "api" / "schema"
NOTES = {"$schema", "$id", "title", "description", "$defs"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "integer": int, "null": type(None)}


def is_type(value, name):
    if name == "integer" and isinstance(value, bool):
        return False
    return isinstance(value, TYPES[name])


def faults(value, schema, root, at="$"):
    """What is wrong with ${value}, each as a text; [] if nothing."""
    out = []
    for key, rule in schema.items():
        if key in NOTES:
            continue
        if key == "$ref":
            assert rule.startswith("#/$defs/"), rule
            out += faults(value, root["$defs"][rule[8:]], root, at)
        elif key == "type":
            names = rule if isinstance(rule, list) else [rule]
            if not any(is_type(value, n) for n in names):
                return [f"{at}: is {type(value).__name__}, not {rule}"]
        elif key == "enum":
            if value not in rule:
                out.append(f"{at}: {value!r} is none of {rule}")
        elif key == "anyOf":
            tries = [faults(value, r, root, at) for r in rule]
            if all(tries):
                out += min(tries, key=len)
        elif key == "minimum":
            if is_type(value, "integer") and value < rule:
                out.append(f"{at}: {value} is below {rule}")
        elif key == "maximum":
            if is_type(value, "integer") and value > rule:
                out.append(f"{at}: {value} is above {rule}")
        elif key == "properties":
            if isinstance(value, dict):
                for name, inner in rule.items():
                    if name in value:
                        out += faults(value[name], inner, root, f"{at}.{name}")
        elif key == "required":
            if isinstance(value, dict):
                out += [f"{at}: {n} is missing" for n in rule if n not in value]
        elif key == "additionalProperties":
            if isinstance(value, dict):
                known = schema.get("properties", {})
                for name in value.keys() - known.keys():
                    if rule is False:
                        out.append(f"{at}: {name} is not in the schema")
                    elif isinstance(rule, dict):
                        out += faults(value[name], rule, root, f"{at}.{name}")
        elif key == "items":
            if isinstance(value, list):
                for i, v in enumerate(value):
                    out += faults(v, rule, root, f"{at}[{i}]")
        else:
            raise ValueError(f"{at}: the schema says {key}, which is not checked here")
    return out


@functools.cache
def _file(name):
    return json.loads((DIRECTORY / f"{name}.json").read_text())


def check(value, name, part):
    """Faults of ${value} by one of the $defs of the schema file ${name}."""
    root = _file(name)
    return faults(value, root["$defs"][part], root)


# Answers of the API, by method and path, and those of the command line that
# hand one on, by their "schema".
ROUTES = (("GET", r"/trust", "trust", "trust"),
          ("POST", r"/trust/anchors(/remove)?", "trust", "anchor"),
          ("GET", r"/trust/find", "trust", "found"),
          ("GET", r"/trust/keys/[^/]+", "trust", "key"),
          ("GET", r"/trust/attestations", "trust", "attestations"),
          ("GET", r"/learnability/[^/]+", "trust", "learnability"),
          ("GET", r"/blocks", "trust", "blocks"),
          ("POST", r"/blocks(/remove)?", "trust", "state"),
          ("GET", r"/warnings", "trust", "lists"),
          ("POST", r"/warnings", "trust", "list"),
          ("POST", r"/warnings/make", "trust", "made"),
          ("GET", r"/warnings/[^/]+", "trust", "entries"),
          ("POST", r"/warnings/[^/]+/(effect|remove)", "trust", "list"),
          ("GET", r"/path", "path", "path"), ("GET", r"/team", "team", "team"),
          ("GET", r"/communities/suggest", "community", "community"),
          ("GET", r"/communities", "community", "communities"),
          ("GET", r"/communities/(?!suggest)[^/]+", "community", "shown"),
          ("PUT", r"/communities/[^/]+", "community", "drafted"),
          ("GET", r"/communities/[^/]+/members", "community", "members"),
          ("POST", r"/communities/[^/]+/join", "community", "joined"),
          ("POST", r"/communities/[^/]+/welcome", "community", "welcomed"),
          ("POST", r"/communities/[^/]+/accept", "community", "accepted"),
          ("POST", r"/communities/[^/]+/leave", "community", "left"),
          ("POST", r"/(communities|cohorts)/[^/]+/release", "community", "released"),
          ("GET", r"/cohorts", "community", "cohorts"),
          ("GET", r"/cohorts/[^/]+", "community", "shown"),
          ("PUT", r"/cohorts/[^/]+", "community", "drafted"),
          ("GET", r"/cohorts/[^/]+/members", "community", "members"),
          ("POST", r"/cohorts/[^/]+/join", "community", "joined"),
          ("POST", r"/cohorts/[^/]+/welcome", "community", "welcomed"),
          ("POST", r"/cohorts/[^/]+/wait", "community", "waits"),
          ("POST", r"/cohorts/[^/]+/accept", "community", "accepted"),
          ("POST", r"/cohorts/[^/]+/leave", "community", "left"),
          ("POST", r"/cohorts/[^/]+/finish", "community", "finished"),
          ("GET", r"/sessions", "community", "sessions"),
          ("POST", r"/sessions", "community", "proposed"),
          ("GET", r"/sessions/[^/]+", "community", "session_whole"),
          ("POST", r"/sessions/take", "community", "session_whole"),
          ("POST", r"/sessions/[^/]+/(sign|send)", "community", "session_whole"),
          ("GET", r"/market", "market", "market"),
          ("GET", r"/signals", "signal", "signals"),
          ("GET", r"/signals/series", "signal", "series"),
          ("GET", r"/signals/map", "signal", "map"),
          ("GET", r"/assessments", "assess", "assessments"),
          ("GET", r"/assessments/[^/]+", "assess", "assessment"),
          ("POST", r"/assessments/[^/]+/(take|answer)", "assess", "state"),
          ("POST", r"/assessments/[^/]+/finish", "assess", "result"),
          ("POST", r"/assessments/[^/]+/sign", "assess", "signed"),
          ("GET", r"/assessment-results", "assess", "results"),
          ("POST", r"/assessment-results", "assess", "result"),
          ("GET", r"/documents", "evidence", "documents"),
          ("POST", r"/documents", "evidence", "document"),
          ("GET", r"/documents/[^/]+", "evidence", "document"),
          ("POST", r"/documents/[^/]+/(sign|send|progress|outcome|claim|follow-up)",
           "evidence", "done"),
          ("POST", r"/talks/[^/]+/(agreement|moved)", "evidence", "done"),
          ("POST", r"/personas/[^/]+/link", "evidence", "done"),
          ("GET", r"/documents/[^/]+/xapi", "evidence", "xapi"),
          ("POST", r"/documents/[^/]+/forget", "evidence", "forgotten"),
          ("GET", r"/learn/next", "assess", "next"),
          ("GET", r"/pledges", "pledge", "pledges"),
          ("GET", r"/ledger", "pledge", "ledger"),
          ("POST", r"/ledger/(open|extend)", "pledge", "proof"),
          ("POST", r"/ledger/verify", "pledge", "verified"),
          ("GET", r"/offer-templates", "company", "templates"),
          ("(GET|PUT)", r"/offer-templates/[^/]+", "company", "template"),
          ("DELETE", r"/(offer-templates|shortlists|feeds)/[^/]+", "company", "removed"),
          ("GET", r"/shortlists", "company", "shortlists"),
          ("(GET|PUT)", r"/shortlists/[^/]+", "company", "shortlist"),
          ("(POST|DELETE)", r"/shortlists/[^/]+/candidates(/[^/]+)?", "company",
           "shortlist"),
          ("GET", r"/feeds", "company", "feeds"),
          ("(GET|PUT)", r"/feeds/[^/]+", "company", "feed"),
          ("POST", r"/feeds/[^/]+/(sync|review)", "company", "feed"),
          ("GET", r"/tokens", "token", "tokens"),
          ("POST", r"/tokens", "token", "made"),
          ("POST", r"/tokens/[^/]+/revoke", "token", "token"),
          ("GET", r"/tokens/log", "token", "log"),
          ("GET", r"/tokens/scopes", "token", "scopes"),
          ("GET", r"/credentials", "credential", "list"),
          ("POST", r"/credentials", "credential", "issued"),
          ("POST", r"/credentials/import", "credential", "imported"),
          ("GET", r"/credentials/[^/]+", "credential", "credential"),
          ("GET", r"/credentials/[^/]+/file", "credential", "file"),
          ("POST", r"/credentials/[^/]+/(accept|send|revoke)", "credential", "done"),
          ("GET", r"/coaches", "credential", "coaches"),
          ("GET", r"/facts", "claims", "facts"),
          ("PUT", r"/facts", "claims", "facts"),
          ("GET", r"/talks", "talk", "talks"),
          ("POST", r"/talks", "talk", "offered"),
          ("GET", r"/talks/[^/]+", "talk", "shown"),
          ("POST", r"/talks/[^/]+/say", "talk", "answered"),
          ("POST", r"/talks/[^/]+/introduce", "talk", "talk"),
          ("POST", r"/talks/[^/]+/ledger", "talk", "told"),
          ("POST", r"/hands", "talk", "raised"),
          ("GET", r"/talks/[^/]+/claims", "claims", "claims"),
          ("POST", r"/talks/[^/]+/ask", "claims", "of_company"),
          ("POST", r"/talks/[^/]+/disclose", "claims", "disclosed"))
COMMANDS = {"ohcn.trust.show/1": ("trust", "key"), "ohcn.trust.why/1": ("trust", "key"),
            "ohcn.trust.given/1": ("trust", "attestations"),
            "ohcn.learnability.show/1": ("trust", "learnability"),
            "ohcn.learnability.why/1": ("trust", "learnability"),
            "ohcn.block.list/1": ("trust", "blocks"),
            "ohcn.warning.list/1": ("trust", "lists"),
            "ohcn.warning.show/1": ("trust", "entries"),
            "ohcn.warning.import/1": ("trust", "list"),
            "ohcn.warning.make/1": ("trust", "made"),
            "ohcn.path/1": ("path", "path"), "ohcn.team.form/1": ("team", "team"),
            "ohcn.community.suggest/1": ("community", "community"),
            "ohcn.community.list/1": ("community", "communities"),
            "ohcn.community.show/1": ("community", "shown"),
            "ohcn.community.found/1": ("community", "drafted"),
            "ohcn.community.edit/1": ("community", "drafted"),
            "ohcn.community.members/1": ("community", "members"),
            "ohcn.community.join/1": ("community", "joined"),
            "ohcn.community.welcome/1": ("community", "welcomed"),
            "ohcn.community.accept/1": ("community", "accepted"),
            "ohcn.community.leave/1": ("community", "left"),
            "ohcn.community.release/1": ("community", "released"),
            "ohcn.cohort.release/1": ("community", "released"),
            "ohcn.cohort.list/1": ("community", "cohorts"),
            "ohcn.cohort.show/1": ("community", "shown"),
            "ohcn.cohort.found/1": ("community", "drafted"),
            "ohcn.cohort.edit/1": ("community", "drafted"),
            "ohcn.cohort.members/1": ("community", "members"),
            "ohcn.cohort.join/1": ("community", "joined"),
            "ohcn.cohort.welcome/1": ("community", "welcomed"),
            "ohcn.cohort.wait/1": ("community", "waits"),
            "ohcn.cohort.accept/1": ("community", "accepted"),
            "ohcn.cohort.leave/1": ("community", "left"),
            "ohcn.cohort.session/1": ("community", "proposed"),
            "ohcn.cohort.finish/1": ("community", "finished"),
            "ohcn.session.list/1": ("community", "sessions"),
            "ohcn.session.show/1": ("community", "session_whole"),
            "ohcn.session.propose/1": ("community", "proposed"),
            "ohcn.session.sign/1": ("community", "session_whole"),
            "ohcn.session.take/1": ("community", "session_whole"),
            "ohcn.session.send/1": ("community", "session_whole"),
            "ohcn.market/1": ("market", "market"),
            "ohcn.signal.top/1": ("signal", "signals"),
            "ohcn.signal.series/1": ("signal", "series"),
            "ohcn.signal.map/1": ("signal", "map"),
            "ohcn.assess.list/1": ("assess", "assessments"),
            "ohcn.assess.show/1": ("assess", "assessment"),
            "ohcn.assess.import-result/1": ("assess", "result"),
            "ohcn.assess.sign/1": ("assess", "signed"),
            **{f"ohcn.{c}/1": ("evidence", "documents") for c in (
                "agreement.list", "progress.list", "outcome.list", "document.list")},
            **{f"ohcn.{c}/1": ("evidence", "document") for c in (
                "agreement.show", "progress.show", "outcome.show",
                "document.show", "document.import", "document.export")},
            **{f"ohcn.{c}/1": ("evidence", "done") for c in (
                "agreement.propose", "agreement.sign", "progress.report",
                "progress.sign", "outcome.propose", "outcome.sign",
                "outcome.claim", "outcome.follow-up", "document.sign",
                "document.send", "document.moved", "document.link")},
            "ohcn.progress.export/1": ("evidence", "xapi"),
            "ohcn.document.forget/1": ("evidence", "forgotten"),
            "ohcn.learn.next/1": ("assess", "next"),
            "ohcn.pledge.list/1": ("pledge", "pledges"),
            "ohcn.pledge.ledger/1": ("pledge", "ledger"),
            "ohcn.pledge.open/1": ("pledge", "proof"),
            "ohcn.pledge.extend/1": ("pledge", "proof"),
            "ohcn.pledge.verify/1": ("pledge", "verified"),
            "ohcn.token.add/1": ("token", "made"),
            "ohcn.token.list/1": ("token", "tokens"),
            "ohcn.token.revoke/1": ("token", "token"),
            "ohcn.token.log/1": ("token", "log"),
            "ohcn.token.scopes/1": ("token", "scopes"),
            "ohcn.credential.list/1": ("credential", "list"),
            "ohcn.credential.issue/1": ("credential", "issued"),
            "ohcn.credential.accept/1": ("credential", "done"),
            "ohcn.credential.present/1": ("credential", "done"),
            "ohcn.credential.revoke/1": ("credential", "done"),
            "ohcn.credential.import/1": ("credential", "imported"),
            "ohcn.coach.list/1": ("credential", "coaches"),
            "ohcn.fact.list/1": ("claims", "facts"),
            "ohcn.fact.set/1": ("claims", "facts"),
            "ohcn.fact.remove/1": ("claims", "facts"),
            **{f"ohcn.{c}/1": ("talk", "shown") for c in (
                "inbox.show", "offer.show", "hand.show")},
            **{f"ohcn.{c}/1": ("talk", "talks") for c in (
                "inbox.list", "offer.list", "hand.list")},
            **{f"ohcn.{c}/1": ("talk", "answered") for c in (
                "inbox.answer", "offer.answer", "offer.withdraw", "hand.withdraw")},
            "ohcn.offer.send/1": ("talk", "offered"),
            "ohcn.offer.introduce/1": ("talk", "talk"),
            "ohcn.offer.ledger/1": ("talk", "told"),
            "ohcn.hand.raise/1": ("talk", "raised"),
            "ohcn.inbox.claims/1": ("claims", "of_person"),
            "ohcn.offer.claims/1": ("claims", "of_company"),
            "ohcn.offer.ask/1": ("claims", "of_company"),
            "ohcn.inbox.disclose/1": ("claims", "disclosed")}


def hold_api(method, path, status, value):
    """Raises when an answer to a request is not as its schema says."""
    for m, pattern, name, part in ROUTES:
        if status == 200 and re.fullmatch(m, method) and re.fullmatch(pattern, path.split("?")[0]):
            wrong = check(value, name, part)
            assert not wrong, (method, path, wrong[:5])


def hold_command(value):
    """The same for what a command printed with --json."""
    said = value.get("schema") if isinstance(value, dict) else None
    if said in COMMANDS:
        wrong = check({k: v for k, v in value.items() if k != "schema"}, *COMMANDS[said])
        assert not wrong, (said, wrong[:5])
