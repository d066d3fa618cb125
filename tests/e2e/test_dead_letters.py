"""Dead letters have a way back: listed, shown, sent again as they came, given up, and accounted for at every step."""
import collections
import json
import subprocess

import pytest

from checker import check_all
from daemon import environment, flags
from events import KINDS
from test_writers import Writer
from world import bad, good

KIND = "patrol_log"
OF = KINDS[KIND]
TOO_MANY = 1_000_000
CONSTRAINT = f"alter table events.patrol_log add constraint wires_are_few check (wires_fixed < {TOO_MANY})"
REPAIR = "alter table events.patrol_log drop constraint wires_are_few"


def refused_events(world, count, partitions=1, **changes):
    """So many events of which the server refuses each second one, in dead letters; how they were sent."""
    rng = world.rng()
    world.sql(CONSTRAINT)
    world.make_topic(KIND, partitions)
    sent = world.produce(good(KIND, OF.fresh(rng, wires_fixed=TOO_MANY if number % 2 else 1) | changes)
                         for number in range(count))
    world.settle_and_stop(world.consumer(KIND, linger_ms=500))
    return sent


def letters(world, where="true"):
    """SOURCE/OFFSET of each, in order."""
    return [name for name, in world.sql(f"select source_id || '/' || topic_offset from bus.dead_letter where {where} "
                                        "order by source_id, topic_offset")]


def replay(world, *arguments, **more):
    return world.ctl("dead-letter replay", *flags({"wait": 20}), *arguments, **more)


def store_again(world):
    world.settle_and_stop(world.consumer(KIND))


def verify(world, sent):
    """Every accepted event is stored, or a dead letter that nobody sent again."""
    truth = world.folder / "truth.tsv"
    truth.write_text("".join(f"{KIND}\t{one.event['event_id']}\n" for one in sent))
    done = world.ctl("verify", f"--truth={truth}", "--complete")
    assert done.returncode == 0, done.stdout + done.stderr


def actions(world):
    return world.sql("select source_id || '/' || topic_offset, action, actor, note from bus.dead_letter_action "
                     "order by action_id")


def no_event(rng, size):
    return b"\0" + rng.randbytes(size - 1)  # what begins as ours is refused for another reason


# ---- the way back ----

def test_the_log_names_each(world):
    """Where it lies, which event it is, and why; nothing of what is in it."""
    rng = world.rng()
    world.make_topic(KIND)
    event = OF.fresh(rng)
    daemon = world.consumer(KIND)
    world.produce([good(KIND, event)])
    world.settle(KIND)
    other = event | {"remark": "horse-battery"}
    world.produce([good(KIND, other), bad(KIND, None, "tombstone"), good(KIND, OF.fresh(rng))])
    world.settle(KIND)
    daemon.wait_log("set aside", 2)
    told = [{name: line[name] for name in ("kind", "topic", "partition", "offset", "event_id", "reason", "field")}
            for line in daemon.log("set aside")]
    assert told == [
        {"kind": KIND, "topic": world.topic(KIND), "partition": "0", "offset": "1", "event_id": event["event_id"],
         "reason": "identity_conflict", "field": told[0]["field"]},
        {"kind": KIND, "topic": world.topic(KIND), "partition": "0", "offset": "2", "event_id": "", "reason": "tombstone", "field": ""}]
    assert "horse-battery" not in daemon.output()
    world.settle_and_stop(daemon)


def test_set_aside_repaired_replayed_stored(world):
    sent = refused_events(world, 400)
    verify(world, sent)
    assert world.rows(KIND) == 200
    world.sql(REPAIR)
    done = replay(world, "--reason=refused_by_server", "--actor=Li Wei", "--note=constraint dropped")
    assert (done.returncode, done.stdout) == (0, "200 sent, 0 cannot be\n"), done.stderr
    assert len(actions(world)) == 200 and {tuple(row[1:]) for row in actions(world)} == {
        ("replay", "Li Wei", "constraint dropped")}
    store_again(world)
    verify(world, sent)
    assert world.rows(KIND) == 400 and len(letters(world)) == 200
    assert world.ctl("dead-letter list").stdout == "no such dead letter\n"
    nothing = replay(world, "--all")
    assert (nothing.returncode, nothing.stdout) == (0, "0 sent, 0 cannot be\n")


