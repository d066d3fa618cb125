"""cmake --install into an empty folder: everything is there, works from there, and needs nothing of the source tree."""
import os
import pathlib
import re
import sqlite3
import subprocess

import pytest

from checker import check_all
from daemon import environment
from events import KINDS, to_json
from stack import ROOT
from waiting import wait_for
from world import Sent, json_lines

KIND = "drone_alert"
DEVICE = pathlib.Path(__file__).with_name("device.c")
FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE"]


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **more)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def pkg_config(prefix, *arguments):
    path = f"{next(prefix.rglob('gridloop-producer.pc')).parent}"
    return run("pkg-config", *arguments, "gridloop-producer",
               env=os.environ | {"PKG_CONFIG_PATH": f"{path}:{os.environ.get('PKG_CONFIG_PATH', '')}"}).split()


def folder_of_library(prefix):
    return next(prefix.rglob("libgridloop-producer.so.0")).parent


@pytest.fixture(scope="module")
def shared(prefix, tmp_path_factory):
    program = tmp_path_factory.mktemp("shared") / "device"
    run("cc", *FLAGS, DEVICE, "-o", program, *pkg_config(prefix, "--cflags", "--libs"), f"-Wl,-rpath,{folder_of_library(prefix)}")
    return program


@pytest.fixture(scope="module")
def static(prefix, tmp_path_factory):
    program = tmp_path_factory.mktemp("static") / "device"
    libs = pkg_config(prefix, "--static", "--cflags", "--libs")
    libs[libs.index("-lgridloop-producer")] = "-l:libgridloop-producer.a"
    run("cc", *FLAGS, DEVICE, "-o", program, *libs)
    return program


