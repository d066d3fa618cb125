"""What the roles gridloop_ingest and gridloop_auditor may do, and what nobody may, by trying it.

The lists of tables come from the database itself, so that a new table is tried as well.
"""
import psycopg
import pytest

from world import World

pytestmark = pytest.mark.xdist_group("roles")

INGEST_MAY = {  # table -> what; everything else that changes a table is refused
    "bus.source": "insert", "bus.layout": "insert", "bus.batch": "insert", "bus.dead_letter": "insert",
    "bus.progress": "insert update", "bus.gap": "insert", "bus.heartbeat": "insert update",
    "follow_up.case_file": "insert update", "follow_up.sighting": "insert", "follow_up.case_step": "insert",
    "follow_up.time_limit": "insert", "follow_up.outbox": "insert", "follow_up.outbox_sent": "insert"}
HIDDEN_FROM_INGEST = {"bus.migration", "bus.dead_letter_action", "bus.disclosure", "events.enrichment"}
SCHEMAS = ("bus", "events", "reference", "follow_up")
CHANGEABLE = {"bus.progress", "bus.heartbeat", "bus.gap", "follow_up.case_file", "bus.source", "bus.layout", "bus.schema",
              "bus.migration"}  # by their owner; all other tables are only ever added to


def tables(world, *schemas):
    return [name for name, in world.sql(
        "select format('%%I.%%I', schemaname, tablename) from pg_tables where schemaname = any(%s) order by 1", list(schemas))]


def privileges(world, user):
    """Table -> what the role may do there, by asking for each privilege, some columns counting as all."""
    return {table: " ".join(words) for table, words in world.sql("""
        select t.name, array(select p from unnest(array['select', 'insert', 'update', 'delete', 'truncate',
                                                        'references', 'trigger']) as p
                             where has_table_privilege(%s, t.name, p))
        from (select format('%%I.%%I', schemaname, tablename) as name from pg_tables where schemaname = any(%s)
              union all select format('%%I.%%I', schemaname, viewname) from pg_views where schemaname = any(%s)) as t""",
        user, [*SCHEMAS, "audit"], [*SCHEMAS, "audit"])}


def refused(world, user, statement, error=psycopg.errors.InsufficientPrivilege):
    with world.connect(user) as connection, pytest.raises(error):
        connection.execute(statement)


# ---- ingest ----

def test_ingest_may_only_add(world):
    for table, may in privileges(world, "gridloop_ingest").items():
        schema = table.split(".")[0]
        wanted = INGEST_MAY.get(table, "insert" if schema == "events" and table not in HIDDEN_FROM_INGEST else "")
        assert set(may.split()) - {"select"} == set(wanted.split()), (table, may)
        assert ("select" in may) == (schema != "audit" and table not in HIDDEN_FROM_INGEST), table


def test_ingest_updates_one_column_of_gap(world):
    assert world.sql("select column_name from information_schema.column_privileges where grantee = 'gridloop_ingest' "
                     "and privilege_type = 'UPDATE' and table_schema || '.' || table_name = 'bus.gap'") == [("to_offset",)]


# ---- auditor ----

def test_auditor_sees_schema_audit_alone(world):
    """Every view, and no table; tried, not only asked for."""
    for table, may in privileges(world, "gridloop_auditor").items():
        assert may == ("select" if table.startswith("audit.") else ""), (table, may)
    for table in tables(world, *SCHEMAS):
        refused(world, "gridloop_auditor", f"select * from {table}")
    for view, in world.sql("select viewname from pg_views where schemaname = 'audit'"):
        world.sql(f"select * from audit.{view}", user="gridloop_auditor")


AUDITOR_CANNOT = [
    "create table t (a integer)", "create temporary table t (a integer)", "create schema s", "create view v as select 1",
    "create table audit.t (a integer)", "create function audit.f() returns integer language sql return 1",
    "create function pg_temp.f() returns integer language sql return 1", "create extension dblink", "create role r",
    "select nextval('follow_up.link_seq')", "delete from audit.units", "update audit.asked set include_test = true",
    "insert into audit.revealed values (now(), 'x', 1, 'x')", "truncate audit.asked", "drop view audit.asked",
    "comment on view audit.asked is 'x'", "set role gridloop", "set session_replication_role = replica",
    "copy (select 1) to program 'true'", "copy (select 1) to '/tmp/x'", "select pg_read_file('/etc/passwd')",
    "select events.refuse_change()", "do $$ begin perform * from bus.dead_letter; end $$", "begin; lock table bus.batch",
    "alter function audit.reveal(text, text, text, text) security invoker"]


@pytest.fixture(scope="module")
def fresh(stack, tmp_path_factory):
    """Set up, not copied: privileges on a database do not go with a copy."""
    world = World(stack, "template1", tmp_path_factory.mktemp("fresh"))
    world.setup()
    yield world
    world.close()


@pytest.mark.parametrize("statement", AUDITOR_CANNOT)
def test_auditor_cannot(fresh, statement):
    with fresh.connect("gridloop_auditor") as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute(statement)
    assert caught.value.sqlstate in ("42501", "42809", "55000"), caught.value  # not allowed, or no such thing to a view


