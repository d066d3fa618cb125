"""The profile demo, as the README puts it up: an invented district, whose devices report and whose crews answer."""
import pytest

from installation import Installation
from proof import status
from waiting import wait_for

pytestmark = pytest.mark.long
INSTALLATION = Installation
KINDS = ("drone_alert", "patrol_log", "inspection_finding", "flight_task", "case_action")


def rows(installation):
    return {kind: installation.sql(f"select count(*) from events.{kind}")[0][0] for kind in KINDS}


def test_reports_and_answers(installation):
    installation.compose("--profile", "demo", "up", "-d", "--wait", timeout=300)
    wait_for(lambda: min(rows(installation).values()) > 0, 240, lambda: rows(installation), every=1)
    assert "verdict: all" in installation.ctl("verify")
    said = status(installation)
    assert not {one["state"] for one in said["partitions"]} & {"stalled", "stopped"}, said


def test_it_goes_on_where_it_was(installation):
    """Containers that are made anew keep what is not sent yet, and send nothing twice."""
    before = rows(installation)
    installation.compose("--profile", "demo", "up", "-d", "--wait", "--force-recreate", "--no-deps", "demo-devices", "demo-crews")
    wait_for(lambda: rows(installation)["drone_alert"] > before["drone_alert"] + 10, 120, lambda: rows(installation), every=1)
    for service in ("demo-devices", "demo-crews"):
        container, = installation.inspect(service)
        assert container["State"]["Running"] and not container["RestartCount"], service
        assert container["HostConfig"]["ReadonlyRootfs"] and container["HostConfig"]["CapDrop"] == ["ALL"], service
    assert "verdict: all" in installation.ctl("verify")