def test_the_message_goes_as_it_came(world):
    """Key, value, headers; none, null and empty ones; with what says that it is a replay."""
    rng = world.rng()
    cases = [(b"key", b"\0" + rng.randbytes(100), [("ce_id", b"1"), ("x", None), ("x", b""), ("长", b"\0\xff")]),
             (None, b"\xc3\x01x", []), (b"", b"", [("h", b"v")] * 100), (b"k", None, [("a", b"b")]), (None, None, [])]
    world.make_topic(KIND)
    world.produce(bad(KIND, value, "any", key=key, headers=headers) for key, value, headers in cases)
    store_again(world)
    assert replay(world, "--all").returncode == 0
    messages, _ = world.read_topic(KIND)
    assert len(messages) == 2 * len(cases)
    for number, (key, value, headers) in enumerate(cases):
        message = messages[0, len(cases) + number]
        assert (message.key(), message.value()) == (key, value)
        assert message.headers() == headers + [("gridloop-replay-of", f"1/{number}".encode()),
                                               ("gridloop-replay-count", b"1")]


def test_three_times_and_no_more(world):
    rng = world.rng()
    world.make_topic(KIND)
    world.produce([bad(KIND, no_event(rng, 50), "envelope", headers=[("a", b"b")])])
    store_again(world)
    for count in range(1, 4):
        assert replay(world, "--all").returncode == 0
        store_again(world)
        assert world.sql("select topic_offset, replay_source, replay_offset, replay_count, header_count "
                         "from bus.dead_letter order by topic_offset desc limit 1") == [(count, 1, count - 1, count, 3)]
    done = replay(world, "--all")
    assert done.returncode == 65 and "1/3 patrol_log envelope: not sent: it was sent again three times" in done.stdout
    assert sum(world.high(KIND).values()) == 4 and len(actions(world)) == 3
    shown = world.ctl("dead-letter show", "1/1").stdout
    assert "replay of    1/0" in shown and "came back as 1/2" in shown


def test_order_of_one_key(world):
    """Over three partitions, in many pages: what has one key comes again in the order in which it came."""
    rng = world.rng()
    world.make_topic(KIND, partitions=3)
    keys = [rng.randbytes(8) for _ in range(7)]
    world.produce(bad(KIND, b"\0%d" % number, "envelope", key=rng.choice(keys)) for number in range(500))
    store_again(world)
    assert replay(world, "--all").stdout == "500 sent, 0 cannot be\n"
    messages, _ = world.read_topic(KIND)
    by_key = collections.defaultdict(list)
    for _, message in sorted(messages.items()):
        by_key[message.key()].append(message.value())
    assert len(by_key) == 7
    for values in by_key.values():
        half = len(values) // 2
        assert values[:half] == values[half:]


def test_killed_between_the_broker_and_the_note(world):
    """The letters stay open; sent once more they are repeats of what is stored."""
    sent = refused_events(world, 20)
    world.sql(REPAIR)
    killed = replay(world, "--all", build="points", env={"GRIDLOOP_POINT": "after_send:1:kill"})
    assert killed.returncode == -9
    assert actions(world) == [] and sum(world.high(KIND).values()) == 30
    store_again(world)
    verify(world, sent)
    assert replay(world, "--all").stdout == "10 sent, 0 cannot be\n"
    store_again(world)
    verify(world, sent)
    assert world.rows(KIND) == 20
    assert world.sql("select sum(duplicate) from bus.batch") == [(10,)]


def test_two_at_once_take_turns(world):
    rng = world.rng()
    world.make_topic(KIND)
    world.produce(bad(KIND, no_event(rng, 50), "envelope") for _ in range(1000))
    store_again(world)
    command = [world.stack.program("gridloopctl"), "dead-letter", "replay", "--all",
               *flags({"database_url": world.owner_url})]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(world.stack))
               for _ in range(3)]
    said = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert sum(int(line.split()[0]) for line in said) == 1000
    assert len(actions(world)) == 1000 and sum(world.high(KIND).values()) == 2000


