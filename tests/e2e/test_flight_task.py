"""Tasks of the hangars: each report about a task is a row, and the latest one of each says how it ended."""
import json
import subprocess

from checker import check_all
from events import KINDS, micros
from producer import produce
from world import good, json_lines

KIND = "flight_task"
SEED, COUNT = 7, 900  # more than a day of four aircraft
LATEST = """
with latest as (
    select distinct on (producer_id, task_id) * from events.flight_task
    order by producer_id, task_id, recorded_at desc, source_id desc, topic_offset desc)
"""


def simulated(world, kind, count, **options):
    """The lines that gridloop-simulate prints."""
    more = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    done = subprocess.run([world.stack.program("gridloop-simulate"), "lines", "--kind", kind, "--count", str(count),
                           "--seed", str(SEED), *more], capture_output=True, check=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def latest_of(lines):
    """Task -> what was said of it last; lines come in the order in which they were written."""
    latest = {}
    for line in lines:
        latest[line["producer_id"], line["task_id"]] = line
    return latest


def test_flown_and_uploaded(world):
    """Through devices, Kafka and a consumer: were the planned routes flown, and are their pictures there?"""
    world.setup()
    done = world.run("gridloop-simulate", "run", f"--dir={world.folder / 'devices'}", "--kinds=flight_task",
                     f"--count={COUNT}", f"--seed={SEED}", f"--namespace={world.namespace}")
    assert done.returncode == 0, done.stderr
    world.settle_and_stop(world.consumer(KIND, batch_rows=50))
    check_all(world)
    lines = simulated(world, KIND, COUNT)
    assert world.rows(KIND) == COUNT == len({line["event_id"] for line in lines})
    tasks = latest_of(lines).values()
    assert world.sql(LATEST + "select count(*) from latest") == [(len(tasks),)]
    assert 3 * len(tasks) < COUNT < 4 * len(tasks)

    not_flown = world.sql(LATEST + "select task_id, status, reason_code from latest "
                                   "where planned_at < %s and started_at is null order by 1", lines[-1]["occurred_at"])
    assert not_flown == sorted((task["task_id"], task["status"], task.get("reason_code")) for task in tasks
                               if "started_at" not in task and micros(task["planned_at"]) < micros(lines[-1]["occurred_at"]))
    assert {status for _, status, _ in not_flown} == {"PLANNED", "CANCELLED"}

    missing = world.sql(LATEST + "select task_id, media_expected - media_uploaded from latest "
                                 "where media_uploaded < media_expected order by 1")
    assert missing == sorted((task["task_id"], task["media_expected"] - task["media_uploaded"]) for task in tasks
                             if task.get("media_uploaded", 0) < task.get("media_expected", 0))
    assert missing


def test_simulated_alerts_are_of_flights_that_flew(world):
    flown = {task["flight_id"] for task in latest_of(simulated(world, KIND, COUNT)).values() if "flight_id" in task}
    alerts = simulated(world, "drone_alert", 5000, late_share=0)
    assert len({alert["flight_id"] for alert in alerts}) > 10
    assert {alert["flight_id"] for alert in alerts} <= flown


def test_reports_of_one_task_stay_in_order(world):
    """One key, one partition; each is a row, and the same one sent again is not."""
    rng = world.rng()
    world.make_topic(KIND, partitions=4)
    planned = KINDS[KIND].fresh(rng, "smallest", task_id="T-1")
    reports = [planned] + [planned | KINDS[KIND].fresh(rng) | {"task_id": "T-1", "producer_id": planned["producer_id"],
                                                               "media_uploaded": number} for number in range(200)]
    sent = world.produce(good(KIND, report) for report in reports + reports[-20:])
    assert len({message.partition for message in sent}) == 1
    world.settle_and_stop(world.consumer(KIND, batch_rows=7))
    assert world.rows(KIND) == 201
    assert world.sql(LATEST + "select media_uploaded from latest") == [(199,)]
    check_all(world)


def test_a_count_of_nothing_is_refused(world):
    """So many uploaded, but of how many?"""
    line = KINDS[KIND].examples()["ordinary"] | {"media_expected": None}
    world.make_topic(KIND)
    run = produce(world, KIND, json_lines([line]))
    assert run.code == 65 and "media_expected" in run.said and not run.receipts
