"""Orders to the ground: each decision reaches its unit, in the order of its case, whatever dies or goes away."""
import datetime

import pytest

from events import KINDS, micros, partition_of
from orders import add_cases, add_orders, arrived, check_arrived, courses, decide, order_id, unsent, wait_sent
from outages import kafka_away, postgres_away
from reference import load
from stack import ROOT
from waiting import wait_for
from world import good

REFERENCE = ROOT / "deploy" / "reference" / "beiguan"
POINTS = {  # whether something has to come again
    "before_send": False, "after_send": None, "before_sent_row": True, "after_sent_row": None}


def order_of(decision):
    return order_id(*decision)


def us(time):
    return micros(time.astimezone(datetime.timezone.utc).isoformat())


def test_an_order_says_what_the_contract_wants(world):
    """On the wire, for a client that is not ours; and outbox_sent says where it lies."""
    world.setup()
    case, = add_cases(world, 1)
    load(world, {"category.csv": "scheme,code,name,dedup_group,auto_dispatch\n"
                                 "local-2026,EXPOSED_RUBBISH,暴露垃圾,EXPOSED_RUBBISH,true\n",
                 "dedup_rule.csv": "dedup_group,radius_m,merge_window_s,reopen_window_s,repeat_window_s,mute_window_s,"
                                   "mute_count,anchor,same_unit\nEXPOSED_RUBBISH,15,,86400,604800,86400,5,first,true\n"})
    daemon = world.dispatch()
    sent, = decide(world, [(case, 2, "DISPATCH", "")], unit="BZ-ZFD")
    wait_sent(world, daemon)
    order, partition, offset, key, headers = arrived(world)[0]
    due, decided, recorded = world.sql("select due_at, decided_at, recorded_at from follow_up.outbox")[0]
    assert order == {
        "event_id": str(sent[0]), "order_id": str(sent[0]), "occurred_at": us(decided), "recorded_at": us(recorded),
        "producer_id": "gridloop-dispatch", "is_test": False, "order_kind": "DISPATCH", "cause": None,
        "case_id": str(case), "case_no": "C" + str(case)[-12:].upper(), "case_kind": "DRONE_ALERT", "case_version": 2,
        "target_unit_code": "BZ-ZFD", "category_scheme": "local-2026", "category_code": "EXPOSED_RUBBISH",
        "wgs84_longitude": 114.3906, "wgs84_latitude": 36.2014, "accuracy_m": 10.0, "due_at": us(due),
        "limit_type": "WORK_DAY", "limit_value": 1, "summary": f"C{str(case)[-12:].upper()} 暴露垃圾",
        "photo_keys": ["sim/photo.jpg"]}
    assert key == b"BZ-ZFD" and partition == partition_of(key, 6)
    assert dict(headers) == {"ce_specversion": b"1.0", "ce_type": b"gridloop.dispatch_order",
                             "ce_source": b"gridloop/producer/gridloop-dispatch", "ce_id": str(sent[0]).encode(),
                             "content-type": b"application/avro"}
    assert world.sql("select topic, partition, topic_offset from follow_up.outbox_sent") == [
        (world.topic("dispatch_order"), partition, offset)]
    daemon.stop()


def test_a_case_without_place_or_category_and_a_drill(world):
    """What an order leaves out; orders of drills say so."""
    world.setup()
    case, = add_cases(world, 1, is_test=True, category="", scheme="", point=None)
    daemon = world.dispatch()
    decide(world, [(case, 2, "RECALL", "")], is_test=True)
    wait_sent(world, daemon)
    order = arrived(world)[0].order
    assert order["is_test"] is True and order["order_kind"] == "RECALL"
    assert {order[name] for name in ("category_scheme", "category_code", "wgs84_longitude", "accuracy_m")} == {None}
    assert order["summary"] == order["case_no"]
    daemon.stop()


# ---- dying ----

@pytest.mark.parametrize("point", POINTS)
def test_killed(world, point):
    """Whatever the moment: nothing is lost, the same decision keeps its id, and no case gets its orders out of order."""
    world.setup()
    steps = courses(add_cases(world, 100))
    decide(world, *steps[:2])
    daemon = world.dispatch(build="points", point=f"{point}:1:kill", batch_orders=150)
    assert daemon.wait_exit() == -9, daemon.output()
    before = unsent(world)
    decide(world, steps[2])
    daemon = world.dispatch()
    wait_sent(world, daemon)
    daemon.stop()
    again = check_arrived(world, map(order_of, sum(steps, [])))
    assert before > 0, "it was killed too late"
    print(f"{point}: {before} orders were not noted, {again} came again")
    if POINTS[point] is not None:
        assert (again > 0) == POINTS[point]


# ---- two of them ----

