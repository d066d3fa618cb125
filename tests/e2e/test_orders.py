"""gridloop-orders: a unit gets each of its orders once, whatever was sent twice, died, or is gone from the topic."""
import collections
import shutil
import sqlite3

import confluent_kafka
import confluent_kafka.admin
import pytest

from events import FRAME, to_json
from orders import ORDERS, Crew, make_order, once, order_message
from waiting import wait_for
from world import Sent

UNIT, OTHER = "BZ-ZFD", "S003-ZFD"


def send(world, orders):
    world.produce(order_message(order) for order in orders)
    return orders


def ids(orders):
    return [order["order_id"] for order in orders]


def without_nulls(line):
    return {name: value for name, value in line.items() if value is not None}


def test_prints_the_orders_of_the_unit(world):
    """In their order, with all that the contract says, and no orders of others."""
    world.setup()
    mine = [make_order(number) for number in range(50)]
    others = [make_order(number, unit=OTHER) for number in range(50, 100)]
    send(world, [order for pair in zip(mine, others) for order in pair])
    lines = once(world)
    assert [without_nulls(line) for line in lines] == [to_json(ORDERS, order) for order in mine]
    assert once(world) == []
    assert ids(once(world, unit=OTHER, state="others.db")) == ids(others)


def test_a_smallest_and_a_fullest_order(world):
    world.setup()
    orders = [ORDERS.example(name) | {"target_unit_code": UNIT} for name in ("smallest", "fullest")]
    send(world, orders)
    assert [without_nulls(line) for line in once(world)] == [to_json(ORDERS, order) for order in orders]


def test_what_is_sent_twice_comes_once(world):
    world.setup()
    orders = [make_order(number) for number in range(20)]
    send(world, orders + orders[:10])
    assert ids(once(world)) == ids(orders)
    send(world, orders[5:] + [make_order(100)])
    assert ids(once(world)) == [make_order(100)["order_id"]]


def test_follows(world):
    """Orders that come later are printed at once; told to stop, it ends well."""
    world.setup()
    crew = Crew(world)
    send(world, orders := [make_order(number) for number in range(3)])
    assert ids(crew.read(3)) == ids(orders)
    send(world, [make_order(3)])
    assert ids(crew.read(1)) == [make_order(3)["order_id"]]
    crew.stop()
    assert once(world) == []


@pytest.mark.parametrize("point, again", [("order_read", 0), ("order_printed", 1), ("order_taken", 0)])
def test_killed(world, point, again):
    """Nothing is missed, and at most the last line comes again."""
    world.setup()
    orders = send(world, [make_order(number) for number in range(20)])
    seen = []
    for crossing in (1, 5, 7):
        crew = Crew(world, "--once", build="points", point=f"{point}:{crossing}:kill")
        lines = crew.read()
        crew.end(-9)
        assert len(lines) == crossing - (point == "order_read"), "it was killed elsewhere"
        seen += lines
    seen += once(world)
    counts = collections.Counter(ids(seen))
    assert set(counts) == set(ids(orders))
    assert sum(counts.values()) - len(counts) == 3 * again


# ---- what a script gives back ----

def test_what_is_not_given_back_comes_again(world):
    world.setup()
    orders = send(world, [make_order(number) for number in range(10)])
    crew = Crew(world, ack=True)
    lines = crew.read(10)
    assert ids(lines) == ids(orders)
    crew.acknowledge(lines[7], lines[0], lines[3])
    send(world, [make_order(10)])
    assert ids(crew.read(1)) == [make_order(10)["order_id"]]
    crew.acknowledge(lines[1])
    wait_for(lambda: taken(world) == 4, 30, crew.complaint)
    crew.kill()
    crew = Crew(world, ack=True)
    left = [order for number, order in enumerate(orders) if number not in (0, 1, 3, 7)] + [make_order(10)]
    again = crew.read(7)
    assert ids(again) == ids(left)
    crew.acknowledge(*again)
    wait_for(lambda: taken(world) == 11, 30, crew.complaint)
    crew.process.stdin.close()
    crew.end()
    assert once(world) == []


def taken(world):
    """How many orders the file says are taken. Its user keeps it locked, so a copy is asked."""
    for suffix in ("", "-wal"):
        shutil.copy(world.folder / f"orders.db{suffix}", world.folder / f"copy.db{suffix}")
    with sqlite3.connect(world.folder / "copy.db") as connection:
        return connection.execute("select count(*) from taken").fetchone()[0]


def test_once_waits_for_what_comes_back(world):
    world.setup()
    orders = send(world, [make_order(number) for number in range(3)])
    crew = Crew(world, "--once", ack=True)
    lines = crew.read(3)
    crew.acknowledge(*reversed(lines))
    assert crew.read() == []
    crew.end()
    assert ids(lines) == ids(orders) and once(world) == []


