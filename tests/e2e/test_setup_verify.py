"""gridloopctl setup can be run again and again; gridloopctl verify finds what was altered behind its back."""
import base64
import concurrent.futures
import hashlib
import hmac
import pathlib

import confluent_kafka.admin
import psycopg
import pytest

from checker import check_all
from events import KINDS
from waiting import wait_for
from world import World, bad, good

KIND = "patrol_log"
NOWHERE = "postgresql://gridloop@127.0.0.1:1/x"


@pytest.fixture(scope="module")
def stored(stack, template, tmp_path_factory):
    """Three partitions with events, repeats, a conflict and a dead letter, in several batches; all is well."""
    world = World(stack, template, tmp_path_factory.mktemp("stored"))
    rng = world.rng()
    world.make_topic(KIND, partitions=3)
    events = [KINDS[KIND].fresh(rng) for _ in range(60)]
    messages = [good(KIND, event) for event in events + events[:5]]
    messages += [good(KIND, events[7] | {"remark": "other"}), bad(KIND, b"no event", "envelope")]
    world.produce(messages)
    world.settle_and_stop(world.consumer(KIND, batch_rows=10))
    check_all(world)
    yield world
    problems = world.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def copy(stored):
    """A database with all that, to be altered."""
    return stored.twin(filled=True)


# ---- setup ----

def test_setup_twice(world):
    """The second time nothing is left to do, and what is stored stays."""
    world.setup()
    rng = world.rng()
    world.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(10))
    world.settle_and_stop(world.consumer(KIND))
    again = world.ctl("setup", f"--namespace={world.namespace}")
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stdout
    check_all(world)


def test_passwords(world):
    """Roles get them from files; the server is told a verifier alone, and another role's password stays."""
    files = {role: world.folder / role for role in ("ingest", "auditor")}
    for role, file in files.items():
        file.write_text(f"secret of {role}\n")
        file.chmod(0o640)
    before = passwords(world)
    done = world.ctl("setup", f"--namespace={world.namespace}", f"--auditor-password-file={files['auditor']}")
    assert done.returncode == 0, done.stderr
    assert passwords(world)["gridloop_ingest"] == before["gridloop_ingest"]
    assert is_verifier_of(passwords(world)["gridloop_auditor"], b"secret of auditor")
    files["ingest"].chmod(0o644)
    refused = world.ctl("setup", f"--namespace={world.namespace}", f"--ingest-password-file={files['ingest']}")
    assert refused.returncode == 78 and "open to everybody" in refused.stderr


def passwords(world):
    return dict(world.sql("select rolname, rolpassword from pg_authid where rolname like 'gridloop_%'", user="postgres"))


def is_verifier_of(text, password):
    """RFC 5803, and RFC 5802 for how it is made."""
    method, rounds_salt, keys = text.split("$")
    rounds, salt = rounds_salt.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(salt), int(rounds))
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return method == "SCRAM-SHA-256" and keys == ":".join(base64.b64encode(key).decode() for key in (client, server))


def test_what_setup_makes(world):
    world.setup()
    for kind in KINDS:
        assert len(world.partitions(kind)) == 6
        resource = confluent_kafka.admin.ConfigResource(confluent_kafka.admin.ResourceType.TOPIC, world.topic(kind))
        config = world.stack.admin.describe_configs([resource])[resource].result(30)
        assert config["cleanup.policy"].value == "delete"
        assert config["compression.type"].value == "uncompressed"  # tests/hostile/test_log.py tells why
        assert config["retention.ms"].value == str(14 * 24 * 3600 * 1000)
    registered = dict(world.sql("select kind, fingerprint from bus.schema"))
    for kind, of in KINDS.items():
        assert registered[kind] == of.fingerprint[::-1].hex()


def test_setup_makes_topics_as_it_is_told(world):
    done = world.ctl("setup", f"--namespace={world.namespace}", "--partitions=2", "--retention-days=1")
    assert done.returncode == 0, done.stderr
    assert len(world.partitions(KIND)) == 2


