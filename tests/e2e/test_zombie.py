"""A member that stands still is expelled; what it held is taken over, and when it goes on it does no harm.

Also: the line to PostgreSQL is cut exactly at COMMIT, and nobody tells the daemon which side of it.
"""
import collections
import time
import urllib.parse

import confluent_kafka
import pytest

from checker import check_all
from events import KINDS
from faults import Load, Proxy, is_stopped, pause
from waiting import wait_for
from world import good

KIND = "patrol_log"
PARTITIONS = 4
EACH = 200       # messages for each partition at a time
PATIENCE = 120   # seconds; what is fast enough is printed, not asserted
EVICTED = "a former owner holds the partition; its sessions are ended"


class Group:
    """Members that share the partitions of one topic, and what is known about them."""

    def __init__(self, world):
        self.world, self.rng, self.joined = world, world.rng(), 0
        world.make_topic(KIND, PARTITIONS)

    def join(self, point=None, **options):
        self.joined += 1
        name = f"member-{self.joined}"
        return self.world.consumer(KIND, name, "points" if point else "release", point, wait=False, batch_rows=100,
                                   **{"kafka.client.id": name}, **options)

    def pair(self, point=None):
        """The one that will stand still, and another one; each with half of the partitions."""
        pair = self.join(point), self.join()
        for member in pair:
            member.wait_claimed(PARTITIONS // 2, PATIENCE)
        return pair

    def produce(self, partitions=range(PARTITIONS)):
        for partition in partitions:
            self.world.produce([good(KIND, KINDS[KIND].fresh(self.rng)) for _ in range(EACH)], partition)

    # ---- what the servers say ----

    def server(self, statement, *parameters):
        return self.world.sql(statement, *parameters, user="postgres")

    def owned_by(self, member):
        """partition -> (next_offset, owner_epoch)"""
        return {partition: (place, epoch) for partition, place, epoch in self.world.sql(
            "select partition, next_offset, owner_epoch from bus.source join bus.progress using (source_id) "
            "where owner like %s", f"%/{member.process.pid}")}

    def session_of(self, member):
        """Its connection: (pid, start)."""
        found = self.world.sql("select distinct backend_pid, backend_start from bus.progress where owner like %s",
                               f"%/{member.process.pid}")
        assert len(found) == 1, found
        return found[0]

    def activity(self, session):
        """state, wait_event_type and transaction id of a connection; None: it is gone."""
        rows = self.server("select state, wait_event_type, backend_xid::text from pg_stat_activity "
                           "where pid = %s and backend_start = %s", *session)
        return rows[0] if rows else None

    def transaction_of(self, member):
        transaction = self.activity(self.session_of(member))[2]
        assert transaction
        return transaction

    def books(self):
        """All that was ever written about batches, with who wrote it."""
        return self.world.sql("select b.*, b.xmin::text from bus.batch b order by source_id, from_offset")

    def wait_shared(self, members):
        """Waits until these and no others share all partitions, by the group's own account."""
        group, names = self.world.group(KIND), {member.name for member in members}

        def is_shared():
            described = self.world.stack.admin.describe_consumer_groups([group])[group].result(30)
            shares = {member.client_id: len(member.assignment.topic_partitions) for member in described.members}
            return (described.state == confluent_kafka.ConsumerGroupState.STABLE and shares.keys() == names
                    and sum(shares.values()) == PARTITIONS and min(shares.values()) > 0)
        wait_for(is_shared, PATIENCE, f"the group is {names}")

    # ---- the take-over ----

    def wait_stored(self, places):
        """Waits until one of the partitions has gone on from where it was."""
        wait_for(lambda: any(self.world.progress(KIND)[partition] > place for partition, (place, _) in places.items()),
                 PATIENCE, "something of what the stopped one held is stored")

    def take_over(self, member, places, what):
        """Waits until the partitions were given to this one alone and go on; prints how long that took."""
        self.wait_shared([member])
        given = time.monotonic()
        self.wait_stored(places)
        print(f"{what}: {time.monotonic() - given:.1f} s from the assignment to the first stored row")

    def wake(self, zombie, transaction=None):
        """Lets it go on, when all is stored. It writes nothing, joins again, and then works like any other."""
        self.world.settle(KIND)
        books = self.books()
        assert not self.owned_by(zombie), "nobody took its partitions over"
        assert is_stopped(zombie.process)
        zombie.go_on()
        wait_for(lambda: self.owned_by(zombie), PATIENCE,
                 lambda: f"{zombie.name} has joined again\n{zombie.output()}")
        assert self.books() == books
        if transaction:
            self.never_was(transaction)

    def never_was(self, transaction):
        """Nothing of the transaction is there."""
        assert self.server("select pg_xact_status(%s::text::xid8)", transaction)[0][0] == "aborted"
        for table in (f"events.{KIND}", "bus.batch", "bus.dead_letter", "bus.progress"):
            assert self.world.sql(f"select count(*) from {table} where xmin::text = %s", transaction)[0][0] == 0, table

    def all_work(self, members):
        """Each of them has its share, and stores what comes now."""
        for member in members:
            wait_for(lambda: member.claimed() == len(self.owned_by(member)) > 0, PATIENCE,
                     lambda: f"{member.name} owns something\n{member.output()}")
        before = {member: self.owned_by(member) for member in members}
        assert sum(map(len, before.values())) == PARTITIONS, before
        self.produce()
        self.world.settle(KIND)
        for member in members:
            after = self.owned_by(member)
            assert all(after[partition][0] > place for partition, (place, _) in before[member].items()), member.output()

    def end(self, members):
        self.world.settle_and_stop(*members)
        check_all(self.world)


def warned(member, text):
    return [line for line in member.log("will try again") if text in line["error"]]


def evictions(member):
    return sum(int(line["sessions"]) for line in member.log(EVICTED))


# ---- three places ----

@pytest.mark.slow
@pytest.mark.parametrize("point", ("mid_copy", "after_copy", pytest.param("before_commit", marks=pytest.mark.long)))
def test_stopped_in_a_transaction(world, point):
    """It keeps its locks for as long as it stands still: its session has to be ended."""
    group = Group(world)
    zombie, other = group.pair(f"{point}:1:stop")
    session, places = group.session_of(zombie), group.owned_by(zombie)
    group.produce()
    zombie.wait_point(PATIENCE)
    wait_for(lambda: is_stopped(zombie.process), PATIENCE, "it is stopped")
    state, _, transaction = group.activity(session)
    assert transaction and (point == "mid_copy") == (state == "active"), state
    group.take_over(other, places, f"stopped at {point}")
    assert evictions(other) == 1
    wait_for(lambda: group.activity(session) is None, PATIENCE, "its session has ended")
    group.wake(zombie, transaction)
    assert warned(zombie, "PostgreSQL"), zombie.output()
    group.all_work([zombie, other])
    group.end([zombie, other])


@pytest.mark.slow
@pytest.mark.parametrize("granted", (True, False))
def test_stopped_while_it_waits_for_a_lock(world, granted):
    """Somebody else holds its progress rows; it is stopped in that wait. granted: then the lock becomes its own,
    and nobody is there to use it. Else it is taken over before."""
    group = Group(world)
    zombie, other = group.pair()
    session, places = group.session_of(zombie), group.owned_by(zombie)
    with world.connect() as holder:
        with holder.transaction():
            holder.execute("select from bus.progress where backend_pid = %s for update", session[:1])
            group.produce()
            wait_for(lambda: group.activity(session)[1] == "Lock", PATIENCE, "it waits for the lock")
            zombie.halt()
            wait_for(lambda: is_stopped(zombie.process), PATIENCE, "it is stopped")
            assert group.activity(session)[:2] == ("active", "Lock")
            if not granted:
                wait_for(lambda: evictions(other) > 0, PATIENCE, lambda: f"its session is ended\n{other.output()}")
                wait_for(lambda: group.activity(session) is None, PATIENCE, "it has ended")
    if granted:
        wait_for(lambda: group.activity(session)[0] == "idle in transaction", PATIENCE, "the lock is granted")
        transaction = group.activity(session)[2]
        group.take_over(other, places, "stopped while it waited for a lock, which it got")
        assert evictions(other) == 1
        wait_for(lambda: group.activity(session) is None, PATIENCE, "its session has ended")
    else:
        transaction = None
        group.take_over(other, places, "stopped while it waited for a lock, which it never got (from when it was free)")
    group.wake(zombie, transaction)
    group.all_work([zombie, other])
    group.end([zombie, other])


# ---- others ----

@pytest.mark.slow
def test_stopped_between_two_transactions(world):
    """It holds a batch and no lock. The session lives, so only the comparison of epochs is in its way."""
    group = Group(world)
    zombie, other = group.pair("before_begin:1:stop")
    session, places = group.session_of(zombie), group.owned_by(zombie)
    group.produce()
    zombie.wait_point(PATIENCE)
    wait_for(lambda: is_stopped(zombie.process), PATIENCE, "it is stopped")
    assert group.activity(session)[0] == "idle"
    group.take_over(other, places, "stopped between two transactions")
    assert evictions(other) == 0
    group.wake(zombie)
    assert warned(zombie, "has another owner"), zombie.output()
    group.all_work([zombie, other])
    group.end([zombie, other])


@pytest.mark.slow
def test_stopped_with_ids_that_come_elsewhere_too(world):
    """The same events in a partition of another member: its insert waits for the transaction of the one that stands
    still, and while it waits it does not hear that it is to take over."""
    group = Group(world)
    zombie, other = group.pair("after_copy:1:stop")
    places, others = group.owned_by(zombie), group.owned_by(other)
    session = group.session_of(other)
    same = [good(KIND, KINDS[KIND].fresh(group.rng)) for _ in range(EACH)]
    world.produce(same, min(places))
    zombie.wait_point(PATIENCE)
    began = time.monotonic()
    world.produce([good(KIND, sent.event) for sent in same], min(others))
    wait_for(lambda: group.activity(session)[1] == "Lock", PATIENCE, "the other one waits for its transaction")
    group.take_over(other, places, "stopped with ids that come elsewhere too")
    print(f"all in all the other one waited {time.monotonic() - began:.1f} s")
    group.wake(zombie)
    group.all_work([zombie, other])
    group.end([zombie, other])
    assert world.sql("select sum(duplicate) from bus.batch")[0][0] == EACH


@pytest.mark.slow
def test_wakes_before_anything_else_is_stored(world):
    """Its successor owns the partitions and stands where it stood itself: only the epoch tells them apart."""
    group = Group(world)
    zombie = group.join("before_begin:1:stop")
    zombie.wait_claimed(PARTITIONS, PATIENCE)
    group.produce()
    zombie.wait_point(PATIENCE)
    wait_for(lambda: is_stopped(zombie.process), PATIENCE, "it is stopped")
    other = group.join("before_begin:1:hold")
    other.wait_point(PATIENCE)
    places = group.owned_by(other)
    assert len(places) == PARTITIONS and not any(place for place, _ in places.values())
    zombie.go_on()
    wait_for(lambda: warned(zombie, "has another owner"), PATIENCE, lambda: f"it is refused\n{zombie.output()}")
    assert group.owned_by(other) == places and not group.books()
    other.release()
    group.wait_shared([zombie, other])
    group.all_work([zombie, other])
    group.end([zombie, other])


@pytest.mark.slow
def test_stopped_while_idle(world):
    """Everything is stored when it is stopped. What comes then waits in its socket when it goes on."""
    group = Group(world)
    zombie, other = group.pair()
    group.produce()
    world.settle(KIND)
    session, places = group.session_of(zombie), group.owned_by(zombie)
    zombie.halt()
    wait_for(lambda: is_stopped(zombie.process), PATIENCE, "it is stopped")
    group.produce()
    group.take_over(other, places, "stopped while idle")
    group.wake(zombie)
    group.all_work([zombie, other])
    group.end([zombie, other])


@pytest.mark.long
def test_stopped_before_it_claims(world):
    """It was told to read something, and comes to claim it when that is long over. It may take a partition away for
    a moment; then it hears that it is no member any more."""
    group = Group(world)
    zombie = group.join("before_claim:1:stop")
    zombie.wait_point(PATIENCE)
    wait_for(lambda: is_stopped(zombie.process), PATIENCE, "it is stopped")
    other = group.join()
    other.wait_claimed(PARTITIONS, PATIENCE)
    group.produce()
    world.settle(KIND)
    zombie.go_on()
    group.produce()
    group.wait_shared([zombie, other])
    group.all_work([zombie, other])
    group.end([zombie, other])


@pytest.mark.slow
def test_two_zombies_in_turn(world):
    """Who takes over stands still as well, and a third one takes over from both. They wake in the order in which
    they fell asleep."""
    group = Group(world)
    first = group.join("mid_copy:2:stop")
    first.wait_claimed(PARTITIONS, PATIENCE)
    group.produce()
    first.wait_point(PATIENCE)
    wait_for(lambda: is_stopped(first.process), PATIENCE, "the first one is stopped")
    transactions = {first: group.transaction_of(first)}
    second = group.join("after_copy:1:stop")
    second.wait_point(PATIENCE)
    wait_for(lambda: is_stopped(second.process), PATIENCE, "the second one is stopped")
    assert evictions(second) == 1
    transactions[second] = group.transaction_of(second)
    places = group.owned_by(second)
    third = group.join()
    group.take_over(third, places, "the second of two zombies")
    assert evictions(third) == 1
    world.settle(KIND)
    for zombie in (first, second):
        group.wake(zombie, transactions[zombie])
        assert warned(zombie, "PostgreSQL"), zombie.output()
    group.wait_shared([first, second, third])
    group.all_work([first, second, third])
    group.end([first, second, third])


@pytest.mark.long
def test_stopped_and_woken_at_random(world):
    """Under load, for shorter and for longer than a session lasts, one or two of three at a time."""
    group = Group(world)
    members = [group.join() for _ in range(3)]
    load = Load(world, KIND, group.rng, PARTITIONS, 300).start()
    try:
        for member in members:
            member.wait_claimed(None, PATIENCE)
        for _ in range(25):
            sleepers = group.rng.sample(members, group.rng.choice((1, 1, 2)))
            for member in sleepers:
                pause(group.rng, 1)
                member.halt()
            pause(group.rng, group.rng.choice((1, 4, 12)))
            group.rng.shuffle(sleepers)
            for member in sleepers:
                assert is_stopped(member.process)
                member.go_on()
                pause(group.rng, 1)
            load.check_alive()
        load.end()
    finally:
        load.stop()
    evicted = sum(map(evictions, members))
    expelled = sum("SESSTMOUT" in str(line) for member in members for line in member.log("librdkafka"))
    print(f"{expelled} times expelled, {evicted} sessions ended")
    assert expelled > 0
    world.settle(KIND, PATIENCE)
    group.wait_shared(members)
    group.all_work(members)
    group.end(members)


# ---- a line that is cut ----

class Cutter:
    """Says where to cut: at each third COMMIT of a batch, and at each third claim; now before, now after."""

    def __init__(self, how, cuts):
        self.left = {what: [f"{how} before", f"{how} after"] * count for what, count in cuts.items()}
        self.seen = collections.Counter()

    def __call__(self, what):
        self.seen[what] += 1
        return self.left[what].pop() if self.seen[what] % 3 == 0 and self.left[what] else None


@pytest.mark.slow
@pytest.mark.parametrize("how", ("closed", "silent"))
def test_the_line_is_cut_at_commit(world, how):
    """Before the server gets the COMMIT of a batch, or after; the same with claims. silent: both ends think that the
    line is open, and the server keeps the locks of a transaction that nobody will end."""
    rng = world.rng()
    server = urllib.parse.urlsplit(world.ingest_url)
    cutter = Cutter(how, {"batch": 4, "claim": 2} if how == "closed" else {"batch": 2, "claim": 1})
    proxy = Proxy(server.hostname, server.port, cutter)
    url = server._replace(netloc=f"{server.username}@127.0.0.1:{proxy.port}",
                          query="sslmode=disable&gssencmode=disable").geturl()
    world.make_topic(KIND, 2)
    world.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(4000))
    try:
        daemon = world.consumer(KIND, database_url=url, batch_rows=50, statement_timeout_ms=3000)
        world.settle(KIND, PATIENCE)
        batches = [line for line in proxy.cuts if line.what == "batch"]
        assert cutter.left == {"batch": [], "claim": []}, "not all cuts were made"
        for line in batches:
            if line.cut.endswith("after"):
                wait_for(lambda: line.committed, PATIENCE, "the server says that it has committed")
        assert not any(line.committed for line in batches if line.cut.endswith("before"))
        assert len(warned(daemon, "commit: PostgreSQL: connection lost")) == len(batches), daemon.output()
        daemon.stop()
    finally:
        proxy.close()
    print(f"cut: {dict(collections.Counter((line.what, line.cut) for line in proxy.cuts))}")
    check_all(world)
    # A batch whose COMMIT was carried out was not stored again; one whose COMMIT was lost was stored later.
    assert world.sql("select sum(stored), sum(duplicate) from bus.batch") == [(4000, 0)]
    # Whoever held a row was somebody that could be named and ended.
    assert all(int(line["sessions"]) > 0 for line in daemon.log(EVICTED)), daemon.output()


def test_no_statement_may_end_before_the_wait_for_a_lock(world):
    """Else the wait for a row that somebody holds would never end with what makes that session be ended."""
    daemon = world.consumer(KIND, wait=False, statement_timeout_ms=2000, lock_timeout_ms=2000)
    assert daemon.wait_exit() == 78
    assert "statement_timeout_ms" in daemon.output() and "lock_timeout_ms" in daemon.output()
