"""A cohort between real nodes: announced by a provider, found in a path, asked
for, a seat and a waiting list, a session of three, certificates at the end."""
import unittest

from support import Case, holds, peers_of, wait_for

NET = "test-cohort"


class Cohort(Case):
    def api(self, node, path):
        status, said = node.api("GET", path)
        self.assertEqual(200, status, said)
        return said

    def members(self):
        return self.api(self.hub, "/cohorts/spring/members")

    def ask(self, node, text):
        node.cli("cohort", "join", self.record, "--name", "spring", "--text", text)
        return wait_for("the request", lambda: [
            q for q in self.members()["requests"] if q["text"] == text])[0]["talk"]

    def accept(self, node):
        """The seat, then its agreement."""
        for step in ("interested", "signed"):
            wait_for(step, lambda: node.cli(
                "cohort", "accept", "spring", "--dry-run")["step"] == step)
            node.cli("cohort", "accept", "spring")
        mine = node.cli("persona", "list")["personas"][0]["did"]
        return wait_for("both have signed", lambda: [
            m for m in self.members()["members"]
            if m["key"] == mine and m["complete"]])[0]["key"]

    def test_from_start_to_certificate(self):
        w = self.world()
        hub = self.hub = w.node("hub", "provider", network=NET)
        hub.start()
        lea, tom = (w.node(name, "person", network=NET, bootstrap=[hub.address()])
                    for name in ("lea", "tom"))
        for node in (lea, tom):
            node.start()
            wait_for("a neighbour", lambda: peers_of(node))
        hub.cli("cohort", "found", "spring", "--title", "Welding, spring",
                "--teaches", "welding:3", "--seats", "1", "--weeks", "8",
                "--hours", "32", "--sessions", "2", "--grade", "101",
                "--cost", "0EUR", "--format", "online")
        # Nobody could ask: there is no inbox.
        with self.fails(8, "organisation"):
            hub.cli("cohort", "publish", "spring")
        hub.cli("organisation", "edit", "--name", "School", "--type", "school")
        hub.cli("organisation", "publish")
        self.record = hub.cli("cohort", "publish", "spring")["record"]["id"]
        for node in (lea, tom):
            wait_for("the record", lambda: holds(node, self.record))
            wait_for("its inbox", lambda: node.cli("cohort", "show", self.record)
                     ["cohort"]["takes_requests"])
        known = lea.cli("cohort", "list", "--all")["known"]
        self.assertEqual([self.record], [c["id"] for c in known])
        # It is no community, nor the other way round.
        with self.fails(5):
            lea.cli("community", "show", self.record)
        with self.fails(8, "another"):
            hub.cli("community", "found", "spring", "--title", "x", "--purpose",
                    "climate protection")

        first = self.ask(lea, "I can weld a little")
        second = self.ask(tom, "me too")
        dry = hub.cli("cohort", "welcome", "spring", first, "--dry-run")
        self.assertEqual((4, 8), (dry["hours_week"], dry["weeks"]))
        hub.cli("cohort", "welcome", "spring", first)
        # One seat: the second is not promised, too, and waits.
        with self.fails(8, "seats"):
            hub.cli("cohort", "welcome", "spring", second)
        hub.cli("cohort", "wait", "spring", second)
        self.assertEqual([True], [q["waiting"] for q in self.members()["requests"]
                                  if q["talk"] == second])
        key = self.accept(lea)
        self.assertEqual("member", lea.cli("cohort", "show", "spring")["state"])
        # Announced again, it tells how many seats are filled.
        hub.cli("cohort", "publish", "spring")
        wait_for("that it is full", lambda: tom.cli("cohort", "show", "spring")
                 ["cohort"]["filled"] == 1)

        with self.fails(8, "session"):
            hub.cli("cohort", "finish", "spring")
        s = hub.cli("cohort", "session", "spring", "--k", "2", "--practised",
                    "welding:2", "--send")
        wait_for("it arrives", lambda: lea.api("GET", f"/sessions/{s['id']}")[0] == 200)
        # A word of the provider's alone is no presence.
        with self.fails(8, "session"):
            hub.cli("cohort", "finish", "spring")
        lea.cli("session", "sign", s["id"], "--send")
        wait_for("both have signed", lambda: self.api(
            hub, f"/sessions/{s['id']}")["complete"])
        learned = hub.cli("cohort", "show", "spring")["learned"]
        self.assertEqual((1, 2), (learned["sessions"], learned["attended"]))

        few = hub.cli("cohort", "finish", "spring", "--sessions", "2")
        self.assertEqual(["too-few"], [p["given"] for p in few["participants"]])
        hub.cli("cohort", "finish", "spring", "--dry-run")
        done = hub.cli("cohort", "finish", "spring")
        self.assertEqual([("issued", "fine", 1)], [
            (p["given"], p["sent"], p["attended"]) for p in done["participants"]], done)
        given = done["participants"][0]["credential"]
        wait_for("it arrives", lambda: given in str(lea.cli("credential", "list")))
        lea.cli("credential", "accept", given)
        mine = [c for c in lea.cli("credential", "list")["credentials"]
                if c["id"] == given][0]
        self.assertEqual("good", mine["standing"])
        again = hub.cli("cohort", "finish", "spring")
        self.assertEqual(["has-one"], [p["given"] for p in again["participants"]])

        # Who leaves with a word frees the seat, and the next one gets it.
        lea.cli("cohort", "leave", "spring", "--text", "thank you")
        wait_for("the seat is free", lambda: all(
            m["over"] for m in self.members()["members"]))
        hub.cli("cohort", "welcome", "spring", second)
        self.assertNotEqual(key, self.accept(tom))
        hub.cli("cohort", "release", "spring", tom.cli(
            "persona", "list")["personas"][0]["did"])
        self.assertTrue(all(m["over"] for m in self.members()["members"]))
        hub.cli("cohort", "end", "spring")
        wait_for("the end", lambda: not tom.cli("cohort", "list", "--all")["known"])
        gone = tom.cli("cohort", "leave", "spring", "--forget", "--yes")
        self.assertEqual(1, gone["documents"])
        self.assertEqual([], tom.cli("cohort", "list")["cohorts"])


if __name__ == "__main__":
    unittest.main()
