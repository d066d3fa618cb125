"""What docs/ and the README say, done: pages are followed in a copy of the tree or beside it, on the servers of the suite.

    pages.py             the blocks of a page
    session.py           a page followed in a shell, command by command
    test_pages.py        every command of the README and of docs/, or the reason why it is not run
    test_add_a_kind.py   docs/how-to/add-a-kind.md, followed to the letter

The modules of tests/e2e are used as they are.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from fixtures import stack, template, world  # noqa: E402,F401
