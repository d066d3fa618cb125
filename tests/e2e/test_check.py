"""gridloopctl check --live: what settings name is looked at as the daemons will, and every fault has its words and its code."""
import datetime
import json
import pathlib

import pytest

from registry import Registry

TOPICS = ["case_action", "dispatch_order", "drone_alert", "flight_task", "inspection_finding", "patrol_log"]
DEMO = pathlib.Path(__file__).parents[2] / "deploy" / "reference" / "beiguan"


def live(world, *arguments, url=None, program="gridloopctl"):
    """The exit code, and the findings: (level, subject, text)."""
    done = world.run(program, "check", "--live", "--json", f"--namespace={world.namespace}",
                     f"--database-url={url or world.ingest_url}", *arguments, text=True)
    assert not done.stderr, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, [(row["level"], row["subject"], row["text"]) for row in found]


def errors(found):
    return [(subject, text) for level, subject, text in found if level == "error"]


def texts(found, subject, level):
    return [text for a, b, text in found if (a, b) == (level, subject)]


@pytest.fixture
def ready(world):
    world.setup()
    for kind in TOPICS:
        world.partitions(kind)
    return world


def test_all_is_there(ready):
    code, found = live(ready)
    assert code == 0 and not errors(found), found
    assert {subject for level, subject, _ in found if level == "ok"} >= {
        "PostgreSQL", "grants", "event tables", *(ready.topic(kind) for kind in ("drone_alert", "dispatch_order"))}
    assert texts(found, ready.topic("drone_alert"), "ok") == ["6 partitions"]
    assert any("gridloop_ingest" in text for text in texts(found, "PostgreSQL", "ok"))
    assert "may not see them" in texts(found, "migrations", "warn")[0]
    assert "not encrypted" in texts(found, "Kafka", "warn")[0]
    assert any("not encrypted" in text for text in texts(found, "PostgreSQL", "warn"))


def test_nothing_was_set_up(world, stack):
    name = world.database + "_empty"
    stack.sql(f"create database {name}")
    try:
        code, found = live(world, url=stack.url(name))
    finally:
        stack.drop(name)
    assert code == 78
    assert {subject for subject, _ in errors(found)} == {"migrations"} | {
        world.topic(kind) for kind in TOPICS}
    assert all("run gridloopctl setup" in text for _, text in errors(found))


def test_nobody_answers(world):
    code, found = live(world, "--kafka.bootstrap.servers=127.0.0.1:1", "--registry-url=http://127.0.0.1:1",
                       url="postgresql://nobody@127.0.0.1:1/nowhere")
    assert code == 69
    assert [subject for subject, _ in errors(found)] == ["Kafka", "schema registry", "PostgreSQL"]


@pytest.mark.parametrize("wrong, words", [("--kafka.bootstrap.servers=localhost:99092", "is no HOST:PORT"),
                                          ("--kafka.sesion.timeout.ms=6000", "did you mean 'kafka.session.timeout.ms'?")])
def test_settings_of_kafka_that_are_wrong(ready, wrong, words):
    """That is what is said, and nothing about topics."""
    code, found = live(ready, wrong)
    assert code == 78 and [subject for subject, _ in errors(found)] == ["Kafka"], found
    assert words in texts(found, "Kafka", "error")[0]


def test_a_topic_that_loses_events(world):
    world.make_topic("drone_alert", cleanup_policy="compact")
    world.make_topic("patrol_log", retention_ms=86400000, compression_type="uncompressed")
    world.make_topic("case_action", retention_ms=-1, compression_type="zstd")
    for kind in ("drone_alert", "patrol_log", "case_action"):
        world.partitions(kind)
    code, found = live(world)
    assert code == 78
    assert "cleanup.policy=compact" in texts(found, world.topic("drone_alert"), "error")[0]
    assert "1 days, not for 14" in texts(found, world.topic("patrol_log"), "warn")[0]
    assert "compression.type=zstd" in texts(found, world.topic("case_action"), "warn")[0]
    _, found = live(world, "--retention-days=1")
    assert texts(found, world.topic("patrol_log"), "ok")


def test_a_role_that_may_not(ready):
    code, found = live(ready, url=ready.stack.url(ready.database, "gridloop_auditor"))
    assert code == 77 and [subject for subject, _ in errors(found)] == ["migrations"], found


def test_a_grant_that_is_gone(ready):
    ready.sql("revoke insert on events.drone_alert from gridloop_ingest")
    code, found = live(ready)
    assert code == 77
    assert [text.split(" is not granted")[0] for text in texts(found, "grants", "error")] == ["insert on events.drone_alert"]


