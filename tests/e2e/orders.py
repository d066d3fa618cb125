"""Orders to the ground: cases and orders as the platform writes them, and what arrives in the topic."""
import collections
import io
import json
import subprocess
import uuid

import fastavro

from daemon import environment
from events import FRAME, Kind
from waiting import wait_for
from world import Sent

ORDERS = Kind("dispatch_order")
NAMESPACE = uuid.UUID("7c0b1b5e-1f0f-4e7e-9a64-0f3e1a2b3c4d")  # of ids made here
RANK = {"DISPATCH": 0, "REMIND": 1, "RECALL": 2}

Arrived = collections.namedtuple("Arrived", "order partition offset key headers")


def add_cases(world, count, first=1, is_test=False, category="EXPOSED_RUBBISH", scheme="local-2026", point=(114.3906, 36.2014)):
    """Cases in state DISPATCHED with version 2; returns their ids."""
    ids = [uuid.uuid5(NAMESPACE, f"case {number}") for number in range(first, first + count)]
    longitude, latitude = point or (None, None)
    with world.connect() as connection:
        connection.execute(
            "insert into follow_up.case_file (case_id, kind, state, case_version, is_test, dedup_group, category_scheme, "
            "  category_code, cell, stripe, wgs84_longitude, wgs84_latitude, accuracy_m, first_seen_at, last_seen_at, "
            "  standing, was_sent, opened_seq, opened_ordinal, case_kind, photo_key) "
            "select id, 'drone_alert', 'DISPATCHED', 2, %s, 'EXPOSED_RUBBISH', %s, %s, 1, 1, %s, %s, %s, now(), now(), "
            "  1, true, 0, 0, 'DRONE_ALERT', 'sim/photo.jpg' from unnest(%s::uuid[]) as id",
            (is_test, scheme, category, longitude, latitude, None if point is None else 10.0, ids))
    return ids


def order_id(case_id, version, kind, cause=""):
    """Derived, as the platform's are: the same decision has the same id."""
    return uuid.uuid5(NAMESPACE, f"{case_id} {version} {kind} {cause}")


def add_orders(connection, decisions, unit="BZ-ZFD", is_test=False, link_seq=None):
    """decisions: (case_id, version, kind, cause), in one statement, and of one transaction unless each is given alone."""
    decisions = list(decisions)
    ids = [order_id(*decision) for decision in decisions]
    seq = link_seq or connection.execute("select nextval('follow_up.link_seq')").fetchone()[0]
    connection.execute(
        "insert into follow_up.outbox (order_id, order_kind, case_id, case_version, cause, link_seq, target_unit_code, "
        "  due_at, limit_type, limit_value, is_test, decided_at) "
        "select id, kind, case_id, version, cause, %s, %s, now() + interval '1 day', 'WORK_DAY', 1, %s, now() "
        "from unnest(%s::uuid[], %s::text[], %s::uuid[], %s::integer[], %s::text[]) as d (id, kind, case_id, version, cause)",
        (seq, unit, is_test, ids, *([decision[column] for decision in decisions] for column in (2, 0, 1, 3))))
    return ids


def courses(cases):
    """What is decided in the course of each case: three transactions one after the other."""
    return [[(case, 2, "DISPATCH", "") for case in cases], [(case, 2, "REMIND", "due") for case in cases],
            [(case, 3, "RECALL", "") for case in cases]]


def decide(world, *steps, **more):
    """Each step in a transaction of its own."""
    with world.connect() as connection:
        return [add_orders(connection, step, **more) for step in steps]


def unsent(world):
    return world.sql("select count(*) from follow_up.outbox where order_id not in (select order_id from follow_up.outbox_sent)")[0][0]


def wait_sent(world, daemon, timeout=60):
    wait_for(lambda: unsent(world) == 0, timeout, lambda: f"{unsent(world)} orders wait\n{daemon.output()}")


