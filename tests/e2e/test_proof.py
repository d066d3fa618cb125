"""What is stored can be proved complete and unaltered: the hash chain, gridloopctl verify and gridloopctl seal."""
import json
import os
import subprocess

import confluent_kafka
import pytest

from chain import Chains, check_chain
from checker import check_all
from events import KINDS
from reference import load_areas, town
from waiting import wait_for
from world import World, bad, good

KIND = "patrol_log"
OF = KINDS[KIND]
AT_ONCE = {"check_interval_ms": 200}


def fill(world, rng):
    """60 events, five repeats, a conflict and a dead letter."""
    events = [OF.fresh(rng) for _ in range(60)]
    world.produce([good(KIND, event) for event in events + events[:5]]
                  + [good(KIND, events[7] | {"remark": "other"}), bad(KIND, b"no event", "envelope")])


def accept_gap(world, daemon):
    gap = wait_for(lambda: world.sql("select gap_id from bus.gap where accepted_at is null"), 60, daemon.output)[0][0]
    done = world.ctl("gap accept", gap, "--reason", "the disk was lost", "--actor", "Li Wei")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def stored(stack, template, tmp_path_factory):
    """Two partitions in several batches; the first begins with an accepted gap of five offsets."""
    world = World(stack, template, tmp_path_factory.mktemp("proof"))
    rng = world.rng()
    world.make_topic(KIND, partitions=2)
    load_areas(world, town())
    load_areas(world, town())
    world.produce([good(KIND, OF.fresh(rng)) for _ in range(5)], 0)
    place = confluent_kafka.TopicPartition(world.topic(KIND), 0, 5)
    for future in stack.admin.delete_records([place]).values():
        future.result(30)
    fill(world, rng)
    daemon = world.consumer(KIND, batch_rows=10, **AT_ONCE)
    accept_gap(world, daemon)
    world.settle_and_stop(daemon)
    yield world
    problems = world.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def copy(stored):
    return stored.twin(filled=True)


def verify(world, *arguments):
    """The exit code, and what each check that does not hold says: name -> [(source, from, event_id, detail)]."""
    done = world.ctl("verify", "--json", *arguments)
    assert done.returncode in (0, 1), done.stderr
    checks = json.loads(done.stdout)["checks"]
    return done.returncode, {check["check"]: [
        (place["source"], place["from"], place["event_id"], place["detail"]) for place in check["places"]]
        for check in checks if not check["holds"]}


def test_an_untouched_database(copy):
    assert verify(copy) == (0, {})
    assert list(check_chain(copy)) == []


# ---- one thing altered ----

A_ROW = "select source_id, topic_offset, event_id from events.patrol_log"
A_LETTER = "select source_id, topic_offset, event_id from bus.dead_letter where reason = 'envelope'"
A_CONFLICT = "select source_id, topic_offset, event_id from bus.dead_letter where reason = 'identity_conflict'"
A_BATCH = "select source_id, from_offset, null from bus.batch where stored > 1 and from_offset > 5"
A_GAP = "select source_id, stood_at, null from bus.gap"
AT = "where source_id = {0} and topic_offset = {1}"
BATCH = "where source_id = {0} and from_offset = {1}"

