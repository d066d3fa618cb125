"""What the clock does: reminders, possible repeats that nobody answered to, actions that wait. Each is done once, whoever
dies in between; and what is not due is left alone."""
import datetime

import pytest

from events import KINDS, micros
from orders import add_cases, arrived, order_id, unsent, wait_sent
from stack import ROOT
from waiting import wait_for
from world import good

REFERENCE = ROOT / "deploy" / "reference" / "beiguan"
UNIT = "BZ-ZFD"


def load_reference(world):
    done = world.ctl("reference load", REFERENCE / "areas.geojson", *sorted(REFERENCE.glob("*.csv")))
    assert done.returncode == 0, done.stderr


def limit(world, cases, began, due, unit=UNIT, version=2):
    """Cases with an order that stands, whose limit runs from and until then (intervals from now)."""
    with world.connect() as connection, connection.transaction():
        connection.execute(
            "update follow_up.case_file set order_unit_code = %s, handler_unit_code = %s, due_version = %s, "
            "due_at = now() + %s::interval where case_id = any (%s)", (unit, unit, version, due, cases))
        connection.execute(
            "insert into follow_up.time_limit (case_id, case_version, link_seq, action, limit_type, limit_value, "
            "starts_at, due_at) select id, %s, 1, 'DISPATCH', 'WORK_DAY', 1, now() + %s::interval, now() + %s::interval "
            "from unnest(%s::uuid[]) as id", (version, began, due, cases))


def reminders(world):
    """(case, cause) of every reminder that was decided."""
    return sorted(world.sql("select case_id, cause from follow_up.outbox where order_kind = 'REMIND'"))


def wait_reminders(world, daemon, count):
    wait_for(lambda: len(reminders(world)) >= count, 60, lambda: f"{reminders(world)}\n{daemon.output()}")


def ticks(world, daemon, count=3):
    """Waits for some more rounds of the clock: each asks for the newest reference data."""
    def rounds():
        return world.sql("select xact_commit from pg_stat_database where datname = current_database()")[0][0]
    before = rounds()
    wait_for(lambda: rounds() > before + 40 * count, 60, daemon.output)


def test_reminders(world):
    """Before and when it is due, to the unit whose order stands; once for each limit, and for no other case."""
    world.setup()
    due, soon, later, suspended, closed, recalled = add_cases(world, 6)
    limit(world, [due], "-10 days", "-1 hour")
    limit(world, [soon], "-3 hours 10 minutes", "50 minutes")
    limit(world, [later], "-1 hour", "3 hours")
    limit(world, [suspended, closed, recalled], "-10 days", "-1 hour")
    world.sql("update follow_up.case_file set due_at = null, suspended_at = now(), state_before = 'ACCEPTED', "
              "state = 'SUSPENDED' where case_id = %s", suspended)
    world.sql("update follow_up.case_file set state = 'CLOSED' where case_id = %s", closed)
    world.sql("update follow_up.case_file set order_unit_code = null where case_id = %s", recalled)
    daemon = world.dispatch(tick_s=1)
    wait_reminders(world, daemon, 2)
    ticks(world, daemon)
    assert reminders(world) == sorted([(due, "due"), (soon, "before_due")])
    wait_sent(world, daemon)
    # A new limit is reminded of anew.
    limit(world, [due], "-1 hour", "-1 second", version=5)
    wait_reminders(world, daemon, 3)
    ticks(world, daemon)
    wait_sent(world, daemon)
    daemon.stop()
    orders = [one.order for one in arrived(world)]
    assert sorted((order["case_id"], order["case_version"], order["cause"]) for order in orders) == sorted(
        [(str(due), 2, "due"), (str(soon), 2, "before_due"), (str(due), 5, "due")])
    assert {(order["order_kind"], order["target_unit_code"], order["limit_type"]) for order in orders} == {
        ("REMIND", UNIT, "WORK_DAY")}


@pytest.mark.parametrize("share, wanted", [(0, []), (0.5, ["before_due"])])
def test_when_a_reminder_comes_is_a_setting(world, share, wanted):
    world.setup()
    case, sure = add_cases(world, 2)
    limit(world, [case], "-3 hours", "2 hours")
    limit(world, [sure], "-3 hours", "-1 hour")
    daemon = world.dispatch(tick_s=1, remind_before=share)
    wait_for(lambda: (sure, "due") in reminders(world), 60, daemon.output)
    ticks(world, daemon)
    assert [cause for one, cause in reminders(world) if one == case] == wanted
    daemon.stop()


