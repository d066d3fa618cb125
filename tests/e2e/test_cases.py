"""The life of cases: every legal path and every illegal step of tests/cases, through the daemons."""
import pytest

import casebook
import reference
from checker import check_all
from events import KINDS
from stack import ROOT
from world import good

FILES = sorted((ROOT / "tests" / "cases").glob("*.txt"))


def load_reference(world):
    files = sorted(path for path in casebook.REFERENCE.iterdir() if path.suffix in (".csv", ".geojson"))
    done = reference.command(world, "load", *files)
    assert done.returncode == 0, done.stderr


def play(world, books, rows, build="release"):
    """Sends each phase when the one before has been stored: reports, then actions."""
    for kind in KINDS:
        world.make_topic(kind)
    daemons = [world.consumer(kind, build=build, batch_rows=rows, linger_ms=200) for kind in KINDS]
    for number in range(max(len(book.phases) for book in books)):
        phases = [book.phases[number] for book in books if number < len(book.phases)]
        for reports in ([phase.reports for phase in phases], [phase.linked for phase in phases]):
            world.produce(good(kind, event) for some in reports for kind, event in some)
            for kind in casebook.FIRST_STATE:
                world.settle(kind)
        world.produce(good("case_action", event) for phase in phases for event in phase.actions)
        world.settle("case_action")
    for daemon in daemons:
        daemon.stop()


# ---- what is stored ----

def steps_of(world):
    """event_id -> what became of it, one after the other."""
    steps = {}
    for event_id, outcome, reason, to_state in world.sql(
            "select event_id::text, outcome, reason, to_state from follow_up.case_step join events.case_action using (event_id) "
            "order by link_seq, ordinal, place"):
        steps.setdefault(event_id, []).append(casebook.Step(event_id, outcome, reason, to_state))
    return steps


def due_of(world, case, version):
    rows = world.sql("select due_at, reason from follow_up.time_limit where case_id = %s and case_version = %s",
                     case.case_id, version)
    return [(at and casebook.local(at), reason) for at, reason in rows]


def check_line(world, case, version, text):
    words = text.split()
    if words[:2] == ["no", "due"]:
        return due_of(world, case, version) == [(None, words[2])]
    if words[0] == "due":
        return due_of(world, case, version) == [(" ".join(words[1:]), None)]
    orders = world.sql("select order_kind, target_unit_code from follow_up.outbox where case_id = %s and case_version = %s "
                       "and cause = '' order by 1", case.case_id, version)
    return orders == ([tuple(words[1:])] if words[0] == "order" else [])


def check_facts(world, case, text):
    words = text.split()
    columns = ", ".join(f"{word}_at is not null" for word in words if word != "not")
    found = world.sql(f"select {columns} from follow_up.case_file where case_id = %s", case.case_id)
    return [set(row) for row in found] == [{words[0] != "not"}]


def problems(world, book):
    found = steps_of(world)
    states = dict(world.sql("select case_id::text, (state, case_version)::text from follow_up.case_file"))
    for event_id, (number, wanted) in book.steps.items():
        if found.get(event_id) != wanted:
            yield number, f"{[*map(str, found.get(event_id, []))]}, not {[*map(str, wanted)]}"
    for number, case, version, text in book.checks:
        if not check_line(world, case, version, text):
            yield number, f"{text}: {due_of(world, case, version)}"
    for case in book.cases.values():
        for number, text in case.facts:
            if not check_facts(world, case, text):
                yield number, f"{case.name} is {text}"
        is_there = case.state and case.name not in ("R", "S")
        if is_there and states.get(case.case_id) != f"({case.state},{case.version})":
            yield 0, f"{case.name} is {states.get(case.case_id)}, not {case.state} {case.version}"


def check_books(world):
    """What holds whatever happened."""
    for problem, statement in (
            ("actions without a step", """
                select count(*) from events.case_action a
                where not exists (select from follow_up.case_step s where s.event_id = a.event_id)"""),
            ("actions that were settled twice", """
                select count(*) from (select event_id from follow_up.case_step where outcome <> 'parked' and actor <> 'platform'
                                      group by 1 having count(*) > 1) s"""),
            ("cases whose version is not that of their steps", """
                select count(*) from follow_up.case_file c where case_version <> (
                    select count(*) + (kind <> 'case_action')::integer from follow_up.case_step s
                    where s.case_id = c.case_id and s.outcome = 'applied')"""),
            ("cases whose state is not that of their last step", """
                select count(*) from follow_up.case_file c join follow_up.case_step s
                    on s.case_id = c.case_id and s.case_version = c.case_version and s.outcome = 'applied'
                where s.to_state <> c.state"""),
            ("orders without their step", """
                select count(*) from follow_up.outbox o where order_kind <> 'REMIND' and not exists (
                    select from follow_up.case_step s where s.case_id = o.case_id and s.case_version = o.case_version
                    and s.outcome = 'applied')"""),
            ("steps to DISPATCHED without an order", """
                select count(*) from follow_up.case_step s where outcome = 'applied' and to_state = 'DISPATCHED'
                    and from_state <> 'SUSPENDED' and action = 'DISPATCH' and not exists (
                        select from follow_up.outbox o where o.case_id = s.case_id and o.case_version = s.case_version
                        and o.order_kind = 'DISPATCH')"""),
            ("cases whose limit is not there", """
                select count(*) from follow_up.case_file c left join follow_up.time_limit l
                    on l.case_id = c.case_id and l.case_version = c.due_version
                where c.due_version is not null and l.case_id is null
                   or c.due_at is not null and c.due_at is distinct from l.due_at""")):
        assert world.sql(statement) == [(0,)], (problem, world.sql(statement))


@pytest.mark.parametrize(("rows", "build"), [(10_000, "release"), (7, "release"), (1, "release"),
                                             pytest.param(7, "asan", marks=pytest.mark.long)])
def test_cases(world, rows, build, capsys):
    """Whatever the batches are cut into."""
    load_reference(world)
    rng, places = world.rng(seed="cases"), casebook.sites()
    books = [casebook.Book(path, rng, places) for path in FILES]
    play(world, books, rows, build)
    wrong = [f"{book.path.name}:{number}: {problem}" for book in books for number, problem in problems(world, book)]
    assert not wrong, "\n".join(wrong[:40] + [f"({len(wrong)} wrong)"])
    check_books(world)
    rebuilt = world.ctl("rebuild follow-up", "--check")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    world.areas = {1: casebook.areas()}
    check_all(world)
    with capsys.disabled():
        steps = sum(len(wanted) for book in books for _, wanted in book.steps.values())
        print(f"\n{len(FILES)} files, {sum(len(book.cases) for book in books)} cases, {steps} steps in batches of {rows}")


@pytest.mark.parametrize("name, types", [("action_places", "uuid[]"), ("actions_ready", "integer")])
def test_names_are_looked_up_by_index(world, name, types):
    """Actions name reports of several kinds: however many of these there are, none of their tables is read whole."""
    query = (ROOT / "consumers" / "runtime" / "sql" / f"{name}.sql").read_text()
    with world.connect("gridloop_ingest") as connection:
        for setting in ("plan_cache_mode = force_generic_plan", "enable_seqscan = off"):
            connection.execute(f"set {setting}")
        connection.execute(f"prepare asked({types}) as {query}")
        plan = "\n".join(line for line, in connection.execute("explain execute asked(null)"))
    assert "Index Scan" in plan and "Seq Scan on" not in plan, plan