# name -> (how the place is found, what is done to it, what has to be said of that place)
TAMPERINGS = {
    "a value": (A_ROW, "update events.patrol_log set remark = 'other' " + AT,
                "events.patrol_log: the row is not the one that was stored"),
    "a value that was null": (A_ROW + " where warning_template_id is null",
                              "update events.patrol_log set warning_template_id = '' " + AT,
                              "events.patrol_log: the row is not the one that was stored"),
    "where it lies": (A_ROW, "update events.patrol_log set located_version = 7 " + AT,
                      "events.patrol_log: the row is not the one that was stored"),
    "when it was stored": (A_ROW, "update events.patrol_log set stored_at = stored_at - interval '1 day' " + AT,
                           "events.patrol_log: the time of storing is not that of its batch"),
    "a row deleted": (A_ROW, "delete from events.patrol_log " + AT, "events.patrol_log: the row is gone"),
    "a row added": (A_CONFLICT, "insert into events.patrol_log select (jsonb_populate_record(p, jsonb_build_object("
                    "'event_id', gen_random_uuid(), 'source_id', {0}, 'topic_offset', {1}))).* from events.patrol_log p "
                    "limit 1", "events.patrol_log: a row that its batch does not tell of"),
    "a row doubled": (A_ROW, "insert into events.patrol_log select (jsonb_populate_record(p, jsonb_build_object("
                      "'event_id', '01234567-89ab-4def-8123-456789abcdef'))).* from events.patrol_log p " + AT,
                      "events.patrol_log: "),
    "a dead letter's reason": (A_LETTER, "update bus.dead_letter set reason = 'short' " + AT,
                               "bus.dead_letter: the row is not the one that was stored"),
    "a dead letter's value": (A_LETTER, "update bus.dead_letter set value = 'no event!' " + AT,
                              "bus.dead_letter: the row is not the one that was stored"),
    "a dead letter's key": (A_CONFLICT, "update bus.dead_letter set message_key = null " + AT,
                            "bus.dead_letter: the row is not the one that was stored"),
    "a dead letter deleted": (A_LETTER, "delete from bus.dead_letter " + AT, "bus.dead_letter: the row is gone"),
    "a gap's reason": (A_GAP, "update bus.gap set accept_reason = 'it was nothing'", "bus.gap: gap 1 is not as it was accepted"),
    "who accepted a gap": (A_GAP, "update bus.gap set accepted_by = 'nobody'", "bus.gap: gap 1 is not as it was accepted"),
    "a gap deleted": (A_GAP, "delete from bus.gap", "bus.batch: a gap that is not the one that was accepted there"),
    "a batch's hash": (A_BATCH, "update bus.batch set hash = sha256('x') " + BATCH, "bus.batch: its hash or its outcomes"),
    "a batch's prints": (A_BATCH, "update bus.batch set prints = 'xxxx' || substr(prints, 5) " + BATCH,
                         "bus.batch: its prints are not those of its rows"),
    "a batch's time": (A_BATCH, "update bus.batch set committed_at = now() " + BATCH, "bus.batch: its committed_at"),
    "a batch's layout": (A_BATCH, "update bus.batch set layout_id = dead_letter_layout_id " + BATCH, ""),
    "outcomes exchanged": ("select source_id, from_offset, null from bus.batch where outcomes ~ '^s[0-9]+$' and stored > 1",
                           "update bus.batch set outcomes = 'd1 s' || (stored - 1), stored = stored - 1, duplicate = 1 " + BATCH,
                           ""),
    "a head": ("select source_id, next_offset, null from bus.progress where next_offset > 0",
               "update bus.progress set head = sha256('x') where source_id = {0}", "bus.progress: its head"),
    "a column's name": (A_BATCH,
                        "update bus.layout set columns = array_replace(columns, 'remark', 'category') "
                        "where table_name = 'events.patrol_log'", ""),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_verify_names(copy, name):
    """Source, offset, event and what it is. The tests' own recomputation sees it too, where it is in the chain."""
    find, statement, wanted = TAMPERINGS[name]
    source_id, offset, event_id = copy.sql(find + " order by 1, 2 limit 1")[0]
    copy.alter(statement.format(source_id, offset))
    code, said = verify(copy)
    assert code == 1
    found = [place for place in said["chain"] if place[0] == source_id and place[3].startswith(wanted)]
    if wanted:
        assert [place[1] for place in found] == [offset], said["chain"]
    assert found, said["chain"]
    if event_id and "gone" not in wanted and "added" not in name and "doubled" not in name:
        assert found[0][2] == str(event_id)
    if name not in ("when it was stored", "a batch's time", "a row added", "a row doubled"):
        assert list(check_chain(copy)), "the tests' own recomputation"


def test_one_alteration_is_one_place(copy):
    """It casts no doubt on what comes behind it."""
    copy.alter("update events.patrol_log set remark = 'other' where event_id = (select min(event_id::text)::uuid from "
               "events.patrol_log)")
    assert len(verify(copy)[1]["chain"]) == 1
    copy.alter("update bus.batch set hash = sha256('x') where (source_id, from_offset) = "
               "(select source_id, min(from_offset) from bus.batch where from_offset > 5 group by 1 order by 1 limit 1)")
    assert len(verify(copy)[1]["chain"]) == 2


def test_rows_that_changed_places(copy):
    """Two rows with each other's offsets are named, both."""
    (source_id, one, first), (_, two, second) = copy.sql(A_ROW + " order by 1, 2 limit 2")
    copy.alter(f"update events.patrol_log set topic_offset = {one} + {two} - topic_offset where source_id = {source_id} "
               f"and topic_offset in ({one}, {two})")
    said = verify(copy)[1]
    assert said.keys() == {"chain"}
    assert [place[:3] for place in said["chain"]] == [(source_id, one, str(second)), (source_id, two, str(first))]


def test_a_batch_deleted(copy):
    source_id, from_offset, next_offset = copy.sql(
        "select source_id, from_offset, next_offset from bus.batch b where from_offset > 5 and exists (select from bus.batch n "
        "where n.source_id = b.source_id and n.from_offset = b.next_offset) order by 1, 2 limit 1")[0]
    copy.alter(f"delete from bus.batch where source_id = {source_id} and from_offset = {from_offset}")
    said = verify(copy)[1]
    assert (source_id, next_offset, None, "bus.batch: what stood before it is gone") in said["chain"]
    assert (source_id, from_offset) in [place[:2] for place in said["tiles"]]


def test_many_faults_end(copy):
    """All rows altered, many times over: the first places are named, and it ends."""
    copy.alter("update events.patrol_log set remark = 'other'")
    code, said = verify(copy)
    assert code == 1 and len(said["chain"]) == 10


def test_columns_that_are_gone(copy):
    copy.alter("alter table events.patrol_log drop column remark")
    code, said = verify(copy)
    assert code == 1 and "bus.layout" in said["chain"][0][3]


# ---- seals ----

@pytest.fixture(scope="module")
def keys(tmp_path_factory, stack):
    folder = tmp_path_factory.mktemp("keys")
    for name in ("seal.key", "other.key"):
        done = subprocess.run([stack.program("gridloopctl"), "seal", "--new-key", folder / name], capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr
    assert (folder / "seal.key").stat().st_mode & 0o777 == 0o600
    return folder


def seal(world, keys, name="a.seal"):
    done = world.ctl("seal", world.folder / name, f"--key-file={keys / 'seal.key'}")
    assert done.returncode == 0, done.stderr
    return world.folder / name


def against(path, keys):
    return f"--seal={path}", f"--public-key-file={keys / 'seal.key.pub'}"


@pytest.fixture
def sealed(copy, keys):
    """A database that has just been sealed, and what it is verified with."""
    path = seal(copy, keys, copy.database + ".seal")
    return copy, against(path, keys)


def cut_off(world):
    """The last batch of a source, and all that it did, as if it had never been."""
    source_id, from_offset, next_offset = world.sql(
        "select source_id, from_offset, next_offset from bus.batch where from_offset > 5 order by from_offset desc limit 1")[0]
    for table in ("events.patrol_log", "bus.dead_letter"):
        world.alter(f"delete from {table} where source_id = {source_id} and topic_offset >= {from_offset}")
    world.alter(f"delete from bus.batch where source_id = {source_id} and from_offset = {from_offset}")
    world.alter(f"update bus.progress set next_offset = {from_offset}, head = (select hash from bus.batch b where b.source_id = "
                f"{source_id} and b.next_offset = {from_offset}) where source_id = {source_id}")
    return source_id, from_offset, next_offset


def test_an_untouched_database_and_its_seal(sealed):
    world, arguments = sealed
    assert verify(world, *arguments) == (0, {})


def test_what_openssl_says_of_a_seal(sealed, keys):
    """Whoever has the public key can check it without us."""
    path = sealed[1][0].removeprefix("--seal=")
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", keys / "seal.key.pub", "-rawin", "-in", path,
                           "-sigfile", path + ".sig"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    text = open(path, encoding="utf-8").read()
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False) == text


def test_a_key_that_openssl_made(copy, keys, tmp_path):
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "k"], check=True, timeout=30)
    os.chmod(tmp_path / "k", 0o600)
    subprocess.run(["openssl", "pkey", "-in", tmp_path / "k", "-pubout", "-out", tmp_path / "k.pub"], check=True, timeout=30)
    done = copy.ctl("seal", tmp_path / "s", f"--key-file={tmp_path / 'k'}")
    assert done.returncode == 0, done.stderr
    assert verify(copy, f"--seal={tmp_path / 's'}", f"--public-key-file={tmp_path / 'k.pub'}") == (0, {})