def test_kafka_away(world):
    refused_events(world, 4)
    done = replay(world, "--all", "--wait=1", env={"GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert done.returncode == 69 and done.stdout == "0 sent, 0 cannot be\n"
    assert actions(world) == []


def test_what_cannot_be_sent(world):
    """Cut ones are named, and the others go on."""
    rng = world.rng()
    whole = [bad(KIND, no_event(rng, size), "envelope", key=b"%d" % size) for size in (1, 65536)]
    cut = [bad(KIND, no_event(rng, 65537), "envelope"), bad(KIND, b"\0", "envelope", headers=[("h", bytes(20_000))]),
           bad(KIND, b"\0", "header", headers=[("h", b"")] * 101)]
    world.make_topic(KIND)
    world.produce([cut[0], whole[0], cut[1], whole[1], cut[2]])
    store_again(world)
    check_all(world)
    done = replay(world, "--all")
    assert done.returncode == 65 and "2 sent, 3 cannot be" in done.stdout
    assert "1/0 patrol_log envelope: not sent: only 65536 of its 65537 bytes were kept" in done.stdout
    assert "1/2 patrol_log envelope: not sent: only 0 of its 1 headers were kept" in done.stdout
    assert "1/4 patrol_log header: not sent: only 100 of its 101 headers were kept" in done.stdout
    assert [name for name, *_ in actions(world)] == ["1/1", "1/3"]


def test_a_schema_that_was_not_known(world, tmp_path):
    """Devices were faster than the platform: the schema is registered, and what came before is sent again."""
    rng, writer, kind = world.rng(), Writer(), "drone_alert"
    world.make_topic(kind)
    early = world.produce([writer.message(KINDS[kind].fresh(rng)) for _ in range(30)])
    world.settle_and_stop(world.consumer(kind))
    assert world.sql("select reason, count(*) from bus.dead_letter group by 1") == [("schema_unknown", 30)]
    assert world.ctl("schema register", writer.file(tmp_path)).returncode == 0
    assert replay(world, "--kind=drone-alert", "--reason=schema_unknown").stdout == "30 sent, 0 cannot be\n"
    world.settle_and_stop(world.consumer(kind))
    assert {str(event_id) for event_id, in world.sql("select event_id from events.drone_alert")} == {
        one.event["event_id"] for one in early}
    assert len(letters(world)) == 30


# ---- which ones ----

def test_filters(world):
    rng = world.rng()
    world.make_topic(KIND, partitions=2)
    world.produce([bad(KIND, no_event(rng, 9), "envelope") for _ in range(3)], 0)
    world.produce([bad(KIND, None, "tombstone") for _ in range(2)], 1)
    store_again(world)

    def found(*arguments):
        done = world.ctl("dead-letter list", "--each", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        return [letter["letter"] for letter in json.loads(done.stdout)]

    everything = letters(world)
    envelopes, tombstones = letters(world, "reason = 'envelope'"), letters(world, "reason = 'tombstone'")
    assert found() == found("--state=all") == found("--kind=patrol-log") == found("--since=2020-01-01T00:00:00Z") == everything
    assert found("--reason=envelope") == found("--partition=0") == found(f"--source={envelopes[0][0]}") == envelopes
    assert found("--reason=tombstone") == found("--partition=1") == tombstones
    assert found("--kind=drone_alert") == found("--field=x") == found("--until=2020-01-01") == found("--source=99") == []
    assert found(everything[3], everything[0], "9/9") == [everything[0], everything[3]]
    assert world.ctl("dead-letter discard", "--note=x", tombstones[0]).stdout == "1 discarded\n"
    assert found("--state=discarded") == tombstones[:1] and found() == [n for n in everything if n != tombstones[0]]
    for wrong in (["--since=soon"], ["--state=lost"], ["1"], ["1/"], ["1/2/3"], ["0/1"], ["1/-1"], ["1/1 "], ["--source=x"]):
        assert world.ctl("dead-letter list", *wrong).returncode == 64, wrong
    assert world.ctl("dead-letter show", "9/9").returncode == 65


@pytest.mark.parametrize("command", ["replay", "discard --note=x"])
def test_more_than_one_has_to_be_meant(world, command):
    refused_events(world, 6)
    done = world.ctl(f"dead-letter {command.split()[0]}", *command.split()[1:])
    assert done.returncode == 64 and "that would be 3 dead letters" in done.stderr
    dry = world.ctl(f"dead-letter {command.split()[0]}", *command.split()[1:], "--all", "--dry-run", "--max=2")
    assert dry.returncode == 0 and "2 would be" in dry.stdout
    assert actions(world) == [] and sum(world.high(KIND).values()) == 6
    some = world.ctl(f"dead-letter {command.split()[0]}", *command.split()[1:], "--all", "--max=2")
    assert some.returncode == 0 and len(actions(world)) == 2
    assert world.ctl(f"dead-letter {command.split()[0]}", *command.split()[1:]).returncode == 0  # the one that is left
    assert len(actions(world)) == 3


def test_discarded_ones_are_accounted_for(world):
    sent = refused_events(world, 10)
    assert world.ctl("dead-letter discard", "--all").returncode == 64  # without saying why
    assert world.ctl("dead-letter discard", "--all", "--note=test data").stdout == "5 discarded\n"
    verify(world, sent)
    assert {row[1:] for row in actions(world)} == {("discard", actions(world)[0][2], "test data")}
    assert world.ctl("dead-letter list").stdout == "no such dead letter\n"


# ---- looking at them ----

def test_list_by_cause(world):
    refused_events(world, 6, remark="张三说了什么")
    text = world.ctl("dead-letter list").stdout
    assert "refused_by_server" in text and "SQLSTATE 23514, constraint wires_are_few" in text
    assert f"wires_fixed                  {TOO_MANY}\n" in text and "张三说了什么" in text
    redacted = world.ctl("dead-letter list", "--redact").stdout
    assert "张三" not in redacted and "remark" in redacted
    found = json.loads(world.ctl("dead-letter list", "--json").stdout)
    assert [(g["kind"], g["reason"], g["letters"]) for g in found["groups"]] == [(KIND, "refused_by_server", 3)]
    assert found["examples"][found["groups"][0]["example"]]["event"]["wires_fixed"] == TOO_MANY
    assert "张三" not in world.ctl("dead-letter list", "--json", "--redact").stdout


def test_show_marks_what_is_wrong(world):
    rng = world.rng()
    event = OF.fresh(rng, remark="x")
    pieces = OF.pieces(event) | {"police_count": b"\x01"}  # -1
    value = OF.encode(event)[:10] + b"".join(pieces.values())
    world.make_topic(KIND)
    world.produce([bad(KIND, value, "range", key=b"secret key", headers=[("h", b"secret header")])])
    store_again(world)
    shown = world.ctl("dead-letter show", "1/0").stdout
    assert "> police_count" in shown and event["event_id"] in shown and '"secret key"' in shown
    assert '"secret header"' in shown and "  000000  c3 01 " in shown and "can be sent  yes" in shown
    redacted = world.ctl("dead-letter show", "--redact", "1/0").stdout
    assert "secret" not in redacted and "c3 01" not in redacted and "> police_count" in redacted


def test_show_both_of_a_conflict(world):
    rng = world.rng()
    event = OF.fresh(rng, remark="alpha", wires_fixed=3)
    world.make_topic(KIND)
    world.produce([good(KIND, event), good(KIND, event | {"remark": "omega", "wires_fixed": 4})])
    store_again(world)
    shown = world.ctl("dead-letter show", "1/1").stdout
    marked = {line.split()[1]: line.split(maxsplit=2)[2] for line in shown.splitlines() if line.startswith("  > ")}
    assert marked == {"remark": "alpha  |  omega", "wires_fixed": "3  |  4"}
    redacted = world.ctl("dead-letter show", "--redact", "1/1").stdout
    assert "omega" not in redacted and "alpha" not in redacted and "(not shown, differs)" in redacted


@pytest.mark.parametrize("kind", KINDS)
def test_a_conflict_of_every_field(world, kind):
    """The stored row and the event are brought into one form, whatever the fields are: only what differs is marked."""
    rng, of = world.rng(), KINDS[kind]
    event = of.example("fullest")
    world.make_topic(kind)
    world.produce([good(kind, event), good(kind, event | {"is_test": not event["is_test"]})])
    world.settle_and_stop(world.consumer(kind))
    shown = world.ctl("dead-letter show", "1/1")
    assert shown.returncode == 0, shown.stderr
    assert [line.split()[1] for line in shown.stdout.splitlines() if line.startswith("  > ")] == ["is_test"]


def test_letters_of_a_kind_that_nobody_knows(world):
    """They are listed and shown all the same, without their event."""
    refused_events(world, 2)
    world.alter("update bus.dead_letter set kind = 'river_level'")
    assert "river_level" in world.ctl("dead-letter list").stdout
    assert "river_level" in world.ctl("dead-letter show", letters(world)[0]).stdout


def test_nobody_changes_a_letter(world):
    refused_events(world, 2)
    for statement in ("update bus.dead_letter set reason = 'x'", "delete from bus.dead_letter",
                      "update bus.dead_letter_action set note = 'x'"):
        world.ctl("dead-letter discard", "--all", "--note=x")
        with pytest.raises(Exception, match="append-only"):
            world.sql(statement)
