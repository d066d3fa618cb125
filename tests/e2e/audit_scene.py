"""A history with known answers: March 2024 in a small town, seen from Anyang.

Beside what is plain it holds what audits stumble over: days off and a week off, days that the calendar does not have, a
grid from which nothing was sent, a revision that moves a clean-up to another day, midnight that is not midnight in UTC,
merged, suspended and reopened cases, an approved appeal, and drills, which have no part in anything.
"""
import datetime

import reference
from rows import Rows, local, some_id

HOUR = datetime.timedelta(hours=1)
DAYS_OFF = {8, *range(11, 18)}                                                # a Friday, and a whole week
PERIOD = ("--param=from_day=2024-03-01", "--param=to_day=2024-03-31")
GRIDS = ["4105-1-1-001", "4105-1-1-002", "4105-1-2-001", "4105-1-2-901"]      # the last is DEDICATED


def load(world):
    areas = [f | {"properties": f["properties"] | {"kind": "DEDICATED" if f["properties"]["code"] == GRIDS[3] else "BASIC"}}
             for f in reference.town()]
    calendar = ["day,hours"]
    for day in range(1, 29):                                                  # it ends on the 28th
        off = day in DAYS_OFF or datetime.date(2024, 3, day).isoweekday() > 5
        calendar.append(f"2024-03-{day:02},{'' if off else '08:30-12:00 14:30-18:00'}")
    rule = "dedup_group,radius_m,merge_window_s,reopen_window_s\nRUBBISH,15,,604800\n"
    done = reference.load(world, {
        "areas.geojson": reference.collection(areas), "calendar.csv": "\n".join(calendar) + "\n",
        "unit.csv": "code,name,area_code\nU1,一中队,4105-1\nU2,二中队,4105-2\n",
        "time_zone.csv": "area_code,name\n4105,Asia/Shanghai\n", "dedup_rule.csv": rule,
        "category.csv": "scheme,code,name,dedup_group\nlocal,LIVING/RUBBISH,垃圾,RUBBISH\n"})
    assert done.returncode == 0, done.stderr


def closed_well(rows):
    """A: verified, handled and closed in time, with a photo. Seen again after nine days: B repeats it."""
    case = rows.case("A", "CLOSED", local("03-01 08:00"), case_version=9, was_sent=True, handler_unit_code="U1",
                     dispatched_at=local("03-01 09:00"), handled_at=local("03-01 12:00"), handled_by="h1",
                     answered_at=local("03-01 13:00"), checked_at=local("03-01 14:00"), closed_at=local("03-01 15:00"),
                     due_at=local("03-02 00:00"))
    rows.alert(case, "new", local("03-01 08:00"), "A first")
    rows.step(case, 2, "DISPATCH", "REPORTED>DISPATCHED", local("03-01 09:00"))
    rows.step(case, 3, "ACCEPT", "DISPATCHED>ACCEPTED", local("03-01 09:30"), "h1", "U1")
    rows.step(case, 4, "ARRIVE", "ACCEPTED>ARRIVED", local("03-01 10:00"), "h1", "U1", photos=1)
    rows.step(case, 5, "VERIFY", "ARRIVED>IN_PROCESS", local("03-01 10:30"), "h1", "U1", result="EXISTS")
    rows.step(case, 6, "RECTIFY", "IN_PROCESS>HANDLED", local("03-01 12:00"), "h1", "U1", photos=1, result="DONE")
    rows.step(case, 7, "FEEDBACK", "HANDLED>PENDING_CHECK", local("03-01 13:00"), "h1", "U1")
    rows.step(case, 8, "CHECK", "PENDING_CHECK>CHECK_PASSED", local("03-01 14:00"), "k1", "U2", photos=2, result="PASS")
    rows.step(case, 9, "CLOSE", "CHECK_PASSED>CLOSED", local("03-01 15:00"), "a1", "U2")
    rows.add("follow_up.time_limit", case_id=case, case_version=2, link_seq=1, action="DISPATCH", limit_type="URGENT_HOUR",
             limit_value=15, starts_at=local("03-01 09:00"), due_at=local("03-02 00:00"))
    order = rows.add("follow_up.outbox", order_id=some_id("A order"), order_kind="DISPATCH", case_id=case, case_version=2,
                     link_seq=1, target_unit_code="U1", decided_at=local("03-01 09:00"))
    rows.add("follow_up.outbox_sent", order_id=order["order_id"], topic="orders", sent_at=local("03-01 09:01"))


