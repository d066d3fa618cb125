"""How each system is run, with the best settings that its documents name: a program and its arguments for a Place."""
import dataclasses
import json
import os
import pathlib
import sys
import urllib.parse

from events import Kind

FOLDER = pathlib.Path(__file__).resolve().parent
HEAP = "1g"


@dataclasses.dataclass(frozen=True)
class Place:
    """What one run reads, where it writes to, and a folder of its own."""
    folder: pathlib.Path
    bootstrap: str
    topic: str
    group: str
    kind: Kind
    database_url: str
    table: str
    registry: str  # URL

    @property
    def schema_file(self):
        return self.kind.folder / f"v{self.kind.version}.avsc"

    @property
    def user(self):
        return urllib.parse.urlsplit(self.database_url).username

    @property
    def jdbc_url(self):
        parts = urllib.parse.urlsplit(self.database_url)
        return f"jdbc:postgresql://{parts.hostname}:{parts.port}{parts.path}"


def java(system, main, *arguments):
    """./dev bench has said where Java and the system's jars are, if it could fetch them."""
    jars = os.environ.get(f"GRIDLOOP_BASELINE_{system.upper()}")
    if not jars:
        raise RuntimeError(f"there are no jars of {system}: build/log/baseline-{system}.log says why")
    return [os.environ["GRIDLOOP_JAVA"], f"-Xmx{HEAP}", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-Duser.timezone=UTC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "--add-opens=java.base/java.util=ALL-UNNAMED", "-cp", f"{jars}/classes:{jars}/jars/*", main, *map(str, arguments)]


def python_copy(place):
    return [sys.executable, FOLDER / "python_copy.py", place.bootstrap, place.topic, place.group, place.schema_file,
            place.database_url, place.table]


def flink(place):
    url = f"{place.jdbc_url}?user={place.user}&reWriteBatchedInserts=true"
    return java("flink", "Baseline", place.bootstrap, place.topic, place.group, place.schema_file, url, place.table, place.folder)


# ---- Kafka Connect, standalone, with Debezium's JDBC sink ----

BATCH = 3000


def properties(file, values):
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()), "utf-8")
    return file


def connect_worker(place):
    return {
        "bootstrap.servers": place.bootstrap,
        "listeners": "http://127.0.0.1:0",
        "offset.storage.file.filename": place.folder / "offsets",
        "plugin.discovery": "only_scan",  # the converter has no manifest
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "io.apicurio.registry.utils.converter.AvroConverter",
        "value.converter.apicurio.registry.url": place.registry,
        "value.converter.apicurio.registry.as-confluent": "true",
        "consumer.auto.offset.reset": "earliest",
        "consumer.max.poll.records": BATCH,
    }


def debezium_sink(place, unnest):
    schema, table = place.table.split(".")
    return {
        "name": place.group,
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "tasks.max": 2,
        "topics": place.topic,
        "connection.url": f"{place.jdbc_url}?currentSchema={schema}",
        "connection.username": place.user,
        "connection.password": "",  # it demands one; the server trusts
        "insert.mode": "upsert",
        "primary.key.mode": "record_value",
        "primary.key.fields": "event_id",
        "collection.name.format": table,
        "schema.evolution": "none",
        "use.reduction.buffer": "true",
        "batch.size": BATCH,
        "dialect.postgres.unnest.insert.enabled": json.dumps(unnest),
    }


def debezium(place, unnest=False):
    return java("connect", "org.apache.kafka.connect.cli.ConnectStandalone",
                properties(place.folder / "worker.properties", connect_worker(place)),
                properties(place.folder / "sink.properties", debezium_sink(place, unnest)))


def debezium_unnest(place):
    return debezium(place, unnest=True)