def test_a_second_one_waits_and_takes_over(world):
    world.setup()
    steps = courses(add_cases(world, 20))
    first = world.dispatch()
    second = world.dispatch(wait=False)
    second.wait_log("another instance leads; waiting")
    decide(world, steps[0])
    wait_sent(world, first)
    assert not second.log("leading")
    first.kill()
    decide(world, *steps[1:])
    second.wait_log("leading")
    wait_sent(world, second)
    second.stop()
    assert check_arrived(world, map(order_of, sum(steps, []))) == 0


def test_a_leader_that_stalls_is_replaced(world):
    """Its session ends, and when it goes on it waits like any other."""
    world.setup()
    steps = courses(add_cases(world, 20))
    first = world.dispatch(stall_timeout_s=5)
    second = world.dispatch(wait=False)
    second.wait_log("another instance leads; waiting")
    first.halt()
    decide(world, *steps)
    second.wait_log("leading")
    wait_sent(world, second)
    first.go_on()
    first.wait_log("another instance leads; waiting")
    assert first.log("will try again"), first.output()
    first.stop()
    second.stop()
    check_arrived(world, map(order_of, sum(steps, [])))


# ---- transactions that become visible late ----

def test_an_order_that_becomes_visible_late_is_sent(world):
    """It has a lower link_seq than one that is sent long before."""
    world.setup()
    late, early = add_cases(world, 2)
    daemon = world.dispatch()
    with world.connect() as connection, connection.transaction():
        first = add_orders(connection, [(late, 2, "DISPATCH", "")])
        decide(world, [(early, 2, "DISPATCH", "")])
        wait_sent(world, daemon)
        assert len(arrived(world)) == 1
        looked = looks(world)
        wait_for(lambda: looks(world) > looked + 10, 30, "it has looked for more")
    wait_sent(world, daemon)
    daemon.stop()
    assert arrived_ids(world) >= {str(first[0])}
    seq = dict(world.sql("select order_id::text, link_seq from follow_up.outbox"))
    assert seq[str(first[0])] == min(seq.values())
    assert check_arrived(world, map(order_of, [(late, 2, "DISPATCH", ""), (early, 2, "DISPATCH", "")])) == 0


def looks(world):
    """Transactions of the database so far: the daemon's looks are among them."""
    return world.sql("select xact_commit from pg_stat_database where datname = current_database()")[0][0]


def arrived_ids(world):
    return {one.order["order_id"] for one in arrived(world)}


# ---- servers away ----

@pytest.mark.harms_servers
def test_kafka_away(world):
    """Orders wait, the daemon says so, and nothing is lost or out of order when it is back."""
    world.setup()
    steps = courses(add_cases(world, 50))
    daemon = world.dispatch()
    decide(world, steps[0])
    wait_sent(world, daemon)
    with kafka_away(world):
        decide(world, *steps[1:])
        daemon.wait_log("Kafka does not answer; what was sent waits", timeout=60)
        assert unsent(world) == 100
    wait_sent(world, daemon, 120)
    daemon.stop()
    check_arrived(world, map(order_of, sum(steps, [])))


@pytest.mark.harms_servers
def test_postgres_away(world):
    world.setup()
    steps = courses(add_cases(world, 50))
    daemon = world.dispatch()
    decide(world, steps[0])
    wait_sent(world, daemon)
    with postgres_away(world):
        daemon.wait_log("will try again")
    decide(world, *steps[1:])
    wait_sent(world, daemon, 120)
    daemon.stop()
    check_arrived(world, map(order_of, sum(steps, [])))


def test_no_topic_yet(world):
    """It says which one it misses, and goes on when that is made."""
    case, = add_cases(world, 1)
    decide(world, [(case, 2, "DISPATCH", "")])
    daemon = world.dispatch()
    line = daemon.wait_log("will try again")
    assert world.topic("dispatch_order") in line["error"], line
    world.setup()
    wait_sent(world, daemon)
    daemon.stop()
    check_arrived(world, [order_of((case, 2, "DISPATCH", ""))])


# ---- what cannot be sent ----

def test_an_order_that_breaks_the_contract_holds_back_only_its_case(world):
    world.setup()
    bad, *good = add_cases(world, 30)
    decide(world, [(bad, 2, "DISPATCH", "")], unit="U" * 201)
    decide(world, [(bad, 3, "RECALL", "")])
    steps = courses(good)
    decide(world, *steps)
    daemon = world.dispatch(batch_orders=10)
    wait_for(lambda: unsent(world) == 2, 60, daemon.output)
    line = daemon.wait_log("will try again")
    assert str(order_of((bad, 2, "DISPATCH", ""))) in line["error"] and "target_unit_code" in line["error"], line
    assert "UUU" not in daemon.output()
    daemon.stop()
    check_arrived(world, map(order_of, sum(steps, [])))


# ---- settings ----

