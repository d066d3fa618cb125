"""What docs/ and the README say, done: pages are followed in a copy of the tree or beside it, on the servers of the suite.

    pages.py             the blocks of a page
    test_add_a_kind.py   docs/how-to/add-a-kind.md, followed to the letter

The modules of tests/e2e are used as they are.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from fixtures import stack, template, world  # noqa: E402,F401
