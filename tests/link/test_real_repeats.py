"""The 9,989 requests of a real city: their cases are known row by row."""
import csv
import datetime
import json
import os
import pathlib
import zoneinfo

import lines
import pytest
from oracle import DAY, Rule, Sighting

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("GRIDLOOP_SHARED_DATA") or ROOT.parent / "shared" / "data") / "la311"
SECOND = 1_000_000


@pytest.fixture(scope="module")
def expected():
    if not DATA.is_dir():
        pytest.skip(f"{DATA} is not there (GRIDLOOP_SHARED_DATA names its parent)")
    return json.loads((DATA / "expected.json").read_text(encoding="utf-8"))


def microseconds(local):
    at = datetime.datetime.fromisoformat(local).replace(tzinfo=zoneinfo.ZoneInfo("America/Los_Angeles"))
    return int(at.timestamp()) * SECOND


def sightings(expected):
    """In stream order: by time, then by the number's bytes."""
    with open(DATA / "categories.csv", encoding="utf-8") as table:
        categories = {row["request_type"]: row["category"] for row in csv.DictReader(table)}
    with open(DATA / "requests.csv", encoding="utf-8") as table:
        rows = sorted((microseconds(row["created_date"]), row["srnumber"].encode(), row)
                      for row in csv.DictReader(table))
    for at, _, row in rows:
        _, _, _, _, _, event_id, case_id = expected["rows_expected"][row["srnumber"]]
        yield row["srnumber"], Sighting(event_id, row["srnumber"], at, at, case_id, group=categories[row["type_code"]],
                                        point=(float(row["longitude"]), float(row["latitude"])), assumed=0.0,
                                        unit=row["agency_code"])


@pytest.mark.parametrize("name, column", [("R1", 3), ("R2", 4)])
@pytest.mark.parametrize("batches", ["10000", "7"])
def test_each_row_is_in_its_case(expected, tmp_path, name, column, batches, capsys):
    rows = list(sightings(expected))
    want = expected["dedup"][name]
    rule = Rule(want["radius_m"], want["window_s"] * SECOND, ignore_status=True)
    assert rule.merge in (7 * DAY, DAY)
    lines.write(tmp_path / "lines", {s.group: rule for _, s in rows}, [s for _, s in rows])
    first = {s.case_id: number for number, s in rows}
    decisions = lines.link(tmp_path / "lines", batches)
    wrong = [number for (number, _), d in zip(rows, decisions, strict=True)
             if first[d.case] != expected["rows_expected"][number][column]]
    cases = len({d.case for d in decisions})
    with capsys.disabled():
        print(f"\n{name}: {len(rows)} rows, {cases} cases, {len(rows) - cases} merged, {len(wrong)} rows in a wrong case")
    assert not wrong
    assert len(rows) == 9989
    assert cases == want["cases"]
