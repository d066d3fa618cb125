"""gridloopctl rebuild follow-up --check where people and the clock have worked: what became of each action, each limit and
each order follows from the stored events, and who changed a row is found."""
import csv
import datetime
import io

import pytest

import casebook
import reference
from events import KINDS, micros, random_uuid
from stack import ROOT
from test_cases import FILES, load_reference, play
from test_clock import accept
from test_rebuild import check, check_equal
from waiting import wait_for
from world import good

CASE, SIGHTING, STEP, LIMIT, OUTBOX = (f"follow_up.{name}" for name in ("case_file", "sighting", "case_step", "time_limit", "outbox"))
PLACE = (114.3406, 36.2214)  # where no case of the books lies
METRES = 1 / 89790.5         # of longitude, in degrees


def now():
    return micros(datetime.datetime.now(datetime.timezone.utc).isoformat())


def report(rng, place, certainty="LIKELY", at=casebook.BEGIN, **changes):
    return KINDS["drone_alert"].fresh(
        rng, longitude=place[0], latitude=place[1], source_crs="WGS84", category_scheme="local-2026",
        major_class_code="LIVING_ENVIRONMENT", minor_class_code="EXPOSED_RUBBISH", message_type="ALERT",
        references_alert_id=None, position_kind="TARGET", horizontal_accuracy_m=3.0, occurred_at=at, recorded_at=at,
        is_test=False, certainty=certainty, **changes)


def aside(metres):
    return PLACE[0] + metres * METRES, PLACE[1]


def send(world, kind, *events):
    """All of it, through a daemon that is there already."""
    world.produce(good(kind, event) for event in events)
    world.settle(kind)


def change_limits(world):
    """A newer load: other lengths of limits, and no calendar behind January."""
    rows = list(csv.DictReader((casebook.REFERENCE / "time_limit.csv").open(encoding="utf-8")))
    days = list(csv.DictReader((casebook.REFERENCE / "calendar.csv").open(encoding="utf-8")))
    files = {"time_limit.csv": [row | {"limit_type": "URGENT_HOUR", "limit_value": "5"} for row in rows],
             "calendar.csv": [day for day in days if day["day"] < "2026-02-01"]}
    texts = {}
    for name, rows in files.items():
        out = io.StringIO()
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
        texts[name] = out.getvalue()
    done = reference.load(world, texts)
    assert done.returncode == 0, done.stderr


def reopen(world, rng):
    """A report from where the first case of the books was closed, the day after."""
    longitude, latitude, closed_at = world.sql(
        "select wgs84_longitude, wgs84_latitude, closed_at from follow_up.case_file where state = 'CLOSED' and wgs84_latitude "
        "is not null and dedup_group = 'EXPOSED_RUBBISH' order by opened_seq, opened_ordinal limit 1")[0]
    send(world, "drone_alert", report(rng, (longitude, latitude), at=micros((closed_at + datetime.timedelta(hours=2)).isoformat())))
    assert world.sql("select count(*) from follow_up.case_step where action = 'REOPEN' and actor = 'platform'") == [(1,)]


def wait_count(world, daemon, count, statement):
    wait_for(lambda: world.sql(f"select count(*) from {statement}")[0][0] == count, 60, daemon.output)


