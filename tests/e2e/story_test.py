"""`./dev story` with the program under test: every check of it holds."""
import sys
import unittest
from types import SimpleNamespace

from support import BUILD, ROOT

sys.path.append(str(ROOT / "tests" / "demo"))
from story import Story  # noqa: E402


class TheStory(unittest.TestCase):
    def test_story(self):
        story = Story(SimpleNamespace(build=BUILD, keep=False, directory=None,
                                      no_pause=True))
        self.assertEqual(0, story.run())


if __name__ == "__main__":
    unittest.main()
