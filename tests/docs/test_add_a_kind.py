"""docs/how-to/add-a-kind.md, followed in a copy of the tree: its files, a build, and the new kind's events flow."""
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import uuid

import pytest
import yaml

from daemon import environment
from fixtures import make_template
from pages import blocks
from producer import Run
from stack import ROOT
from world import World, json_lines

PAGE = "docs/how-to/add-a-kind.md"
KIND = "bin_report"
EXAMPLE = pathlib.Path("docs/how-to/add-a-kind")
PROGRAMS = ("gridloopctl", "gridloop-produce-bin-report", "gridloop-consume-bin-report")
COUNT = 1000


def page_block(language, beginning=""):
    return next(block.text for block in blocks(PAGE) if block.language == language and block.text.startswith(beginning))


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def librdkafka():
    """The choice that the suite's own build was made with."""
    cache = (pathlib.Path(os.environ["GRIDLOOP_BUILD"]) / "CMakeCache.txt").read_text()
    return re.search(r"^GRIDLOOP_LIBRDKAFKA:\w+=(.*)$", cache, re.MULTILINE)[1]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy, with the new kind in it as the page says."""
    tree = tmp_path_factory.mktemp("copy") / "gridloop"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build", ".git", "__pycache__"))
    before = {path for path in tree.rglob("*") if path.is_file()}
    run("bash", "-euc", page_block("", "cp -r"), cwd=tree)
    for name in ("producers", "consumers"):
        text = page_block("c", f"/* bin_report.c - {'reports' if name == 'producers' else 'consumer'}")
        assert (tree / name / "bin_report.c").read_text() == text, f"{name}/bin_report.c is not what the page shows"
    added = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()} - {str(p.relative_to(tree)) for p in before}
    assert added == {"producers/bin_report.c", "consumers/bin_report.c", "schemas/bin_report/v1.avsc", "schemas/bin_report/table.sql",
                     *(f"schemas/bin_report/examples/{name}.json" for name in ("smallest", "ordinary", "fullest"))}
    return tree


@pytest.fixture(scope="module")
def built(tree):
    """The build of its three programs, and the seconds that it took. Unoptimized: the compiler is not what is tested."""
    build, began = tree / "build" / "kind", time.monotonic()
    run("cmake", "-S", tree, "-B", build, "-G", "Ninja", "-DGRIDLOOP_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Debug",
        f"-DGRIDLOOP_LIBRDKAFKA={librdkafka()}")
    run("ninja", "-C", build, *PROGRAMS)
    return build, time.monotonic() - began


@pytest.fixture
def bins(stack, built, tmp_path):
    """A world in which the programs are those of the copy."""
    stack = dataclasses.replace(stack, builds={"release": built[0]})
    template = make_template(stack)
    world = World(stack, template, tmp_path)
    yield world
    problems = world.close()
    stack.drop(template)
    assert not problems, "\n".join(problems)


def reports(rng, count):
    """Lines of sensors, in which every optional field is sometimes left out."""
    for number in range(count):
        line = {"event_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)), "occurred_at": f"2026-03-14T{number // 60 % 24:02}:{number % 60:02}:00Z",
                "recorded_at": "2026-03-15T00:00:00Z", "producer_id": f"bin-sensor-{number % 40}", "bin_id": f"B-{number % 40}",
                "fill_percent": rng.randint(0, 100), "longitude": round(rng.uniform(114.2, 114.5), 6),
                "latitude": round(rng.uniform(36.0, 36.2), 6), "source_crs": rng.choice(["WGS84", "CGCS2000", "GCJ02"])}
        yield line | ({"temperature_c": rng.randint(-20, 60) + 0.5} if rng.random() < 0.5 else {})


def produce(world, lines):
    done = world.run(PROGRAMS[1], f"--namespace={world.namespace}", f"--spool={world.folder / 'spool'}", input=json_lines(lines))
    return Run(done.returncode, dict(line.split() for line in done.stdout.decode().splitlines()), done.stderr.decode())


def test_the_contract_is_whole(tree):
    """Schema, table and examples say the same, as the page's check finds."""
    command = page_block("", "build/venv").split()
    assert run(sys.executable, *command[1:], cwd=tree).splitlines()[-1] == "all is well"


