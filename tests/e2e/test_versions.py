"""Devices and daemons of two versions of one contract, on one topic and one table."""
import hashlib

import psycopg
import psycopg.types.json

from checker import check_all
from events import KINDS, Kind
from stack import ROOT
from world import Sent, good, json_lines

KIND = "drone_alert"
FORMER, NEWEST = Kind(KIND, 1), KINDS[KIND]
FORMER_DAEMON = "gridloop-consume-drone-alert-v1"


def upgraded(event):
    """The same event as version 2 says it."""
    return {name: False if name == "is_thermal" else event["area_m2" if name == "target_area_m2" else name]
            for name in NEWEST.fields}


def former(event, **changes):
    """The message of a device that writes version 1."""
    return Sent(KIND, FORMER.encode(event), FORMER.key(event), FORMER.headers(event), upgraded(event), **changes)


def test_devices_of_both_versions_share_batches(world):
    rng = world.rng()
    messages = []
    for _ in range(500):
        old = FORMER.random(rng, plain=True)
        new = NEWEST.random(rng, plain=True) | {"waypoint_index": 1 << 40, "position_kind": "LASER_RANGED"}
        messages += [former(old), good(KIND, new)]
    world.make_topic(KIND)
    world.produce(messages)
    world.settle_and_stop(world.consumer(KIND, linger_ms=60_000, batch_rows=len(messages)))
    check_all(world)
    assert world.sql("select count(*), sum(stored) from bus.batch") == [(1, len(messages))]
    assert world.sql("select count(*) from events.drone_alert where area_m2 is not null") == [(0,)]


def test_what_an_upgraded_device_sends_again_is_the_same_event(world):
    rng = world.rng()
    events = [FORMER.random(rng, fill=fill, plain=True) for fill in (0, 0.5, 1) for _ in range(20)]
    again = [good(KIND, upgraded(event) | {"recorded_at": event["recorded_at"] + 1}) for event in events]
    world.make_topic(KIND)
    world.produce([former(event) for event in events] + again + [former(event) for event in events])
    world.settle_and_stop(world.consumer(KIND))
    check_all(world)
    assert world.sql("select sum(stored), sum(duplicate), sum(dead_letter) from bus.batch") == [
        (len(events), 2 * len(events), 0)]


def test_a_line_with_the_former_name(world):
    """Our producer writes version 2 of it; to the consumer it is what the device sent as version 1."""
    line = NEWEST.examples()["ordinary"] | {"area_m2": 12.5}
    del line["is_thermal"]
    world.make_topic(KIND)
    world.produce([former(FORMER.from_json(line))])
    done = world.run("gridloop-produce-drone-alert", f"--spool={world.folder}/spool", f"--namespace={world.namespace}",
                     input=json_lines([line | {"schema_version": 1}]))
    assert done.returncode == 0, done.stderr
    world.settle_and_stop(world.consumer(KIND))
    check_all(world)
    assert world.sql("select sum(stored), sum(duplicate) from bus.batch") == [(1, 1)]


# ---- tables of before ----

def take_back(world, *files):
    """An empty database instead of this world's, as gridloopctl setup of an earlier version left it."""
    world.stack.drop(world.database)
    world.stack.sql(f"create database {world.database}")
    with psycopg.connect(world.owner_url, autocommit=True) as connection:
        for path in (path for pattern in files for path in sorted(ROOT.glob(pattern))):
            connection.execute(path.read_text("utf-8"))
            connection.execute("insert into bus.migration (name, sha256) values (%s, %s)",
                               (str(path.relative_to(ROOT)), hashlib.sha256(path.read_bytes()).digest()))


