"""The scenario memory: the largest resident size of a daemon where much waits for it, beside the bars. Its kernel's own
figure (VmHWM) is what a limit of a container would be compared with."""
import random
import re
import time

import confluent_kafka

import figures
from events import KINDS
from lab import Topic, say
from waiting import wait_for

SMALL_MB, LARGE_MB = 64, 256
SAMPLE_S = 1
PARTITIONS = 64
MOST_LARGE = 512          # messages: 8 for each partition
ATTACHMENTS, KEY_SIZE, HASH_SIZE = 900, 980, 64  # of a message


def resident_mb(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"^VmRSS:\s*(\d+)", status.read(), re.MULTILINE)[1]) / 1024


def memory(lab, options):
    yield from server_away(lab, options)
    yield from large_messages(lab, options)


def server_away(lab, options):
    """PostgreSQL is away while a topic full of events waits."""
    topic = lab.patrols("plain", options.events)
    lab.copy_database("daemon")
    with lab.spending() as cpu:
        daemon = lab.daemon(topic, "daemon")
        lab.wait_read("daemon", 1, [daemon])
        sizes = [resident_mb(daemon)]
        lab.postgres("stop")
        say(f"PostgreSQL is away for {options.away} s")
        end = time.monotonic() + options.away
        wait_for(lambda: sizes.append(resident_mb(daemon)) or time.monotonic() > end, options.away + 60, "it is over", SAMPLE_S)
        lab.postgres("start")
        before = lab.ask("daemon", "select sum(next_offset)::bigint from bus.progress")[0][0]
        assert before < topic.events, "all was stored before PostgreSQL went away: take more events"
        lab.wait_read("daemon", topic.events, [daemon])
        sizes.append(resident_mb(daemon))
        run = lab.stopped("daemon", [daemon], cpu)
    yield figures.memory(f"PostgreSQL away {options.away} s", run.peak_mb, SMALL_MB, waiting=f"{topic.events - before:,}",
                         start_mb=round(sizes[0], 1), away_mb=round(max(sizes[1:-1]), 1), end_mb=round(sizes[-1], 1))


def large_messages(lab, options):
    """64 partitions of messages of 1 MB."""
    count = max(PARTITIONS, min(MOST_LARGE, options.events // 100))
    topic = Topic(lab.namespace("large", PARTITIONS), "patrol_log", count)
    produce_large(lab, topic)
    run = lab.measure(topic)
    assert run.rows == count, f"{run.rows} of {count} are stored"
    yield figures.memory(f"{PARTITIONS} partitions, 1 MB messages", run.peak_mb, LARGE_MB, events=count)


def produce_large(lab, topic):
    of, dice = KINDS[topic.kind], random.Random(1)
    producer = confluent_kafka.Producer({"bootstrap.servers": lab.stack.bootstrap, "message.max.bytes": 2 << 20,
                                         "partitioner": "murmur2_random"})
    for _ in range(topic.events):
        keys, hashes = ([dice.randbytes(size // 2).hex() for _ in range(ATTACHMENTS)] for size in (KEY_SIZE, HASH_SIZE))
        event = of.fresh(dice, "smallest", attachment_object_keys=keys, attachment_sha256=hashes)
        producer.produce(topic.name, of.encode(event), of.key(event), headers=of.headers(event))
        producer.flush(60)
