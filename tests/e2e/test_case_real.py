"""9,946 real closings of 9,989 real requests, through producers and consumers: open and closed in each district and
category are what another program counted from the city's file."""
import collections
import gzip
import json

import pytest

import linking
import reference
from producer import produce
from stack import ROOT
from test_rebuild import check_equal
from world import json_lines

pytestmark = [pytest.mark.slow, linking.needs_la]

STEPS = ROOT / "tests" / "e2e" / "la311"
REPORTS = ("inspection_finding", "patrol_log")


def lines_of(kinds):
    lines = {kind: [] for kind in kinds}
    with gzip.open(linking.LA / "events.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in map(json.loads, file):
            if (kind := line.pop("kind")) in lines:
                if kind == "patrol_log":
                    line["category_scheme"] = linking.LA_SCHEME
                lines[kind].append(line)
    return lines


def load(world, rules):
    reference.load_areas(world, linking.la_districts(), "--allow-overlap")
    linking.load_la_rules(world, rules)
    done = reference.command(world, "load", STEPS / "case_state.csv", STEPS / "transition.csv")
    assert done.returncode == 0, done.stderr


def send(world, kinds):
    """All of these kinds, and waits until it is stored."""
    for kind, lines in lines_of(kinds).items():
        run = produce(world, kind, json_lines(lines))
        assert run.code == 0, run.said
    daemons = [world.consumer(kind, wait=False) for kind in kinds]
    world.settle_and_stop(*daemons, timeout=120)


def answers(world):
    """(case_id that a report names, district, category) -> what became of the actions that name it"""
    found = {}
    for case_id, district, category, outcomes in world.sql("""
            select r.case_id::text, r.located_subdistrict_code, r.category,
                   (select array_agg(s.outcome) from follow_up.case_step s where s.named_id = r.case_id)
            from (select finding_id as case_id, located_subdistrict_code, issue_code as category from events.inspection_finding
                  union all
                  select raised_case_ids[1], located_subdistrict_code, category from events.patrol_log) r"""):
        found[case_id, district, category] = outcomes or []
    return found


def check_counts(found):
    """Each report has its own answer, whether it opened a case or was linked to one: 件件有回音."""
    counts = collections.defaultdict(collections.Counter)
    for (_, district, category), outcomes in found.items():
        assert outcomes in ([], ["applied"], ["answered"]), outcomes
        counts["OUTSIDE" if district is None else str(int(district)), category]["closed" if outcomes else "open"] += 1
    wanted = {(district, category): {"open": sums["open"], "closed": sums["requests"] - sums["open"]}
              for district, of_district in linking.la_expected()["by_district_and_category"].items()
              for category, sums in of_district.items()}
    assert {place: {"open": sums["open"], "closed": sums["closed"]} for place, sums in counts.items()} == wanted


@pytest.mark.parametrize("name", (None, "R1"))
def test_closings_of_los_angeles(world, name, capsys):
    """Each request a case of its own (but for those at the same place in the same minute), and linked by R1."""
    rules = linking.la_rules(linking.la_expected(), name or "R1")
    if not name:
        rules = {category: linking.Rule(0.0, 0) for category in rules}
    load(world, rules)
    world.setup()
    send(world, REPORTS)
    send(world, ["case_action"])
    found = answers(world)
    check_counts(found)
    outcomes = collections.Counter(outcome for those in found.values() for outcome in those)
    states = dict(world.sql("select state = 'CLOSED', count(*) from follow_up.case_file group by 1"))
    cases, = world.sql("select count(*), count(closed_at), min(case_version), max(case_version) from follow_up.case_file")
    assert cases[0] == sum(states.values()) and cases[1] == states[True] == outcomes["applied"] and cases[2:] == (1, 2)
    assert sum(outcomes.values()) == 9946 and outcomes["answered"] > (200 if not name else 2000)
    rebuilt = check_equal(world)
    with capsys.disabled():
        print(f"\n{name or 'no linking'}: {cases[0]} cases, {dict(outcomes)}, {states[False]} open; {rebuilt['actions']} actions decided "
              "again")
