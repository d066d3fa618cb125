"""What is installed, used from there: a prefix of its own, and packages for Debian.

The modules of tests/e2e are used as they are.
"""
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from fixtures import stack, template, world  # noqa: E402,F401


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    """An empty folder into which everything was installed."""
    prefix = tmp_path_factory.mktemp("prefix")
    subprocess.run(["cmake", "--install", os.environ["GRIDLOOP_BUILD"], "--prefix", str(prefix), "--strip"], check=True,
                   capture_output=True)
    return prefix
