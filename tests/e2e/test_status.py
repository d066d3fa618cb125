"""gridloopctl status: each state in words, the worst first, with its exit code; gridloopctl healthy."""
import json
import subprocess
import time

from chain import check_chain
from daemon import environment, flags
from events import KINDS
from waiting import wait_for
from world import bad, good

KIND = "patrol_log"
OF = KINDS[KIND]


def fresh(world, rng, count, partition=None):
    return world.produce([good(KIND, OF.fresh(rng)) for _ in range(count)], partition)


def ask(world, *more, window_s=1):
    """(exit code, answer)"""
    done = world.ctl("status", "--json", *flags({"namespace": world.namespace, "window_s": window_s}), *more)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def of_kind(answer, kind=KIND):
    return {one["partition"]: one for one in answer["partitions"] if one["kind"] == kind}


def others(answer):
    return {one["thing"]: one for one in answer["others"]}


def test_each_state(world):
    """All well, a dead letter, one that stands still, one that nobody has, a gap."""
    world.setup()
    rng = world.rng()
    for kind in KINDS:
        world.partitions(kind)
    code, answer = ask(world)
    assert code == 2 and answer["state"] == "stopped" and {one["state"] for one in answer["partitions"]} == {"stopped"}
    assert "nobody has read it yet" in answer["partitions"][0]["what"] and others(answer)["dispatch"]["state"] == "stopped"

    consumers = {kind: world.consumer(kind) for kind in KINDS}
    dispatch = world.dispatch(heartbeat_s=1)
    fresh(world, rng, 50)
    wait_for(lambda: all(one["heartbeat_s"] is not None for one in ask(world)[1]["partitions"]), 60, lambda: ask(world))
    code, answer = ask(world, window_s=30)  # heartbeats come every second; it waits no longer than they take
    assert code == 0 and answer["state"] == "ok" and answer["kafka_answers"], answer
    assert len(answer["partitions"]) == 6 * len(KINDS)
    for one in answer["partitions"]:
        assert (one["state"], one["lag_messages"], one["lag_seconds"], one["what"]) == ("ok", 0, 0, None), one
        assert one["owner"].endswith(f"/{consumers[one['kind']].process.pid}")
    assert others(answer)["outbox"]["count"] == 0 and others(answer)["parked actions"]["count"] == 0

    world.produce([bad(KIND, None, "tombstone")])
    world.settle(KIND)
    code, answer = ask(world, window_s=30)
    assert code == 1 and answer["state"] == "open", answer
    assert answer["others"][0]["thing"] == "dead letters of patrol_log" and answer["others"][0]["count"] == 1

    consumers[KIND].halt()
    before = time.time()
    fresh(world, rng, 20, 3)
    code, answer = ask(world)
    worst = answer["partitions"][0]
    assert code == 2 and (worst["kind"], worst["state"]) == (KIND, "stalled"), answer
    three = of_kind(answer)[3]
    assert three["state"] == "stalled" and three["lag_messages"] >= 20
    assert 0 < three["lag_seconds"] <= time.time() - before + 61 and "does not move" in three["what"]
    consumers[KIND].go_on()
    world.settle(KIND)
    wait_for(lambda: ask(world)[0] == 1, 60, lambda: ask(world))

    consumers[KIND].stop()
    code, answer = ask(world)
    assert code == 2 and {one["state"] for one in of_kind(answer).values()} == {"stopped"}
    assert [one["kind"] for one in answer["partitions"][:6]] == [KIND] * 6
    assert answer["partitions"][0]["what"] == "no consumer has it"
    dispatch.kill()
    wait_for(lambda: others(ask(world)[1])["dispatch"]["state"] == "stopped", 60, lambda: ask(world))
    for kind, consumer in consumers.items():
        if kind != KIND:
            consumer.stop()


def test_behind(world):
    """One that moves, and does not catch up within the window, is behind; its lag in seconds is that of the next message."""
    world.make_topic(KIND, 1)
    rng = world.rng()
    daemon = world.consumer(KIND, batch_rows=1)
    fresh(world, rng, 1)
    world.settle(KIND)
    before = time.time()
    fresh(world, rng, 20000)
    code, answer = ask(world)
    one = of_kind(answer)[0]
    assert code == 2, "the other topics are not there"
    assert one["state"] == "behind" and 0 < one["lag_messages"] < 20000, one
    assert 0 < one["lag_seconds"] <= time.time() - before + 2
    assert "the topic is not there" in answer["partitions"][0]["what"]
    daemon.stop()


def test_for_people(world):
    world.setup()
    done = world.ctl("status", *flags({"namespace": world.namespace}))
    lines = done.stdout.splitlines()
    assert done.returncode == 2 and lines[0] == "stopped" and lines[2].split()[:2] == ["state", "kind"], done.stdout
    assert "\033" not in done.stdout
    assert world.ctl("status", "--window-s", "x").returncode == 64


def test_watch(world):
    """An object a line, until it is asked to stop; its exit code is that of the last look."""
    watching = subprocess.Popen(
        [world.stack.program("gridloopctl"), "status", "--watch", "--json",
         *flags({"namespace": world.namespace, "database_url": world.owner_url})],
        stdout=subprocess.PIPE, env=environment(world.stack), text=True)
    try:
        for _ in range(2):
            assert json.loads(watching.stdout.readline())["state"] == "stopped"
        watching.terminate()
        assert watching.wait(30) == 2
    finally:
        watching.kill()
        watching.stdout.close()