def open_and_late(rows):
    """B: a repeat of A, dispatched, nobody has come."""
    case = rows.case("B", "DISPATCHED", local("03-10 08:00"), case_version=2, was_sent=True, handler_unit_code="U1",
                     dispatched_at=local("03-10 09:00"), due_at=local("03-12 00:00"), repeat_of=some_id("A"))
    rows.alert(case, "repeat", local("03-10 08:00"), "B first", distance_m=3.0, radius_m=28.3, related_case_id=some_id("A"))
    rows.step(case, 2, "DISPATCH", "REPORTED>DISPATCHED", local("03-10 09:00"))


def closed_twice(rows):
    """C: checked by who had done it, without a photo; closed late; seen again, reopened, and closed again in time."""
    case = rows.case(
        "C", "CLOSED", local("03-02 08:00"), case_version=10, unit_code="U2", was_sent=True,
        dispatched_at=local("03-08 12:00"), handled_at=local("03-09 10:00"), answered_at=local("03-04 11:00"),
        checked_at=local("03-09 11:00"), reopened_at=local("03-08 08:00"), closed_at=local("03-09 12:00"),
        due_at=local("03-10 00:00"))
    rows.alert(case, "new", local("03-02 08:00"), hangar="H2")
    rows.step(case, 2, "DISPATCH", "REPORTED>DISPATCHED", local("03-02 09:00"))
    rows.step(case, 3, "RECTIFY", "DISPATCHED>HANDLED", local("03-04 10:00"), "h2", "U2", photos=1, result="DONE")
    rows.step(case, 4, "CHECK", "PENDING_CHECK>CHECK_PASSED", local("03-05 10:00"), "h2", "U2", photos=1, result="PASS")
    rows.step(case, 5, "CLOSE", "CHECK_PASSED>CLOSED", local("03-06 10:00"), "a1", "U2")
    rows.step(case, 6, "PUBLISH_REPLY", "CLOSED>CLOSED", local("03-07 10:00"), "a1", "U2")
    rows.alert(case, "reopen", local("03-08 08:00"), "C again", hangar="H2", distance_m=1.5, radius_m=28.3)
    rows.step(case, 7, "REOPEN", "CLOSED>REOPENED", local("03-08 08:00"))
    rows.step(case, 8, "RECTIFY", "DISPATCHED>HANDLED", local("03-09 10:00"), "h3", "U2", photos=1, result="DONE")
    rows.step(case, 9, "CHECK", "PENDING_CHECK>CHECK_PASSED", local("03-09 11:00"), "k1", "U1", result="PASS")
    rows.step(case, 10, "CLOSE", "CHECK_PASSED>CLOSED", local("03-09 12:00"), "a1", "U2")


def dismissed(rows):
    """D: a false alarm. E: not filed. A third alert of the place of D is muted."""
    case = rows.case("D", "FALSE_ALARM", local("03-03 08:00"), case_version=3, dispatched_at=local("03-03 09:00"),
                     was_sent=True, answered_at=local("03-03 11:00"), closed_at=local("03-03 11:00"), due_at=local("03-03 10:00"))
    rows.alert(case, "new", local("03-03 08:00"), detector="v2")
    rows.step(case, 2, "DISPATCH", "REPORTED>DISPATCHED", local("03-03 09:00"))
    rows.step(case, 3, "VERIFY", "ARRIVED>FALSE_ALARM", local("03-03 11:00"), "h1", "U1", photos=1, result="NOT_EXISTS")
    rows.alert(case, "muted", local("03-05 08:00"), detector="v2")
    case = rows.case("E", "NOT_FILED", local("03-04 08:00"), case_version=2, closed_at=local("03-04 09:00"))
    rows.alert(case, "new", local("03-04 08:00"), detector="v2")
    rows.step(case, 2, "NOT_FILE", "REPORTED>NOT_FILED", local("03-04 09:00"), "a1", "U2", reason_code="NO_CASE")


def merged(rows):
    """F: merged into B, by a person."""
    case = rows.case("F", "MERGED", local("03-10 10:00"), case_version=2, merged_into=some_id("B"),
                     due_at=local("03-11 00:00"))
    rows.alert(case, "possible_repeat", local("03-10 10:00"), distance_m=31.5, radius_m=28.3, flags=16)
    rows.step(case, 2, "MERGE", "REPORTED>MERGED", local("03-10 11:00"), "d1", "U2", reason_code="SAME")


