"""Wrong settings: each start is refused with the place and the reason, no secret is told, and nothing has happened."""
import os

import pytest

from checker import check_all
from events import KINDS
from world import World, good

KIND = "drone_alert"
SECRET = "correct-horse-battery"
PROGRAMS = ["gridloop-consume-drone-alert", "gridloop-produce-drone-alert"]
LONG = "x" * 70_000

# name: (the file, the line that has to be named, a word of the reason); of both programs
FILES = {
    "unknown key": ("# fine\nlog_levle = info\n", 2, "log_level"),
    "key of another program": ("log_level = info\nno_such_thing = 1\n", 2, "no_such_thing"),
    "key twice": ("log_level = info\nnamespace = a\nlog_level = warn\n", 3, "line 1"),
    "no key": ("\n = 5\n", 2, "key"),
    "no value sign": ("log_level\n", 1, "key = value"),
    "CRLF": ("log_level = info\r\n", 1, "carriage return"),
    "NUL": ("log_level = in\0fo\n", 1, "NUL"),
    "not UTF-8": (b"namespace = caf\xe9\n", 1, "UTF-8"),
    "UTF-16": ("namespace = x\n".encode("utf-16"), 1, "UTF-8"),
    "control characters": ("log\x1b[2Jlevel = info\n", 1, "key"),
    "a choice that is none": ("log_level = loud\n", 1, "debug|info|warn|error"),
    "a line of 70 kB": (f"namespace = {LONG}\n", 1, "65536"),
    "a name that is none": ("namespace = o'brien\n", 1, "letters"),
    "a name of 201": (f"namespace = {'x' * 201}\n", 1, "200"),
    "unknown property": ("\nkafka.no.such.property = 1\n", 2, "no.such.property"),
    "wrong value of a property": ("kafka.session.timeout.ms = soon\n", 1, "session.timeout.ms"),
    "a guarantee": ("kafka.enable.idempotence = false\nkafka.enable.auto.commit = true\n", None, "kafka.enable"),
    "a secret in the file": (f"kafka.sasl.password = {SECRET}\n", 1, "file"),
}

# Of the consumer alone: numbers, and the database.
CONSUMER_FILES = {
    "a number that is none": ("batch_rows = many\n", 1, "whole number"),
    "a huge number": (f"batch_rows = {'9' * 40}\n", 1, "100000"),
    "a number with a unit": ("linger_ms = 50ms\n", 1, "whole number"),
    "a number in another form": ("batch_rows = 0x10\n", 1, "whole number"),
    "no number": ("batch_rows =\n", 1, "whole number"),
    "a negative number": ("batch_rows = -1\n", 1, "from 1"),
    "a password in the URL": (f"database_url = postgresql://u:{SECRET}@127.0.0.1/x\n", None, "password"),
    "a password among the words": (f"database_url = host=127.0.0.1 password={SECRET}\n", None, "password"),
}


@pytest.fixture(scope="module")
def topic(stack, template, tmp_path_factory):
    """A world whose topic holds events before any of the starts; all of them are stored by the last one."""
    world = World(stack, template, tmp_path_factory.mktemp("configuration"))
    world.make_topic(KIND)
    rng = world.rng()
    world.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(10))
    yield world
    problems = world.close()
    assert not problems, "\n".join(problems)


def usual(world, program):
    """What the program needs beside its file."""
    return {PROGRAMS[0]: [f"--database-url={world.ingest_url}"], PROGRAMS[1]: [f"--spool={world.folder}/spool"]}[program]


def refused(world, table, program, name, arguments, *words):
    done = world.run(program, *arguments, timeout=30)
    code, said = done.returncode, (done.stdout + done.stderr).decode()
    line = said.strip().splitlines()[-1]
    if program == PROGRAMS[0]:
        told = line.split(": ", 1)[-1].replace(f"{world.folder}/", "")
        table(41, name, "78, " + ", ".join(words).replace(f"{world.folder}/", ""), f"{code}, {told:.70}")
    assert code == 78, said
    assert SECRET not in said
    assert all(word in said for word in words), said
    assert not any(character < " " and character != "\n" for character in said)
    assert len(line) < 1000
    assert world.rows(KIND) == 0 and world.progress(KIND) == {}


def write(world, content):
    file = world.folder / "gridloop.conf"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", FILES)
def test_files(topic, table, program, name):
    content, line, word = FILES[name]
    file = write(topic, content)
    refused(topic, table, program, name, [*usual(topic, program), f"--config={file}"], word, *([f"gridloop.conf:{line}"] if line else []))


@pytest.mark.parametrize("name", CONSUMER_FILES)
def test_files_of_consumers(topic, table, name):
    content, line, word = CONSUMER_FILES[name]
    file = write(topic, content)
    more = [] if "database_url" in content else usual(topic, PROGRAMS[0])
    refused(topic, table, PROGRAMS[0], name, [*more, f"--config={file}"], word,
            *([f"gridloop.conf:{line}"] if line else []))


def test_a_file_of_two_megabytes(topic, table):
    file = write(topic, "# fine\n" * 300_000)
    refused(topic, table, PROGRAMS[0], "a file of 2 MB", [*usual(topic, PROGRAMS[0]), f"--config={file}"], "gridloop.conf", "1048576")


@pytest.mark.parametrize("path", ["/no/such/file", "/proc/self", "/"])
def test_no_file(topic, table, path):
    refused(topic, table, PROGRAMS[0], f"--config={path}", [*usual(topic, PROGRAMS[0]), f"--config={path}"], path)


SECRETS = {
    "missing": (None, 0o600, "password"), "empty": ("", 0o600, "empty"), "readable by everybody": (SECRET, 0o644, "everybody"),
    "writable by everybody": (SECRET, 0o602, "everybody"), "too long": (SECRET * 2000, 0o600, "long"),
}


@pytest.mark.parametrize("name", SECRETS)
def test_files_of_secrets(topic, table, name):
    content, mode, word = SECRETS[name]
    file = topic.folder / "password"
    file.unlink(missing_ok=True)
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    refused(topic, table, PROGRAMS[0], f"a password's file: {name}",
            [*usual(topic, PROGRAMS[0]), f"--database-password-file={file}"], str(file), word)


def test_a_folder_for_a_secret(topic, table):
    refused(topic, table, PROGRAMS[0], "a password's file: a folder",
            [*usual(topic, PROGRAMS[0]), f"--database-password-file={topic.folder}"], str(topic.folder))


def test_the_environment(topic, table):
    done = topic.run(PROGRAMS[0], *usual(topic, PROGRAMS[0]), env={"GRIDLOOP_BATCH_ROWS": "many"}, timeout=30)
    said = done.stderr.decode().split(": ", 1)[-1].strip()
    table(41, "a wrong value in the environment", "78, GRIDLOOP_BATCH_ROWS", f"{done.returncode}, {said:.70}")
    assert done.returncode == 78 and "GRIDLOOP_BATCH_ROWS" in said


def test_then_the_right_one(topic):
    """None of the refused starts has left anything; with the right settings every event is stored once."""
    file = write(topic, "# all that can be said\nlog_level = info\n\tbatch_rows = 7 \nnamespace=" + topic.namespace + "\n")
    secret = topic.folder / "right"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o640)
    daemon = topic.consumer(KIND, namespace=None, config=file, database_password_file=secret)
    rng = topic.rng()
    topic.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(10))
    topic.settle_and_stop(daemon)
    check_all(topic)
    assert SECRET not in daemon.output()
    assert os.stat(file).st_size > 0