# ---- the topic ----

def test_partitions_are_added(world):
    """The unit's orders are in another partition from then on."""
    world.make_topic("dispatch_order", 1)
    send(world, first := [make_order(number) for number in range(5)])
    assert ids(once(world)) == ids(first)
    new = confluent_kafka.admin.NewPartitions(world.topic("dispatch_order"), 7)
    for future in world.stack.admin.create_partitions([new]).values():
        future.result(30)
    topic = world.topic("dispatch_order")
    wait_for(lambda: len(world.stack.admin.list_topics(topic, timeout=30).topics[topic].partitions) == 7, 30,
             "there are seven partitions")
    fresh = confluent_kafka.Producer({"bootstrap.servers": world.stack.bootstrap})  # it knows all seven
    world.produce((order_message(make_order(number)) for number in range(5, 10)), partition=6, producer=fresh)
    assert ids(once(world)) == [make_order(number)["order_id"] for number in range(5, 10)]


def test_the_topic_is_made_anew(world):
    """It is read from its start; what was taken is known by its id."""
    world.make_topic("dispatch_order", 1)
    orders = send(world, [make_order(number) for number in range(6)])
    assert len(once(world)) == 6
    for future in world.stack.admin.delete_topics([world.topic("dispatch_order")]).values():
        future.result(30)
    wait_for(lambda: world.topic("dispatch_order") not in world.stack.admin.list_topics(timeout=30).topics, 30, "it is gone")
    world.make_topic("dispatch_order", 1)
    send(world, orders[3:] + [make_order(6), make_order(7)])
    assert ids(once(world)) == [make_order(6)["order_id"], make_order(7)["order_id"]]


def test_orders_that_are_gone(world):
    """They may have been ours: it stops and says so, until it is told to go on."""
    world.make_topic("dispatch_order", 1)
    send(world, [make_order(number) for number in range(4)])
    assert len(once(world)) == 4
    send(world, [make_order(number) for number in range(4, 10)])
    place = confluent_kafka.TopicPartition(world.topic("dispatch_order"), 0, 7)
    for future in world.stack.admin.delete_records([place]).values():
        future.result(30)
    crew = Crew(world, "--once")
    assert crew.read() == []
    crew.end(69)
    assert "go on at 4" in crew.complaint() and "from 7 on" in crew.complaint() and "--skip-lost" in crew.complaint()
    assert ids(once(world, "--skip-lost")) == [make_order(number)["order_id"] for number in (7, 8, 9)]
    assert once(world) == []


def test_a_message_that_is_no_order_is_passed_over(world):
    """Whatever it is; and it is said where it lies."""
    world.make_topic("dispatch_order", 1)
    good = order_message(make_order(1))
    send(world, [make_order(0)])
    bad = [b"", b"x", good.value[:-1], good.value + b"x", FRAME + ORDERS.fingerprint, None,
           order_message(make_order(2, unit=OTHER)).value]
    world.produce(Sent("dispatch_order", value, UNIT.encode()) for value in bad)
    send(world, [make_order(3)])
    assert ids(once(world)) == [make_order(0)["order_id"], make_order(3)["order_id"]]
    said = (world.folder / "orders.log").read_text("utf-8")
    assert said.count('"passed over"') == 5, said


def test_an_order_of_a_newer_contract_stops_it(world):
    """It may be one that matters; nothing behind it is lost meanwhile."""
    world.make_topic("dispatch_order", 1)
    send(world, [make_order(0)])
    newer = FRAME + b"\1\2\3\4\5\6\7\x08" + order_message(make_order(1)).value[10:]
    world.produce([Sent("dispatch_order", newer, UNIT.encode())])
    send(world, [make_order(2)])
    crew = Crew(world, "--once")
    assert ids(crew.read()) == [make_order(0)["order_id"]]
    crew.end(78)
    assert "offset 1" in crew.complaint() and "0807060504030201" in crew.complaint()
    assert once(world, wanted=78) == []


# ---- the file ----

def test_a_file_belongs_to_one_unit_and_one_process(world):
    world.setup()
    crew = Crew(world)
    send(world, [make_order(1)])
    crew.read(1)
    assert once(world, wanted=75) == []
    assert "another process uses it" in crew.complaint()
    crew.stop()
    assert once(world, unit=OTHER, wanted=65) == []
    assert "belongs to unit BZ-ZFD" in crew.complaint()


@pytest.mark.parametrize("content", [b"not a database, but somebody's text\n" * 50, "sqlite"])
def test_a_file_that_is_not_ours_is_left_alone(world, content):
    path = world.folder / "orders.db"
    if content == "sqlite":
        with sqlite3.connect(path) as connection:
            connection.execute("create table theirs(a)")
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    assert once(world, wanted=65) == []
    assert path.read_bytes() == before
