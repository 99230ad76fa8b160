"""Keys that are forgotten while the owner is away: relaying goes on, nothing
is signed, letters stay sealed; the passphrase brings it all back."""
import unittest

from support import Case, holds, peers_of, wait_for, write

NET = "test-lock"
JOBS = ("external_id,type,title,region,skills,teaches,languages\n"
        "A-17,job,Plant electrician,de,\"welding:3!\",,\n")
PLEDGE = "kind=course,amount=800,currency=EUR,hours=40,deadline=2027-09-01"
FLAGS = ("--pledge", PLEDGE)


class Lock(Case):
    def setUp(self):
        self.w = self.world()
        self.acme = self.w.node("acme", "company", network=NET)
        self.acme.start()
        self.lea = self.person("lea", "keys.idle_lock=0s")

    def person(self, name, *settings):
        node = self.w.node(name, "person", network=NET,
                           bootstrap=[self.acme.address()], settings=list(settings))
        node.passphrase = write(self.w.directory / f"{name}.pass", "correct horse\n")
        node.start()
        wait_for("a neighbour", lambda: peers_of(node))
        return node

    def keys(self, node):
        return node.cli("status")["keys"]

    def test_locked_by_hand(self):
        lea, acme = self.lea, self.acme
        lea.cli("profile", "edit", "--add-skill", "welding", "--level", "4")
        card = lea.cli("profile", "publish", "--now")["record"]["id"]
        wait_for("the card arrives", lambda: holds(acme, card))
        self.assertEqual((False, True), (self.keys(lea)["locked"],
                                         self.keys(lea)["guarded"]))
        self.assertTrue(lea.cli("key", "lock")["locked"])
        lea.cli("key", "lock")  # once more is no error

        # What signs or opens says what and why and what to do.
        for method, path, body in (
                ("POST", "/profile/publish", {"now": True}),
                ("POST", "/personas", {"name": "other"}),
                ("POST", "/profile/forget", {"now": True}),
                ("PUT", "/profile", {})):
            status, said = lea.api(method, path, body)
            self.assertEqual((423, "E2021", "ohcn key unlock"),
                             (status, said["code"], said["hint"]), path)
        with self.fails(4, "locked"):
            lea.cli("profile", "publish", "--now")
        # Reading, relaying and the rest go on.
        path = write(self.w.directory / "jobs.csv", JOBS)
        self.assertEqual(1, acme.cli("demand", "import", path)["created"])
        demand = acme.cli("demand", "list")["demands"][0]["id"]
        wait_for("the demand at lea", lambda: holds(lea, demand))
        self.assertEqual(1, len(lea.cli("match", "list")["matches"]))
        # An offer arrives, and stays sealed.
        acme.cli("offer", "send", "--demand", "A-17", "--to", card, *FLAGS)
        wait_for("its envelope", lambda: lea.cli(
            "record", "list", "--kind", "envelope")["records"])
        self.assertEqual([], lea.api("GET", "/talks")[1]["talks"])
        tried = lea.api("GET", "/talks")[1]["envelopes"]["tried"]

        right = lea.passphrase
        lea.passphrase = write(self.w.directory / "wrong", "battery staple\n")
        with self.fails(4, "passphrase"):
            lea.cli("key", "unlock")
        self.assertTrue(self.keys(lea)["locked"])
        self.assertEqual(tried, lea.api("GET", "/talks")[1]["envelopes"]["tried"])
        lea.passphrase = right
        self.assertFalse(lea.cli("key", "unlock")["locked"])
        got = wait_for("the offer", lambda: lea.api("GET", "/talks")[1]["talks"])
        self.assertEqual("Plant electrician", got[0]["offer"]["role"])
        lea.cli("inbox", "show", got[0]["id"])
        lea.cli("profile", "edit", "--add-skill", "soldering", "--level", "2")
        again = lea.cli("profile", "publish", "--now")["record"]["id"]
        wait_for("the new card", lambda: holds(acme, again))

    def test_by_itself(self):
        mia = self.person("mia", "keys.idle_lock=3s")
        wait_for("the lock", lambda: self.keys(mia)["locked"])
        self.assertEqual(423, mia.api("PUT", "/profile", {})[0])
        # It is no lock for who has no passphrase.
        self.assertFalse(self.keys(self.acme)["guarded"])
        with self.fails(8, "passphrase"):
            self.acme.cli("key", "lock")
        # A restart asks for the passphrase anyway, and begins unlocked.
        mia.settings.append("keys.idle_lock=1h")
        mia.stop()
        mia.start()
        self.assertFalse(self.keys(mia)["locked"])


if __name__ == "__main__":
    unittest.main()