def test_what_the_auditor_may_call(world):
    """Of our functions only those of schema audit, and only reveal writes. Nobody else may call that."""
    may = dict(world.sql("select p.oid::regprocedure::text, p.provolatile::text from pg_proc p where p.pronamespace = any("
                         "select oid from pg_namespace where nspname = any(%s)) and has_schema_privilege("
                         "'gridloop_auditor', p.pronamespace, 'usage') and has_function_privilege('gridloop_auditor', "
                         "p.oid, 'execute')", [*SCHEMAS, "audit"]))
    assert all(name.startswith("audit.") for name in may)
    assert [name for name, volatile in may.items() if volatile == "v"] == ["audit.reveal(text,text,text,text)"]
    refused(world, "gridloop_ingest", "select audit.reveal('dead_letter', '1/1', 'x', 'y')")


def test_no_function_trusts_its_callers_path(world):
    """Those that run with their owner's rights have a search_path of their own, or were bound when they were made."""
    for name, config, body in world.sql("select p.oid::regprocedure::text, p.proconfig, p.prosqlbody is not null from "
                                        "pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.prosecdef "
                                        "and n.nspname = any(%s)", [*SCHEMAS, "audit"]):
        assert config and 'search_path=""' in config, name


def test_a_false_friend_in_the_path(world):
    """Objects of the caller's own, in front of the path, change no answer: the auditor can make none, so the owner does."""
    world.sql("create schema mine")
    world.sql("create table mine.case_file as select 1 as case_id")
    world.sql("create function mine.now() returns timestamptz language sql return 'infinity'::timestamptz")
    world.sql("grant usage on schema mine to public")
    world.sql("grant all on all tables in schema mine to public")
    with world.connect("gridloop_auditor") as connection:
        connection.execute("set search_path = mine, pg_catalog, audit")
        assert connection.execute("select count(*) from audit.event_trail(gen_random_uuid())").fetchone() == (0,)
        assert connection.execute("select to_day < 'infinity' from audit.asked").fetchone() == (True,)


# ---- what nobody changes ----

def test_what_is_only_added_to(world):
    """Not even a superuser, unless he says that he stands above the triggers; by row and by TRUNCATE."""
    appended = [table for table in tables(world, *SCHEMAS) if table not in CHANGEABLE]
    assert len(appended) > 20
    for table in appended:
        refused(world, "postgres", f"truncate {table} cascade")
        events = {event for event, in world.sql(
            "select unnest(array[case when tgtype & 8 <> 0 then 'delete' end, case when tgtype & 16 <> 0 then 'update' end, "
            "case when tgtype & 32 <> 0 then 'truncate' end]) from pg_trigger where tgrelid = %s::regclass "
            "and not tgisinternal and tgenabled = 'O' and tgtype & 2 <> 0 and tgfoid = 'events.refuse_change'::regproc", table)}
        assert events >= {"delete", "update", "truncate"}, (table, events)
    for table in ("bus.gap", "follow_up.case_file"):
        refused(world, "postgres", f"truncate {table} cascade")


ROWS = {
    "bus.disclosure": "insert into bus.disclosure (what, key, purpose, approver) values ('dead_letter', '1/1', 'p', 'a')",
    "events.enrichment": "insert into events.enrichment (kind, event_id, located_version) values ('x', gen_random_uuid(), 1)",
    "reference.load": "insert into reference.load (table_name, version, row_count, file_names) values ('area', 1, 1, '{}')",
    "follow_up.time_limit": "insert into follow_up.time_limit (case_id, case_version, link_seq, action, starts_at, due_at) "
                            "values (gen_random_uuid(), 1, 1, 'DISPATCH', now(), now())",
    "follow_up.outbox": "insert into follow_up.outbox (order_id, order_kind, case_id, case_version, link_seq, "
                        "target_unit_code, is_test, decided_at) values (gen_random_uuid(), 'DISPATCH', gen_random_uuid(), 1, "
                        "1, 'U', false, now())",
    "follow_up.case_file": "insert into follow_up.case_file (case_id, kind, state, is_test, dedup_group, category_scheme, "
                           "category_code, cell, stripe, first_seen_at, last_seen_at, standing, was_sent, opened_seq, "
                           "opened_ordinal) values (gen_random_uuid(), 'x', 'REPORTED', false, 'x', 'x', 'x', 1, 1, now(), "
                           "now(), 1, false, 1, 0)"}


@pytest.mark.parametrize("user", ["gridloop", "postgres"])
@pytest.mark.parametrize("table", ROWS)
def test_a_row_stays(world, table, user):
    world.sql(ROWS[table])
    refused(world, user, f"delete from {table}")
    if table not in CHANGEABLE:
        column = world.sql("select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
                           "and attidentity = '' limit 1", table)[0][0]
        refused(world, user, f"update {table} set {column} = {column}")
    assert world.sql(f"select count(*) from {table}") == [(1,)]