def test_without_kafka(world):
    """What the database knows is said all the same."""
    world.make_topic(KIND, 2)
    daemon = world.consumer(KIND)
    fresh(world, world.rng(), 10)
    world.settle(KIND)
    code, answer = ask(world, "--kafka.bootstrap.servers=127.0.0.1:1")
    assert code == 2 and not answer["kafka_answers"]
    assert {one["state"] for one in of_kind(answer).values()} == {"unknown"} and len(of_kind(answer)) == 2
    daemon.stop()


def test_healthy(world):
    """What a container's health check runs, with the daemon's own variable."""
    world.make_topic(KIND, 1)
    daemon = world.consumer(KIND)
    daemon.wait_ready()
    address = daemon.log("answering")[0]["http"]

    def healthy(*arguments, **environment):
        return world.run("gridloopctl", "healthy", *arguments, env=environment, text=True)
    done = healthy(GRIDLOOP_HTTP_LISTEN=address)
    assert done.returncode == 0 and json.loads(done.stdout)["ready"], done
    assert healthy("--live", f"--http-listen={address}").stdout == "ok\n"
    world.sql("alter table events.patrol_log rename column wires_fixed to wires")
    daemon.kill()
    assert healthy(GRIDLOOP_HTTP_LISTEN=address).returncode == 1
    other = world.consumer(KIND, wait=False)
    address = other.wait_log("answering")["http"]
    wait_for(lambda: "schema" in other.not_ready(), 60, other.not_ready)
    done = healthy(GRIDLOOP_HTTP_LISTEN=address)
    assert done.returncode == 1 and "schema" in done.stdout
    assert healthy("--live", f"--http-listen={address}").returncode == 0
    assert healthy().returncode == 64 and healthy("--http-listen=nonsense").returncode == 78
    other.stop()


# ---- progress ----

def set_to(world, partition, to, *more):
    return world.ctl("progress set", world.topic(KIND), partition, f"--to={to}", "--reason", "a load test", *more)


def test_set_forward(world):
    """Refused while somebody reads it, without confirmation, backward, beyond what Kafka has; then it is a gap like any
    other, and everything can still be proved."""
    world.make_topic(KIND, 2)
    rng = world.rng()
    fresh(world, rng, 20, 0)
    fresh(world, rng, 5, 1)
    daemon = world.consumer(KIND)
    world.settle(KIND)
    done = set_to(world, 0, 25, "--confirm")
    assert done.returncode == 75 and f"/{daemon.process.pid} reads it" in done.stderr, done
    daemon.stop()
    fresh(world, rng, 10, 0)
    for to, more, code, reason in ((10, ["--confirm"], 65, "settled"), (20, ["--confirm"], 65, "already"),
                                   (31, ["--confirm"], 65, "up to 30"), (26, [], 64, "6 offsets would be given up")):
        done = set_to(world, 0, to, *more)
        assert done.returncode == code and reason in done.stderr, done
    assert world.progress(KIND) == {0: 20, 1: 5} and not world.sql("select from bus.gap")
    done = set_to(world, 0, 26, "--confirm", "--actor", "Li Wei")
    assert done.returncode == 0 and "6 offsets given up; reading goes on at offset 26" in done.stdout, done
    assert world.sql("select reason, from_offset, to_offset, accepted_by, accept_reason from bus.gap") == [
        ("set_forward", 20, 26, "Li Wei", "a load test")]
    shown = json.loads(world.ctl("progress show", "--json", f"--namespace={world.namespace}").stdout)
    assert [(one["partition"], one["next_offset"], one["is_owned"]) for one in shown] == [(0, 26, "no"), (1, 5, "no")]
    daemon = world.consumer(KIND)
    world.settle_and_stop(daemon)
    assert world.sql("select count(*), max(topic_offset) from events.patrol_log where not topic_offset between 20 and 25") == [(29, 29)]
    assert world.rows(KIND) == 29 and not check_chain(world)
    done = world.ctl("verify")
    assert done.returncode == 0, done.stdout
    listed = json.loads(world.ctl("gap list", "--all", "--json").stdout)[0]
    assert listed["offsets"] == 6 and "set the partition forward" in listed["meaning"]


def test_set_what_is_not_there(world):
    world.make_topic(KIND, 1)
    fresh(world, world.rng(), 3)
    done = set_to(world, 0, 2, "--confirm")
    assert done.returncode == 65 and "nobody has read" in done.stderr
    assert set_to(world, "x", 2).returncode == 64
    assert set_to(world, 7, 2, "--confirm").returncode == 69
    assert world.ctl("progress set", world.topic(KIND), 0, "--to=1", "--confirm").returncode == 64, "it needs a reason"


def test_set_waits_for_a_gap(world):
    """One that is open has to be accepted as what it is."""
    world.make_topic(KIND, 1)
    fresh(world, world.rng(), 10)
    daemon = world.consumer(KIND)
    world.settle(KIND)
    daemon.stop()
    world.sql("insert into bus.gap (source_id, from_offset, to_offset, reason) select source_id, 10, 12, 'corrupt' from bus.progress")
    fresh(world, world.rng(), 5)
    done = set_to(world, 0, 13, "--confirm")
    assert done.returncode == 65 and "it waits for gap" in done.stderr
