"""The same events as users of Kafka Connect have them: in Confluent's framing, with Debezium's names for types, and
with lists as JSON text (Debezium's sink has no column for lists of records, and its UNNEST for none at all).
Each event keeps its key and its partition, and the events of a partition their order.
"""
import io
import json
import struct

import confluent_kafka
import confluent_kafka.admin
import fastavro

from events import json_value
from waiting import wait_for

NAMES = {"uuid": ("string", "io.debezium.data.Uuid"), "timestamp-micros": ("string", "io.debezium.time.ZonedTimestamp"),
         "array": ("string", "io.debezium.data.Json")}


def avro_type(type_):
    base, name = NAMES.get(type_.name, ("string" if type_.symbols else type_.name, None))
    plain = {"type": base, "connect.name": name} if name else base
    return ["null", plain] if type_.optional else plain


def schema_of(kind):
    fields = [{"name": field.name, "type": avro_type(field.type)} | ({"default": None} if field.type.optional else {})
              for field in kind.fields.values()]
    return {"type": "record", "name": kind.schema["name"], "namespace": "twin", "fields": fields}


def twin_of(kind, event):
    twin = dict(event)
    for field in kind.fields.values():
        if field.type.name in ("array", "timestamp-micros") and event[field.name] is not None:
            value = json_value(field.type, event[field.name])
            twin[field.name] = json.dumps(value, ensure_ascii=False) if field.type.name == "array" else value
    return twin


def create(stack, topic, partitions):
    new = confluent_kafka.admin.NewTopic(topic, partitions, 1, config={"compression.type": "producer"})
    stack.admin.create_topics([new])[topic].result(30)
    wait_for(lambda: topic in stack.admin.list_topics(timeout=10).topics, 30, f"{topic} is there")


def messages(stack, topic):
    """All of a topic."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": stack.bootstrap, "group.id": "twin", "enable.auto.commit": False,
                                         "enable.partition.eof": True})
    partitions = stack.admin.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in partitions])
    ended = set()
    while len(ended) < len(partitions):
        for message in consumer.consume(5000, 0.2):
            if not message.error():
                yield message
            elif message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                ended.add(message.partition())
            else:
                raise confluent_kafka.KafkaException(message.error())
    consumer.close()


def make(stack, topic, kind, number):
    """A twin of the topic, whose schema the registry has by this number: the twin's name."""
    twin, schema = f"{topic}.twin", fastavro.parse_schema(schema_of(kind))
    create(stack, twin, len(stack.admin.list_topics(topic, timeout=10).topics[topic].partitions))
    producer = confluent_kafka.Producer({"bootstrap.servers": stack.bootstrap, "linger.ms": 5, "enable.idempotence": True,
                                         "compression.type": "lz4", "queue.buffering.max.messages": 1_000_000})
    frame = struct.pack(">bI", 0, number)
    for message in messages(stack, topic):
        out = io.BytesIO()
        out.write(frame)
        fastavro.schemaless_writer(out, schema, twin_of(kind, kind.decode(message.value())))
        producer.produce(twin, out.getvalue(), message.key(), message.partition())
        producer.poll(0)
    assert producer.flush(120) == 0
    return twin
