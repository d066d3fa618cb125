"""docs/wire.md is all that a device in another language needs: its program is run as it stands there."""
import os
import re
import subprocess
import sys

from events import KINDS
from stack import ROOT

WIRE = ROOT / "docs" / "wire.md"


def program():
    found = re.findall(r"```python\n(.*?)```", WIRE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 1
    return found[0]


def test_its_program_publishes_an_event(world):
    world.make_topic("drone_alert", partitions=6)
    daemon = world.consumer("drone_alert")
    environment = os.environ | {"KAFKA": world.stack.bootstrap, "TOPIC": world.topic("drone_alert")}
    runs = [subprocess.run([sys.executable, "-c", program()], cwd=ROOT, env=environment, capture_output=True, text=True,
                           timeout=60, check=False) for _ in range(2)]
    assert [run.returncode for run in runs] == [0, 0], [run.stderr for run in runs]
    world.settle_and_stop(daemon)
    rows = world.sql("select event_id::text, alert_id, round(longitude::numeric, 2)::text from events.drone_alert")
    assert {row[0] for row in rows} == {run.stdout.strip() for run in runs}
    assert {row[2] for row in rows} == {"114.38"}
    assert world.sql("select count(*) from bus.dead_letter") == [(0,)]


def test_its_table_names_every_topic():
    text = WIRE.read_text(encoding="utf-8")
    for name, kind in KINDS.items():
        assert f"| {name} | `gridloop.{kind.hyphens}.v1` |" in text
