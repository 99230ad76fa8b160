"""Signals of real nodes: demands of three companies become counts with
industry and region, a week on the disk that outlives a restart, and a
statistic record that another node reads; two companies are too few."""
from support import Case, frames, record_file, wait_for, write

NET = "test-signal"
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
        eye = w.node("eye", "company", network=NET)
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