def test_setup_upgrades_a_database_that_has_rows(world):
    take_back(world, "deploy/postgres/001_bus.sql", "schemas/*/table.sql")
    layout = ["event_id", "waypoint_index", "area_m2"]
    world.sql("insert into bus.layout (table_name, columns) values ('events.drone_alert', %s)", layout)
    world.sql("""insert into events.drone_alert select (jsonb_populate_record(null::events.drone_alert, %s::jsonb)).*""",
              psycopg.types.json.Json(NEWEST.examples()["ordinary"] | {
                  "stored_at": "2026-01-01", "source_id": 1, "topic_offset": 7, "content_hash": "\\x00", "area_m2": 2.5}))
    read = "select to_jsonb(d) - 'target_area_m2' - 'is_thermal' from events.drone_alert d"
    before = world.sql(read)
    world.setup()
    assert world.sql(read) == before
    assert world.sql("select coalesce(target_area_m2, area_m2), is_thermal from events.drone_alert") == [(2.5, False)]
    assert world.sql("select columns, column_types from bus.layout") == [(layout, ["uuid", "integer", "real"])]
    assert world.sql("select version from bus.schema where kind = %s order by 1", KIND) == [(1,), (2,)]


def test_a_newer_daemon_waits_for_setup(world):
    """Also one whose own table has not changed since."""
    take_back(world, "deploy/postgres/001_bus.sql", "schemas/*/table.sql")
    for kind in (KIND, "patrol_log"):
        world.make_topic(kind)
        world.produce([good(kind, KINDS[kind].fresh(world.rng()))])
    daemons = [world.consumer(kind, wait=False) for kind in (KIND, "patrol_log")]
    for daemon in daemons:
        assert "run gridloopctl setup" in daemon.wait_log("will try again", 2)["error"]
    world.setup()
    world.settle_and_stop(*daemons)
    check_all(world)


def test_daemons_wait_while_setup_is_half_done(world):
    """One table is there, and the next is not yet."""
    world.setup()
    world.sql("drop schema reference cascade")
    for daemon in (world.consumer(KIND, wait=False), world.consumer("case_action", wait=False), world.dispatch(wait=False, tick_s=1)):
        error = daemon.wait_log("will try again", 3)["error"]
        assert "reference" in error and error.endswith("run gridloopctl setup")
        daemon.stop()


def test_a_daemon_of_version_1_goes_on_while_its_table_is_upgraded(world):
    rng = world.rng()
    take_back(world, "deploy/postgres/*.sql", "schemas/*/table.sql", "schemas/*/002_named.sql", "schemas/*/003_reports_named.sql")
    world.make_topic(KIND)
    old = world.consumer(KIND, build="points", program=FORMER_DAEMON)
    first, second = ([FORMER.random(rng, fill=1, plain=True) for _ in range(50)] for _ in range(2))
    world.produce([former(event) for event in first])
    world.settle(KIND)
    world.setup()
    world.produce([former(event) for event in second + first])
    world.settle_and_stop(old)
    assert old.log("will try again")
    rows = world.sql("select event_id::text, waypoint_index, area_m2::float8, target_area_m2 from events.drone_alert")
    assert sorted(rows) == sorted((event["event_id"].lower(), event["waypoint_index"], event["area_m2"], None)
                                  for event in first + second)

    new = world.consumer(KIND)
    world.produce([good(KIND, upgraded(event)) for event in first + second]
                  + [good(KIND, NEWEST.random(rng, fill=1, plain=True))])
    world.settle_and_stop(new)
    assert world.sql("select sum(stored), sum(duplicate), sum(dead_letter) from bus.batch") == [(101, 150, 0)]
    types = [dict(zip(*row)) for row in world.sql(
        "select columns, column_types from bus.layout join (select distinct layout_id from bus.batch) b using (layout_id) "
        "order by layout_id")]
    assert [(of["waypoint_index"], "area_m2" in of, "is_thermal" in of) for of in types] == [
        ("integer", True, False), ("bigint", True, False), ("bigint", False, True)]


def test_a_daemon_of_version_1_sets_aside_what_it_cannot_read(world):
    """Daemons are upgraded before devices. Where they were not: what version 1 cannot say (its waypoints are
    narrower) is set aside and named, and the neighbours are stored."""
    world.make_topic(KIND)
    rng = world.rng()
    world.produce([former(FORMER.random(rng)), good(KIND, NEWEST.fresh(rng)), former(FORMER.random(rng))])
    world.settle_and_stop(world.consumer(KIND, build="points", program=FORMER_DAEMON))
    assert world.sql("select sum(stored), sum(dead_letter) from bus.batch") == [(2, 1)]
    assert world.sql("select reason, field from bus.dead_letter") == [("union", "waypoint_index")]
