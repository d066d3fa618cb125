"""Files of settings: the program that reads one and gridloopctl check say the same about it, with the line and the reason."""
import json
import os
import pathlib
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).parent / "configurations"
WRONG = sorted(FOLDER.glob("*.conf"))
RIGHT = sorted((FOLDER / "right").glob("*.conf"))
SECRETS = {"good": ("x" * 20, 0o600), "open": ("x" * 20, 0o644), "empty": ("", 0o600), "long": ("x" * 20_000, 0o600)}
NEEDED = {"database_url": "postgresql://u@127.0.0.1:1/x", "kafka.bootstrap.servers": "127.0.0.1:1", "spool": "spool",
          "unit": "X", "state": "state"}


@pytest.fixture
def run(stack, tmp_path):
    """run(program, arguments, content): in a folder with the secrets, and with all that a start needs and that is not in the
    content; so only the file can be the reason."""
    for name, (secret, mode) in SECRETS.items():
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(mode)

    def run(program, arguments, content):
        needed = {"GRIDLOOP_" + name.upper().replace(".", "_"): value for name, value in NEEDED.items()
                  if f"\n{name} ".encode() not in b"\n" + content}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRIDLOOP_", "PG"))}
        return subprocess.run([stack.program(program), *map(str, arguments)], cwd=tmp_path, env=kept | needed,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    return run


def last_line(output):
    return output.decode().strip().splitlines()[-1]


def test_there_are_enough():
    assert len(WRONG) >= 40


@pytest.mark.parametrize("file", WRONG, ids=lambda file: file.stem)
def test_wrong(run, file):
    content = file.read_bytes()
    program, place = content.split(b"\n", 1)[0].decode().removeprefix("# ").split(":", 1)
    expected = f"{program}: {file}:{place}"

    started = run(program, [f"--config={file}"], content)
    assert started.returncode == 78, started
    assert last_line(started.stderr).startswith(expected)
    assert b"correct-horse-battery" not in started.stdout + started.stderr

    checked = run("gridloopctl", ["check", "--for", program, file], content)
    *findings, summary = checked.stdout.decode().splitlines()
    assert checked.returncode == 78, checked
    assert findings == [f"error  {last_line(started.stderr)}"]
    assert summary == "checked 1 file: 1 error, 0 warnings"
    assert b"correct-horse-battery" not in checked.stdout + checked.stderr


@pytest.mark.parametrize("file", RIGHT, ids=lambda file: file.stem)
def test_right(run, file):
    checked = run("gridloopctl", ["check", file], file.read_bytes())
    assert (checked.returncode, checked.stdout.decode().splitlines()) == (
        0, [f"ok     {file.stem}: {file}", "checked 1 file: 0 errors, 0 warnings"])

    shown = run("gridloopctl", ["config", "--json", file.stem, f"--config={file}"], file.read_bytes())
    assert shown.returncode == 0, shown
    given = {}
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            name, value = (part.strip() for part in line.split("=", 1))
            given[name] = {"name": name, "value": value, "from": f"{file}:{number}"}
    settings = {row["name"]: row for row in json.loads(shown.stdout)}
    assert {name: settings[name] for name in given} == given
    assert all(row["from"] in ("default", "environment") for name, row in settings.items() if name not in given)


def test_all_that_is_wrong_is_told(run, tmp_path):
    content = b"log_levle = info\nbatch_rows = many\nkafka.acks = 1\nkafka.retries = 2\nlinger_ms = 5\ndatabase_password_file = open\n"
    file = tmp_path / "gridloop-consume-patrol-log.conf"
    file.write_bytes(content)
    checked = run("gridloopctl", ["check", "--json", file.name], content)
    found = [json.loads(line) for line in checked.stdout.decode().splitlines()]
    assert checked.returncode == 78
    assert {(row["level"], row["subject"]) for row in found} == {("error", file.stem)}
    assert sorted(row["text"].split(": ")[0].removeprefix(file.name) for row in found) == [":1", ":2", ":3", ":4", ":6"]


def test_one_file_for_two_programs(run, tmp_path):
    """It has to be right for each of them."""
    content = b"log_level = info\nlinger_ms = 5\n"
    file = tmp_path / "shared.conf"
    file.write_bytes(content)
    both = ["--for", "consume-drone-alert", "--for", "consume-patrol-log"]
    assert run("gridloopctl", ["check", *both, file], content).returncode == 0
    checked = run("gridloopctl", ["check", *both, "--for", "dispatch", file], content)
    assert checked.returncode == 78
    assert "unknown key 'linger_ms'" in checked.stdout.decode()


def test_what_is_given_elsewhere_is_a_warning(stack, tmp_path):
    file = tmp_path / "gridloop-dispatch.conf"
    file.write_text("poll_ms = 100\n")
    checked = subprocess.run([stack.program("gridloopctl"), "check", file], capture_output=True,
                             env={"GRIDLOOP_POL_MS": "5", "GRIDLOOP_KAFKA_SASL_USERNAM": "u", "GRIDLOOP_KAFKA_SERVICE_HOST": "h"})
    assert checked.returncode == 0 and not checked.stderr
    told = checked.stdout.decode()
    assert "warn   environment: GRIDLOOP_POL_MS is read by no program; is 'poll_ms' meant?" in told
    assert "warn   gridloop-dispatch: --database-url (or GRIDLOOP_DATABASE_URL, or database_url in the file) is required" in told
    assert "warn   gridloop-dispatch: kafka.bootstrap.servers (GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS) is required" in told
    left_out = "is no property of librdkafka, and left out"
    assert f"warn   environment: GRIDLOOP_KAFKA_SASL_USERNAM {left_out}; is 'kafka.sasl.username' meant?\n" in told
    assert f"warn   environment: GRIDLOOP_KAFKA_SERVICE_HOST {left_out}\n" in told
    assert told.endswith("checked 1 file: 0 errors, 5 warnings\n")


@pytest.mark.parametrize("arguments, word", [
    ([], "no FILE"), (["x.conf"], "x.conf"), (["--for", "nobody", "x.conf"], "nobody"), (["--fro=x", "y"], "--fro")])
def test_usage(run, arguments, word):
    done = run("gridloopctl", ["check", *arguments], b"")
    assert done.returncode == 64 and word in done.stderr.decode() and not done.stdout


def test_where_settings_come_from(run, tmp_path):
    content = b"batch_rows = 500\nlinger_ms = 7\nkafka.client.id = x\n"
    file = tmp_path / "a.conf"
    file.write_bytes(content)
    shown = run("gridloopctl", ["config", "consume-drone-alert", "--config", file.name, "--linger-ms", "9"], content)
    rows = {line.split()[0]: line.split(None, 2)[1:] for line in shown.stdout.decode().splitlines()}
    assert shown.returncode == 0
    assert rows["batch_rows"] == ["500", "a.conf:1"]
    assert rows["linger_ms"] == ["9", "command line"]
    assert rows["database_url"] == [NEEDED["database_url"], "environment"]
    assert rows["log_level"] == ["info", "default"]
    assert rows["kafka.client.id"] == ["x", "a.conf:3"]
