"""gridloopctl dedup simulate: what stored reports would have become by other rules, and nothing is changed by asking."""
import collections
import dataclasses
import itertools
import json

import pytest

import linking
from test_linking import (FINDING, HOUR, NOON, RULES, SCHEME, SENDING, alert, findings_of_los_angeles, load_rules, moved,
                          needs_la, patrol, run, stream)
from world import good

OUTCOMES = ("new", "more", "reopen", "repeat", "possible_repeat", "muted", "revision", "withdrawn", "waits", "no_case")
FROM, TO = "--from=2000-01-01T00:00:00Z", "--to=2100-01-01T00:00:00Z"
WHERE = {"recorded": "together_then_apart_now", "simulated": "apart_then_together_now"}


tried = itertools.count()


def files(world, rules=None, categories=None, **texts):
    """The files as operators write them; returns the arguments that name them."""
    if rules is not None:
        texts["dedup_rule"] = linking.rule_file(rules)
    if categories is not None:
        texts["category"] = linking.category_file(categories)
    paths = []
    for name, text in texts.items():
        paths.append(world.folder / f"{name}-{next(tried)}.csv")
        paths[-1].write_text(text, "utf-8")
    return [f"--rules={path}" for path in paths]


def simulate(world, *arguments, code=0, span=(FROM, TO)):
    done = world.ctl("dedup simulate", "--json", *span, *arguments)
    assert done.returncode == code, (done.returncode, done.stdout[-3000:], done.stderr)
    return json.loads(done.stdout)


def everything(world):
    """All rows of the tables that it reads or might write."""
    return [world.sql(f"select md5(string_agg(t::text, '|' order by t::text)), count(*) from {table} t") for table in (
        "reference.load", "reference.dedup_rule", "reference.category", "reference.responsibility", "follow_up.case_file",
        "follow_up.sighting", "follow_up.case_step", "events.drone_alert")]


def counted(decisions, group_of):
    counts = collections.defaultdict(collections.Counter)
    for d in decisions:
        counts[group_of(d)][d.outcome] += 1
    return counts


def pairs(decisions):
    """All pairs of reports in one case."""
    by_case = collections.defaultdict(list)
    for d in decisions:
        if d.outcome in OUTCOMES[:6]:
            by_case[d.case].append(d.event_id)
    return {frozenset(pair) for ids in by_case.values() for pair in itertools.combinations(ids, 2)}


def check_pairs(report, recorded, simulated):
    for direction, lost in (("recorded", recorded - simulated), ("simulated", simulated - recorded)):
        found = report[WHERE[direction]]
        shown = [frozenset(pair["event_ids"]) for pair in found["shown"]]
        assert found["pairs"] == len(lost), (direction, found["pairs"], len(lost))
        assert set(shown) <= lost and len(set(shown)) == len(shown), direction
        assert bool(shown) == bool(lost), direction


@needs_la
def test_other_rules_on_real_findings(world, capsys):
    """7,912 findings linked by one rule, asked for by another: counts and pairs are those of the function."""
    rules, recorded = findings_of_los_angeles(world)
    world.settle_and_stop(world.consumer(FINDING, batch_rows=500), timeout=120)
    other = {group: dataclasses.replace(rule, radius=30.0, merge=3 * linking.DAY) for group, rule in rules.items()}
    sightings = [linking.finding_sighting(event) for event in linking.la_events(FINDING)]
    wanted = linking.link(world.folder, other, sightings)
    groups = {s.event_id: s.group for s in sightings}
    before = everything(world)
    report = simulate(world, *files(world, other), "--limit=1000")
    assert everything(world) == before
    assert report["reproduced"] and report["reports"] == report["decided"] == len(recorded)
    for name, decisions in (("recorded", recorded), ("simulated", wanted)):
        counts = counted(decisions, lambda d: groups[d.event_id])
        assert {g["group"]: {o: g[name][o] for o in OUTCOMES} for g in report["groups"]} == {
            group: {o: outcomes[o] for o in OUTCOMES} for group, outcomes in counts.items()}, name
        for g in report["groups"]:
            assert g[name]["cases"] == sum(g[name][o] for o in ("new", "repeat", "possible_repeat"))
    together = pairs(recorded), pairs(wanted)
    check_pairs(report, *together)
    at = {s.event_id: s for s in sightings}
    for pair in report["apart_then_together_now"]["shown"]:
        one, other_one = (at[event_id] for event_id in pair["event_ids"])
        assert pair["seconds_between"] == abs(one.occurred - other_one.occurred) // 1_000_000
        assert abs(pair["distance_m"] - linking.oracle.metres(one.point, other_one.point)) < 0.001
        assert pair["group"] == one.group
    text = world.ctl("dedup simulate", FROM, TO, *files(world, other)).stdout
    assert f"{len(together[0] - together[1])} pairs" in text
    for name in ("recorded", "simulated"):
        sums = [str(sum(g[name][column] for g in report["groups"])) for column in ("sightings", "cases", *OUTCOMES, "orders")]
        assert ["all", name, *sums] in [line.split() for line in text.splitlines()]
    with capsys.disabled():
        print("\n" + "\n".join(text.splitlines()[:2] + [line for line in text.splitlines() if line.startswith(("group", "all"))
                                                      or "pairs" in line]))