def read_order(value):
    assert value[:10] == FRAME + ORDERS.fingerprint
    body = io.BytesIO(value[10:])
    order = fastavro.schemaless_reader(body, ORDERS.avro)
    assert body.read() == b""
    return order


def arrived(world):
    """Everything in the topic, in the order of each partition."""
    messages, _ = world.read_topic("dispatch_order")
    return [Arrived(read_order(message.value()), *place, message.key(), message.headers())
            for place, message in sorted(messages.items())]


def taken_once(orders):
    """What a crew sees that takes each order_id once."""
    first = {}
    for order in orders:
        first.setdefault(order.order["order_id"], order)
    return list(first.values())


def check_arrived(world, wanted):
    """Each wanted order is in the topic, no other is, and those of one case first came in their order. Returns how many
    came again."""
    orders = arrived(world)
    once = taken_once(orders)
    assert sorted(order.order["order_id"] for order in once) == sorted(str(one) for one in wanted)
    of_case = collections.defaultdict(list)
    for order in sorted(once, key=lambda order: (order.partition, order.offset)):
        of_case[order.order["case_id"]].append(RANK[order.order["order_kind"]])
    assert all(ranks == sorted(ranks) for ranks in of_case.values())
    places = dict(world.sql("select order_id::text, (partition, topic_offset)::text from follow_up.outbox_sent"))
    where = collections.defaultdict(set)
    for order in orders:
        where[order.order["order_id"]].add(f"({order.partition},{order.offset})")
    assert all(place in where[one] for one, place in places.items()), "outbox_sent names a place with another order"
    return len(orders) - len(once)


# ---- orders as a client that is not ours sends them ----

def make_order(number, unit="BZ-ZFD", kind="DISPATCH", **changes):
    """What the platform would send, as it stands on the wire."""
    case = uuid.uuid5(NAMESPACE, f"case {number}")
    one = str(order_id(case, 2, kind))
    return ORDERS.example("ordinary") | {
        "event_id": one, "order_id": one, "order_kind": kind, "case_id": str(case), "case_version": 2,
        "case_no": "C" + str(case)[-12:].upper(), "target_unit_code": unit} | changes


def order_message(order, **changes):
    return Sent("dispatch_order", ORDERS.encode(order), order["target_unit_code"].encode(), ORDERS.headers(order), order,
                **changes)


class Crew:
    """gridloop-orders as a crew runs it. Its lines are read as they come."""

    def __init__(self, world, *arguments, unit="BZ-ZFD", state="orders.db", build="release", point=None, ack=False):
        self.world, self.log_file = world, world.folder / "orders.log"
        more = {"GRIDLOOP_POINT": point} if point else {}
        self.process = world.kill_at_end(subprocess.Popen(
            [world.stack.program("gridloop-orders", build), f"--unit={unit}", f"--state={world.folder / state}",
             f"--namespace={world.namespace}", *arguments, *(["--ack"] if ack else [])],
            stdin=subprocess.PIPE if ack else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=open(self.log_file, "ab"), env=environment(world.stack, **more)))

    def read(self, count=None):
        """So many lines; None: all until its end."""
        lines = []
        while count is None or len(lines) < count:
            line = self.process.stdout.readline()
            if not line:
                assert count is None, self.complaint()
                break
            lines.append(json.loads(line))
        return lines

    def acknowledge(self, *orders):
        self.process.stdin.write("".join(order["order_id"] + "\n" for order in orders).encode())
        self.process.stdin.flush()

    def complaint(self):
        return self.log_file.read_text("utf-8")

    def end(self, wanted=0, timeout=60):
        assert self.process.wait(timeout) == wanted, self.complaint()

    def stop(self):
        self.process.terminate()
        self.end()

    def kill(self):
        self.process.kill()
        self.process.wait()


def once(world, *arguments, wanted=0, **more):
    """What gridloop-orders --once prints."""
    crew = Crew(world, "--once", *arguments, **more)
    lines = crew.read()
    crew.end(wanted)
    return lines
