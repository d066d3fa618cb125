"""One clear line and the right exit code for what is wrong from the start; patience with what passes."""
import pytest

from checker import check_all
from events import KINDS, to_json
from producer import produce
from waiting import wait_for
from world import good, json_lines

KIND = "drone_alert"
CONSUMER = "gridloop-consume-drone-alert"
PRODUCER = "gridloop-produce-drone-alert"
NOWHERE = "127.0.0.1:1"


def run(world, *arguments, program=CONSUMER, env=None):
    done = world.run(program, *arguments, env=env or {}, timeout=30)
    said = (done.stdout + done.stderr).decode()
    return done.returncode, said


def one_line(said):
    """What is wrong in one line; a log may stand around it."""
    plain = [line for line in said.splitlines() if not line.startswith("{")]
    errors = [line for line in said.splitlines() if '"level":"error"' in line]
    assert len(plain) + len(errors) == 1, said
    return (plain + errors)[0]


def database(world, **more):
    return f"--database-url={world.ingest_url}"


def spool(world):
    return f"--spool={world.folder}/spool"


# ---- usage: 64 ----

@pytest.mark.parametrize("program", [CONSUMER, PRODUCER])
@pytest.mark.parametrize("argument, said", [
    ("--no-such-option=1", "--no-such-option"), ("--batch-rwos=5", "batch-rwos"), ("-x", "-x"),
    ("--log-level=loud", "log-level"), ("--log-level", "log-level"), ("--namespace", "namespace"),
])
def test_wrong_options(world, program, argument, said):
    given = (database(world),) if program == CONSUMER else (spool(world),)
    code, text = run(world, *given, argument, program=program)
    assert code == 64 and said in one_line(text)


def test_a_near_name_is_offered(world):
    code, text = run(world, database(world), "--batch-row=5")
    assert code == 64 and "batch-rows" in one_line(text)


@pytest.mark.parametrize("argument", ["--batch-rows=0", "--batch-rows=many", "--batch-rows=7.5", "--batch-rows=1e3",
                                      "--batch-rows=", "--batch-rows=99999999999999999999"])
def test_wrong_numbers(world, argument):
    code, text = run(world, database(world), argument)
    assert code == 64 and "batch-rows" in one_line(text)


def test_what_is_required(world):
    assert run(world)[0] == 64
    assert run(world, program=PRODUCER)[0] == 64
    code, text = run(world, database(world), "events.jsonl")
    assert code == 64 and "events.jsonl" in one_line(text)
    code, text = run(world, database(world), env={"GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS": ""})
    assert code in (64, 78) and "bootstrap.servers" in one_line(text)
    assert run(world, program="gridloopctl")[0] == 64
    assert run(world, "no-such-command", program="gridloopctl")[0] == 64


@pytest.mark.parametrize("program", [CONSUMER, PRODUCER])
def test_help_and_version(world, program):
    code, text = run(world, "--help", program=program)
    assert code == 0 and "--namespace" in text
    code, text = run(world, "--version", program=program)
    assert code == 0 and len(text.splitlines()) == 1


# ---- configuration: 78; what is wrong in a file stands in tests/hostile ----

def config(world, text):
    file = world.folder / "gridloop.conf"
    file.write_text(text)
    return f"--config={file}"


def test_a_missing_file(world):
    code, text = run(world, database(world), "--config=/no/such/file")
    assert code in (66, 78) and "/no/such/file" in one_line(text)


def test_wrong_environment(world):
    code, text = run(world, database(world), env={"GRIDLOOP_BATCH_ROWS": "many"})
    assert code == 78 and "GRIDLOOP_BATCH_ROWS" in one_line(text)


@pytest.mark.parametrize("name", ["enable.auto.commit", "auto.offset.reset", "group.id", "enable.auto.offset.store",
                                  "partition.assignment.strategy"])
def test_properties_that_carry_a_guarantee(world, name):
    code, text = run(world, database(world), f"--kafka.{name}=x")
    assert code == 78 and name in one_line(text)


@pytest.mark.parametrize("name", ["acks", "enable.idempotence", "partitioner", "message.timeout.ms"])
def test_properties_that_carry_a_guarantee_of_producers(world, name):
    code, text = run(world, spool(world), f"--kafka.{name}=1", program=PRODUCER)
    assert code == 78 and name in one_line(text)


def test_a_wrong_property(world):
    code, text = run(world, database(world), "--kafka.session.timeout.ms=soon")
    assert code == 78 and "session.timeout.ms" in one_line(text)


def test_a_password_in_the_url(world):
    secret = "correct-horse"
    url = world.ingest_url.replace("gridloop_ingest@", f"gridloop_ingest:{secret}@")
    code, text = run(world, f"--database-url={url}")
    assert code == 78 and "password" in one_line(text) and secret not in text


def test_no_such_database(world):
    code, text = run(world, "--database-url=" + world.stack.url("no_such_database", "gridloop_ingest"))
    assert code == 78 and "no_such_database" in one_line(text)


def test_a_column_of_another_type(world):
    world.sql("alter table events.drone_alert alter column waypoint_index type text")
    world.make_topic(KIND)
    code, text = run(world, database(world), f"--namespace={world.namespace}")
    assert code == 78 and "waypoint_index" in one_line(text)


def test_a_column_that_demands_more(world):
    world.sql("alter table events.drone_alert add column weather text not null")
    world.make_topic(KIND)
    code, text = run(world, database(world), f"--namespace={world.namespace}")
    assert code == 78 and "weather" in one_line(text)


