"""What an operator does to a running installation. Events come in all the while, and in the end each is stored once and
each order is one."""
import json
import urllib.request
import uuid

import psycopg
import pytest

from events import KINDS
from installation import Installation, run
from load import MARK
from proof import check, sent_orders, settle, states, status
from waiting import wait_for

INSTALLATION = Installation
DRONES = "gridloop.drone-alert.v1"
PROGRAMS = ("consume-drone-alert", "consume-patrol-log", "consume-inspection-finding", "consume-case-action",
            "consume-flight-task", "dispatch")


def owners(installation):
    """Who reads the partitions of drone alerts."""
    return {owner for owner, in installation.sql("select owner from bus.source join bus.progress using (source_id) "
                                                 "where topic = %s", DRONES)}


def wait_owners(installation, count):
    wait_for(lambda: len(owners(installation)) == count, 60, lambda: f"{count} of {owners(installation)}", every=0.5)


def claims(installation):
    """Of each running consumer how many partitions it said it claimed last."""
    found = (next((int(line["partitions"]) for line in reversed(lines) if line["msg"] == "partitions claimed"), None)
             for lines in installation.logs("consume-drone-alert").values())
    return sorted(count for count in found if count is not None)


# ---- what was put up ----

def test_nothing_more_than_needed(installation):
    """Of the containers' rights, and of what other machines may reach."""
    for service in (*PROGRAMS, "setup", "kafka", "postgres"):
        container, = installation.inspect(service)
        host = container["HostConfig"]
        assert host["CapDrop"] == ["ALL"] and not host["CapAdd"] and not host["Privileged"], service
        assert host["SecurityOpt"] == ["no-new-privileges:true"], service
        assert host["Memory"] > 0 and host["PidsLimit"] > 0 and host["LogConfig"]["Config"]["max-size"], service
        assert container["Config"]["User"].split(":")[0] != "0", service
        assert host["ReadonlyRootfs"] or service == "kafka", service
        for ports in container["NetworkSettings"]["Ports"].values():
            assert all(port["HostIp"] == "127.0.0.1" for port in ports or []), service
        assert "assword=" not in str(container["Config"]["Env"]), service
    for service in PROGRAMS:
        container, = installation.inspect(service)
        assert container["HostConfig"]["Memory"] == 128 << 20 and not container["NetworkSettings"]["Ports"]
        assert container["Config"]["StopTimeout"] > 25


def test_roles_have_their_passwords(installation):
    assert installation.sql("select current_user", role="ingest") == [("gridloop_ingest",)]
    assert installation.sql("select count(*) >= 0 from audit.units", role="auditor") == [(True,)]


def test_up_again_changes_nothing(installation):
    before = {service: installation.inspect(service)[0]["Id"] for service in PROGRAMS}
    installation.up()
    assert {service: installation.inspect(service)[0]["Id"] for service in PROGRAMS} == before


def test_prometheus(installation):
    """It finds each instance, and each answers."""
    installation.compose("--profile", "observability", "up", "-d", "--wait", "prometheus")
    address = installation.compose("--profile", "observability", "port", "prometheus", "9090").strip()

    def targets():
        with urllib.request.urlopen(f"http://{address}/api/v1/targets?state=active", timeout=10) as answer:
            return sorted((target["labels"]["job"], target["health"])
                          for target in json.load(answer)["data"]["activeTargets"])
    wait_for(lambda: targets() == [("gridloop-consume", "up")] * 5 + [("gridloop-dispatch", "up")], 60, targets, every=0.5)
    installation.compose("--profile", "observability", "rm", "--stop", "--force", "prometheus")


# ---- while events come in ----

def test_scale(installation, publisher, load):
    """One, three, more than there are partitions, one."""
    with load:
        wait_owners(installation, 1)
        installation.how_to("scale.md", "Three in place of one")
        wait_owners(installation, 3)
        installation.up("--scale", "consume-drone-alert=7")
        wait_for(lambda: claims(installation) == [0, 1, 1, 1, 1, 1, 1], 60, lambda: claims(installation), every=0.5)
        assert '"partitions":"0"' in installation.how_to("scale.md", "Who reads what")
        installation.how_to("scale.md", "One again")
        wait_owners(installation, 1)
    check(installation, publisher.accepted)