@pytest.mark.parametrize("point", ["clock_found", "clock_done"])
def test_killed(world, point):
    world.setup()
    cases = add_cases(world, 30)
    limit(world, cases, "-10 days", "-1 hour")
    # The second act is the one that has something to do.
    dying = world.dispatch(build="points", point=f"{point}:2:kill", tick_s=1)
    assert dying.wait_exit() == -9
    assert len(reminders(world)) == (30 if point == "clock_done" else 0) and unsent(world) == len(reminders(world))
    daemon = world.dispatch(tick_s=1)
    wait_reminders(world, daemon, 30)
    ticks(world, daemon)
    wait_sent(world, daemon)
    daemon.stop()
    assert reminders(world) == sorted((case, "due") for case in cases)
    assert len(arrived(world)) == 30


def test_more_than_one_round(world):
    """Also behind cases for which nothing can be done."""
    world.setup()
    cases = add_cases(world, 1700)
    limit(world, cases, "-10 days", "-1 hour")
    daemon = world.dispatch(tick_s=1)
    wait_reminders(world, daemon, 1700)
    wait_sent(world, daemon)
    daemon.stop()
    assert reminders(world) == sorted((case, "due") for case in cases)


def test_a_possible_repeat_that_nobody_answers_to(world):
    """After 24 hours it is sent like any other; before, and where the platform may not, it is not."""
    world.setup()
    load_reference(world)
    old, young, forbidden, answered = cases = add_cases(world, 4)
    world.sql("update follow_up.case_file set state = 'REPORTED', case_version = 1, was_sent = false, may_send = true, "
              "unit_code = 'BZ-ZFD', may_repeat = %s, opened_at = now() - interval '25 hours' where case_id = any (%s)",
              old, cases)
    world.sql("update follow_up.case_file set opened_at = now() - interval '23 hours' where case_id = %s", young)
    world.sql("update follow_up.case_file set may_send = false where case_id = %s", forbidden)
    world.sql("update follow_up.case_file set case_version = 2, state = 'FILED' where case_id = %s", answered)
    daemon = world.dispatch(tick_s=1)
    wait_for(lambda: world.sql("select 1 from follow_up.outbox"), 60, daemon.output)
    ticks(world, daemon)
    wait_sent(world, daemon)
    daemon.stop()
    assert world.sql("select case_id, actor, action, from_state, to_state, case_version from follow_up.case_step") == [
        (old, "platform", "DISPATCH", "REPORTED", "DISPATCHED", 2)]
    order, = [one.order for one in arrived(world)]
    assert (order["case_id"], order["order_kind"], order["target_unit_code"], order["limit_type"], order["limit_value"]) == (
        str(old), "DISPATCH", UNIT, "WORK_DAY", 1)
    assert world.sql("select state, was_sent from follow_up.case_file where case_id = %s", old) == [("DISPATCHED", True)]


def accept(rng, case):
    now = micros(datetime.datetime.now(datetime.timezone.utc).isoformat())
    new = KINDS["case_action"].fresh(rng)
    return {name: None for name in new} | {
        "event_id": new["event_id"], "action_id": new["action_id"], "occurred_at": now, "recorded_at": now,
        "producer_id": "test", "is_test": False, "case_id": str(case), "case_no": "C1", "case_kind": "DRONE_ALERT",
        "action_type": "ACCEPT", "from_status": "DISPATCHED", "to_status": "ACCEPTED", "case_version": 3,
        "actor_unit_code": UNIT, "actor_role": "HANDLER", "actor_ref": "h1"}


def test_an_action_that_came_before_its_case(world):
    """It waits, and is applied once the case is there, with no other action to wake it; another one never gets its case."""
    world.setup()
    load_reference(world)
    rng = world.rng()
    consumer = world.consumer("case_action")
    case, = add_cases(world, 1, first=7)
    lost = order_id(case, 1, "none")
    world.sql("update follow_up.case_file set case_id = %s where case_id = %s", order_id(case, 2, "aside"), case)
    world.produce([good("case_action", accept(rng, case)), good("case_action", accept(rng, lost))])
    world.settle("case_action")
    assert world.sql("select outcome, reason from follow_up.case_step") == [("parked", "no_case")] * 2
    daemon = world.dispatch(tick_s=1)
    ticks(world, daemon)
    assert world.sql("select count(*) from follow_up.parked") == [(2,)]
    world.sql("update follow_up.case_file set case_id = %s", case)
    wait_for(lambda: world.sql("select count(*) from follow_up.parked") == [(1,)], 60, daemon.output)
    assert world.sql("select state, case_version from follow_up.case_file") == [("ACCEPTED", 3)]
    daemon.wait_log("actions that waited are settled")
    world.alter("update follow_up.case_step set recorded_at = now() - interval '15 days' where case_id is null")
    wait_for(lambda: world.sql("select count(*) from follow_up.parked") == [(0,)], 60, daemon.output)
    assert world.sql("select outcome, reason from follow_up.case_step where named_id = %s order by link_seq", lost) == [
        ("parked", "no_case"), ("refused", "case_never_came")]
    daemon.stop()
    consumer.stop()
