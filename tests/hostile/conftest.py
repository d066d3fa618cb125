"""The catalogue of bad input against the running programs: each line of it is a named test, with its outcome.

    catalogue.py       the messages, and what has to become of each
    test_messages.py   all of them at once, to the daemons of all kinds, with good events around each
    test_<other>.py    what is no message: batches of Kafka, devices' lines, configuration, names

The modules of tests/e2e are used as they are. At the end the suite prints what became of each line.
"""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from fixtures import stack, template, world  # noqa: E402,F401

ROWS = pytest.StashKey()


def pytest_configure(config):
    config.stash[ROWS] = []


@pytest.fixture(scope="session")
def table(request):
    """table(number, input, expected, got): a line of the table that is printed at the end."""
    return lambda *row: request.config.stash[ROWS].append(row)


def pytest_terminal_summary(terminalreporter, config):
    rows = sorted(config.stash[ROWS], key=lambda row: row[0])
    if not rows:
        return
    terminalreporter.section("what became of bad input")
    widths = [max(len(str(row[column])) for row in rows) for column in range(3)]
    for number, *texts in rows:
        cells = [f"{number:>2}", *(text.ljust(width) for text, width in zip(texts, widths[1:])), texts[2]]
        terminalreporter.write_line("  ".join(cells))
