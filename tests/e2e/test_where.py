"""gridloopctl where: one screen, from the device to the answer."""
import json

import casebook
from events import KINDS, random_uuid
from test_cases import load_reference
from world import good


def reported(world):
    """An alert that the platform sends somebody for, seen again a minute later."""
    rng, (longitude, latitude) = world.rng(), next(casebook.sites())
    alerts = [KINDS["drone_alert"].fresh(
        rng, longitude=longitude, latitude=latitude, source_crs="WGS84", category_scheme="local-2026",
        major_class_code="LIVING_ENVIRONMENT", minor_class_code="EXPOSED_RUBBISH", message_type="ALERT", is_test=False,
        references_alert_id=None, position_kind="TARGET", horizontal_accuracy_m=3.0, certainty="LIKELY", alert_id=f"A{number}",
        occurred_at=casebook.BEGIN + number * 60_000_000, recorded_at=casebook.BEGIN + number * 60_000_000)
        for number in range(2)]
    load_reference(world)
    world.make_topic("drone_alert")
    world.produce(good("drone_alert", alert) for alert in alerts)
    world.settle_and_stop(world.consumer("drone_alert"))
    return alerts


def where(world, name, *options):
    return world.ctl("where", name, *options)


def test_the_life_of_a_case(world):
    first, second = reported(world)
    (case_no, order_id), = world.sql("select case_no, order_id::text from follow_up.case_file join follow_up.outbox using (case_id)")
    (source_id,), = world.sql("select distinct source_id from events.drone_alert")
    for name in (first["event_id"], second["event_id"], case_no, case_no.lower(), order_id, f"{source_id}/1"):
        done = where(world, name, "--json")
        assert done.returncode == 0, (name, done.stderr)
        told = json.loads(done.stdout)
        assert [(case["case_no"], case["state"], case["sightings"]) for case in told["cases"]] == [(case_no, "DISPATCHED", 2)]
        entries = [entry["entry"].split()[0] for entry in told["trail"]]
        assert entries.count("sighting") == 2 and {"event", "order"} <= set(entries), (name, entries)
    shown = where(world, case_no)
    assert shown.returncode == 0 and case_no in shown.stdout and "DISPATCHED" in shown.stdout


def test_what_is_not_known(world):
    for name, words in ((random_uuid(world.rng()), "nothing is known of"), ("C0123", "is no id"), ("1/2", "is no id")):
        done = where(world, name)
        assert (done.returncode, done.stdout) == (65, "") and words in done.stderr, done.stderr
    assert world.ctl("where").returncode == 64
