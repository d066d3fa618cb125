"""What auditors ask: the answers to a history that is known (audit_scene.py)."""
import csv
import io

import psycopg
import pytest

import audit_scene
from audit_scene import PERIOD
from checker import check_all
from events import KINDS
from rows import Rows, local, some_id
from stack import ROOT
from world import World, bad, good

pytestmark = pytest.mark.xdist_group("audit")  # one history for all of them


@pytest.fixture(scope="module")
def scene(stack, template, tmp_path_factory):
    world = World(stack, template, tmp_path_factory.mktemp("audit"))
    audit_scene.build(world)
    yield world
    problems = world.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def copy(scene):
    """The same, to be changed."""
    return scene.twin(filled=True)


def audit(world, *arguments):
    """gridloopctl audit, as the auditor."""
    return world.run("gridloopctl", "audit", "--database-url=" + world.stack.url(world.database, "gridloop_auditor"),
                     *arguments, text=True)


def answer(world, name, *arguments):
    """Its rows, read as a spreadsheet would."""
    done = audit(world, name, "--csv", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline="")))


def shown(rows, columns):
    """Of each row these columns, joined by blanks."""
    return [" ".join(row[column] or "-" for column in columns.split()) for row in rows]


NUMBERS = {f"C{some_id(name)[-12:].upper()}": name for name in "ABCDEFGHIJKL"}  # case_no -> name

