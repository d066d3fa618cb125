"""Every command of the README and of docs/ does what it says, or stands in a list here with the reason why it is not run."""
import io
import json
import re
import shutil
import socket
import struct

import confluent_kafka
import fastavro
import pytest

from events import FRAME, KINDS, crc64_avro, without_logical_types
from session import STACK, Session, commands, shell_blocks
from stack import ROOT
from waiting import wait_for
from world import bad, good

FOLLOWED = ("README.md", "docs/tutorial.md", "docs/how-to/replay.md", "docs/how-to/install.md", "docs/how-to/watch.md")

# Pages that others follow, and who: a file of tests that names them.
ELSEWHERE = {
    "docs/how-to/scale.md": "tests/compose/test_compose.py",
    "docs/how-to/upgrade.md": "tests/compose/test_compose.py",
    "docs/how-to/restore.md": "tests/compose/test_compose.py",
    "docs/how-to/add-a-kind.md": "tests/docs/test_add_a_kind.py",
    "docs/how-to/rotate-a-secret.md": "tests/e2e/test_security.py",
    "docs/wire.md": "tests/e2e/test_wire.py",
}
NOT_FOLLOWED = {
    "docs/how-to/kubernetes.md": "needs a cluster; what it applies is checked by tests/contract/test_kubernetes.py",
    "docs/reference/options.md": "examples of --help, with machines that are nobody's; tests/contract/test_manual.py has the page",
    "docs/how-to/rotate-a-secret.md": "needs secured servers, and files below /etc; tests/e2e/test_security.py does each step",
    "docs/performance.md": "the bench, which takes hours; tests/bench has tests of its own",
    "docs/design.md": "its blocks are pictures",
}

# Commands of followed pages that are not run, by how they begin.
NOT_RUN = {
    "README.md": {
        "drone, patrol app": "a picture", "│": "a picture", "▼": "a picture", "gridloop-produce-<kind>": "a picture", "gridloop-consume-<kind>": "a picture",
        "PostgreSQL ": "a picture", "gridloop-dispatch         sends": "a picture",
        "deploy/make-secrets": "tests/compose", "docker compose": "tests/compose",
        "./dev demo": "the suite's time is for tests; CI runs it", "./dev test": "this is it",
        "./dev fuzz": "ten minutes", "./dev bench": "needs a machine of its own",
        "gridloopctl gap accept": "nothing stands still here; docs/how-to/replay.md has one that does",
    },
    "docs/tutorial.md": {"./dev build": "the suite has built", "./dev stack down": "the suite does it"},
    "docs/how-to/replay.md": {},
    "docs/how-to/watch.md": {},
    "docs/how-to/install.md": {
        "./dev build": "the suite has built", "cd build/release && cpack": "tests/package/test_deb.py", "dpkg-deb": "tests/package/test_deb.py",
        **dict.fromkeys(("install -m 600", "ln -s", "editor", "systemctl", "echo INPUT="),
                        "writes below /etc or needs systemd; tests/contract/test_units.py has the units"),
    },
}
STAYS = ("gridloop-orders --unit", "gridloop-simulate crew", "gridloopctl tap")


@pytest.fixture
def session(world):
    session = Session(world)
    yield session
    if session.shell.poll() is None:
        session.close()


def why_not_run(page, command):
    return next((reason for beginning, reason in NOT_RUN[page].items() if command.startswith(beginning)), None)


def follow(session, page, words=None, codes=None, before=None):
    """Runs a page. words: what stands in a command -> what is meant here. codes: beginning of a command -> its exit code.
    before: beginning of a command -> what is done first. Returns pairs: a command, and what it said."""
    said = []
    for block in shell_blocks(page):
        for command in commands(block):
            if command == STACK or why_not_run(page, command):
                continue
            for beginning, act in (before or {}).items():
                if command.startswith(beginning):
                    act()
            run = command
            for word, meant in (words or {}).items():
                run = run if word not in run else run.replace(word, meant() if callable(meant) else meant)
            if run.startswith(STAYS) and "--once" not in run:
                session.begin(run)
            else:
                code = next((code for beginning, code in (codes or {}).items() if command.startswith(beginning)), 0)
                said.append((command, session.run(run, code)))
    return said