def test_an_end_that_was_cut_off(sealed):
    """Without the seal nothing is amiss."""
    world, arguments = sealed
    source_id, from_offset, next_offset = cut_off(world)
    assert verify(world) == (0, {})
    code, said = verify(world, *arguments)
    assert code == 1 and said == {"seal": [
        (source_id, from_offset, None, f"the last {next_offset - from_offset} offsets that were sealed are gone")]}


def forge(world):
    """A row is altered, and every hash behind it made anew, as the definition is public."""
    world.alter("update events.patrol_log set remark = 'other' where event_id = (select min(event_id::text)::uuid from "
                "events.patrol_log)")
    with world.connect() as connection:
        chains = Chains(connection)
        list(chains.check())
    heads = {}
    for source_id, from_offset, outcomes, before, recorded in world.sql(
            "select source_id, from_offset, outcomes, lag(hash) over (partition by source_id order by from_offset), hash from "
            "bus.batch order by source_id, from_offset"):
        if before is None or outcomes.startswith("g"):
            heads[source_id] = recorded
            if before is not None or outcomes.startswith("g"):
                continue
            start = world.sql("select bus.chain_start(source_id, chained_from) from bus.progress where source_id = %s", source_id)
            heads[source_id] = start[0][0]
        heads[source_id], prints = chains.pass_tile(source_id, heads[source_id], from_offset, outcomes)
        world.alter(f"update bus.batch set hash = '\\x{heads[source_id].hex()}', prints = '\\x{prints.hex()}' "
                    f"where source_id = {source_id} and from_offset = {from_offset}")
    for source_id, head in heads.items():
        world.alter(f"update bus.progress set head = '\\x{head.hex()}' where source_id = {source_id}")