def test_the_same_rules(world):
    """The rules in force change nothing: everything that may come, two kinds, three daemons."""
    rng = world.rng()
    load_rules(world)
    world.make_topic("drone_alert", partitions=2)
    world.make_topic("patrol_log")
    alerts = list(stream(rng, 400))
    world.produce(good("drone_alert", event) for event in alerts)
    world.produce(good("patrol_log", patrol(rng, (a["longitude"], a["latitude"]), at=a["occurred_at"])) for a in alerts[::4])
    world.settle_and_stop(*[world.consumer(kind, wait=False, batch_rows=20)
                            for kind in ("drone_alert", "drone_alert", "patrol_log")])
    report = simulate(world, *files(world, RULES))
    assert report["reproduced"] and report["reports"] == world.sql("select count(*) from follow_up.sighting")[0][0]
    assert all(g["recorded"] == g["simulated"] for g in report["groups"])
    assert [report[where]["pairs"] for where in WHERE.values()] == [0, 0]
    for name, column in (("orders", "flags & 2048 <> 0"), ("cases", "outcome in ('new', 'repeat', 'possible_repeat')"),
                         *((outcome, f"outcome = '{outcome}'") for outcome in OUTCOMES)):
        stored = dict(world.sql(f"select dedup_group, count(*) filter (where {column}) from follow_up.sighting group by 1"))
        assert {g["group"]: g["recorded"][name] for g in report["groups"]} == stored, name
    some = simulate(world, *files(world, RULES), "--kind=patrol_log")
    assert some["reports"] == world.rows("patrol_log") and some["decided"] == report["decided"]

    narrow = {group: dataclasses.replace(rule, radius=2.0) for group, rule in RULES.items()}
    found = linking.stored(world, SENDING)
    wanted = linking.link(world.folder, narrow, [s.sighting for s in found])
    report = simulate(world, *files(world, narrow), "--limit=100000")
    check_pairs(report, pairs(s.decision for s in found), pairs(wanted))
    groups = {s.decision.event_id: s.sighting.group for s in found}
    counts = counted(wanted, lambda d: groups[d.event_id])
    assert {g["group"]: {o: g["simulated"][o] for o in OUTCOMES} for g in report["groups"]} == {
        group: {o: outcomes[o] for o in OUTCOMES} for group, outcomes in counts.items()}


def rows(report):
    return {g["group"]: (g["recorded"], g["simulated"]) for g in report["groups"]}


def test_a_window(world):
    """Only what occurred in the window is decided by the files; cases from before are there, and what came late is
    decided as it was."""
    rng = world.rng()
    load_rules(world)
    first, seen, late, last = (alert(rng, moved(metres), at=NOON + hours * HOUR, horizontal_accuracy_m=0.5)
                               for metres, hours in ((0, 0), (8, 10), (-3, 1), (-4, 20)))
    run(world, "drone_alert", [first], [seen, late, last])
    assert {o for o, in world.sql("select outcome from follow_up.sighting where topic_offset > 0")} == {"more"}
    narrow = files(world, RULES | {"RUBBISH": dataclasses.replace(RULES["RUBBISH"], radius=3.0)})
    span = ("--from=2026-01-05T20:00:00+08:00", "--to=2026-01-06T06:00:00+08:00")  # NOON + 8 h until + 18 h
    report = simulate(world, *narrow, span=span)
    assert (report["reports"], report["decided"]) == (1, 4)
    recorded, simulated = rows(report)["RUBBISH"]
    assert recorded["more"] == 1 and simulated["new"] == 1 and simulated["cases"] == 1, report
    # It lost the first, the late one and the last.
    assert report["together_then_apart_now"]["pairs"] == 3 and report["apart_then_together_now"]["pairs"] == 0, report
    shown = {frozenset(pair["event_ids"]) for pair in report["together_then_apart_now"]["shown"]}
    assert frozenset((first["event_id"], seen["event_id"])) in shown
    assert all(seen["event_id"] in pair for pair in shown), shown


