"""Every question over a million events: each answers, agrees with what was put there, and says what it took."""
import os
import pathlib
import time

import pytest

import audit_scene

SQL = pathlib.Path(__file__).with_name("audit_million.sql")
SESSION = ("set work_mem = '64MB'", "set jit = off")  # as gridloopctl audit sets them


def processor_ms(pid):
    """What a process has used of processors; on a busy machine a clock says little."""
    user, system = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")


def timed(connection, statement):
    """The rows, and of three times the least by the clock and by the processor."""
    pid, clock, processor = connection.info.backend_pid, [], []
    for _ in range(3):
        used, begun = processor_ms(pid), time.monotonic()
        rows = connection.execute(statement).fetchall()
        clock.append((time.monotonic() - begun) * 1000)
        processor.append(processor_ms(pid) - used)
    return rows, min(clock), min(processor)


@pytest.mark.long
def test_a_million_events(world, capsys):
    audit_scene.load(world)
    with world.connect() as owner:
        owner.execute(SQL.read_text("utf-8"))
    events = world.sql("select count(*) from audit.every_event")[0][0]
    case = world.sql("select case_id from follow_up.case_step where case_version = 7 order by link_seq limit 1")[0][0]
    questions = [f"audit.{name}" for name, in world.sql(
        "select relname from pg_class where relnamespace = 'audit'::regnamespace and obj_description(oid) ~ "
        "'^(Question|KPI|Lookup)' order by oid")]
    found, lines = {}, []
    with world.connect("gridloop_auditor") as auditor:
        for statement in SESSION:
            auditor.execute(statement)
        for question in questions + [f"audit.event_trail('{case}')", f"audit.repeats('{case}')", "audit.rejected()"]:
            found[question], clock, processor = timed(auditor, f"select * from {question}")
            lines.append(f"{question.split('(')[0]:<30}{len(found[question]):>8} rows{clock:>8.0f} ms{processor:>8.0f} ms CPU")
    with capsys.disabled():
        print(f"\n{events} events", *lines, sep="\n")
    assert events > 1_000_000
    assert found["audit.alterations"] == []
    assert len(found["audit.merged_cases"]) == world.sql("select count(*) from audit.cases where state = 'MERGED'")[0][0] > 1000
    assert all(found[f"audit.{name}"] for name in ("overdue_by_unit", "seen_after_closing", "time_by_step", "kpi_closure"))