def test_a_chain_that_was_forged(sealed):
    """Who can alter everything in the database cannot alter the seal."""
    world, arguments = sealed
    forge(world)
    assert verify(world) == (0, {}) and list(check_chain(world)) == []
    code, said = verify(world, *arguments)
    assert code == 1 and [place[3] for place in said["seal"]] == [
        "what is stored before the last of these offsets is not what was sealed"]


@pytest.mark.parametrize("statement, wanted", [
    ("update reference.area set name = 'elsewhere' where version = 1 and code = '4105-1'",
     "reference.area: version 1 is not what was sealed"),
    ("delete from reference.area where version = 1", "reference.area: version 1 is gone"),
    ("update bus.source set partition = 7 where source_id = 2", "bus.source: it was"),
    ("delete from bus.progress where source_id = 2", "bus.progress: the row is gone"),
], ids=["reference altered", "reference gone", "another source", "a source that is not read"])
def test_what_else_a_seal_finds(sealed, statement, wanted):
    world, arguments = sealed
    world.alter(statement)
    code, said = verify(world, *arguments)
    assert code == 1 and any(wanted in place[3] for place in said["seal"]), said


def test_a_seal_that_is_none(sealed, keys, tmp_path):
    """The signature comes first: nothing that it does not cover is believed."""
    world, (where, key) = sealed
    path = where.removeprefix("--seal=")
    signature = open(path + ".sig", "rb").read()
    text = open(path, "rb").read()
    (tmp_path / "a").write_bytes(text.replace(b'"next_offset":', b'"next_offset" :', 1))
    (tmp_path / "a.sig").write_bytes(signature)
    (tmp_path / "b").write_bytes(text)
    (tmp_path / "b.sig").write_bytes(signature[:-1])
    (tmp_path / "c").write_bytes(text)
    for name, code in (("a", 65), ("b", 65), ("c", 66), ("no such seal", 66)):
        done = world.ctl("verify", f"--seal={tmp_path / name}", key)
        assert done.returncode == code, (name, done.stderr)
    other = world.ctl("verify", where, f"--public-key-file={keys / 'other.key.pub'}")
    assert other.returncode == 65 and "is not signed by the key" in other.stderr
    for arguments in ([where], [key]):
        assert world.ctl("verify", *arguments).returncode == 64
    assert world.ctl("verify", where, f"--public-key-file={path}").returncode == 78