# ---- that nothing is left out ----

def pages_of_the_tree():
    return {"README.md"} | {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")}


def test_each_page_with_commands_is_followed_or_has_a_reason():
    known = {*FOLLOWED, *ELSEWHERE, *NOT_FOLLOWED}
    assert known <= pages_of_the_tree()
    assert [str(block) for page in sorted(pages_of_the_tree() - known) for block in shell_blocks(page)] == []
    for page, test in ELSEWHERE.items():
        assert page.rsplit("/", 1)[1] in (ROOT / test).read_text(), f"{test} does not follow {page}"


@pytest.mark.parametrize("page", FOLLOWED)
def test_no_reason_is_left_over(page):
    there = [command for block in shell_blocks(page) for command in commands(block)]
    assert [beginning for beginning in NOT_RUN[page] if not any(command.startswith(beginning) for command in there)] == []


def test_links_lead_somewhere():
    for page in sorted(pages_of_the_tree()):
        text = (ROOT / page).read_text("utf-8")
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


# ---- the pages ----

def test_a_command_that_fails_is_seen(session):
    session.run("false", code=1)
    with pytest.raises(AssertionError, match="exit code 3"):
        session.run("(exit 3)")


def test_tutorial(session):
    said = follow(session, "docs/tutorial.md")
    outputs = list(said)
    first, second = (text.strip() for command, text in outputs if command.startswith("gridloop-orders"))
    assert json.loads(first)["target_unit_code"] == "BZ-ZFD" and second == ""
    produced = [text for command, text in outputs if "gridloop-produce-drone-alert" in command]
    assert "1 019cd567-dbfa-7ded-8206-ee51111a2637" in produced[0]
    assert "exit code 65" in produced[-1] and "longitude" in produced[-1]
    assert session.world.rows("drone_alert") == 2
    assert session.world.sql("select kind, outcome, round(distance_m) from follow_up.sighting order by link_seq") == [
        ("drone_alert", "new", None), ("drone_alert", "more", 5)]
    assert session.close() == 0


def test_readme(session):
    world = session.world
    for file in (ROOT / "deploy/reference/beiguan").iterdir():
        if file.suffix in (".csv", ".geojson"):
            shutil.copy(file, session.folder)
    patrols = [json.dumps(example) for example in KINDS["patrol_log"].examples().values()]
    (session.folder / "patrols.jsonl").write_text("".join(line + "\n" for line in patrols))
    (session.folder / "answers.jsonl").write_text(json.dumps(KINDS["case_action"].examples()["ordinary"]) + "\n")
    (session.folder / "message.bin").write_bytes(KINDS["drone_alert"].encode(KINDS["drone_alert"].example()))
    (session.folder / "gridloop-dispatch.conf").write_text(f"database_url = {world.owner_url}\n")
    session.run("gridloopctl seal --new-key key")
    world.setup()

    def dead_letter():
        return world.sql("select source_id || '/' || topic_offset from bus.dead_letter limit 1")[0][0]

    def set_one_aside():
        world.produce([bad("patrol_log", b"\xc3\x01not an event", key=b"k")])
        world.settle("patrol_log")

    follow(session, "README.md",
           words={"/tmp/": f"{world.folder}/", "gridloop.drone-alert.v1": world.topic("drone_alert"), "--dir DIR": "--dir crews", "3/17": dead_letter,
                  "check FILE": "check gridloop-dispatch.conf", "config PROGRAM": "config gridloop-dispatch",
                  "where ID": f"where {KINDS['patrol_log'].example()['event_id']}", "seal FILE --key-file KEY": "seal sealed --key-file key"},
           codes={"gridloopctl status": 2, "gridloopctl dedup": 65},  # nothing runs yet; nothing was linked in that month
           before={"gridloopctl dead-letter list": set_one_aside})
    assert session.close() >= 4


def unknown_schema():
    """The newest schema of the alerts with one more field, as a device may have it that is newer than the daemons; and a
    message written with it."""
    kind = KINDS["drone_alert"]
    schema = json.loads(json.dumps(kind.schema))
    schema["fields"].append({"name": "wind_mps", "type": ["null", "float"], "default": None, "doc": "Wind at the drone, in metres a second."})
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(without_logical_types(schema)), kind.example() | {"wind_mps": 3.5})
    canonical = fastavro.schema.to_parsing_canonical_form(schema)
    return schema, FRAME + struct.pack("<Q", crc64_avro(canonical.encode())) + out.getvalue()


