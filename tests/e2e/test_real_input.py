"""19,935 events made from real service requests of Los Angeles, through producers, Kafka, consumers, into rows."""
import gzip
import json
import os
import pathlib

import pytest

from checker import check_all
from events import KINDS, comparable, comparable_column, select_list
from producer import produce
from stack import ROOT
from world import json_lines

DATA = pathlib.Path(os.environ.get("GRIDLOOP_SHARED_DATA") or ROOT.parent / "shared" / "data")
FILE = DATA / "la311" / "events.jsonl.gz"
COUNTS = {"inspection_finding": 7912, "patrol_log": 2077, "case_action": 9946}


@pytest.mark.slow
@pytest.mark.skipif(not FILE.exists(), reason=f"there is no {FILE} (set GRIDLOOP_SHARED_DATA)")
def test_los_angeles(world):
    """Each line of the file is one row, equal field by field; none is refused."""
    lines = {kind: [] for kind in COUNTS}
    with gzip.open(FILE, "rt", encoding="utf-8") as file:
        for line in map(json.loads, file):
            lines[line.pop("kind")].append(line)
    assert {kind: len(of_kind) for kind, of_kind in lines.items()} == COUNTS
    world.setup()
    daemons = [world.consumer(kind, wait=False) for kind in COUNTS]
    for kind, of_kind in lines.items():
        run = produce(world, kind, json_lines(of_kind))
        assert (run.code, len(run.receipts)) == (0, COUNTS[kind]), run.said[-2000:]
    for kind in COUNTS:
        world.settle(kind)
    for daemon in daemons:
        daemon.stop()
    for kind, of_kind in lines.items():
        compare_with_file(world, kind, of_kind)
    check_all(world)


def compare_with_file(world, kind, lines):
    of = KINDS[kind]
    rows = {str(event_id): row for event_id, *row in
            world.sql(f"select event_id, {select_list(of)} from events.{kind}")}
    assert len(rows) == world.rows(kind) == len(lines)
    for line in lines:
        del line["schema_version"]
        event = of.from_json(line)
        for (name, field), value in zip(of.fields.items(), rows[line["event_id"]]):
            assert comparable_column(field.type, value) == comparable(field.type, event[name]), (line["event_id"], name)