def test_categories(world):
    """Another group, and orders that the platform would send."""
    rng = world.rng()
    load_rules(world)
    run(world, "drone_alert", [alert(rng, moved(0), certainty="LIKELY"), alert(rng, moved(500), "ROAD", certainty="LIKELY")])
    report = simulate(world, *files(world, categories=[(SCHEME, "T/RUBBISH", "ROAD", False), (SCHEME, "T/ROAD", "ROAD", True)]))
    assert report["reproduced"]
    groups = rows(report)
    assert [groups["RUBBISH"][n][name] for n in (0, 1) for name in ("cases", "orders")] == [1, 1, 0, 0]
    assert [groups["ROAD"][n][name] for n in (0, 1) for name in ("cases", "orders")] == [1, 0, 2, 1]
    report = simulate(world, *files(world, categories=[(SCHEME, "T/ROAD", "ROAD", True)]))
    assert rows(report)["-"][1]["no_case"] == 1 and rows(report)["RUBBISH"][0]["new"] == 1


def test_what_is_not_reproduced(world):
    """A row was changed: said loudly, 65."""
    rng = world.rng()
    load_rules(world)
    run(world, "drone_alert", [alert(rng, moved(n)) for n in (0, 3)])
    world.alter("update follow_up.sighting set outcome = 'muted' where outcome = 'more'")
    done = world.ctl("dedup simulate", FROM, TO, *files(world, RULES))
    assert done.returncode == 65 and "DO NOT COME TO WHAT IS STORED" in done.stderr, done.stderr
    assert "outcome: muted is stored, more follows" in done.stderr
    assert not simulate(world, *files(world, RULES), code=65)["reproduced"]


HEADER = "dedup_group,radius_m,merge_window_s\n"


def test_bad_input(world):
    """Each with a reason and an exit code of sysexits; and nothing is left behind."""
    rng = world.rng()
    load_rules(world)
    run(world, "drone_alert", [alert(rng, moved(0))])
    fine = files(world, RULES)
    before = everything(world)
    for arguments, code, words in (
            ([FROM, TO], 64, "--rules"),
            ([FROM, *fine], 64, "to"),
            ([TO, "--from=2100-01-01T00:00:00Z", *fine], 64, "not after"),
            ([TO, "--from=2025-01-01", *fine], 64, "--from"),
            ([FROM, TO, *fine, "--kind=case_action"], 64, "case_action"),
            ([FROM, TO, "--rules=/nowhere/dedup_rule.csv"], 66, "/nowhere"),
            ([FROM, TO, *files(world, unit="code,name\nU,U\n")], 64, "no table that linking goes by"),
            ([FROM, TO, *files(world, dedup_rule=HEADER + "RUBBISH,-1,60\n")], 65, "radius_within_300_m"),
            ([FROM, TO, *files(world, dedup_rule=HEADER + "RUBBISH,300.5,60\n")], 65, "line 2"),
            ([FROM, TO, *files(world, dedup_rule=HEADER + "RUBBISH,wide,60\n")], 65, "line 2"),
            ([FROM, TO, *files(world, dedup_rule=HEADER + "RUBBISH,15,60\n")], 65, "there is no group ROAD"),
            ([FROM, TO, *files(world, categories=[("s", "c", "NOWHERE", True)])], 65, "there is no group NOWHERE"),
            ([FROM, TO, *files(world, dedup_rule="")], 65, "empty"),
            (["--from=2031-01-01T00:00:00Z", "--to=2032-01-01T00:00:00Z", *files(world, RULES)], 65, "no report"),
            ([FROM, TO, *files(world, RULES), "--kind=patrol_log"], 65, "no report of kind patrol_log")):
        done = world.ctl("dedup simulate", *arguments)
        assert done.returncode == code and words in done.stderr, (arguments, done.returncode, done.stderr)
        assert done.stdout == ""
    assert everything(world) == before
    assert world.ctl("dedup").returncode == 64