# ---- permission: 77 ----

def test_a_refused_login(world):
    code, text = run(world, "--database-url=" + world.stack.url(world.database, "nobody_at_all"))
    assert code == 77 and "nobody_at_all" in one_line(text)


def test_no_right_to_write(world):
    """A role that may log in and look, but not store."""
    world.make_topic(KIND)
    code, text = run(world, "--database-url=" + world.stack.url(world.database, "gridloop_auditor"),
                     f"--namespace={world.namespace}")
    assert code == 77, text


# ---- producers: 66, 73, 65 ----

def test_files_of_producers(world):
    code, text = run(world, spool(world), "/no/such/lines.jsonl", program=PRODUCER)
    assert code == 66 and "/no/such/lines.jsonl" in one_line(text)
    code, text = run(world, "--spool=/no/such/folder/spool", program=PRODUCER)
    assert code == 73 and "/no/such/folder" in one_line(text)
    foreign = world.folder / "foreign"
    foreign.write_bytes(b"this is no spool\n" * 100)
    code, text = run(world, f"--spool={foreign}", program=PRODUCER)
    assert code == 65 and "foreign" in one_line(text)
    assert foreign.read_bytes() == b"this is no spool\n" * 100


# ---- what passes: no exit ----

def goes_on(world, daemon, of_kind=KIND, count=10):
    """It has waited, and now stores all there is."""
    rng = world.rng()
    world.produce(good(of_kind, KINDS[of_kind].fresh(rng)) for _ in range(count))
    world.settle_and_stop(daemon)
    check_all(world)


def test_a_database_that_is_away(world):
    """It tries again and again, says so once each time, and ends when it is asked to."""
    world.make_topic(KIND)
    daemon = world.consumer(KIND, wait=False, database_url=f"postgresql://gridloop_ingest@{NOWHERE}/{world.database}")
    daemon.wait_log("will try again", count=4)
    lines = daemon.log()
    tries = [line for line in lines if line["msg"] == "will try again"]
    assert all("PostgreSQL" in line["error"] for line in tries)
    assert len([line for line in lines if line["level"] in ("warn", "error")]) == len(tries)
    daemon.stop()


def test_a_kafka_that_is_away(world):
    daemon = world.consumer(KIND, wait=False, **{"kafka.bootstrap.servers": NOWHERE})
    wait_for(lambda: [line for line in daemon.log() if line["level"] == "warn" and NOWHERE in str(line)], 20,
             lambda: f"it says that nobody answers\n{daemon.output()}")
    assert daemon.is_running()
    daemon.stop()


def test_a_topic_that_is_missing(world):
    daemon = world.consumer(KIND, wait=False, **{"kafka.topic.metadata.refresh.interval.ms": 1000})
    wait_for(lambda: "gridloopctl setup" in daemon.output() and world.topic(KIND) in daemon.output(), 30,
             lambda: f"it says what to do\n{daemon.output()}")
    world.make_topic(KIND)
    daemon.wait_claimed(1, timeout=60)
    goes_on(world, daemon)


def test_tables_that_are_missing(world):
    """gridloopctl setup was not run: the daemon waits for it."""
    world.sql("alter table events.drone_alert rename to not_yet")
    world.make_topic(KIND)
    daemon = world.consumer(KIND, wait=False)
    daemon.wait_log("will try again", count=2)
    assert "setup" in daemon.log("will try again")[-1]["error"]
    world.sql("alter table events.not_yet rename to drone_alert")
    daemon.wait_claimed()
    goes_on(world, daemon)


def test_a_column_that_is_missing(world):
    """A daemon newer than its table waits for the migration."""
    world.sql("alter table events.drone_alert rename column unit_grid_code to not_yet")
    world.make_topic(KIND)
    daemon = world.consumer(KIND, wait=False)
    line = daemon.wait_log("will try again", count=2)
    assert "unit_grid_code" in line["error"] and "setup" in line["error"]
    world.sql("alter table events.drone_alert rename column not_yet to unit_grid_code")
    daemon.wait_claimed()
    goes_on(world, daemon)


def test_a_password_file(world):
    """The password is read from its file, and a trusting server does not mind it."""
    file = world.folder / "password"
    file.write_text("secret\n")
    file.chmod(0o600)
    world.make_topic(KIND)
    daemon = world.consumer(KIND, database_password_file=file)
    goes_on(world, daemon)
    assert "secret" not in daemon.output()


def test_settings_from_everywhere(world):
    """A flag wins over the environment, that over the file; all of them are felt."""
    config(world, f"namespace = elsewhere\nbatch_rows = 7\nlinger_ms = 1000\n"
                  f"database_url = {world.ingest_url}\n# the end\n")
    world.make_topic(KIND)
    rng = world.rng()
    world.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(50))
    daemon = world.consumer(KIND, database_url=None, config=world.folder / "gridloop.conf")
    world.settle_and_stop(daemon)
    check_all(world)
    assert world.sql("select max(next_offset - from_offset) from bus.batch") == [(7,)]


def test_producers_wait_for_kafka_as_long_as_they_are_told(world):
    event = KINDS[KIND].fresh(world.rng())
    run_ = produce(world, KIND, json_lines([to_json(KINDS[KIND], event)]), deliver_timeout=5,
                   **{"kafka.bootstrap.servers": NOWHERE})
    assert run_.code == 75 and NOWHERE in run_.said
