"""Events published in the background, from outside, by confluent-kafka and fastavro."""
import itertools
import json
import threading
import time

import confluent_kafka

from events import KINDS
from installation import run

CHUNK = 5000  # lines that are simulated at once
MARK = "FIREWORKS"  # of alerts that a test sends itself: the load has none


def simulated_of(installation, kind):
    for seed in itertools.count(1):
        out = run("docker", "run", "--rm", installation.image, "gridloop-simulate", "lines", "--kind", kind, "--count", CHUNK,
                  "--seed", seed, "--repeat-share", "0.3")
        for line in out.splitlines():
            if f'"minor_class_code":"{MARK}"' not in line:
                yield kind, KINDS[kind].from_json(json.loads(line))


def simulated(installation):
    """An endless iterator of (kind, event), in turn: three alerts and a patrol."""
    found = {kind: simulated_of(installation, kind) for kind in ("drone_alert", "patrol_log")}
    turns = itertools.cycle(["drone_alert"] * 3 + ["patrol_log"])
    return (next(found[kind]) for kind in turns)


class Publisher:
    """accepted: the event_ids that the broker has reported persisted, as (kind, event_id)."""

    def __init__(self, installation):
        self.accepted, self.failures = set(), []
        self._producer = confluent_kafka.Producer(installation.kafka | {
            "enable.idempotence": True, "partitioner": "murmur2_random", "linger.ms": 5})

    def publish(self, kind, event):
        def delivered(error, _):
            if error:
                self.failures.append(str(error))
            else:
                self.accepted.add((kind, event["event_id"]))
        of = KINDS[kind]
        self._producer.produce(f"gridloop.{of.hyphens}.v1", of.encode(event), of.key(event), headers=of.headers(event),
                               on_delivery=delivered)
        self._producer.poll(0)

    def flush(self):
        assert self._producer.flush(120) == 0, "the broker did not take all messages"
        assert not self.failures, self.failures[:10]


class Load:
    """with Load(publisher, lines): events are published until its end, one in twenty a second time."""
    PER_SECOND = 100

    def __init__(self, publisher, lines):
        self.publisher, self.lines, self.count = publisher, lines, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._error = None

    def _run(self):
        try:
            began = time.monotonic()
            while not self._stop.wait(max(0, began + self.count / self.PER_SECOND - time.monotonic())):
                kind, event = next(self.lines)
                for _ in range(2 if self.count % 20 == 0 else 1):
                    self.publisher.publish(kind, event)
                self.count += 1
        except Exception as error:  # told by whoever waits for the thread
            self._error = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *failed):
        self._stop.set()
        self._thread.join()
        self.publisher.flush()
        if self._error:
            raise self._error
        print(f"{self.count} events were published meanwhile")
