"""What the tests of the store's care share."""
import json

from support import Case, command, write

HEAD = "external_id,type,title,region,skills\n"
NET = ["--set", "node.network=test-e2e"]
PAGE = 4096


class StoreCase(Case):
    """Worlds with companies whose stores are looked after."""

    def setUp(self):
        self.w = self.world()
        self.number = 0

    def company(self, name="acme", n=0, **options):
        node = self.w.node(name, "company", **options)
        node.start()
        if n:
            self.post(node, n)
        return node

    def post(self, node, n):
        """${n} demands more; their ids."""
        rows = []
        for _ in range(n):
            self.number += 1
            rows.append(f"job-{self.number},gig,Job number {self.number},de,welding:3\n")
        csv = write(self.w.directory / f"{node.name}.csv", HEAD + "".join(rows))
        return [r["id"] for r in node.cli("demand", "import", csv)["rows"] if "id" in r]

    def store(self, node, *words, code=0, env=None):
        run = command(node.home, "--no-passphrase", "--json", *NET, "store", *words, env=env)
        self.assertEqual(code, run.returncode, run.stdout[-2000:] + run.stderr)
        if code not in (0, 65):
            self.refused(run, code)
        answer = json.loads(run.stdout)
        answer["said"] = run.stderr
        return answer

    def ids(self, node):
        return {r["id"] for r in node.cli("record", "list", "--limit", "1000")["records"]}

    def asides(self, node):
        return sorted(p.name for p in node.home.glob("store.*"))


__all__ = ["HEAD", "NET", "PAGE", "StoreCase"]
