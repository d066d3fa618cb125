"""What one would write in Python: a topic of single-object-encoded Avro into a table whose columns are the schema's
fields, by COPY into a temporary table and INSERT ... ON CONFLICT DO NOTHING. Offsets are committed after the rows.

    python_copy.py BOOTSTRAP TOPIC GROUP SCHEMA-FILE DATABASE-URL TABLE

It runs until it is stopped.
"""
import datetime
import io
import json
import sys

import confluent_kafka
import fastavro
import psycopg

BATCH = 5000
LINGER_S = 0.2
FRAME = 10  # C3 01 and the schema's fingerprint


def consumer(bootstrap, topic, group):
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
        "fetch.queue.backoff.ms": 2})
    consumer.subscribe([topic])
    return consumer


def without_uuids(part):
    """COPY takes the text of a uuid as it is: no need to make an object of it."""
    if isinstance(part, dict):
        return {key: without_uuids(value) for key, value in part.items() if (key, value) != ("logicalType", "uuid")}
    return [without_uuids(item) for item in part] if isinstance(part, list) else part


def json_value(value):
    """Times as the contract has them in json columns."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if value.microsecond else "%Y-%m-%dT%H:%M:%SZ") \
        if isinstance(value, datetime.datetime) else str(value)


def is_json(avro_type):
    """A list of records becomes a json column, other lists become arrays."""
    if isinstance(avro_type, list):
        return any(map(is_json, avro_type))
    return isinstance(avro_type, dict) and avro_type["type"] == "array" and isinstance(avro_type["items"], dict) \
        and avro_type["items"]["type"] == "record"


def row(event, jsons):
    for name in jsons:
        if event[name] is not None:
            event[name] = json.dumps(event[name], default=json_value, ensure_ascii=False)
    return list(event.values())


def store(connection, table, columns, rows):
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(f"copy fresh ({columns}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"insert into {table} ({columns}) select {columns} from fresh on conflict do nothing")
        cursor.execute("truncate fresh")


def main():
    bootstrap, topic, group, schema_file, url, table = sys.argv[1:]
    with open(schema_file, encoding="utf-8") as file:
        schema = fastavro.parse_schema(without_uuids(json.load(file)))
    columns = ", ".join(field["name"] for field in schema["fields"])
    jsons = [field["name"] for field in schema["fields"] if is_json(field["type"])]
    kafka = consumer(bootstrap, topic, group)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create temporary table fresh as select {columns} from {table} with no data")
        while True:
            messages = kafka.consume(BATCH, LINGER_S)
            for message in messages:
                if message.error():
                    raise confluent_kafka.KafkaException(message.error())
            if messages:
                events = (fastavro.schemaless_reader(io.BytesIO(message.value()[FRAME:]), schema) for message in messages)
                store(connection, table, columns, (row(event, jsons) for event in events))
                kafka.commit(asynchronous=False)


main()