def test_what_seal_refuses(copy, keys, tmp_path):
    """Nothing is written over, and no key that others can read is used."""
    key = f"--key-file={keys / 'seal.key'}"
    assert copy.ctl("seal", tmp_path / "s", key).returncode == 0
    again = copy.ctl("seal", tmp_path / "s", key)
    assert again.returncode == 73 and "File exists" in again.stderr
    open_key = tmp_path / "open.key"
    open_key.write_bytes((keys / "seal.key").read_bytes())
    os.chmod(open_key, 0o644)
    done = copy.ctl("seal", tmp_path / "t", f"--key-file={open_key}")
    assert done.returncode == 78 and "chmod 600" in done.stderr and not (tmp_path / "t").exists()
    assert copy.ctl("seal", tmp_path / "t").returncode == 64
    assert copy.ctl("seal", tmp_path / "t", f"--key-file={keys / 'seal.key.pub'}").returncode == 78
    assert copy.run("gridloopctl", "seal", "--new-key", keys / "seal.key").returncode == 73


# ---- however it was cut into batches ----

def heads(world):
    return world.sql("select partition, source_id, next_offset, head from bus.source join bus.progress using (source_id) "
                     "order by partition")


def test_batches_do_not_matter(world, keys):
    """The same topic read in batches of 1, 7 and 10,000, with kills in the midst: the same heads. A seal of one is met by
    the others, which have no batch that ends there."""
    rng = world.rng()
    world.make_topic(KIND, partitions=2)
    fill(world, rng)
    one, seven = world.twin(), world.twin()
    seven.settle_and_stop(seven.consumer(KIND, batch_rows=7))
    where = against(seal(seven, keys), keys)
    fill(world, rng)
    for each, rows, points in ((world, 10000, ("after_copy:1", "before_commit:1")), (one, 1, ("after_copy:9", "after_commit:5")),
                               (seven, 7, ("before_insert:4", "before_commit:2"))):
        for point in points:
            daemon = each.consumer(KIND, batch_rows=rows, build="points", point=f"{point}:kill", wait=False)
            daemon.wait_exit(60)
        each.settle_and_stop(each.consumer(KIND, batch_rows=rows))
        check_all(each)
    assert heads(world) == heads(one) == heads(seven)
    for each in (world, one, seven):
        assert verify(each, *where) == (0, {})


def test_what_came_before_the_chain(world, keys):
    """A source that was read before the chain was introduced is in it from where it stood then."""
    rng = world.rng()
    world.make_topic(KIND)
    fill(world, rng)
    world.settle_and_stop(world.consumer(KIND, batch_rows=10))
    stood = world.progress(KIND)[0]
    world.alter("alter table bus.batch drop constraint batch_is_chained")
    world.alter("update bus.batch set hash = null, prints = null, dead_letter_layout_id = null")
    world.alter("update bus.progress set chained_from = next_offset, head = bus.chain_start(source_id, next_offset)")
    assert verify(world) == (0, {})
    fill(world, rng)
    world.settle_and_stop(world.consumer(KIND, batch_rows=10))
    check_all(world)
    world.alter(f"update bus.batch set hash = null where from_offset = {stood}")
    code, said = verify(world)
    assert code == 1 and (1, stood, None, "bus.batch: not in the chain") in said["chain"]