def clock(world, rng):
    """Reminders, a possible repeat that nobody answers to, actions whose case comes later, or never."""
    early, fresh, lost = report(rng, aside(500)), report(rng, aside(1500), at=now()), random_uuid(rng)
    send(world, "case_action", accept(rng, early["event_id"]), accept(rng, lost))
    send(world, "drone_alert", report(rng, PLACE),
         report(rng, aside(22)), early, fresh)
    assert world.sql("select count(*) from follow_up.case_file where may_repeat is not null and may_send") == [(1,)]
    world.alter(f"update {STEP} set recorded_at = recorded_at - interval '15 days' where link_seq in (select link_seq "
                f"from {STEP} where named_id = '{lost}')")
    daemon = world.dispatch(tick_s=1, send_after_h=0.00001, remind_before=1)
    wait_count(world, daemon, 0, f"follow_up.parked where named_id in ('{early['event_id']}', '{lost}')")
    wait_count(world, daemon, 1, f"{STEP} where event_id is null")
    wait_count(world, daemon, 0, """follow_up.case_file c where order_unit_code is not null and due_at is not null and not exists (
        select from follow_up.outbox o where o.case_id = c.case_id and o.case_version = c.due_version and order_kind = 'REMIND')""")
    wait_count(world, daemon, 0, f"{OUTBOX} where order_id not in (select order_id from follow_up.outbox_sent)")
    daemon.stop()
    assert world.sql(f"select reason from {STEP} where named_id = %s and outcome = 'refused'", lost) == [("case_never_came",)]
    assert {cause for cause, in world.sql(f"select distinct cause from {OUTBOX}")} == {"", "before_due", "due"}


def scene(world):
    rng, places = world.rng(), casebook.sites()
    load_reference(world)
    play(world, [casebook.Book(path, rng, places) for path in FILES], 7)
    check_equal(world)
    change_limits(world)
    world.make_topic("dispatch_order")
    daemons = [world.consumer(kind, linger_ms=20) for kind in ("drone_alert", "case_action")]
    reopen(world, rng)
    clock(world, rng)
    for daemon in daemons:
        daemon.stop()


# What is changed of which row of a table (the first one of which the condition holds), and the columns that are named.
CHANGES = [
    (CASE, "closed_at = closed_at + interval '1 day'", "closed_at is not null", {"closed_at"}),
    (CASE, "state = 'ACCEPTED'", "state = 'DISPATCHED'", {"state"}),
    (CASE, "due_at = due_at + interval '1 hour'", "due_at is not null", {"due_at"}),
    (CASE, "handled_by = 'H9'", "handled_by is not null", {"handled_by"}),
    (CASE, "answered_at = null", "answered_at is not null", {"answered_at"}),
    (CASE, "order_unit_code = null", "order_unit_code is not null", {"order_unit_code"}),
    (CASE, "unit_code = 'X', reworked = 3", "kind = 'case_action'", {"unit_code", "reworked"}),
    (CASE, "merged_into = case_id", "merged_into is not null", {"merged_into"}),
    (CASE, "may_send = not may_send, photo_key = 'x'", "may_repeat is not null", {"may_send", "photo_key"}),
    (SIGHTING, "case_id = related_case_id", "related_case_id is not null", {"case_id"}),
    (STEP, "outcome = 'applied', reason = null, to_state = 'X', case_version = 77", "outcome = 'refused' and case_id is not null",
     {"outcome", "reason", "to_state", "case_version"}),
    (STEP, "reason = 'role'", "outcome = 'refused' and reason <> 'role'", {"reason"}),
    (STEP, "outcome = 'refused'", "outcome = 'answered'", {"outcome"}),
    (STEP, "actor = 'X'", "actor <> 'platform'", {"actor"}),
    (STEP, "stepped_at = stepped_at - interval '1 hour'", "event_id is null", {"stepped_at"}),
    (LIMIT, "due_at = due_at + interval '1 hour'", "due_at is not null", {"due_at"}),
    (LIMIT, "calendar_version = 99, starts_at = 'epoch'", "calendar_version is not null", {"calendar_version", "starts_at"}),
    (OUTBOX, "due_at = due_at + interval '1 hour'", "due_at is not null", {"due_at"}),
    (OUTBOX, "target_unit_code = 'X'", "order_kind = 'RECALL'", {"target_unit_code"}),
    (OUTBOX, "decided_at = decided_at - interval '1 day'", "order_kind = 'REMIND'", {"decided_at"}),
]
# Rows that are gone, or too many: a statement, and what is said.
SENT = ("follow_up.outbox_sent", "unexpected")
EXTREMES = [
    (LIMIT, f"delete from {LIMIT} where ctid = (select min(ctid) from {LIMIT})", "missing"),
    (LIMIT, f"insert into {LIMIT} (case_id, case_version, link_seq, action, starts_at, due_at) select case_id, 99, link_seq, "
            f"action, starts_at, starts_at from {LIMIT} limit 1", "unexpected"),
    (OUTBOX, f"delete from {OUTBOX} where ctid = (select min(ctid) from {OUTBOX} where order_kind = 'DISPATCH')", "missing", SENT),
    (OUTBOX, f"delete from {OUTBOX} where ctid = (select min(ctid) from {OUTBOX} where order_kind = 'REMIND')", None, SENT),
    (OUTBOX, "insert into follow_up.outbox (order_id, order_kind, case_id, case_version, cause, link_seq, target_unit_code, "
             "is_test, decided_at) select gen_random_uuid(), 'RECALL', case_id, 98, '', link_seq, 'X', false, decided_at "
             f"from {OUTBOX} limit 1", "unexpected"),
    (OUTBOX, "insert into follow_up.outbox (order_id, order_kind, case_id, case_version, cause, link_seq, target_unit_code, "
             "is_test, decided_at) select gen_random_uuid(), 'REMIND', case_id, case_version, 'due', "
             f"nextval('follow_up.link_seq'), 'X', false, now() from {CASE} where state = 'MERGED' limit 1", "unexpected"),
    (STEP, f"delete from {STEP} where outcome = 'refused' and reason = 'role'", "missing"),
    (CASE, f"delete from {CASE} where kind = 'case_action'", "missing"),
]