def test_a_role_of_ones_own(ready):
    """It has what gridloop_ingest has, or it is said what it lacks."""
    role = ready.database
    ready.sql(f"create role {role} login", user="postgres")
    try:
        ready.sql(f"grant usage on schema bus, events, reference to {role}", user="postgres")
        ready.sql(f"grant select on all tables in schema bus, events, reference to {role}", user="postgres")
        code, found = live(ready, url=ready.stack.url(ready.database, role))
        missing = {text.split(" is not granted")[0] for text in texts(found, "grants", "error")}
        assert code == 77
        assert missing >= {"insert on events.drone_alert", "update on bus.progress", "usage on schema follow_up",
                           "update (to_offset) on bus.gap", "usage on follow_up.link_seq"}
        ready.sql(f"grant gridloop_ingest to {role}", user="postgres")
        code, found = live(ready, url=ready.stack.url(ready.database, role))
        assert code == 0 and texts(found, "grants", "ok")
    finally:
        ready.sql(f"drop owned by {role}", user="postgres")
        ready.sql(f"drop role {role}", user="postgres")


def test_a_role_that_may_too_much(ready):
    code, found = live(ready, url=ready.owner_url)
    assert code == 0 and texts(found, "migrations", "ok")
    assert "events.drone_alert" in texts(found, "grants", "warn")[0]
    _, found = live(ready, url=ready.stack.url(ready.database, "postgres"))
    assert any("superuser" in text for text in texts(found, "PostgreSQL", "warn"))


def test_migrations(ready):
    ready.sql("delete from bus.migration where name = 'deploy/postgres/018_case_places.sql'")
    ready.sql("update bus.migration set sha256 = sha256('') where name = 'schemas/drone_alert/table.sql'")
    ready.sql("insert into bus.migration (name, sha256) values ('deploy/postgres/999_later.sql', sha256(''))")
    code, found = live(ready, url=ready.owner_url)
    assert code == 78
    assert sorted(text.split()[0] for text in texts(found, "migrations", "error")) == [
        "deploy/postgres/018_case_places.sql", "schemas/drone_alert/table.sql"]
    assert texts(found, "migrations", "warn")[0].startswith("deploy/postgres/999_later.sql is of a newer")


def test_a_table_that_is_another(ready):
    ready.sql("drop schema audit cascade")
    ready.sql("alter table events.patrol_log drop column producer_id cascade")
    code, found = live(ready)
    assert code == 78
    assert [text for text in texts(found, "event tables", "error") if text.startswith("patrol_log: ") and "producer_id" in text]
    assert not [text for text in texts(found, "event tables", "error") if text.startswith("drone_alert")]


def calendar(world, last):
    """A calendar of a fortnight that ends on that day."""
    days = [last - datetime.timedelta(days=number) for number in range(14, -1, -1)]
    (world.folder / "calendar.csv").write_text("day,hours\n" + "".join(f"{day},09:00-17:00\n" for day in days))
    return world.folder / "calendar.csv"


def test_reference_data(ready, stack):
    code, found = live(ready)
    assert code == 0 and any(text.startswith("area was never loaded") for text in texts(found, "reference data", "warn"))
    demo = [*DEMO.glob("*.csv"), *DEMO.glob("*.geojson")]
    done = ready.ctl("reference load", *[file for file in demo if file.name != "calendar.csv"],
                     calendar(ready, datetime.date.today() + datetime.timedelta(days=400)))
    assert done.returncode == 0, done.stderr
    code, found = live(ready)
    assert (code, texts(found, "reference data", "ok")) == (0, ["all of it is loaded and holds together"])
    done = ready.ctl("reference load", calendar(ready, datetime.date.today() + datetime.timedelta(days=9)))
    assert done.returncode == 0, done.stderr
    code, found = live(ready)
    assert code == 0 and ["the calendar has" in text for text in texts(found, "reference data", "warn")] == [True]
    ready.alter("update reference.unit set area_code = 'nowhere' where code = (select min(code) from reference.unit)")
    code, found = live(ready)
    assert code == 78 and "its area nowhere is no area" in texts(found, "reference data", "error")[0]


def test_the_registry(ready):
    registry = Registry()
    registry.start()
    try:
        code, found = live(ready, f"--registry-url={registry.url}")
        assert (code, texts(found, "schema registry", "ok")) == (0, ["answers"])
    finally:
        registry.stop()
    code, found = live(ready, f"--registry-url={registry.url}")
    assert code == 69 and texts(found, "schema registry", "error")


def test_a_daemons_own_file(ready, tmp_path):
    """What the file names is looked at, and not what gridloopctl itself would be told."""
    file = tmp_path / "gridloop-consume-patrol-log.conf"
    file.write_text(f"database_url = {ready.ingest_url}\nnamespace = {ready.namespace}\nlinger_ms = 5\n")
    done = ready.run("gridloopctl", "check", "--live", file, text=True)
    assert done.returncode == 0, done.stdout
    assert f"ok     gridloop-consume-patrol-log: {file}\n" in done.stdout
    assert f"ok     {ready.topic('patrol_log')}: 6 partitions\n" in done.stdout
    assert "as gridloop_ingest\n" in done.stdout
    file.write_text(f"database_url = {ready.ingest_url}\nnamespace = nobody.here\n")
    done = ready.run("gridloopctl", "check", "--live", file, text=True)
    assert done.returncode == 78 and "nobody.here.patrol-log.v1: there is no such topic" in done.stdout
    file.write_text("no_such_key = 1\n")
    done = ready.run("gridloopctl", "check", "--live", file, text=True)
    assert done.returncode == 78 and "PostgreSQL" not in done.stdout
