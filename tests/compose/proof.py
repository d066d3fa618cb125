"""What has to be so in the end: both equations, and every order is one."""
import collections
import json

import confluent_kafka

from orders import read_order
from waiting import wait_for

TOPICS = ("gridloop.drone-alert.v1", "gridloop.patrol-log.v1")
ORDER_TOPIC = "gridloop.dispatch-order.v1"


def settle(installation):
    """Waits until everything is read, and every order sent."""
    def is_read(topic):
        read = installation.progress(topic)
        return all(read.get(partition, 0) >= offset for partition, offset in installation.high(topic).items())
    for topic in TOPICS:
        wait_for(lambda: is_read(topic), 120, lambda: f"{topic} is read: {installation.progress(topic)}", every=0.5)
    wait_for(lambda: unsent(installation) == 0, 120, lambda: f"{unsent(installation)} orders wait", every=0.5)


def unsent(installation):
    return installation.sql("select count(*) from follow_up.outbox o where not exists (select from "
                            "follow_up.outbox_sent s where s.order_id = o.order_id)")[0][0]


def check_equations(installation, accepted):
    """By gridloopctl verify, with the list of what was accepted."""
    truth = "".join(f"{kind}\t{event_id}\n" for kind, event_id in sorted(accepted))
    assert "verdict: all" in installation.ctl("verify", "--truth", "/dev/stdin", "--complete", input=truth)
    stored = sum(installation.sql(f"select count(*) from events.{kind}")[0][0] for kind in ("drone_alert", "patrol_log"))
    assert stored == len(accepted)
    print(f"{stored} events accepted and stored")


def sent_orders(installation):
    """All that is in the topic, in the order of each partition; heartbeats are no orders."""
    consumer = confluent_kafka.Consumer(installation.kafka | {"group.id": installation.name, "enable.auto.commit": False})
    high = installation.high(ORDER_TOPIC)
    wanted, found = sum(high.values()), []
    consumer.assign([confluent_kafka.TopicPartition(ORDER_TOPIC, number, 0) for number in high])
    try:
        while len(found) < wanted:
            batch = consumer.consume(min(10000, wanted - len(found)), timeout=30)
            assert batch and not any(message.error() for message in batch), f"{len(found)} of {wanted} orders can be read"
            found += batch
    finally:
        consumer.close()
    heartbeat = ("ce_type", b"gridloop.heartbeat")
    return [read_order(message.value()) for message in found if heartbeat not in (message.headers() or [])]


def decided_orders(installation):
    return {str(row[0]) for row in installation.sql("select order_id from follow_up.outbox")}


def check_orders(installation, is_restored=False):
    """What was decided was sent, and nothing else; a decision has one id, whenever it was made; crews take each once.
    (The clock decides on further ones meanwhile.) After a restore the topic may have orders more, of cases that were opened
    by another report of the same thing."""
    before, orders, after = decided_orders(installation), sent_orders(installation), decided_orders(installation)
    ids = collections.defaultdict(set)
    for order in orders:
        ids[order["case_id"], order["case_version"], order["order_kind"], order["cause"]].add(order["order_id"])
    assert all(len(of_one) == 1 for of_one in ids.values()), ids
    sent = {order["order_id"] for order in orders}
    assert before and before <= sent and (is_restored or sent <= after)
    check_crew(installation, orders)
    print(f"{len(sent)} orders, {len(orders)} messages")


def check_crew(installation, orders):
    unit = collections.Counter(order["target_unit_code"] for order in orders).most_common(1)[0][0]
    out = installation.compose("run", "--rm", "-T", "--no-deps", "demo-crews", "gridloop-orders", "--unit", unit,
                               "--state", "/tmp/orders.db", "--once")
    taken = [json.loads(line)["order_id"] for line in out.splitlines()]
    assert len(taken) == len(set(taken))
    assert {order["order_id"] for order in orders if order["target_unit_code"] == unit} <= set(taken)


def status(installation):
    """What gridloopctl status says; its exit code is that of the worst."""
    said = installation.compose("run", "--rm", "-T", "--entrypoint", "sh", "ctl", "-c", "gridloopctl status --json; true")
    return json.loads(said)


def states(said, topic):
    """Of a topic's partitions."""
    kind = topic.split(".")[1].replace("-", "_")
    return {one["state"] for one in said["partitions"] if one["kind"] == kind}


def check_status(installation):
    """It says that all is read: it looks twice, so that what a heartbeat leaves for a moment is not taken for a lag."""
    said = status(installation)
    assert all(states(said, topic) == {"ok"} for topic in TOPICS) and said["kafka_answers"], said


def check(installation, accepted, is_restored=False):
    settle(installation)
    check_status(installation)
    check_equations(installation, accepted)
    check_orders(installation, is_restored)