def exceptions(rows):
    """G: extended, then suspended. H: closed by force, approved by who did it. J: appealed, handled, not closed."""
    case = rows.case("G", "SUSPENDED", local("03-05 08:00"), case_version=4, unit_code="U2", was_sent=True,
                     dispatched_at=local("03-05 09:00"), due_at=local("03-07 00:00"), suspended_at=local("03-06 09:00"),
                     state_before="DISPATCHED", extended=1, suspended=1, kind="patrol_log", case_kind="PATROL_PROBLEM")
    rows.step(case, 2, "DISPATCH", "REPORTED>DISPATCHED", local("03-05 09:00"))
    rows.step(case, 3, "EXTEND", "DISPATCHED>DISPATCHED", local("03-05 10:00"), "h2", "U2", approved_by_ref="l1")
    rows.step(case, 4, "SUSPEND", "DISPATCHED>SUSPENDED", local("03-06 09:00"), "h2", "U2", approved_by_ref="l1")
    case = rows.case("H", "FORCED_CLOSED", local("03-05 09:00"), case_version=3, unit_code="U2", was_sent=True,
                     dispatched_at=local("03-05 10:00"), closed_at=local("03-15 10:00"), due_at=local("03-06 00:00"))
    rows.alert(case, "new", local("03-05 09:00"), hangar="H2")
    rows.step(case, 2, "DISPATCH", "REPORTED>DISPATCHED", local("03-05 10:00"))
    rows.step(case, 3, "FORCE_CLOSE", "DISPATCHED>FORCED_CLOSED", local("03-15 10:00"), "l2", "U2", approved_by_ref="l2")
    case = rows.case("J", "PENDING_CHECK", local("03-18 08:00"), case_version=8, unit_code="U2", was_sent=True,
                     dispatched_at=local("03-18 09:00"), handled_at=local("03-20 10:00"), due_at=local("03-21 00:00"),
                     reworked=1, returned=1)
    rows.alert(case, "new", local("03-18 08:00"), hangar="H2")
    rows.step(case, 2, "DISPATCH", "REPORTED>DISPATCHED", local("03-18 09:00"))
    rows.step(case, 3, "RECTIFY", "IN_PROCESS>HANDLED", local("03-19 10:00"), "h2", "U2", photos=1, result="DONE")
    rows.step(case, 4, "CHECK", "PENDING_CHECK>PENDING_CHECK", local("03-19 11:00"), "k1", "U1", photos=1, result="UNABLE")
    rows.step(case, 5, "CHECK", "PENDING_CHECK>REWORK", local("03-19 12:00"), "k1", "U1", photos=1, result="FAIL")
    rows.step(case, 6, "RECTIFY", "IN_PROCESS>HANDLED", local("03-20 10:00"), "h2", "U2", photos=1, result="DONE")
    rows.step(case, 7, "CHECK", "PENDING_CHECK>CHECK_PASSED", local("03-20 11:00"), "h2", "U2", photos=1, result="PASS",
              outcome="refused", reason="same_actor")
    rows.step(case, 8, "APPEAL", "PENDING_CHECK>PENDING_CHECK", local("03-20 12:00"), "l1", "U2", result="APPROVED",
              approved_by_ref="l3")


def drill(rows):
    """I: like B, and as late, but of a drill."""
    case = rows.case("I", "DISPATCHED", local("03-10 08:00"), case_version=2, was_sent=True, is_test=True,
                     dispatched_at=local("03-10 09:00"), due_at=local("03-12 00:00"))
    rows.alert(case, "new", local("03-10 08:00"), test=True)
    rows.step(case, 2, "DISPATCH", "REPORTED>DISPATCHED", local("03-10 09:00"))