def alterations():
    for table, changes, where, wanted in CHANGES:
        yield (f"update {table} set {changes} where ctid = (select ctid from {table} where {where} order by ctid limit 1)",
               {(table, column) for column in wanted})
    for table, statement, what, *more in EXTREMES:
        yield statement, {(table, what), *more} if what else set(more)


@pytest.mark.slow
def test_what_people_and_the_clock_did(world, capsys):
    """All of it follows from the events; then rows changed by a superuser, one after the other in copies of the database."""
    scene(world)
    report = check_equal(world)
    assert report["actions"] > 200 and report["limits"] > 20 and report["orders"] > 40
    for statement, wanted in alterations():
        twin = world.twin(filled=True)
        twin.alter(statement)
        found = check(twin, code=65)["differences"]
        assert {(d["table"], d["column"] or d["row"]) for d in found} == wanted, (statement, found)
    with capsys.disabled():
        print(f"\n{report['actions']} actions of persons and the clock, {report['steps']} steps, {report['limits']} limits, "
              f"{report['orders']} orders follow from the events; {len(CHANGES) + len(EXTREMES)} alterations, each named")


def test_all_columns_are_looked_at(world):
    """Each column of the schema is compared, or in the list of those that cannot be."""
    named = {(row["table"], row["column"]) for row in check(world)["not_compared"]}
    for table, column in world.sql("select c.attrelid::regclass::text, c.attname from pg_attribute c join pg_class t on t.oid = c.attrelid "
                                   "where t.relnamespace = 'follow_up'::regnamespace and relkind = 'r' and attnum > 0 "
                                   "and not attisdropped"):
        if (table, column) in named or (table, "*") in named:
            continue
        assert f'"{column}"' in compared(table), f"{table}.{column} is neither compared nor listed"


def compared(table):
    source = (ROOT / "consumers" / "runtime" / "follow_tables.c").read_text("utf-8")
    name = {"case_file": "case_columns", "sighting": "sighting_columns", "case_step": "step_columns",
            "time_limit": "limit_columns", "outbox": "order_columns"}[table.split(".")[1]]
    return source.split(f"{name}[] = {{")[1].split("};")[0]