def needed(file):
    return set(re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", file)))


def send(world, program, lines, servers=None):
    return subprocess.run([program, KIND, world.folder / "device.spool", servers or world.stack.bootstrap, world.namespace],
                          input=json_lines(lines), capture_output=True, timeout=120, env=environment(world.stack))


def test_what_is_there(prefix):
    programs = {path.name for path in (prefix / "bin").iterdir()}
    built = {path.name for path in (pathlib.Path(os.environ["GRIDLOOP_BUILD"]) / "bin").iterdir()
             if path.name.startswith("gridloop") and not path.name.endswith("-v1")}
    assert programs == built
    assert {path.name.removesuffix(".1") for path in (prefix / "share/man/man1").iterdir()} == programs
    assert {path.name for path in (prefix / "share/bash-completion/completions").iterdir()} == programs
    assert {path.name for path in (prefix / "include").rglob("*.h")} == {"producer.h"}
    assert (prefix / "share/gridloop/reference/beiguan/areas.geojson").exists()


def test_it_knows_nothing_of_where_it_was_built(prefix):
    """Stripped programs name neither the tree nor the build."""
    for program in ("gridloopctl", "gridloop-consume-drone-alert", "gridloop-produce-drone-alert"):
        assert str(ROOT).encode() not in (prefix / "bin" / program).read_bytes(), program
        assert "RUNPATH" not in run("readelf", "-d", prefix / "bin" / program)


def test_the_daemons_work_from_there(world, prefix):
    stack = world.stack
    run(prefix / "bin/gridloopctl", "setup", f"--database-url={world.owner_url}", f"--namespace={world.namespace}", env=environment(stack))
    data = sorted((prefix / "share/gridloop/reference/beiguan").glob("*.geojson")) + sorted((prefix / "share/gridloop/reference/beiguan").glob("*.csv"))
    run(prefix / "bin/gridloopctl", "reference", "load", f"--database-url={world.owner_url}", *data, env=environment(stack))
    daemon = world.consumer(KIND, program=prefix / "bin/gridloop-consume-drone-alert")
    lines = run(prefix / "bin/gridloop-simulate", "lines", "--kind", KIND, "--count", "200", "--seed", "1")
    produced = subprocess.run([prefix / "bin/gridloop-produce-drone-alert", f"--spool={world.folder / 'spool'}", f"--namespace={world.namespace}"],
                              input=lines.encode(), capture_output=True, env=environment(stack), timeout=120)
    assert produced.returncode == 0, produced.stderr
    world.settle_and_stop(daemon)
    assert world.rows(KIND) == 200
    assert world.sql("select count(*) from events.drone_alert where located_version is not null")[0][0] == 200
    run(prefix / "bin/gridloopctl", "verify", f"--database-url={world.owner_url}", env=environment(stack))


# ---- libgridloop-producer ----

@pytest.mark.parametrize("how", ["shared", "static"])
def test_a_program_sends_events(world, request, how):
    """Each is stored as it was given, read by others' Avro; the bad ones are named, and are not."""
    program, kind, rng = request.getfixturevalue(how), KINDS[KIND], world.rng()
    world.make_topic(KIND, partitions=3)
    events = [kind.fresh(rng) for _ in range(500)]
    lines = [to_json(kind, event) for event in events]
    done = send(world, program, lines[:250] + [lines[0] | {"longitude": 200}] + lines[250:])
    assert done.returncode == 1, done.stderr
    assert done.stdout.decode().split() == [event["event_id"] for event in events]
    assert [line for line in done.stderr.decode().splitlines() if not line.startswith("{")] == [
        "2: longitude: is above 180"], done.stderr
    for (partition, offset), message in world.read_topic(KIND)[0].items():
        event = kind.decode(message.value())
        assert message.key() == kind.key(event)
        world.sent[KIND, partition, offset] = Sent(KIND, message.value(), message.key(), message.headers(), event,
                                                   partition=partition, offset=offset)
    world.settle_and_stop(world.consumer(KIND))
    assert sorted(row[0] for row in world.sql("select event_id::text from events.drone_alert")) == sorted(e["event_id"] for e in events)
    check_all(world)


def test_what_kafka_does_not_take_is_sent_by_the_next_run(world, shared):
    kind, rng = KINDS[KIND], world.rng()
    lines = [to_json(kind, kind.fresh(rng)) for _ in range(20)]
    world.make_topic(KIND)
    program = subprocess.Popen([shared, KIND, world.folder / "device.spool", "127.0.0.1:1", world.namespace], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(world.stack))
    program.stdin.write(json_lines(lines))
    program.stdin.close()
    try:
        wait_for(lambda: spooled(world.folder / "device.spool") == 20, 60, "the program has committed its events")
    finally:
        program.kill()
        program.wait()
        program.stdout.close()
    assert send(world, shared, []).returncode == 0
    assert len(world.read_topic(KIND)[0]) == 20
    assert spooled(world.folder / "device.spool") == 0


def spooled(path):
    """How many events are in a spool, by SQLite's own library; None: it is not made yet."""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            return connection.execute("select count(*) from event").fetchone()[0]
    except sqlite3.OperationalError:
        return None


def test_wrong_settings_are_named(world, shared):
    done = subprocess.run([shared, "no_such", world.folder / "spool", world.stack.bootstrap, world.namespace], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env=environment(world.stack))
    assert (done.returncode, done.stderr) == (2, "3: kind: there is none of that name\n")
    done = subprocess.run([shared, KIND, world.folder / "no/such/spool", world.stack.bootstrap, world.namespace], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env=environment(world.stack))
    assert done.returncode == 2 and done.stderr.startswith("3: ") and "no/such/spool" in done.stderr


def test_it_brings_neither_postgresql_nor_geos(prefix):
    library = folder_of_library(prefix) / "libgridloop-producer.so.0"
    assert not [name for name in needed(library) if name.startswith(("libpq", "libgeos", "libmicrohttpd"))]
    exported = {line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()}
    named = set(re.findall(r"\b(gridloop_producer_\w+)\(", (prefix / "include/gridloop/producer.h").read_text()))
    assert exported == named
    archive = run("nm", "-g", "--defined-only", folder_of_library(prefix) / "libgridloop-producer.a")
    assert {line.split()[-1] for line in archive.splitlines() if re.match(r"^[0-9a-f]+ ", line)} == named


def test_the_header_stands_alone(prefix, tmp_path):
    for compiler, name in (("cc", "a.c"), ("c++", "a.cc")):
        (tmp_path / name).write_text("#include <gridloop/producer.h>\n")
        run(compiler, "-Wall", "-Wextra", "-Werror", "-pedantic", "-c", f"-I{prefix / 'include'}", tmp_path / name, "-o", tmp_path / "a.o")