def findings(rows):
    """K of two rounds; L, followed up; M, whose plan never came. What a later revision says counts."""
    def found(name, unit, issue, round_code, at, revised=0, **values):
        event = rows.event(
            "inspection_finding", at, f"{name} {revised}", finding_id=some_id(name), finding_no=name, round_code=round_code,
            inspected_unit_code=unit, responsible_unit_code=unit, issue_code=issue, issue_scheme="local", found_at=at,
            recorded_at=at + datetime.timedelta(hours=revised), **values)
        return event
    found("K0", "U1", "LATE", "R0", local("01-10 09:00"))
    found("K", "U1", "LATE", "R1", local("03-02 09:00"), plan_due_at=local("03-10 18:00"))
    event = found("K", "U1", "LATE", "R1", local("03-02 09:00"), 1, plan_due_at=local("03-10 18:00"),
                  plan_submitted_at=local("03-12 18:00"), report_due_at=local("03-20 18:00"),
                  next_follow_up_at=local("03-25 09:00"), repeat_of_finding_id=some_id("K0"))
    case = rows.case("K", "REVIEW_PASSED", local("03-02 09:00"), case_version=3, kind="inspection_finding",
                     case_kind="INSPECTION_FINDING", answered_at=local("03-19 10:00"), handled_at=local("03-19 10:00"),
                     checked_at=local("03-22 10:00"))
    rows.sighting(case, "new", event, "inspection_finding", report_id=some_id("K"))
    rows.step(case, 2, "SUBMIT_REPORT", "RECTIFYING>REPORT_SUBMITTED", local("03-19 10:00"), "h1", "U1")
    rows.step(case, 3, "REVIEW", "REPORT_SUBMITTED>REVIEW_PASSED", local("03-22 10:00"), "k9", "U9", result="PASS")
    event = found("L", "U2", "PAPERS", "R1", local("03-04 09:00"), next_follow_up_at=local("03-20 09:00"))
    case = rows.case("L", "FOLLOW_UP", local("03-04 09:00"), case_version=2, kind="inspection_finding",
                     case_kind="INSPECTION_FINDING", unit_code="U2", answered_at=local("03-10 10:00"))
    rows.sighting(case, "new", event, "inspection_finding", report_id=some_id("L"))
    rows.step(case, 2, "FOLLOW_UP", "REVIEW_PASSED>FOLLOW_UP", local("03-21 10:00"), "k9", "U9", result="PASS")
    found("M", "U2", "LATE", "R1", local("03-05 09:00"), plan_due_at=local("03-15 18:00"))
    found("N", "U2", "PAPERS", "R0", local("01-05 09:00"), is_test=True)


def patrols(rows):
    def patrol(grid, at, activity, revised=0, **values):
        return rows.event("patrol_log", at, recorded_at=at + datetime.timedelta(hours=1 + revised), started_at=at,
                          grid_code=grid, subdistrict_code="4105-1", activity_type=activity, **values)
    for day in ("03-01 09:00", "03-05 00:10", "03-19 09:00", "03-22 09:00", "03-26 09:00"):
        patrol(GRIDS[0], local(day), "CLEAN_UP")
    patrol(GRIDS[0], local("03-04 00:30"), "JOINT_MEETING", police_count=1)
    patrol(GRIDS[0], local("03-26 15:00"), "JOINT_MEETING", police_count=1, is_test=True)
    patrol(GRIDS[1], local("03-05 09:00"), "CLEAN_UP")
    patrol(GRIDS[1], local("03-19 09:00"), "CLEAN_UP", patrol_id=some_id("moved"))
    patrol(GRIDS[1], local("03-20 09:00"), "CLEAN_UP", 48, patrol_id=some_id("moved"))
    patrol("", local("03-21 20:00"), "ROUTINE_PATROL", located_grid_code=GRIDS[3], police_count=2,
           shift_kind="STAGGERED_EVENING", subject_refs=["t1", "t2"], event_id=some_id("visit"))


def flights(rows):
    """Two flown, one of them not to its end, one called off; what the last record of a task says counts."""
    def task(name, at, status, hours=0, **values):
        rows.event("flight_task", at, recorded_at=at + datetime.timedelta(hours=hours), task_id=name, planned_at=at,
                   status=status, **values)
    task("T1", local("03-05 08:00"), "IN_PROGRESS", 0, hangar_id="H1", route_id="R1", started_at=local("03-05 08:01"))
    task("T1", local("03-05 08:00"), "COMPLETED", 1, hangar_id="H1", route_id="R1", started_at=local("03-05 08:01"),
         media_expected=10, media_uploaded=10)
    task("T2", local("03-06 08:00"), "CANCELLED", 0, hangar_id="H1", route_id="R1", reason_code="WIND")
    task("T3", local("03-06 08:00"), "PARTIALLY_DONE", 0, hangar_id="H2", route_id="R2", started_at=local("03-06 08:02"),
         media_expected=8, media_uploaded=5, reason_code="RAIN")
    task("T4", local("03-07 08:00"), "COMPLETED", 0, hangar_id="H2", route_id="R2", started_at=local("03-07 08:02"))
    task("T5", local("03-07 08:00"), "COMPLETED", 0, hangar_id="H2", route_id="R2", is_test=True)


def build(world):
    load(world)
    rows = Rows(world)
    for part in (closed_well, open_and_late, closed_twice, dismissed, merged, exceptions, drill, findings, patrols, flights):
        part(rows)
    rows.book()
    rows.close()
