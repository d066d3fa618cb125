"""Simulated crews: orders become actions, and cases are closed by what was done on the ground."""
import collections
import datetime
import subprocess

import pytest

from daemon import environment
from orders import add_cases, arrived, courses, decide, wait_sent
from stack import ROOT
from waiting import wait_for

REFERENCE = ROOT / "deploy" / "reference" / "beiguan"
UNITS = ["BZ-ZFD", "S003-ZFD"]


def prepare(world, count):
    """Reference data, and cases that were sent to the first unit."""
    world.setup()
    done = world.ctl("reference load", REFERENCE / "areas.geojson", *sorted(REFERENCE.glob("*.csv")))
    assert done.returncode == 0, done.stderr
    cases = add_cases(world, count) if count else []
    world.sql("update follow_up.case_file set order_unit_code = %s, handler_unit_code = %s, unit_code = %s",
              UNITS[0], UNITS[0], UNITS[0])
    return cases


def crew_arguments(world, **options):
    options = {"units": ",".join(UNITS), "dir": world.folder / "crew", "namespace": world.namespace, "seed": 7,
               "time_lapse": 0, "idle_s": 12} | options
    return ["crew", *(f"--{name.replace('_', '-')}={value}" for name, value in options.items()), "--", "--log-level=warn"]


