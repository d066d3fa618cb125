"""What the way of an event costs in instructions has not grown; and how they are counted."""
import os
import pathlib

import pytest

import instructions


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


def test_what_a_call_costs_is_counted_where_it_is_spent():
    dump = """fn=(1) stage_row
ob=(1) /build/bench_instructions
10 5
+2 7
cob=(2) /lib/libcrypto.so.3
cfn=(2) SHA256_Update
calls=3 40
* 900
ob=(2)
fn=(2)
40 900
ob=(3) /lib/libc.so.6
7 11
totals: 923
"""
    assert instructions.split(dump) == [5 + 7 + 11, 900]


@pytest.mark.parametrize("now, is_fine", [(100, True), (105, True), (106, False), (10, True)])
def test_a_complaint_names_what_was_and_what_is(now, is_fine):
    complaint = instructions.complaint("patrol_log", "row", 100, now)
    assert (complaint is None) == is_fine
    assert is_fine or complaint.startswith("patrol_log row: was 100, is 106 instructions an event (+6.0%")


def test_a_kind_without_a_figure_is_complained_about():
    assert "no figure is accepted" in instructions.complaint("patrol_log", "row", None, 100)