def test_setup_waits_until_a_broker_has_the_topics(world):
    """One that was made and that no broker has (as a broker that has not heard of it yet would say): it is not done."""
    hold = world.folder / "topics_made"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        setup = pool.submit(world.ctl, "setup", f"--namespace={world.namespace}", build="points",
                            env={"GRIDLOOP_POINT": f"topics_made:1:hold:{hold}"})
        wait_for(pathlib.Path(f"{hold}.reached").exists, 60, lambda: "topics are made")
        world.stack.admin.delete_topics([world.topic(KIND)])[world.topic(KIND)].result(30)
        wait_for(lambda: world.topic(KIND) not in world.stack.admin.list_topics(timeout=30).topics, 60, lambda: "it is gone")
        hold.touch()
        done = setup.result()
    assert done.returncode == 0, done.stderr
    assert "7 topics created" in done.stdout  # of six, one twice
    assert len(world.partitions(KIND)) == 6


def test_setup_does_not_touch_what_is_there(world):
    """Topics that exist keep their partitions."""
    world.make_topic(KIND, partitions=3)
    world.setup()
    assert len(world.partitions(KIND)) == 3


def test_setup_refuses_a_compacted_topic(world):
    """Of two events with one key Kafka would keep the later, read or not."""
    world.make_topic(KIND, cleanup_policy="compact,delete")
    done = world.ctl("setup", f"--namespace={world.namespace}")
    assert done.returncode == 78 and "compact,delete" in done.stderr and world.topic(KIND) in done.stderr


def test_a_changed_migration_is_seen(world):
    """A file that was applied and then changed: nothing is done, and it is named."""
    world.sql("update bus.migration set sha256 = decode(repeat('00', 32), 'hex') where name like '%bus%'")
    done = world.ctl("setup", f"--namespace={world.namespace}")
    assert done.returncode == 78 and "bus.sql" in done.stderr


def test_setup_exit_codes(world):
    wrong = world.ctl("setup", "--partitions=0")
    assert wrong.returncode == 64, wrong.stderr
    away = world.run("gridloopctl", "setup", f"--database-url={NOWHERE}", "--wait=1", text=True)
    assert away.returncode in (69, 75), away.stderr
    login = world.run("gridloopctl", "setup", "--database-url=" + world.stack.url(world.database, "nobody_at_all"),
                      text=True)
    assert login.returncode == 77, login.stderr
    nothing = world.run("gridloopctl", "setup", "--database-url=" + world.stack.url("no_such_database"), text=True)
    assert nothing.returncode == 78, nothing.stderr


CHANGES = ["update events.patrol_log set remark = 'other'", "delete from events.patrol_log",
           "truncate events.patrol_log", "update bus.batch set stored = 0", "delete from bus.batch", "truncate bus.batch",
           "update bus.dead_letter set reason = 'x'", "delete from bus.dead_letter", "truncate bus.dead_letter cascade"]


@pytest.mark.parametrize("user", ["gridloop_ingest", "gridloop_auditor", "gridloop"])
def test_nobody_changes_what_is_stored(copy, user):
    """Not even the owner, by mistake."""
    for statement in CHANGES + (["update bus.progress set next_offset = 0"] if user == "gridloop_auditor" else []):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            copy.sql(statement, user=user)
    check_all(copy)