def test_status(installation, publisher, load):
    """It says who does not read, worst first, and that somebody does again."""
    with load:
        installation.compose("stop", "consume-drone-alert")
        said = status(installation)
        assert said["state"] == "stopped" and states(said, DRONES) == {"stopped"}, said
        assert {one["kind"] for one in said["partitions"][:6]} == {"drone_alert"}
        assert sum(one["lag_messages"] for one in said["partitions"][:6]) > 0
        installation.compose("start", "consume-drone-alert")
    check(installation, publisher.accepted)


def test_faults(installation, publisher, load):
    """Programs and servers are killed, and the servers started again."""
    with load:
        for service in ("consume-drone-alert", "dispatch", "postgres", "kafka"):
            installation.crash(service)
        installation.compose("restart", "postgres")
        installation.compose("restart", "kafka")
        installation.wait_healthy("postgres", "kafka", *PROGRAMS)
    check(installation, publisher.accepted)


def test_upgrade(installation, publisher, load):
    """First one whose setup fails, because the database is not what the last one left: the daemons of the version before go
    on. Then all are replaced."""
    before = {service: installation.inspect(service)[0] for service in PROGRAMS}
    name, sha256 = installation.sql("select name, sha256 from bus.migration where name like '%/001_bus.sql'")[0]
    installation.sql("update bus.migration set sha256 = sha256(sha256) where name = %s", name)
    installation.environment["GRIDLOOP_REVISION"] = "second"
    with load:
        with pytest.raises(AssertionError, match="001_bus.sql"):
            installation.how_to("upgrade.md", "Upgrade")
        for service in PROGRAMS:
            container, = installation.inspect(service)
            assert container["Id"] == before[service]["Id"] and container["State"]["Running"], service
        installation.sql("update bus.migration set sha256 = %s where name = %s", sha256, name)
        installation.how_to("upgrade.md", "Upgrade")
    for service in (*PROGRAMS, "setup"):
        container, = installation.inspect(service)
        assert container["Config"]["Labels"]["org.opencontainers.image.revision"] == "second", service
    check(installation, publisher.accepted)


# ---- restore ----

def apart(count):
    """Alerts that open a case each, in whatever order they are read: an hour and half a mile between any two."""
    of = KINDS["drone_alert"]
    for number in range(count):
        line = of.examples()["ordinary"] | {
            "event_id": str(uuid.uuid4()), "alert_id": f"apart-{number}", "major_class_code": "BURNING_BAN",
            "minor_class_code": MARK, "longitude": 114.340 + 0.009 * (number % 8), "latitude": 36.175 + 0.007 * (number // 8)}
        event = of.from_json(line)
        yield event | {name: event[name] + 3_600_000_000 * number for name in ("occurred_at", "recorded_at", "captured_at")}


def dispatched(installation, cases):
    """The orders that sent somebody to these cases, as they stand in the topic."""
    return sorted(order["order_id"] for order in sent_orders(installation)
                  if order["case_id"] in cases and order["order_kind"] == "DISPATCH")


def test_restore(installation, publisher, load):
    """The database is lost with its volume. What came after the backup is read again; each order keeps its id."""
    alerts = list(apart(40))
    cases = {alert["event_id"] for alert in alerts}
    with load:
        installation.how_to("restore.md", "Back up")
        for alert in alerts:
            publisher.publish("drone_alert", alert)
    settle(installation)
    before = dispatched(installation, cases)
    assert len(before) == len(cases)
    installation.compose("rm", "--stop", "--force", "postgres")
    run("docker", "volume", "rm", f"{installation.name}_postgres")
    installation.how_to("restore.md", "Restore")
    check(installation, publisher.accepted, is_restored=True)
    assert sorted(set(dispatched(installation, cases))) == before
    assert "verdict: all" in installation.how_to("restore.md", "Check")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        installation.sql("create temporary table t (a integer)", role="auditor")
