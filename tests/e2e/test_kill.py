"""Everything is killed while it works: consumers, producers, PostgreSQL and Kafka. Nothing is lost, nothing is stored
twice, and nothing is there that nobody sent. What both kinds tell is linked meanwhile: the cases are those that the
function makes of the sightings in the order in which they were stored.

One schedule is made from one seed, which is printed; GRIDLOOP_SEED repeats it.
"""
import collections
import random
import signal
import time

import pytest

import linking
from checker import check_all
from faults import Device, Load, pause
from reference import load_areas, town
from waiting import wait_for

CONSUMER_POINTS = ("before_claim", "before_insert", "mid_copy", "after_copy", "before_commit", "after_commit")
LINKING_POINTS = ("before_stripes", "after_stripes", "after_link")
PRODUCER_POINTS = ("producer_after_persisted", "producer_before_commit", "producer_after_delete",
                   "producer_after_commit", "producer_after_receipts")
PARTITIONS = {"drone_alert": 4, "patrol_log": 3}
MEMBERS = 2        # of each group; one more while it waits for its point
PATIENCE = 120     # seconds; other people's tests run on this machine too
LOST = ("will try again", "reading", "librdkafka", "partition left out for now")


def schedule(rng, consumers, producers, postgres, kafka, is_linked):
    """The faults, as (name, argument), in their order. Each point is there at least once."""
    points = CONSUMER_POINTS + LINKING_POINTS if is_linked else CONSUMER_POINTS
    points = (points * consumers)[:max(len(points), consumers // 2)]
    faults = [("crash_consumer", point) for point in points]
    faults += [("kill_consumer", None)] * (consumers - len(points))
    points = (PRODUCER_POINTS * producers)[:producers // 2]
    faults += [("crash_producer", point) for point in points]
    faults += [("kill_producer", None)] * (producers - len(points))
    faults += [("crash_postgres", None)] * postgres + [("kill_kafka", None)] * kafka
    rng.shuffle(faults)
    return faults


class Battle:
    """All that runs, and what is done to it. Each method that does harm sees to it that it was felt."""

    def __init__(self, world, rng, build=None, each_second=150, only_new=False, devices=True, rest=1):
        self.world, self.rng, self.build, self.rest = world, rng, build, rest
        self.is_linked = not only_new
        scene = linking.Scene(rng)
        tellers = {kind: {"tell": scene.teller(kind)} if self.is_linked else {} for kind in PARTITIONS}
        self.members = {kind: [] for kind in PARTITIONS}
        self.all_members = []
        self.fallen = []  # what the killed ones owned: (source_id, owner_epoch)
        self.counts = collections.Counter()
        self.turns = {name: self.turn() for name in ("consumer", "producer")}
        for kind, partitions in PARTITIONS.items():
            world.make_topic(kind, partitions)
        self.loads = {kind: Load(world, kind, rng, partitions, each_second, only_new, **tellers[kind])
                      for kind, partitions in PARTITIONS.items()}
        self.devices = {kind: Device(world, kind, rng, 40, build or "points", **tellers[kind])
                        for kind in PARTITIONS if devices}
        if self.is_linked:
            linking.load_town_rules(world)
            load_areas(world, town())
            world.areas = {2: town()}

    def turn(self):
        """The kinds one after the other, so that one group recovers while the other one is hit."""
        while True:
            yield from PARTITIONS

    # ---- before and after ----

    def begin(self):
        for kind in PARTITIONS:
            for _ in range(MEMBERS):
                self.join(kind)
        for load in self.loads.values():
            load.start()
        for device in self.devices.values():
            device.start()
            device.run()
        for members in self.members.values():
            self.wait_work(members)

    def fight(self, faults):
        for name, argument in faults:
            began = time.monotonic()
            getattr(self, name)(*[argument] if argument else [])
            self.counts[name] += 1
            print(f"{time.monotonic() - began:6.1f} s  {name} {argument or ''}")
            pause(self.rng, self.rest)

    def streams(self):
        return [*self.loads.values(), *self.devices.values()]

    def end(self):
        """All is sent and read, everybody leaves, and the books are checked."""
        for load in self.loads.values():
            load.end()
        for device in self.devices.values():
            device.finish()
        for kind in PARTITIONS:
            self.world.settle(kind, PATIENCE)
        wait_for(lambda: not self.left(), PATIENCE, lambda: f"nobody took these over: {self.left()}")
        for member in self.everybody():
            member.stop(PATIENCE)
        self.check_places()
        check_all(self.world)
        if self.is_linked:
            self.check_cases()
        for device in self.devices.values():
            messages, silent = device.check()
            self.counts["lines of devices"] += len(device.lines)
            self.counts["messages of devices"] += messages
            self.counts["lines without a receipt"] += silent
        for load in self.loads.values():
            self.counts.update({f"load: {name}": count for name, count in load.counts.items()})
        for name in ("stored", "duplicate", "dead_letter", "absent"):
            self.counts[name] = int(self.world.sql(f"select coalesce(sum({name}), 0) from bus.batch")[0][0])
        self.counts["tiles"] = self.world.sql("select count(*) from bus.batch")[0][0]
        for member in self.all_members:
            self.counts.update({f"told: {name}": count for name, count in member.counts().items()})

    def close(self):
        for stream in self.streams():
            stream.stop()
        for device in self.devices.values():
            device.close()

    def left(self):
        """What a killed one owned and no other one has claimed yet."""
        epochs = dict(self.world.sql("select source_id, owner_epoch from bus.progress"))
        return [(source_id, epoch) for source_id, epoch in self.fallen if epochs[source_id] <= epoch]

    def check_places(self):
        """No offset is stored twice. Where the tables have their unique key, it might have hidden that."""
        for kind in PARTITIONS:
            twice = self.world.sql(f"select source_id, topic_offset, count(*) from events.{kind} group by 1, 2 "
                                   "having count(*) > 1")
            assert not twice, f"{kind}: {len(twice)} offsets are stored more than once: {twice[:10]}"

    def check_cases(self):
        found = linking.check_replay(self.world, linking.RULES, linking.SENDING)
        linking.check_books(self.world)
        self.counts.update(f"sightings: {s.decision.outcome}" for s in found)
        self.counts["cases"] = self.world.sql("select count(*) from follow_up.case_file")[0][0]
        self.counts["cases of both kinds"] = self.world.sql(
            "select count(*) from (select from follow_up.sighting group by case_id having count(distinct kind) = 2) c")[0][0]

    # ---- consumers ----

    def join(self, kind, **options):
        build = self.build or ("points" if "point" in options else "release")
        rows = self.rng.choice((5, 100))  # five are soon there: then the next ones are made ready meanwhile
        member = self.world.consumer(kind, build=build, wait=False, batch_rows=rows, linger_ms=20, **options)
        self.all_members.append(member)
        if "point" not in options:
            self.members[kind].append(member)
        return member

    def everybody(self):
        return [member for members in self.members.values() for member in members]

    def owned_by(self, member):
        """(source_id, owner_epoch) -> next_offset"""
        return {(source_id, epoch): place for source_id, epoch, place in self.world.sql(
            "select source_id, owner_epoch, next_offset from bus.progress where owner like %s",
            f"%/{member.process.pid}")}

    def wait_work(self, members):
        """Waits until each has stored something from now on."""
        for member in members:
            before = self.owned_by(member)

            def works():
                for stream in self.streams():
                    stream.check_alive()
                assert member.is_running(), f"{member.name} ended: {member.output()}"
                now = self.owned_by(member)
                moved = any(place > before.get(claim, place) for claim, place in now.items())
                before.update(now)
                return moved
            wait_for(works, PATIENCE, lambda: f"{member.name} stores\n{member.output()}")

    def kill_consumer(self):
        kind = next(self.turns["consumer"])
        victim = self.members[kind][0]
        if self.rng.random() < 0.7:
            self.wait_work([victim])
        pause(self.rng, 0.5)
        self.fallen += self.owned_by(victim)
        self.replace_first(kind)

    def replace_first(self, kind):
        """The member that has lived longest."""
        victim = self.members[kind].pop(0)
        assert victim.is_running(), victim.output()
        victim.kill()
        assert victim.process.returncode == -signal.SIGKILL
        self.join(kind)

    def crash_consumer(self, point):
        """One more member joins, works, and dies at its point."""
        kind = next(self.turns["consumer"])
        passes = 1 if point == "before_claim" else self.rng.randint(1, 5)
        victim = self.join(kind, point=f"{point}:{passes}:kill")
        assert victim.wait_exit(PATIENCE) == -signal.SIGKILL, victim.output()
        victim.wait_point(0)
        self.fallen += self.owned_by(victim)

    # ---- producers ----

    def kill_producer(self):
        device = self.devices[next(self.turns["producer"])]
        device.wait_work(PATIENCE)
        pause(self.rng, 0.3)
        device.kill()
        device.run()

    def crash_producer(self, point):
        device = self.devices[next(self.turns["producer"])]
        device.kill()
        device.run(point=f"{point}:{self.rng.randint(1, 4)}:kill")
        device.wait_killed(PATIENCE)
        device.run()

    # ---- servers ----

    def told(self, names):
        """Lines about what is lost, for each member."""
        return {member: [line for line in member.log() if line["msg"] in names] for member in self.everybody()}

    def wait_felt(self, before, names, word):
        """Waits until a member has told of it, in a line with that word."""
        def felt():
            return [line for member, lines in self.told(names).items() for line in lines[len(before.get(member, [])):]
                    if word in str(line)]
        wait_for(felt, PATIENCE, f"a consumer tells that {word} was away")

    def take_away(self, server):
        """Kills a server and starts it again. Sometimes a consumer dies and another one begins meanwhile."""
        server("kill")
        pause(self.rng, 1)
        if self.rng.random() < 0.5:
            self.replace_first(next(self.turns["consumer"]))
            pause(self.rng, 1)
        server("start")

    def crash_postgres(self):
        before, began = self.told(("will try again",)), self.started()
        self.take_away(self.world.stack.postgres)
        assert self.started() > began
        self.wait_felt(before, ("will try again",), "PostgreSQL")

    def started(self):
        return self.world.sql("select pg_postmaster_start_time()")[0][0]

    def kill_kafka(self):
        before, troubles = self.told(LOST), sum(load.troubles for load in self.loads.values())
        self.take_away(self.world.stack.kafka)
        self.wait_felt(before, LOST, self.world.stack.bootstrap)
        wait_for(lambda: sum(load.troubles for load in self.loads.values()) > troubles, PATIENCE,
                 "the load's clients tell that Kafka was away")


def fight(world, consumers, producers, postgres, kafka, **options):
    rng = world.rng()
    dice = random.Random(rng.getrandbits(64))
    battle = Battle(world, rng, devices=producers > 0, **options)
    faults = schedule(dice, consumers, producers, postgres, kafka, battle.is_linked)
    began = time.monotonic()
    try:
        battle.begin()
        battle.fight(faults)
        battle.end()
    finally:
        battle.close()
    print(f"{len(faults)} faults in {time.monotonic() - began:.0f} s: {dict(battle.counts)}")
    return battle.counts


def assert_mixed(counts):
    """The load was what it was meant to be."""
    for name in ("stored", "duplicate", "dead_letter", "absent", "load: repeats", "load: conflicts", "load: bad",
                 "sightings: new", "sightings: more", "sightings: revision", "sightings: withdrawn", "cases of both kinds"):
        assert counts[name] > 0, (name, counts)
    assert_both_ways(counts)


def assert_both_ways(counts):
    """As those tell that lived for ten seconds: batches went the short way (made ready ahead; a COPY and no question), and
    the long one (taken back, and asked for)."""
    assert counts["told: ahead"] > 0 and counts["told: look_ups"] < counts["told: batches"], counts
    assert counts["told: redone"] > 0 and counts["told: look_ups"] > 0, counts


@pytest.mark.harms_servers
@pytest.mark.slow
def test_fourteen_kills(world):
    assert_mixed(fight(world, consumers=10, producers=2, postgres=1, kafka=1))


@pytest.mark.harms_servers
@pytest.mark.long
@pytest.mark.parametrize("build", (None, "asan"), ids=("plain", "asan"))
def test_many_kills(world, build):
    assert_mixed(fight(world, consumers=50, producers=10, postgres=5, kafka=5, build=build, each_second=80, rest=3))


# ---- without the unique key ----

def without_key(world):
    """The tables lose their unique key, which would hide that something is stored twice."""
    for kind in PARTITIONS:
        world.sql(f"alter table events.{kind} drop constraint {kind}_pkey")
        world.sql(f"create index on events.{kind} (event_id)")


@pytest.mark.slow
def test_six_kills_without_the_key(world):
    without_key(world)
    fight(world, consumers=6, producers=0, postgres=0, kafka=0, only_new=True)


@pytest.mark.harms_servers
@pytest.mark.long
def test_many_kills_without_the_key(world):
    without_key(world)
    fight(world, consumers=50, producers=0, postgres=5, kafka=5, only_new=True, each_second=80, rest=3)
