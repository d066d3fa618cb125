"""The servers that `./dev test` brings up, and the builds of our programs."""
import contextlib
import dataclasses
import functools
import os
import pathlib
import random
import shlex
import socket
import subprocess
import urllib.parse

import confluent_kafka
import confluent_kafka.admin
import psycopg
import psycopg.sql

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port():
    """For a server that is started later. Below those that the kernel gives to others."""
    lowest_outgoing = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", random.randrange(10_000, lowest_outgoing)))
            return s.getsockname()[1]


@dataclasses.dataclass(frozen=True)
class Stack:
    bootstrap: str  # host:port of Kafka
    owner_url: str  # of the role that owns the databases, on the database it was made with
    folder: str
    builds: dict    # "release", "points", "asan" -> folder
    may_be_harmed: bool = False  # nobody else needs its servers

    @classmethod
    def from_environment(cls, environment=os.environ, **more):
        names = {"release": "GRIDLOOP_BUILD", "points": "GRIDLOOP_POINTS_BUILD", "asan": "GRIDLOOP_ASAN_BUILD"}
        return cls(environment["GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS"], environment["GRIDLOOP_DATABASE_URL"],
                   environment["GRIDLOOP_STACK_DIR"],
                   {name: pathlib.Path(environment[key]) for name, key in names.items() if key in environment}, **more)

    def second(self):
        """Another one, for tests that stop servers or change them for everybody. `./dev test` takes it down."""
        process = os.environ.get("PYTEST_XDIST_WORKER", "main")
        folder = {"GRIDLOOP_STACK_DIR": f"{self.folder}-harmed/{process}"}
        dev("stack", "up", **folder)
        lines = dev("stack", "env", **folder).splitlines()
        names = dict(shlex.split(line)[1].split("=", 1) for line in lines)
        return Stack.from_environment(os.environ | names, may_be_harmed=True)

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
        return confluent_kafka.admin.AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    @functools.cached_property
    def producer(self):
        """A client of Kafka's own making: idempotent, and with the partitioner of the contract."""
        return confluent_kafka.Producer({"bootstrap.servers": self.bootstrap, "enable.idempotence": True,
                                         "partitioner": "murmur2_random", "linger.ms": 1,
                                         "message.max.bytes": 4 << 20})

    def kafka(self, command):
        """stop, kill or start. kill: SIGKILL."""
        self._harm("kafka", command)

    def postgres(self, command):
        """stop, kill or start. kill: an immediate stop, as if the machine had crashed."""
        self._harm("postgres", command)

    def _harm(self, server, command):
        self.expect_harm()
        dev("stack", server, command, GRIDLOOP_STACK_DIR=self.folder)

    def expect_harm(self):
        assert self.may_be_harmed, "other tests need these servers: mark the test harms_servers"


def dev(*command, **environment):
    """What `./dev` prints."""
    done = subprocess.run([ROOT / "dev", *command], capture_output=True, text=True, timeout=180,
                          env=os.environ | environment)
    assert done.returncode == 0, f"./dev {' '.join(command)}: {done.stderr}"
    return done.stdout