@pytest.mark.parametrize("changes, code, words", [
    ({"database_url": None}, 64, "database_url"),
    ({"batch_orders": 0}, 64, "batch-orders"),
    ({"remind_before": 1.5}, 64, "remind-before"),
    ({"kafka.acks": 1}, 78, "acks"),
])
def test_settings_that_are_wrong(world, changes, code, words):
    daemon = world.dispatch(wait=False, **changes)
    assert daemon.wait_exit() == code and words in daemon.output()


def test_a_database_that_is_not_there(world):
    daemon = world.dispatch(wait=False, database_url=world.ingest_url.replace(world.database, "nowhere"))
    daemon.may_fail()
    assert daemon.wait_exit() == 78 and "nowhere" in daemon.output()


def test_told_to_stop_it_notes_what_the_broker_has(world):
    """So that the next one has nothing to send again."""
    world.setup()
    cases = add_cases(world, 3000)
    decide(world, courses(cases)[0])
    daemon = world.dispatch(build="points", point="after_send:1:hold", batch_orders=3000)
    daemon.wait_point()
    daemon.process.terminate()
    daemon.release()
    assert daemon.wait_exit() == 0, daemon.output()
    assert unsent(world) == 0
    assert check_arrived(world, map(order_of, courses(cases)[0])) == 0


# ---- a backup ----

def test_an_older_backup_goes_on_with_the_same_orders(world):
    """What was decided and sent after the backup is decided again, and has the same ids: who takes each order_id once
    sees each decision once."""
    world.setup()
    steps = courses(add_cases(world, 40))
    daemon = world.dispatch()
    decide(world, steps[0])
    wait_sent(world, daemon)
    daemon.stop()
    backup = world.twin(filled=True)
    daemon = world.dispatch()
    decide(world, *steps[1:])
    wait_sent(world, daemon)
    daemon.stop()
    daemon = backup.dispatch()
    decide(backup, *steps[1:])
    wait_sent(backup, daemon)
    daemon.stop()
    assert check_arrived(backup, map(order_of, sum(steps, []))) == 80


def alert(rng, number):
    """Of a thing of its own, sure enough to be sent."""
    return KINDS["drone_alert"].fresh(rng) | {
        "longitude": 114.36 + number % 20 * 0.002, "latitude": 36.19 + number // 20 * 0.002, "source_crs": "WGS84",
        "category_scheme": "local-2026", "major_class_code": "LIVING_ENVIRONMENT", "minor_class_code": "EXPOSED_RUBBISH",
        "message_type": "ALERT", "references_alert_id": None, "certainty": "LIKELY", "horizontal_accuracy_m": 3.0,
        "position_kind": "TARGET", "is_test": False}


def test_an_older_backup_decides_the_same_again(world):
    """What linking had decided after the backup is decided anew from what is read again, and has the same ids."""
    world.setup()
    done = world.ctl("reference load", REFERENCE / "areas.geojson", *sorted(REFERENCE.glob("*.csv")))
    assert done.returncode == 0, done.stderr
    rng = world.rng()
    messages = [good("drone_alert", alert(rng, number)) for number in range(100)]
    consumer, daemon = world.consumer("drone_alert"), world.dispatch(tick_s=0)
    world.produce(messages[:40])
    world.settle("drone_alert")
    wait_sent(world, daemon)
    daemon.stop()
    consumer.stop()
    backup = world.twin(filled=True)
    consumer, daemon = world.consumer("drone_alert"), world.dispatch(tick_s=0)
    world.produce(messages[40:])
    world.settle("drone_alert")
    wait_sent(world, daemon)
    daemon.stop()
    consumer.stop()
    decided = orders_of(world)
    assert len(decided) > 80 and len(orders_of(backup)) < len(decided)
    consumer, daemon = backup.consumer("drone_alert"), backup.dispatch(tick_s=0)
    backup.settle("drone_alert")
    wait_sent(backup, daemon)
    daemon.stop()
    consumer.stop()
    assert orders_of(backup) == decided
    assert check_arrived(backup, [order for order, _ in decided]) > 0


def orders_of(world):
    return sorted(world.sql("select order_id, (case_id, case_version, order_kind, target_unit_code)::text "
                            "from follow_up.outbox"))


# ---- many ----

@pytest.mark.slow
def test_a_hundred_thousand_orders(world):
    world.setup()
    cases = add_cases(world, 50_000)
    steps = courses(cases)
    for unit in range(8):
        decide(world, steps[0][unit::8], steps[2][unit::8], unit=f"UNIT-{unit}")
    daemon = world.dispatch()
    wait_sent(world, daemon, 300)
    peak = daemon.peak_resident_kbytes()
    began, ended = world.sql("select min(sent_at), max(sent_at) from follow_up.outbox_sent")[0]
    daemon.stop()
    assert check_arrived(world, map(order_of, steps[0] + steps[2])) == 0
    print(f"100,000 orders in {(ended - began).total_seconds():.1f} s, at most {peak} kB")