def run_crew(world, **options):
    done = world.run("gridloop-simulate", *crew_arguments(world, **options), text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    print(done.stdout.strip())


def start_crew(world, **options):
    return subprocess.Popen([world.stack.program("gridloop-simulate"), *crew_arguments(world, **options)],
                            stdin=subprocess.DEVNULL, env=environment(world.stack), start_new_session=True)


def truth(world):
    """What crew.tsv says: rows as dicts."""
    path = world.folder / "crew" / "crew.tsv"
    if not path.exists():
        return []
    head, *rows = path.read_text().splitlines()
    return [dict(zip(head.removeprefix("# ").split("\t"), row.split("\t"))) for row in rows]


def last_word(rows):
    """Case -> (state, version), by the order with the highest version."""
    last = {}
    for row in rows:
        if row["kind"] == "DISPATCH" and int(row["version"]) > last.get(row["case_id"], ("", 0))[1]:
            last[row["case_id"]] = row["outcome"], int(row["version"])
    return last


def states(world):
    return {str(case): (state, version) for case, state, version in world.sql(
        "select case_id, state, case_version from follow_up.case_file")}


def test_cases_are_closed_from_the_ground(world):
    """Every action is legal where it comes; what the crew believes of each case is how it stands. Orders that were given
    back come to the other unit."""
    cases = prepare(world, 120)
    consumer, dispatch = world.consumer("case_action"), world.dispatch(tick_s=0)
    decide(world, [(case, 2, "DISPATCH", "") for case in cases], unit=UNITS[0])
    run_crew(world, late_share=0.3)
    world.settle("case_action")
    wait_sent(world, dispatch)
    outcomes = collections.Counter(world.sql("select outcome, reason from follow_up.case_step"))
    assert set(outcomes) == {("applied", None)}, outcomes
    rows = truth(world)
    assert last_word(rows) == states(world)
    ends = collections.Counter(state for state, _ in states(world).values())
    assert set(ends) == {"CLOSED", "FALSE_ALARM"} and ends["CLOSED"] > ends["FALSE_ALARM"] > 0, ends
    given_back = [row for row in rows if row["outcome"] == "DISPATCHED"]
    assert given_back and {row["unit"] for row in rows} == set(UNITS)
    assert world.sql("select sum(reworked), sum(returned) from follow_up.case_file")[0] >= (1, len(given_back))
    late = {row["case_id"] for row in rows if row["late"] == "late" and row["outcome"] == "CLOSED"}
    assert late and late <= {str(case) for case, in world.sql(
        "select case_id from follow_up.case_file where handled_at > due_at or due_at is null")}
    dispatch.stop()
    consumer.stop()


def test_from_the_air_to_the_answer(world):
    """The whole way: alerts, cases, orders of the platform, what the crews do, and how the cases end."""
    prepare(world, 0)
    consumers = [world.consumer(kind) for kind in ("drone_alert", "case_action")]
    dispatch = world.dispatch(tick_s=1)
    done = world.run("gridloop-simulate", "run", "--dir", world.folder / "devices", "--namespace", world.namespace, "--kinds",
                     "drone_alert", "--count", 600, "--test-share", 0.1, "--", "--log-level", "error", text=True)
    assert done.returncode == 0, done.stderr
    world.settle("drone_alert")
    orders = world.sql("select count(*) from follow_up.outbox where order_kind = 'DISPATCH'")[0][0]
    assert orders > 100
    run_crew(world)
    world.settle("case_action")
    wait_sent(world, dispatch)
    assert set(world.sql("select outcome, reason from follow_up.case_step")) == {("applied", None)}
    rows = last_word(truth(world))
    sent = {str(case): (state, version) for case, state, version in world.sql(
        "select case_id, state, case_version from follow_up.case_file where was_sent")}
    assert len(rows) >= orders and rows == sent and {state for state, _ in sent.values()} == {"CLOSED", "FALSE_ALARM"}
    drills = {order.order["case_id"]: order.order["is_test"] for order in arrived(world)}
    assert drills == dict(world.sql("select case_id::text, is_test from follow_up.case_file where was_sent"))
    assert set(drills.values()) == {True, False}
    dispatch.stop()
    for consumer in consumers:
        consumer.stop()


def test_a_crew_that_died_goes_on(world):
    """Its open orders come again, it plans the same, and what it had sent already folds."""
    cases = prepare(world, 40)
    consumer, dispatch = world.consumer("case_action"), world.dispatch(tick_s=0)
    decide(world, [(case, 2, "DISPATCH", "") for case in cases], unit=UNITS[0])
    # Some eight hours of a case pass in four seconds.
    crew = start_crew(world, time_lapse=7200)
    wait_for(lambda: world.rows("case_action") > 40, 60, "it has done something")
    crew.kill()
    crew.wait()
    open_orders = len(cases) - len({row["case_id"] for row in truth(world) if row["outcome"] != "DISPATCHED"})
    assert open_orders > 0, "it was killed too late"
    run_crew(world)
    world.settle("case_action")
    outcomes = collections.Counter(world.sql("select outcome, reason from follow_up.case_step"))
    assert set(outcomes) == {("applied", None)}, outcomes
    assert last_word(truth(world)) == states(world)
    assert {state for state, _ in states(world).values()} == {"CLOSED", "FALSE_ALARM"}
    assert world.sql("select sum(duplicate) from bus.batch")[0][0] > 0, "nothing came again"
    dispatch.stop()
    consumer.stop()


def test_a_recalled_order_is_not_acted_on(world):
    cases = prepare(world, 5)
    dispatch = world.dispatch(tick_s=0)
    for step in courses(cases):
        decide(world, step, unit=UNITS[0])
    wait_sent(world, dispatch)
    run_crew(world, time_lapse=1)
    kinds = collections.Counter((row["kind"], row["outcome"]) for row in truth(world))
    assert kinds == {("DISPATCH", "recalled"): 5, ("REMIND", "reminded"): 5, ("RECALL", "recalled"): 5}
    assert not world.read_topic("case_action")[0]
    run_crew(world, time_lapse=1)
    assert len(truth(world)) == 15
    dispatch.stop()


@pytest.mark.parametrize("wrong", [*({"units": units} for units in ("", "a,,b", "a b", 'x"', ",".join(f"u{n}" for n in range(33)))),
                                   {"until": "tomorrow"}], ids=lambda wrong: next(iter(wrong)))
def test_wrong_settings(world, wrong):
    done = world.run("gridloop-simulate", *crew_arguments(world, **wrong), text=True)
    assert done.returncode == 64, done.stderr


def test_what_comes_after_the_last_moment_is_left_undone(world):
    """An order is done when its actions until then are; the cases stand where the crew left them."""
    cases = prepare(world, 60)
    consumer, dispatch = world.consumer("case_action"), world.dispatch(tick_s=0)
    decide(world, [(case, 2, "DISPATCH", "") for case in cases], unit=UNITS[0])
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    run_crew(world, until=until.isoformat())
    world.settle("case_action")
    assert last_word(truth(world)) == states(world)
    left = collections.Counter(state for state, _ in states(world).values())
    assert len(left) > 2 and left["CLOSED"] < len(cases), left
    assert world.sql("select count(*) from events.case_action where recorded_at > %s", until) == [(0,)]
    dispatch.stop()
    consumer.stop()


def test_the_same_seed_does_the_same(world):
    """Ids and times of actions hang on the order and the seed alone."""
    cases = prepare(world, 5)
    dispatch = world.dispatch(tick_s=0)
    decide(world, [(case, 2, "DISPATCH", "") for case in cases], unit=UNITS[0])
    wait_sent(world, dispatch)
    dispatch.stop()
    sent = []
    for number, seed in enumerate((7, 7, 8)):
        before = len(world.read_topic("case_action")[0])
        run_crew(world, seed=seed, dir=world.folder / f"crew-{number}")
        messages = world.read_topic("case_action")[0]
        sent.append(collections.Counter(message.value() for message in messages.values()) - sum(sent, collections.Counter()))
        assert len(messages) > before
    assert sent[1] == sent[0], "the second crew sent something else"
    assert sent[2] and not sent[2] & sent[0]
