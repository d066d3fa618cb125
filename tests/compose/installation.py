"""deploy/compose.yaml under a project name, ports, secrets and an image of its own, so that it stands beside others; alone, or
with deploy/compose.secure.yaml over it."""
import functools
import json
import os
import pathlib
import re
import secrets
import shlex
import subprocess

import confluent_kafka
import confluent_kafka.admin
import psycopg

from stack import free_port
from waiting import wait_for

ROOT = pathlib.Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "deploy" / "compose.yaml"
SECURE_FILE = COMPOSE_FILE.with_name("compose.secure.yaml")
CLOSED_GROUP = 23456  # for root, whose own group would open everything


def run(*command, timeout=600, **more):
    """Its standard output. A failure shows what the command said."""
    more = {"text": True, "stdin": subprocess.DEVNULL} | more
    if "input" in more:
        del more["stdin"]
    done = subprocess.run([str(word) for word in command], capture_output=True, timeout=timeout, **more)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


class Installation:
    files = (COMPOSE_FILE,)
    makers = ("make-secrets",)

    def __init__(self, folder):
        self.folder = folder
        self.name = "gridloop-test-" + secrets.token_hex(4)
        self.images = set()  # that were built here
        self.port = free_port()
        self.group = os.getgid() or CLOSED_GROUP
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("GRIDLOOP_", "COMPOSE_"))}
        self.environment |= {"COMPOSE_PROJECT_NAME": self.name, "GRIDLOOP_VERSION": self.name,
                             "GRIDLOOP_REVISION": "first", "GRIDLOOP_SECRETS": str(folder / "secrets"),
                             "GRIDLOOP_GID": str(self.group), "GRIDLOOP_KAFKA_PORT": str(self.port)}

    def __enter__(self):
        for maker in self.makers:
            run(ROOT / "deploy" / maker, self.folder / "secrets")
        for file in (self.folder / "secrets").iterdir():
            os.chown(file, -1, self.group)
        return self

    def __exit__(self, *_):
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "60")
        subprocess.run(["docker", "image", "rm", self.image, *self.images], capture_output=True)

    # ---- as an operator ----

    @property
    def named(self):
        """The files, as the command names them."""
        return [word for file in self.files for word in ("-f", str(file))]

    def compose(self, *arguments, **more):
        return run("docker", "compose", *self.named, *arguments, env=self.environment, **more)

    def up(self, *arguments):
        self.compose("up", "-d", "--build", "--wait", *arguments, timeout=1200)

    def how_to(self, page, heading):
        """Runs the commands that stand under a heading of docs/how-to, in the folder that this test works in, with the
        files that are in use."""
        text = (ROOT / "docs" / "how-to" / page).read_text("utf-8")
        section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
        commands = "\n".join(line[4:] for line in section[1].splitlines() if line.startswith("    "))
        for written, meant in ((" -f deploy/compose.secure.yaml", ""), ("-f deploy/compose.yaml", shlex.join(self.named)),
                               ("deploy/secrets", str(self.folder / "secrets"))):
            commands = commands.replace(written, meant)
        return run("bash", "-euo", "pipefail", "-c", commands, cwd=self.folder, env=self.environment, timeout=1200)

    def ctl(self, *arguments, **more):
        return self.compose("run", "--rm", "-T", "ctl", *arguments, **more)

    # ---- containers ----

    @property
    def image(self):
        return f"gridloop:{self.name}"

    def inspect(self, service):
        """Of each of its containers what Docker knows."""
        ids = self.compose("ps", "--all", "--quiet", service).split()
        found = json.loads(run("docker", "inspect", *ids)) if ids else []
        self.images |= {container["Image"] for container in found if container["Config"]["Image"] == self.image}
        return found

    def logs(self, service):
        """Container's name -> its lines of log that are JSON."""
        found = {}
        for container in self.inspect(service):
            lines = subprocess.run(["docker", "logs", container["Id"]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, check=True).stdout.splitlines()
            found[container["Name"]] = [json.loads(line) for line in lines if line.startswith("{")]
        return found

    def wait_healthy(self, *services):
        """As `up --wait` does, which gives up on what is unhealthy now."""
        def health():
            return {service: [container["State"]["Health"]["Status"] for container in self.inspect(service)]
                    for service in services}
        wait_for(lambda: all(set(found) == {"healthy"} for found in health().values()), 120, health, every=0.5)

    def crash(self, service):
        """The container's process is killed as by a fault of its own (`docker kill` counts as an operator's wish), and
        Docker starts it again."""
        before = self.inspect(service)[0]
        run("docker", "run", "--rm", "--pid=host", "--user=0", self.image, "sh", "-c", f"kill -9 {before['State']['Pid']}")

        def is_back():
            state = self.inspect(service)[0]
            return state["RestartCount"] > before["RestartCount"] and state["State"]["Health"]["Status"] == "healthy"
        wait_for(is_back, 90, lambda: f"{service} runs again: {self.inspect(service)[0]['State']}", every=0.5)

    # ---- from outside ----

    def secret(self, name):
        return (self.folder / "secrets" / name).read_text().strip()

    @property
    def kafka(self):
        """What a client of Kafka has to know."""
        return {"bootstrap.servers": f"localhost:{self.port}", "log_level": 0}

    @functools.cached_property
    def admin(self):
        return confluent_kafka.admin.AdminClient(self.kafka)

    def connect(self, role="owner", **more):
        """As the database's owner, or the role of that name."""
        port = self.compose("port", "postgres", "5432").strip().rsplit(":", 1)[1]
        user = "gridloop" if role == "owner" else f"gridloop_{role}"
        return psycopg.connect(autocommit=True, **{"host": "localhost", "hostaddr": "127.0.0.1", "port": port, "user": user,
                                                   "dbname": "gridloop", "password": self.secret(f"{role}_password")} | more)

    def sql(self, statement, *parameters, role="owner"):
        """The rows."""
        with self.connect(role) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def high(self, topic):
        """Partition -> how many messages it has had."""
        found = self.admin.list_topics(topic, timeout=30).topics[topic]
        wanted = {confluent_kafka.TopicPartition(topic, number): confluent_kafka.admin.OffsetSpec.latest()
                  for number in found.partitions}
        return {place.partition: future.result(30).offset
                for place, future in self.admin.list_offsets(wanted).items()}

    def progress(self, topic):
        """Partition -> next_offset."""
        return dict(self.sql("select partition, next_offset from bus.source join bus.progress using (source_id) "
                             "where topic = %s", topic))


class SecureInstallation(Installation):
    """With TLS and passwords between all parts."""
    files = (COMPOSE_FILE, SECURE_FILE)
    makers = ("make-secrets", "make-certificates")

    @property
    def authority(self):
        return str(self.folder / "secrets" / "ca.pem")

    @property
    def kafka(self):
        return super().kafka | {
            "security.protocol": "SASL_SSL", "ssl.ca.location": self.authority, "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "device", "sasl.password": self.secret("device_password")}

    def connect(self, role="owner", **more):
        return super().connect(role, **{"sslmode": "verify-full", "sslrootcert": self.authority} | more)