def test_the_check_names_what_is_missing(tree):
    table = tree / "schemas/bin_report/table.sql"
    whole = table.read_text()
    try:
        table.write_text(whole.replace("    fill_percent integer not null,\n", ""))
        done = subprocess.run([sys.executable, "tests/contract/check_schemas.py"], cwd=tree, capture_output=True, text=True)
        assert done.returncode == 1 and "bin_report: column fill_percent" in done.stdout
    finally:
        table.write_text(whole)


def test_the_service_is_like_the_others(tree):
    file = tree / "deploy" / "compose.yaml"
    before = yaml.safe_load(file.read_text())["services"]
    others = file.read_text().split("  # Of several one leads.\n")
    after = yaml.safe_load(others[0] + page_block("yaml") + "\n  # Of several one leads.\n" + others[1])["services"]
    assert after.keys() - before.keys() == {"consume-bin-report"}
    like = json.loads(json.dumps(before["consume-flight-task"]).replace("flight-task", "bin-report").replace("FLIGHT_TASK", "BIN_REPORT"))
    assert after["consume-bin-report"] == like


def test_its_events_flow(bins, built):
    began = time.monotonic()
    rng = bins.rng()
    lines = list(reports(rng, COUNT))
    bins.setup()
    daemon = bins.consumer(KIND, name=KIND)
    sent = produce(bins, lines)
    assert (sent.code, len(sent.receipts)) == (0, COUNT), sent.said
    assert produce(bins, lines[:50]).code == 0  # once more
    refused = produce(bins, [lines[0] | {"fill_percent": 101}])
    assert refused.code == 65 and "fill_percent" in refused.said
    bins.settle(KIND)
    daemon.stop()
    rows = bins.sql("select event_id::text, bin_id, fill_percent, temperature_c, longitude, latitude, source_crs, "
                    "abs(wgs84_longitude - longitude) < 0.02 and abs(wgs84_latitude - latitude) < 0.02 from events.bin_report")
    assert sorted(rows) == sorted((line["event_id"], line["bin_id"], line["fill_percent"], line.get("temperature_c"), line["longitude"],
                                   line["latitude"], line["source_crs"], True) for line in lines)
    keys = {partition: set() for partition in bins.progress(KIND)}
    for (partition, _), message in bins.read_topic(KIND)[0].items():
        keys[partition].add(message.key())
    assert sum(len(found) for found in keys.values()) == 40, "each bin's reports are in one partition"
    assert bins.sql("select sum(stored), sum(duplicate) from bus.batch") == [(COUNT, 50)]
    verified = bins.ctl("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    print(f"a new kind: {built[1]:.0f} s to build three programs from nothing, {time.monotonic() - began:.0f} s from its lines to verified rows")


def test_as_the_page_has_it(bins, built, tree):
    """The commands of its last block, with this suite's servers and the build of the copy."""
    commands = page_block("", "./dev build").replace("build/release", "build/kind")
    setup, produced, looked = re.fullmatch(r".*stack env\)\"\n(.*?\n)[^\n]*consume-bin-report &\n(.*bin\.spool\n)(.*)", commands, re.DOTALL).groups()
    there = {"cwd": tree, "env": environment(bins.stack, GRIDLOOP_NAMESPACE=bins.namespace, GRIDLOOP_DATABASE_URL=bins.owner_url)}
    run("bash", "-euc", setup, **there)
    daemon = bins.consumer(KIND, name=KIND)
    run("bash", "-euc", produced, **there)
    bins.settle(KIND)
    daemon.stop()
    said = run("bash", "-euc", looked, **there)
    assert "(3 rows)" in said and "JFL-0417" in said


def test_the_programs_know_it(built):
    assert "gridloop-consume-bin-report" in run(built[0] / "bin" / "gridloopctl", "manual").split()
    assert "gridloop-consume-bin-report" in run(built[0] / "bin" / "gridloopctl", "completion", "bash")