def test_replay(session):
    """A device that is newer than the daemons, a tombstone, and a consumer that was away for longer than the retention."""
    world = session.world
    schema, message = unknown_schema()
    (session.folder / "newer.avsc").write_text(json.dumps(schema))
    world.setup()
    world.produce([good("patrol_log", KINDS["patrol_log"].fresh(world.rng())) for _ in range(10)], partition=0)
    lost = confluent_kafka.TopicPartition(world.topic("patrol_log"), 0, 4)
    world.stack.admin.delete_records([lost])[lost].result(30)
    world.produce([bad("drone_alert", message, key=b"k"), bad("drone_alert", None, key=b"k")])
    daemons = {}

    def start_anew():
        """In place of waiting for a minute: it has not looked for the schema yet."""
        daemons["alerts"].stop()
        daemons["alerts"] = world.consumer("drone_alert")

    daemons["alerts"], patrols = world.consumer("drone_alert"), world.consumer("patrol_log", check_interval_ms=100)
    world.settle("drone_alert")
    patrols.wait_ready("gap")
    said = follow(session, "docs/how-to/replay.md", words={
        "3/17": lambda: world.sql("select source_id || '/' || topic_offset from bus.dead_letter limit 1")[0][0],
        "gap accept 4": lambda: f"gap accept {world.sql('select gap_id from bus.gap')[0][0]}"},
        before={"gridloopctl dead-letter replay --reason schema_unknown --dry-run": start_anew})
    assert "1 sent, 0 cannot be" in dict(said)["gridloopctl dead-letter replay --reason schema_unknown"]
    world.settle("drone_alert")
    world.settle("patrol_log")
    assert (world.rows("drone_alert"), world.rows("patrol_log")) == (1, 6)
    assert world.ctl("verify").returncode == 0
    daemons["alerts"].stop()
    patrols.stop()


def test_watch(session):
    """A consumer, at first without events, then with one that is set aside."""
    world = session.world
    world.setup()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"

    def ready():
        wait_for(lambda: world.run("gridloopctl", "healthy", "--http-listen", address).returncode == 0, 60, "it is ready")

    def set_one_aside():
        world.produce([bad("patrol_log", None, "tombstone", key=b"k")])
        world.settle("patrol_log")
        wait_for(lambda: "set aside" in (session.folder / "build/consumer.log").read_text(), 30, "it is said")

    said = dict(follow(session, "docs/how-to/watch.md", words={"127.0.0.1:9464": address}, codes={"gridloopctl status": 2},
                       before={"gridloopctl healthy": ready, "grep": set_one_aside}))
    assert "stopped" in said["gridloopctl status"]
    assert '"ready": true' in said["gridloopctl healthy --http-listen 127.0.0.1:9464"]
    assert '"reason":"tombstone"' in said["grep '\"msg\":\"set aside\"' build/consumer.log"]
    assert session.close() == 1


def test_watch_names_every_condition():
    names = re.search(r"names\[HEALTH_CONDITIONS\] = \{(.*?)\};", (ROOT / "common/health.c").read_text(), re.S)[1]
    page = (ROOT / "docs/how-to/watch.md").read_text("utf-8")
    rows = "\n".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    assert set(re.findall(r'"(\w+)"', names)) == set(re.findall(r"`(\w+)`", rows))


def test_install(session):
    said = follow(session, "docs/how-to/install.md")
    assert (session.folder / "build/device").exists()
    assert any("0." in text for command, text in said if command.endswith("--version"))
    unit = (session.folder / "build/prefix/lib/systemd/system/gridloop-dispatch.service").read_text()
    assert f"ExecStart={session.folder}/build/prefix/bin/gridloop-dispatch " in unit