# name -> (columns, the rows of the history). A case is shown by its name.
ANSWERS = {
    # B stands, and is late in every way. J is handled: only the platform is late, and an appeal erases nothing. G is
    # suspended, K and L have no limit, I is a drill, F is merged.
    "overdue_by_unit": ("unit_code unit_name open_cases handling_overdue closing_overdue closing_overdue_appealed suspended "
                        "without_limit", ["U1 一中队 2 1 1 0 0 0", "U2 二中队 3 0 1 1 1 0"]),
    "time_to_feedback": ("category_code cases answered median_hours p90_hours", ["LIVING/RUBBISH 6 3 5.0 41.8"]),
    "unanswered": ("item case_no", ["case G", "case H", "case B", "case J"]),
    "closed_without_photo": ("case_no checks", ["C 2"]),
    "self_checked": ("case_no actor_ref action outcome reason", ["C h2 CHECK applied -", "J h2 CHECK refused same_actor"]),
    # The first closing of C is not forgotten.
    "seen_after_closing": ("case_no closed_at days_after outcome", ["C 2024-03-06 10:00:00+08 1.9 reopen",
                                                                    "A 2024-03-01 15:00:00+08 8.7 repeat"]),
    "repeated_findings": ("unit_code issue_code rounds round_codes named_as_repeat", ["U1 LATE 2 {R0,R1} 1"]),
    "late_plans": ("paper finding_no submitted_at", ["plan M -", "plan K 2024-03-12 18:00:00+08"]),
    "missed_follow_ups": ("finding_no state next_follow_up_at", ["K REVIEW_PASSED 2024-03-25 09:00:00+08"]),
    "backdated": ("kind oddity hours_between", ["patrol_log entered later 49.0"]),
    "alterations": ("finding", []),
    # The second has its day by the clock of Anyang: it is still the fourth in UTC. The 8th and the 12th are off.
    "missing_clean_ups": ("day grid_code in_calendar has_patrol_data", [
        f"2024-03-{day:02} {grid} {'f' if day == 29 else 't'} {'f' if grid == '4105-1-2-001' else 't'}"
        for day in (1, 5, 19, 22, 26, 29) for grid in audit_scene.GRIDS
        if (day, grid) not in [(d, "4105-1-1-001") for d in (1, 5, 19, 22, 26)] + [(5, "4105-1-1-002")]]),
    # In the week of the 4th there was one, at half past midnight; the week of the 11th is off; that of the 26th is a drill.
    "missing_meetings": ("week_from subdistrict_code work_days in_calendar", ["2024-03-18 4105-1 5 t", "2024-03-25 4105-1 4 f"]),
    "grid_presence": ("grid_code grid_kind activities with_police staggered_evenings has_patrol_data", [
        "4105-1-1-001 BASIC 6 1 0 t", "4105-1-1-002 BASIC 2 0 0 t", "4105-1-2-001 BASIC - - - f",
        "4105-1-2-901 DEDICATED 1 1 1 t"]),
    # Merged F is an alert, and no case.
    "false_alarms": ("hangar_id detector_version alerts cases verified false_alarms not_filed muted false_alarm_share", [
        "H1 v1 3 2 1 0 0 0 0/1", "H1 v2 3 2 1 1 1 1 1/1", "H2 v1 4 3 0 0 0 0 -"]),
    "merged_cases": ("case_no actor_ref reason_code dedup_group rule_version distance_m flags", ["F d1 SAME RUBBISH 1 31.5 {far}"]),
    "exceptions_granted": ("unit_code action approved_by_ref cases without_approver approved_by_actor", [
        "U2 APPEAL l3 1 0 0", "U2 EXTEND l1 1 0 0", "U2 FORCE_CLOSE l2 1 0 1", "U2 SUSPEND l1 1 0 0"]),
    "reads_of_personal_data": ("reader", []),
    "flights_and_media": ("hangar_id route_id planned flown not_flown not_to_its_end reasons media_expected media_uploaded "
                          "media_missing media_unknown", ["H1 R1 2 1 1 0 {WIND} 10 10 0 0", "H2 R2 2 2 0 1 {RAIN} 8 5 3 1"]),
    "kpi_filing": ("unit_code filed reported filing_share", ["U1 3 5 3/5", "U2 4 5 4/5"]),
    "kpi_false_alarms": ("detector_version false_alarms verified not_filed false_alarm_share", ["v1 0 1 0 0/1", "v2 1 1 1 1/1"]),
    "kpi_dispatch": ("unit_code never_returned dispatched dispatch_share", ["U1 3 3 3/3", "U2 3 4 3/4"]),
    # B was due and nobody came: it is in the count. G is suspended; H was handled by being closed, ten days late.
    "kpi_handling": ("unit_code handled handled_in_time should_handle handling_share in_time_share", [
        "U1 1 1 2 1/2 1/2", "U2 3 2 4 3/4 2/4"]),
    # In time of what is not suspended; C was closed twice, the second time in time.
    "kpi_closure": ("unit_code closed closed_in_time should_close suspended closed_again closure_share in_time_share", [
        "U1 1 1 2 0 0 1/2 1/2", "U2 2 1 4 1 1 2/4 1/3"]),
    "kpi_rework": ("unit_code reworked handled rework_share", ["U1 0 2 0/2", "U2 1 2 1/2"]),
    # What could not be checked was not checked; what was refused was no check.
    "kpi_first_check": ("unit_code passed first_checks passed_share", ["U1 1 1 1/1", "U2 1 2 1/2"]),
    # Seven days: C came back after two, A after nine.
    "kpi_repeats": ("dedup_group seen_again closed repeat_share", ["RUBBISH 1 3 1/3"]),
    "kpi_handling_time": ("unit_code overdue_not_handled handled mean_hours median_hours", ["U1 1 1 3.0 3.0", "U2 0 2 35.5 35.5"]),
    "kpi_feedback_time": ("hangar_id category_code cases answered median_hours", ["H1 LIVING/RUBBISH 3 2 4.0",
                                                                                  "H2 LIVING/RUBBISH 3 1 51.0"]),
    "kpi_answered": ("unit_code answered put_right cases answered_share put_right_share", ["U1 2 2 3 2/3 2/3", "U2 2 1 5 2/5 1/5"]),
    "kpi_rectification": ("unit_code review_passed findings_due plans_in_time plans_due review_passed_share plans_in_time_share", [
        "U1 1 1 0 1 1/1 0/1", "U2 0 0 0 1 - 0/1"]),
    "kpi_repeated_findings": ("unit_code repeats findings repeat_share", ["U1 1 1 1/1", "U2 0 2 0/2"]),
    "kpi_grid_coverage": ("subdistrict_code grid_kind covered grids without_data coverage_share", [
        "4105-1 BASIC 1 3 1 1/3", "4105-1 DEDICATED 1 1 0 1/1", "4105-1 all 2 4 1 2/4"]),
    "kpi_clean_up": ("subdistrict_code done should_do done_share", ["4105-1 6 24 6/24"]),
    "kpi_flights": ("hangar_id flown planned media_uploaded media_expected flown_share media_share", [
        "H1 1 2 10 10 1/2 10/10", "H2 2 2 5 8 2/2 5/8"]),
    "kpi_chain": ("chained offsets chained_share", ["29 29 29/29", "11 11 11/11", "6 6 6/6", "6 6 6/6", "11 11 11/11"]),
    "completeness": ("next_offset stored holds open_gaps", ["29 29 t 0", "11 11 t 0", "6 6 t 0", "6 6 t 0", "11 11 t 0"]),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answer(scene, name):
    columns, wanted = ANSWERS[name]
    rows = answer(scene, name, *PERIOD)
    for row in rows:
        row["case_no"] = NUMBERS.get(row.get("case_no"), row.get("case_no"))
    assert shown(rows, columns) == wanted


def test_every_question_has_an_answer_here(scene):
    """And all twenty are there, each with its Chinese question."""
    names = scene.sql("select relname, substring(obj_description(oid) from '^(?:Question|KPI) ([0-9]+)') from pg_class "
                      "where relnamespace = 'audit'::regnamespace and obj_description(oid) ~ '^(Question|KPI) '")
    assert sorted(int(number) for name, number in names if not name.startswith("kpi_")) == list(range(1, 21))
    assert {name for name, _ in names} - set(ANSWERS) == {"time_by_step"}
    listed = audit(scene)
    assert listed.returncode == 0 and "各责任单位现在有多少件超期，最长超了几天？" in listed.stdout
    assert "20个网格近30天各有几次民警到场、几次晚间错时？" in listed.stdout


def test_time_by_step(scene):
    rows = {f"{row['action']} {row['unit_code']}": row for row in answer(scene, "time_by_step", *PERIOD)}
    # 49 h (C), 1 h and 24 h and 22 h between a check and what came before: medians of what stands in the history.
    assert shown([rows["RECTIFY U2"]], "unit_name steps median_hours longest_hours") == ["二中队 4 25.5 49.0"]
    assert shown([rows["REOPEN platform"]], "unit_name steps median_hours") == ["- 1 22.0"]
    assert shown([rows["CHECK U1"]], "steps median_hours") == ["3 1.0"]  # the refused one is no step


def test_how_late(scene):
    late, now = scene.sql("select closing_late, now() - due_at from audit.cases where case_no = %s",
                          f"C{some_id('B')[-12:].upper()}")[0]
    assert abs(late - now) < audit_scene.HOUR
    rows = scene.sql("select handling_late, closing_late, first_closed_at, closed_at from audit.cases where case_id = %s",
                     some_id("H"))
    assert rows == [(9 * 24 * audit_scene.HOUR + 10 * audit_scene.HOUR,) * 2 + (local("03-15 10:00"),) * 2]
    assert scene.sql("select first_closed_at, closed_at from audit.cases where case_id = %s", some_id("C")) == [
        (local("03-06 10:00"), local("03-09 12:00"))]


def test_drills_only_when_asked(scene):
    """Question by question nothing of a drill; asked for, all of it."""
    drill = "--param=include_test=true"
    assert shown(answer(scene, "overdue_by_unit", drill), "open_cases closing_overdue")[0] == "3 2"
    assert shown(answer(scene, "missing_meetings", drill, *PERIOD), "week_from") == ["2024-03-18"]
    assert shown(answer(scene, "flights_and_media", drill, *PERIOD), "planned") == ["2", "3"]
    for view, in scene.sql("select table_name from information_schema.columns where table_schema = 'audit' and "
                           "column_name = 'is_test'"):
        assert view.startswith("every_") or scene.sql(f"select count(*) from audit.{view} where is_test") == [(0,)], view




def test_other_periods(scene):
    """The period bounds what is counted; what is open now is open whatever the period."""
    later = ("--param=from_day=2024-04-01", "--param=to_day=2024-04-30")
    assert answer(scene, "kpi_filing", *later) == []
    # Due before and never done: it does not vanish.
    assert shown(answer(scene, "kpi_closure", *later), "unit_code closed should_close") == ["U1 0 1", "U2 0 2"]
    assert len(answer(scene, "overdue_by_unit", *later)) == 2


# ---- what changes an answer ----

def test_alterations_are_seen(copy):
    copy.alter(f"delete from events.patrol_log where event_id = '{some_id('visit')}'")
    copy.alter("update bus.batch set from_offset = 1, stored = stored - 1 where source_id = "
               "(select source_id from bus.source where topic like '%drone-alert%')")
    with copy.connect("postgres") as connection:
        connection.execute("alter table events.drone_alert disable trigger refuse_change")
    found = answer(copy, "alterations")
    assert {(row["topic"].split(".")[-2], row["finding"], row["expected"], row["found"]) for row in found} == {
        ("patrol-log", "rows of events", "11", "10"), ("drone-alert", "rows of events", "10", "11"),
        ("drone-alert", "offsets accounted for", "11", "10"), ("events", "trigger refuse_change is off", "1", "0")}
    assert shown(answer(copy, "completeness"), "holds").count("f") == 1


def test_percentages_from_thirty_on(copy):
    """29 cases: a fraction. 30: a percentage."""
    rows = Rows(copy)
    for count in range(24):
        rows.case(f"more {count}", "REPORTED", local("03-20 08:00"))
    assert shown(answer(copy, "kpi_filing", *PERIOD), "filing_share")[0] == "3/29"
    rows.case("one more", "REPORTED", local("03-20 08:00"))
    rows.close()
    assert shown(answer(copy, "kpi_filing", *PERIOD), "filing_share")[0] == "10.0 %"


def test_reports_that_joined_an_answered_case(copy):
    """A patrol's report of what had been answered before is owed an answer of its own."""
    rows = Rows(copy)
    event = rows.event("patrol_log", local("03-01 18:00"), "joined", category="X", raised_case_ids=[some_id("would open")])
    rows.sighting(some_id("A"), "more", event, "patrol_log", report_id=some_id("patrol"))
    assert "report A" in shown([row | {"case_no": NUMBERS.get(row["case_no"])} for row in answer(copy, "unanswered")
                                if row["item"] == "report"], "item case_no")
    rows.add("follow_up.case_step", link_seq=9999, ordinal=0, named_id=some_id("would open"), case_id=some_id("A"),
             actor="h1", action="FEEDBACK", outcome="answered", stepped_at=local("03-01 19:00"))
    rows.close()
    assert all(row["item"] == "case" for row in answer(copy, "unanswered"))


# ---- lookups ----

def test_event_trail(scene):
    """The same whether asked by case, by report, by action or by order; in order, and whole."""
    trail = answer(scene, "event_trail", f"--param=id={some_id('A')}")
    assert [row["entry"] for row in trail] == [
        "event drone_alert", "sighting", "limit", "order DISPATCH", "step DISPATCH",
        *("event case_action", "step ACCEPT", "event case_action", "step ARRIVE", "event case_action", "step VERIFY",
          "event case_action", "step RECTIFY", "event case_action", "step FEEDBACK", "event case_action", "step CHECK",
          "event case_action", "step CLOSE")]
    assert [row["at"] for row in trail] == sorted(row["at"] for row in trail)
    assert trail[0]["at"] == "2024-03-01 08:00:00+08"
    for name in (some_id("A first"), some_id("A order"), trail[5]["entry_id"]):
        assert answer(scene, "event_trail", f"--param=id={name}") == trail
    assert answer(scene, "event_trail", f"--param=id={some_id('I')}")  # who has the id of a drill has asked for it
    assert answer(scene, "event_trail", f"--param=id={some_id('nothing')}") == []


def test_repeats(scene):
    """A, what repeats it, and what was merged into that."""
    rows = answer(scene, "repeats", f"--param=case_id={some_id('A')}")
    assert shown(rows, "outcome case_id") == [f"new {some_id('A')}", f"repeat {some_id('B')}", f"possible_repeat {some_id('F')}"]


def test_through_the_daemons(world):
    """Events, repeats and a dead letter as they come; nothing of this was put there by hand."""
    rng = world.rng()
    world.make_topic("patrol_log", 2)
    events = [KINDS["patrol_log"].fresh(rng) for _ in range(40)]
    world.produce([good("patrol_log", event) for event in events + events[:3]] + [bad("patrol_log", b"no event", "envelope")])
    world.settle_and_stop(world.consumer("patrol_log"))
    check_all(world)
    assert shown(answer(world, "completeness"), "holds") == ["t", "t"]
    assert sum(int(row["stored"]) for row in answer(world, "completeness")) == 40
    assert sum(int(row["duplicate"]) for row in answer(world, "completeness")) == 3
    assert answer(world, "alterations") == []
    assert shown(answer(world, "rejected"), "kind reason fate value_size") == ["patrol_log envelope open 8"]
    assert answer(world, "rejected", "--param=from_at=2001-01-01", "--param=until_at=2001-01-02") == []
    trail = answer(world, "event_trail", "--param=id=" + events[0]["event_id"])
    assert trail[0]["entry"] == "event patrol_log" and trail[0]["outcome"] == "stored"


# ---- what is shown only on record ----

def reveal(world, connection, what, key, purpose="complaint 7", approver="wang"):
    return connection.execute("select answer, item, content from audit.reveal(%s, %s, %s, %s)",
                              [what, key, purpose, approver]).fetchall()


def test_reveal(copy):
    """Recorded, committed, and only then shown; each time."""
    copy.sql("insert into bus.dead_letter (source_id, topic_offset, kind, reason, value, value_size, value_sha256) select "
             "source_id, 99, 'patrol_log', 'x', '\\xc301', 2, sha256('\\xc301') from bus.source where topic like '%patrol%'")
    letter = copy.sql("select source_id || '/99' from bus.dead_letter")[0][0]
    with copy.connect("gridloop_auditor") as auditor:
        for what, key, content in (("subject_refs", some_id("visit"), ["t1", "t2"]), ("dead_letter", letter, ["c301"])):
            assert [row[1:] for row in reveal(copy, auditor, what, key)] == [(None, None)]
            assert [row[2] for row in reveal(copy, auditor, what, key)] == content
            assert reveal(copy, auditor, what, key, purpose="another")[0][2] is None
    assert shown(answer(copy, "reads_of_personal_data"), "reader what reads keys approvers without_approval") == [
        "gridloop_auditor dead_letter 3 1 {wang} 0", "gridloop_auditor subject_refs 3 1 {wang} 0"]
    assert answer(copy, "event_trail", f"--param=id={some_id('visit')}")[-1]["entry"] == "disclosure"
    columns = {name for name, in copy.sql("select column_name from information_schema.columns where table_schema = 'audit'")}
    assert not columns & {"subject_refs", "value", "remark", "note", "message_key", "header_values", "issue_summary"}


def test_no_reading_without_a_trace(copy):
    """A transaction that asks cannot read, so that it cannot take back its record; nor can one that was rolled back."""
    with psycopg.connect(copy.stack.url(copy.database, "gridloop_auditor")) as auditor:
        for _ in range(2):
            assert reveal(copy, auditor, "subject_refs", some_id("visit"))[0][2] is None
        auditor.rollback()
        assert reveal(copy, auditor, "subject_refs", some_id("visit"))[0][2] is None
        auditor.rollback()
    assert copy.sql("select count(*) from bus.disclosure") == [(0,)]


@pytest.mark.parametrize("what, key, purpose, approver", [
    ("subject_refs", some_id("visit"), " ", "wang"), ("subject_refs", some_id("visit"), "why", ""),
    ("subject_refs", some_id("visit"), "why", "Gridloop_Auditor"), ("remark", some_id("visit"), "why", "wang"),
    ("subject_refs", "1/2", "why", "wang"), ("dead_letter", some_id("visit"), "why", "wang"),
    ("dead_letter", None, "why", "wang")])
def test_reveal_refuses(scene, what, key, purpose, approver):
    with scene.connect("gridloop_auditor") as auditor, pytest.raises(psycopg.errors.InvalidParameterValue):
        reveal(scene, auditor, what, key, purpose, approver)
    assert scene.sql("select count(*) from bus.disclosure where key = '1/2'") == [(0,)]


# ---- the command ----

def test_csv(copy):
    """RFC 4180: CRLF, quotes doubled, and a mark for spreadsheets."""
    copy.sql("insert into bus.source (cluster_id, topic, topic_id, partition) values ('c', E'a,\"b\"\\nc', 't', 0)")
    done = audit(copy, "completeness", "--csv")
    assert done.stdout.startswith("\ufeffsource_id,topic,")
    assert '"a,""b""\nc"' in done.stdout and answer(copy, "completeness")[0]["topic"] == 'a,"b"\nc'
    raw = copy.run("gridloopctl", "audit", f"--database-url={copy.owner_url}", "asked", "--csv").stdout
    assert raw.count(b"\r\n") == 2 and raw.endswith(b"\r\n")


@pytest.mark.parametrize("arguments, says", [
    (["overdue_by_units"], "did you mean overdue_by_unit?"), (["nothing like it"], "lists them"),
    (["audit.cases"], ""), (["kpi_filing", "--param=from_day=2024-02-30"], "--param"),
    (["kpi_filing", "--param=form_day=2024-02-01"], "from_day, to_day, include_test"),
    (["kpi_filing", "--param=include_test=perhaps"], "--param"), (["kpi_filing", "--param=from_day"], "NAME=VALUE"),
    (["event_trail"], "id"), (["event_trail", "--param=id=7"], "--param"), (["kpi_filing", "x"], "unexpected"),
    (["reveal", "--param=what=dead_letter", "--param=key=1/1", "--param=purpose= ", "--param=approver=w"], "purpose")])
def test_wrong_ways_to_ask(scene, arguments, says):
    done = audit(scene, *arguments)
    assert done.returncode == 64 and says in done.stderr and done.stdout == "", done.stderr


def test_exit_codes(world):
    """Not set up: 78. A role that may not: 77."""
    world.sql("drop schema audit cascade")
    assert audit(world, "asked").returncode == 78
    assert world.run("gridloopctl", "audit", f"--database-url={world.ingest_url}", "asked").returncode == 78
    world.sql("create schema audit")
    assert audit(world, "asked").returncode == 77


def test_setup_makes_the_schema_anew(world):
    """Whatever became of it, and when a migration is due: a view would keep the type of its column."""
    world.sql("drop view audit.unanswered")
    world.sql("update bus.migration set sha256 = sha256('') where name = 'deploy/audit'")
    done = world.ctl("setup", f"--namespace={world.namespace}")
    assert done.returncode == 0 and "1 migrations applied" in done.stdout, done.stdout + done.stderr
    assert world.sql("select count(*) from audit.unanswered", user="gridloop_auditor") == [(0,)]
    world.sql("drop schema audit cascade")
    world.sql("delete from bus.migration where name in ('deploy/audit', 'schemas/drone_alert/002.sql')")
    world.sql("alter table events.drone_alert drop column target_area_m2, drop column is_thermal")
    world.sql("alter table events.drone_alert alter column waypoint_index type integer")
    old = world.ctl("setup", f"--namespace={world.namespace}")
    assert "2 migrations applied" in old.stdout, old.stdout + old.stderr
    world.sql("delete from bus.migration where name = 'schemas/drone_alert/002.sql'")
    world.sql("drop view audit.alerts cascade")
    world.sql("alter table events.drone_alert drop column target_area_m2, drop column is_thermal")
    world.sql("create view audit.in_the_way as select waypoint_index from events.drone_alert")
    world.sql("create view public.of_somebody as select 1 as one")
    done = world.ctl("setup", f"--namespace={world.namespace}")
    assert "2 migrations applied" in done.stdout, done.stdout + done.stderr
    assert world.sql("select to_regclass('audit.in_the_way'), (select count(*) from audit.alerts), "
                     "(select one from public.of_somebody)") == [(None, 0, 1)]


# ---- the data dictionary ----

def test_everything_has_a_comment_in_two_languages(world):
    comments = world.sql("""
        select n.nspname || '.' || c.relname || coalesce('.' || a.attname, ''),
               coalesce(col_description(c.oid, a.attnum), '')
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind in ('r', 'v', 'm') and n.nspname in ('bus', 'events', 'reference', 'follow_up', 'audit')
        union all
        select n.nspname || '.' || c.relname, coalesce(obj_description(c.oid, 'pg_class'), '')
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'v', 'm', 'S') and n.nspname in ('bus', 'events', 'reference', 'follow_up', 'audit')
          and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i')
        union all
        select p.oid::regprocedure::text, coalesce(obj_description(p.oid, 'pg_proc'), '')
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('bus', 'events', 'reference', 'follow_up', 'audit')
        union all
        select nspname, coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace
        where nspname in ('bus', 'events', 'reference', 'follow_up', 'audit')""")
    wanting = [name for name, text in comments
               if not any("\u4e00" <= letter <= "\u9fff" for letter in text) or not text[0].isascii()]
    assert len(comments) > 500 and wanting == []


def test_data_dictionary(world):
    """docs/data-dictionary.md is what the database says of itself."""
    told = audit(world, "dictionary")
    assert told.returncode == 0, told.stderr
    assert told.stdout == (ROOT / "docs" / "data-dictionary.md").read_text("utf-8"), "./dev docs makes it anew"
