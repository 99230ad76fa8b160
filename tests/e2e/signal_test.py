"""Signals of real nodes: demands of three companies become counts with
industry and region, a week on the disk that outlives a restart, and a
statistic record that another node reads; two companies are too few."""
import tempfile

from nodes import preload_library
from support import Case, frames, record_file, wait_for, write

NET = "test-signal"
DAY = 86400
HEAD = "external_id,type,title,region,skills,seats,pay_min,pay_max,currency,period\n"


def company(w, name, industry, rows):
    """A company of an industry, its demands, and all of it as records."""
    n = w.node(name, "company", network=NET)
    n.start()
    draft = write(w.directory / f"{name}.json",
                  '{"name": {"en": "%s"}, "industry": "%s"}' % (name, industry))
    n.cli("organisation", "edit", "--from", draft)
    n.cli("organisation", "publish")
    csv = write(w.directory / f"{name}.csv", HEAD + "".join(
        f"{name}-{i},job,Welder,{region},welding:3!,{seats},3000,3400,EUR,month\n"
        for i, (region, seats) in enumerate(rows)))
    n.cli("demand", "import", csv)
    out = w.directory / f"{name}.ohcn"
    n.cli("record", "export", "-o", out, raw=True)
    n.stop()
    return frames(out.read_bytes())


def top(node, *words):
    return node.cli("signal", "top", "--term", "welding", *words)


class Signals(Case):
    def test_from_records_to_a_statistic(self):
        w = self.world()
        records = [company(w, name, industry, rows) for name, industry, rows in (
            ("one", "C", [("de", 4), ("fr", 3)]), ("two", "2511", [("de", 2), ("fr", 2)]),
            ("three", "C", [("de", 3), ("fr", 2)]))]
        libraries = tempfile.TemporaryDirectory(prefix="ohcn-", ignore_cleanup_errors=True)
        self.addCleanup(libraries.cleanup)
        eye = w.node("eye", "company", network=NET,
                     clock=preload_library("shift_clock.c", libraries.name))
        eye.set_clock(0)
        eye.start()

        def take(some):
            file = w.directory / "some.ohcn"
            file.write_bytes(record_file(NET, some))
            eye.cli("record", "import", file)
        take(records[0] + records[1])
        self.assertEqual([], top(eye)["cells"])  # two companies
        self.assertGreater(top(eye)["suppressed"], 0)
        take(records[2])
        got = top(eye, "--by", "region")
        self.assertEqual([("zz", 16, 3), ("de", 9, 3), ("fr", 7, 3)],
                         [(c["region"], c["demand"], c["companies"]) for c in got["cells"]])
        every = got["cells"][0]
        self.assertEqual((16, None, 7, "EUR", "month"),
                         (every["opened"], every["supply"], every["gap_if_few"],
                          every["pay"]["currency"], every["pay"]["period"]))
        self.assertTrue(300000 < every["pay"]["middle"] < 350000, every["pay"])
        industries = top(eye, "--by", "industry", "--region", "zz")["cells"]
        self.assertEqual({"all": 16, "C": 16}, {c["industry"]: c["demand"] for c in industries})
        regions = eye.cli("signal", "map", "welding")
        self.assertEqual([("de", 9), ("fr", 7)],
                         [(r["region"], r["demand"]) for r in regions["regions"]])

        plan = eye.cli("signal", "publish", "--measure", "demand", "--region", "de", "--dry-run")
        self.assertEqual((None, {"companies": 3, "share": 80}),
                         (plan["noise"], plan["hidden_below"]))
        self.assertEqual([], eye.api("GET", "/records?kind=statistic")[1]["records"])
        eye.cli("signal", "publish", "--measure", "demand", "--region", "de")
        payload = eye.api("GET", "/records?kind=statistic")[1]["records"][0]["payload"]
        self.assertEqual(("records", "places"), (payload["basis"], payload["unit"]))
        self.assertIn(9, [f["value"] for f in payload["figures"]])

        # The week is on the disk, and the same after a restart.
        week = got["week"]
        eye.stop()
        files = sorted(p.name for p in (eye.home / "signals").iterdir())
        self.assertEqual([f"{week}.week"], files)
        eye.start()
        series = eye.cli("signal", "series", "welding", "--weeks", "4")
        self.assertEqual([False, False, False, True], [x["known"] for x in series["weeks"]])
        self.assertEqual(16, series["weeks"][-1]["demand"])
        self.assertEqual(0, len(series["forecast"]["demand"]["points"]))
        wait_for("it is counted", lambda: eye.metrics()["ohcn_signals_records"] == 6)

        # A week later: the old week, and the one at hand.
        eye.stop()
        eye.set_clock(7 * DAY)
        eye.start()
        series = eye.cli("signal", "series", "welding", "--weeks", "4")
        self.assertEqual([False, False, True, True], [x["known"] for x in series["weeks"]])
        self.assertEqual([(16, 16), (16, None)],
                         [(x["demand"], x["opened"]) for x in series["weeks"][2:]])

        # Ten weeks later all of it has expired; what was shown is still known.
        eye.stop()
        eye.set_clock(70 * DAY)
        eye.start()
        weeks = eye.cli("signal", "series", "welding", "--weeks", "12")["weeks"]
        self.assertEqual({week: 16, weeks[2]["week"]: 16, weeks[11]["week"]: None},
                         {x["week"]: x["demand"] for x in weeks if x["known"]})
        self.assertEqual([], top(eye)["cells"])

        # A file that is damaged is a week that is not known, not an error.
        eye.stop()
        file = eye.home / "signals" / f"{week}.week"
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        eye.start()
        weeks = eye.cli("signal", "series", "welding", "--weeks", "12")["weeks"]
        self.assertEqual([False, True], [weeks[1]["known"], weeks[2]["known"]])

        # Monday comes while it runs: the week that ends is written down.
        last = weeks[-1]["week"]
        eye.set_clock(77 * DAY)
        turned = wait_for("the next week", lambda: next((
            x for x in [eye.cli("signal", "series", "welding", "--weeks", "2")["weeks"]]
            if x[-1]["week"] != last), None))
        self.assertEqual([True, True], [x["known"] for x in turned])
        self.assertTrue((eye.home / "signals" / f"{last}.week").exists())
