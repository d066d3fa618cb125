"""The servers that `./dev test` brings up, and the builds of our programs."""
import dataclasses
import functools
import os
import pathlib
import subprocess
import urllib.parse

import confluent_kafka
import confluent_kafka.admin
import psycopg
import psycopg.sql

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Stack:
    bootstrap: str  # host:port of Kafka
    owner_url: str  # of the role that owns the databases, on the database it was made with
    folder: str
    builds: dict    # "release", "points", "asan" -> folder

    @classmethod
    def from_environment(cls):
        names = {"release": "GRIDLOOP_BUILD", "points": "GRIDLOOP_POINTS_BUILD", "asan": "GRIDLOOP_ASAN_BUILD"}
        return cls(os.environ["GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS"], os.environ["GRIDLOOP_DATABASE_URL"],
                   os.environ["GRIDLOOP_STACK_DIR"],
                   {name: pathlib.Path(os.environ[key]) for name, key in names.items() if key in os.environ})

    def program(self, name, build="release"):
        return str(self.builds[build] / "bin" / name)

    def url(self, database, user="gridloop"):
        """The URL of a database for a role: gridloop (owner), gridloop_ingest (daemons), postgres (superuser)."""
        parts = urllib.parse.urlsplit(self.owner_url)
        return parts._replace(netloc=f"{user}@{parts.hostname}:{parts.port}", path="/" + urllib.parse.quote(database, safe="")).geturl()

    def sql(self, statement, user="gridloop"):
        """One statement outside of a transaction, on no test's database."""
        with psycopg.connect(self.url("gridloop", user), autocommit=True) as connection:
            connection.execute(statement)

    def drop(self, database):
        """As superuser, for a daemon of the server's own may be looking at it."""
        self.sql(psycopg.sql.SQL("drop database {} with (force)").format(psycopg.sql.Identifier(database)), "postgres")

    @functools.cached_property
    def admin(self):
        return confluent_kafka.admin.AdminClient({"bootstrap.servers": self.bootstrap})

    @functools.cached_property
    def producer(self):
        """A client of Kafka's own making: idempotent, and with the partitioner of the contract."""
        return confluent_kafka.Producer({"bootstrap.servers": self.bootstrap, "enable.idempotence": True,
                                         "partitioner": "murmur2_random", "linger.ms": 1,
                                         "message.max.bytes": 4 << 20})

    def kafka(self, command):
        """stop, kill or start. kill: SIGKILL."""
        self._dev("kafka", command)

    def postgres(self, command):
        """stop, kill or start. kill: an immediate stop, as if the machine had crashed."""
        self._dev("postgres", command)

    def _dev(self, server, command):
        done = subprocess.run([ROOT / "dev", "stack", server, command], capture_output=True, text=True, timeout=180,
                              env=os.environ | {"GRIDLOOP_STACK_DIR": self.folder})
        assert done.returncode == 0, f"./dev stack {server} {command}: {done.stderr}"