def test_who_may_read(copy):
    assert copy.sql("select count(*) from events.patrol_log", user="gridloop_ingest")[0][0] == 60
    for table in ("events.patrol_log", "bus.dead_letter", "bus.progress"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            copy.sql(f"select * from {table}", user="gridloop_auditor")


# ---- verify ----

def pick(world, statement):
    return world.sql(statement + " order by 1, 2 limit 1")[0]


# name -> (how a place is found, what is done to it); the first number of the place is the source.
TAMPERINGS = {
    "a deleted row": (
        "select source_id, topic_offset from events.patrol_log",
        "delete from events.patrol_log where source_id = {0} and topic_offset = {1}"),
    "a row that was moved": (
        "select source_id, topic_offset from events.patrol_log",
        "update events.patrol_log set topic_offset = 1000000 where source_id = {0} and topic_offset = {1}"),
    "a row added": (
        "select source_id, topic_offset from events.patrol_log",
        "insert into events.patrol_log select (jsonb_populate_record(p, jsonb_build_object("
        "'event_id', gen_random_uuid(), 'topic_offset', 1000000))).* from events.patrol_log p "
        "where source_id = {0} and topic_offset = {1}"),
    "a deleted dead letter": (
        "select source_id, topic_offset from bus.dead_letter",
        "delete from bus.dead_letter where source_id = {0} and topic_offset = {1}"),
    "a hole": (
        "select source_id, from_offset from bus.batch where from_offset > 0",
        "delete from bus.batch where source_id = {0} and from_offset = {1}"),
    "an overlap": (
        "select source_id, from_offset, next_offset from bus.batch where from_offset > 0 and stored > 1",
        "insert into bus.batch (source_id, from_offset, next_offset, stored, duplicate, dead_letter, absent, gap, "
        "outcomes, hash, prints) values ({0}, {1} + 1, {1} + 2, 1, 0, 0, 0, 0, 's1', sha256(''), '')"),
    "a progress moved on": (
        "select source_id, next_offset from bus.progress where next_offset > 0",
        "update bus.progress set next_offset = next_offset + 1 where source_id = {0}"),
    "a progress moved back": (
        "select source_id, next_offset from bus.progress where next_offset > 0",
        "update bus.progress set next_offset = next_offset - 1 where source_id = {0}"),
    "another list of outcomes": (
        "select source_id, from_offset from bus.batch where stored > 1",
        "update bus.batch set outcomes = 'd1 ' || 's' || (stored - 1) where source_id = {0} and from_offset = {1}"),
    "an outcome changed": (
        "select source_id, from_offset, stored from bus.batch where duplicate = 0 and dead_letter = 0 and stored > 1",
        "update bus.batch set outcomes = 's' || (stored - 1) || ' d1', stored = stored - 1, duplicate = 1 "
        "where source_id = {0} and from_offset = {1}"),
    "a gap nobody accepted": (
        "select source_id, from_offset, stored from bus.batch where duplicate = 0 and dead_letter = 0 and stored > 1",
        "update bus.batch set outcomes = 's' || (stored - 1) || ' g1', stored = stored - 1, gap = 1 "
        "where source_id = {0} and from_offset = {1}"),
    "a progress that is gone": (
        "select source_id, next_offset from bus.progress where next_offset > 0",
        "delete from bus.progress where source_id = {0}"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_verify_finds(copy, name):
    """Exit code 1, and the place is named. The tests' own checker sees it too."""
    find, statement = TAMPERINGS[name]
    place = pick(copy, find)
    copy.alter(statement.format(*place))
    found = copy.ctl("verify")
    assert found.returncode == 1, found.stdout + found.stderr
    assert any(line.split()[:1] == [str(place[0])] for line in found.stdout.splitlines()), found.stdout
    with pytest.raises(AssertionError):
        check_all(copy)


def test_verify_against_the_truth(copy):
    """accepted = stored + dead letters + spooled: what devices were told was accepted."""
    ids = [event_id for event_id, in copy.sql("select event_id from events.patrol_log")]
    truth = copy.folder / "truth.tsv"
    truth.write_text("".join(f"{KIND}\t{event_id}\t-\n" for event_id in ids))
    well = copy.ctl("verify", f"--truth={truth}", "--complete")
    assert well.returncode == 0, well.stdout + well.stderr
    lost = "01234567-89ab-4def-8123-456789abcdef"
    truth.write_text(truth.read_text() + f"{KIND}\t{lost}\t-\n")
    missing = copy.ctl("verify", f"--truth={truth}", "--complete")
    assert missing.returncode == 1 and lost in missing.stdout
    truth.write_text("".join(f"{KIND}\t{event_id}\t-\n" for event_id in ids[1:]))
    phantom = copy.ctl("verify", f"--truth={truth}", "--complete")
    assert phantom.returncode == 1 and str(ids[0]) in phantom.stdout
    assert copy.ctl("verify", f"--truth={truth}").returncode == 0


def test_verify_says_where_it_stands(copy):
    """Its table has a row for each source, with the counts of the database."""
    shown = copy.ctl("verify").stdout
    for source_id, next_offset, count in copy.sql(
            "select source_id, next_offset, (select sum(b.stored) from bus.batch b where b.source_id = p.source_id) "
            "from bus.progress p where next_offset > 0"):
        assert any({str(source_id), str(next_offset), str(count)} <= set(line.split()) for line in shown.splitlines())


def test_verify_exit_codes(world):
    nothing = world.run("gridloopctl", "verify", "--database-url=" + world.stack.url("no_such_database"), text=True)
    assert nothing.returncode == 78
    away = world.run("gridloopctl", "verify", f"--database-url={NOWHERE}", text=True)
    assert away.returncode in (69, 75)
    assert world.ctl("verify", "--no-such-option").returncode == 64
