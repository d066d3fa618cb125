"""What the way of an event costs in instructions has not grown (tests/bench/instructions.py)."""
import os
import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

import instructions  # noqa: E402


@pytest.fixture(scope="module")
def build():
    return pathlib.Path(os.environ["GRIDLOOP_BUILD"])


@pytest.mark.parametrize("kind", instructions.KINDS)
def test_an_event_takes_no_more_instructions(build, kind):
    where = instructions.platform(build)
    accepted = instructions.read_figures().get(where)
    if accepted is None:
        pytest.skip(f"no figures are accepted for {where}: ./dev bench instructions --accept")
    complaints = [instructions.complaint(kind, stage, accepted.get((kind, stage)), now)
                  for stage, now in instructions.count(build, kind).items()]
    assert not any(complaints), "\n".join(filter(None, complaints))
