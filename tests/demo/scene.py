"""What the demonstration and the story share: steps that are told, checks of
what they claim, and a last line with the exit code."""
import sys
import time

from nodes import NodeError


class Scene:
    def __init__(self, options):
        self.checks = []
        self.tty = sys.stdin.isatty() and sys.stdout.isatty() and not options.no_pause
        self.started = time.monotonic()
        self.step_number = 0

    def say(self, text=""):
        print(text, flush=True)

    def step(self, title):
        if self.step_number and self.tty:
            try:
                input("\n  [Enter goes on] ")
            except EOFError:
                pass
        self.step_number += 1
        self.say(f"\n{self.step_number}. {title}\n{'-' * (len(title) + 3)}")

    def check(self, what, good):
        """Everything that is claimed goes through here."""
        self.checks.append((what, bool(good)))
        self.say(f"   [{'ok' if good else 'WRONG'}] {what}")

    def holds(self, node, record_id):
        try:
            node.cli("record", "show", record_id)
            return True
        except NodeError:
            return False

    def summary(self):
        bad = [what for what, good in self.checks if not good]
        seconds = time.monotonic() - self.started
        self.say(f"\n{len(self.checks)} checks, {len(bad)} wrong, {seconds:.0f} s")
        for what in bad:
            self.say(f"   wrong: {what}")
        return 1 if bad else 0
