"""Rows that PostgreSQL refuses become dead letters; all others of their batch are stored."""
import pytest

from checker import check_all
from events import KINDS
from world import good

KIND = "patrol_log"
OF = KINDS[KIND]
TOO_MANY = 1_000_000
CONSTRAINT = f"alter table events.patrol_log add constraint wires_are_few check (wires_fixed < {TOO_MANY})"


def refused(kind, event):
    return event["wires_fixed"] == TOO_MANY


def event(rng, is_refused=False, **changes):
    return OF.fresh(rng, wires_fixed=TOO_MANY if is_refused else rng.randrange(100)) | changes


def run(world, events, partition=0, **options):
    """Stores the events as one batch, and checks what became of them."""
    world.make_topic(KIND)
    world.produce((good(KIND, one) for one in events), partition)
    world.settle_and_stop(world.consumer(KIND, **({"linger_ms": 1000} | options)))
    check_all(world, refused)


def dead(world):
    return {offset: (sqlstate, detail) for offset, sqlstate, detail in
            world.sql("select topic_offset, sqlstate, detail from bus.dead_letter")}


@pytest.mark.parametrize("places", [[0], [500], [999], [500, 501], [0, 999], [0, 1, 2, 997, 998, 999],
                                    range(0, 1000, 2)], ids=["first", "middle", "last", "neighbours", "ends",
                                                             "several at the ends", "every other"])
def test_places(world, places):
    rng = world.rng()
    world.sql(CONSTRAINT)
    run(world, [event(rng, number in places) for number in range(1000)], batch_rows=1000, linger_ms=60_000)
    found = dead(world)
    assert found.keys() == set(places)
    assert all(sqlstate == "23514" and "wires_are_few" in detail for sqlstate, detail in found.values())
    assert world.sql("select count(*) from bus.batch")[0][0] == 1


def test_a_hundred_in_ten_thousand(world):
    rng = world.rng()
    world.sql(CONSTRAINT)
    places = set(rng.sample(range(10_000), 100))
    run(world, [event(rng, number in places) for number in range(10_000)])
    assert dead(world).keys() == places


@pytest.mark.parametrize("size", [1, 200])
def test_all_of_a_batch(world, size):
    rng = world.rng()
    world.sql(CONSTRAINT)
    run(world, [event(rng, True) for _ in range(size)])


def test_repeats_of_a_refused_one(world):
    """They are refused like the first, whether they come in the same batch or in a later one."""
    rng = world.rng()
    world.sql(CONSTRAINT)
    bad = [event(rng, True) for _ in range(5)]
    run(world, bad + [event(rng) for _ in range(50)] + bad[:3])
    world.produce((good(KIND, one) for one in bad + [event(rng) for _ in range(5)]), 0)
    world.settle_and_stop(world.consumer(KIND))
    check_all(world, refused)
    assert len(dead(world)) == 13


@pytest.mark.parametrize("rows", [1, 3, 10_000])
def test_same_id_with_other_content(world, rows):
    """A refused row does not hold its id: the next one that is taken does, and then the refused one conflicts."""
    rng = world.rng()
    world.sql(CONSTRAINT)
    first, second = event(rng, True), event(rng)
    mixed = [first, first | {"wires_fixed": 1}, first, first | {"wires_fixed": 1}, first | {"wires_fixed": 2},
             second, second | {"wires_fixed": TOO_MANY}, second]
    run(world, mixed, batch_rows=rows)
    reasons = [reason for reason, in world.sql("select reason from bus.dead_letter order by topic_offset")]
    assert reasons == ["refused_by_server"] + ["identity_conflict"] * 3


def test_refused_and_stored_before(world):
    """Refused rows in a batch whose other ids are partly stored already."""
    rng = world.rng()
    world.sql(CONSTRAINT)
    old = [event(rng) for _ in range(300)]
    run(world, old)
    mixed = old[:100] + [event(rng, number % 20 == 0) for number in range(400)] + \
        [one | {"remark": "other"} for one in old[100:120]]
    rng.shuffle(mixed)
    world.produce((good(KIND, one) for one in mixed), 0)
    world.settle_and_stop(world.consumer(KIND, linger_ms=1000))
    check_all(world, refused)
    assert len(dead(world)) == 40


def test_refused_with_an_id_that_is_stored(world):
    """A conflict, or a repeat, whether or not the daemon remembers the id: the server sees the constraint first."""
    rng = world.rng()
    old, heavy = event(rng), event(rng, True)
    world.make_topic(KIND)
    world.produce((good(KIND, one) for one in (old, heavy)), 0)
    world.settle_and_stop(world.consumer(KIND))
    world.sql(CONSTRAINT + " not valid")
    repeats = [old | {"wires_fixed": TOO_MANY}, heavy, event(rng), old]
    world.produce((good(KIND, one) for one in repeats), 0)
    world.settle_and_stop(world.consumer(KIND, linger_ms=1000))
    outcomes = "".join(outcomes for outcomes, in world.sql("select outcomes from bus.batch order by from_offset"))
    assert outcomes.replace(" ", "") == "s2x1d1s1d1"
    assert world.sql("select reason, sqlstate from bus.dead_letter") == [("identity_conflict", None)]


# ---- other ways to refuse a row ----

WAYS = {
    "23502": ("alter table events.patrol_log add column wires integer not null "
              "generated always as (nullif(wires_fixed, 0)) stored", {"wires_fixed": 0}),
    "22012": ("create index on events.patrol_log ((1 / wires_fixed))", {"wires_fixed": 0}),
    "22003": ("create index on events.patrol_log ((wires_fixed::smallint))", {"wires_fixed": TOO_MANY}),
    "54000": ("create index on events.patrol_log (subject_refs)", None),  # a row too large for an index
}


@pytest.mark.parametrize("sqlstate", WAYS)
def test_by_sqlstate(world, sqlstate):
    rng = world.rng()
    statement, changes = WAYS[sqlstate]
    changes = changes or {"subject_refs": [rng.randbytes(100).hex() for _ in range(40)]}
    world.sql(statement)
    events = [OF.fresh(rng, wires_fixed=1) | (changes if number in (3, 50, 51, 99) else {}) for number in range(100)]
    world.make_topic(KIND)
    world.produce(good(KIND, one) for one in events)
    world.settle_and_stop(world.consumer(KIND, linger_ms=1000))
    check_all(world, lambda kind, one: one.items() >= changes.items())
    assert {offset: state for offset, (state, _) in dead(world).items()} == dict.fromkeys((3, 50, 51, 99), sqlstate)


def test_a_refusal_that_is_no_fault_of_the_row(world):
    """No right to insert: nothing is set aside, the daemon ends and says why; with the right it stores all."""
    rng = world.rng()
    world.sql("revoke insert on events.patrol_log from gridloop_ingest")
    world.make_topic(KIND)
    world.produce(good(KIND, event(rng)) for _ in range(20))
    daemon = world.consumer(KIND, wait=False)
    daemon.may_fail()
    assert daemon.wait_exit() == 77
    assert "42501" in daemon.output() or "permission" in daemon.output()
    assert dead(world) == {} and world.progress(KIND) == {0: 0}
    world.sql("grant insert on events.patrol_log to gridloop_ingest")
    world.settle_and_stop(world.consumer(KIND))
    check_all(world)


def test_the_detail_quotes_nothing(world):
    rng = world.rng()
    world.sql(CONSTRAINT)
    run(world, [event(rng, number == 1, remark="do not tell anybody") for number in range(3)])
    said, = world.sql("select reason, detail, field from bus.dead_letter")
    assert "tell" not in repr(said) and str(TOO_MANY) not in repr(said)
