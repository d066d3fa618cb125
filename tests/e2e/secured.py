"""Servers that want to know who calls, over TLS: the stack's Kafka with further listeners, its PostgreSQL with further
rules for one database. The ways that were there stay, so that clients that are not ours can look at what became of it all.
"""
import dataclasses
import os
import pathlib
import secrets
import shutil

import confluent_kafka.admin
import psycopg

from certificates import EXPIRED, Authority
from stack import free_port
from waiting import wait_for

HERE = "DNS:localhost", "IP:127.0.0.1"
ADMIN_PASSWORD = secrets.token_hex(16)
REAUTHENTICATE_MS = 3000  # a connection of Kafka's that stays longer has to log in again
MECHANISM = "SCRAM-SHA-512"


def replace(file, text):
    """As one does while somebody may read it."""
    beside = file.with_suffix(".new")
    beside.touch(mode=0o600)
    beside.write_text(text + "\n")
    beside.replace(file)
    return file


@dataclasses.dataclass
class Listener:
    name: str
    port: int
    lines: list

    @property
    def servers(self):
        return f"localhost:{self.port}"


class Servers:
    """Certificates, and the servers that show them. Made once for a stack."""

    def __init__(self, stack, folder):
        stack.expect_harm()
        self.stack = stack
        self.authority = Authority(folder / "authority")
        self.stranger = Authority(folder / "stranger", "another authority")
        self._data = pathlib.Path(stack.folder, "data").resolve()
        self._own = self._data / "security"
        shutil.rmtree(self._own, ignore_errors=True)
        self._own.mkdir(mode=0o700)
        self._give(self._own)
        signed = {"good": self.authority.sign("good", HERE), "expired": self.authority.sign("expired", HERE, EXPIRED),
                  "elsewhere": self.authority.sign("elsewhere", ["DNS:kafka.elsewhere.example"])}
        self._files = {name: self._install(name, *files) for name, files in signed.items()}
        self.listeners = {name: self._listener(name) for name in ("good", "expired", "elsewhere")}
        self.listeners["mutual"] = self._mutual()
        self._kafka()
        self._postgres()

    # ---- files that the servers read ----

    def _give(self, file):
        owner = os.stat(self._data)
        os.chown(file, owner.st_uid, owner.st_gid)

    def _install(self, name, key, certificate):
        both = self._own / f"{name}.both"
        both.write_bytes(key.read_bytes() + certificate.read_bytes())
        files = shutil.copy(key, self._own), shutil.copy(certificate, self._own), both
        for file in files:
            os.chmod(file, 0o600)
            self._give(file)
        return files

    # ---- Kafka ----

    def _keystore(self, name, certificate):
        return [f"listener.name.{name}.ssl.keystore.type=PEM",
                f"listener.name.{name}.ssl.keystore.location={self._files[certificate][2]}"]

    def _listener(self, name):
        login = "org.apache.kafka.common.security"
        return Listener(name, free_port(), self._keystore(name, name) + [
            f"listener.name.{name}.sasl.enabled.mechanisms={MECHANISM},PLAIN",
            f"listener.name.{name}.connections.max.reauth.ms={REAUTHENTICATE_MS}",
            f"listener.name.{name}.{MECHANISM.lower()}.sasl.jaas.config={login}.scram.ScramLoginModule required;",
            f'listener.name.{name}.plain.sasl.jaas.config={login}.plain.PlainLoginModule required '
            f'user_admin="{ADMIN_PASSWORD}";'])

    def _mutual(self):
        trusted = self._own / "ca.pem"
        shutil.copy(self.authority.certificate, trusted)
        self._give(trusted)
        return Listener("mutual", free_port(), self._keystore("mutual", "good") + [
            "listener.name.mutual.ssl.client.auth=required", "listener.name.mutual.ssl.truststore.type=PEM",
            f"listener.name.mutual.ssl.truststore.location={trusted}"])

    def _kafka(self):
        plain = self.stack.bootstrap
        more = self.listeners.values()
        shown = [f"{one.name.upper()}://{one.servers}" for one in more]
        controller = pathlib.Path(self.stack.folder, "kafka_controller.port").read_text().strip()
        lines = [
            "listeners=" + ",".join([f"CLIENT://{plain}", f"CONTROLLER://127.0.0.1:{controller}"]
                                    + [f"{one.name.upper()}://127.0.0.1:{one.port}" for one in more]),
            "advertised.listeners=" + ",".join([f"CLIENT://{plain}", *shown]),
            "listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,MUTUAL:SSL,"
            + ",".join(f"{one.name.upper()}:SASL_SSL" for one in more if one.name != "mutual"),
            *(line for one in more for line in one.lines)]
        pathlib.Path(self.stack.folder, "kafka.properties").write_text("\n".join(lines) + "\n")
        self.stack.kafka("stop")
        self.stack.kafka("start")

    def set_kafka_password(self, user, password):
        kind = confluent_kafka.admin.ScramMechanism.SCRAM_SHA_512
        change = confluent_kafka.admin.UserScramCredentialUpsertion(
            user, confluent_kafka.admin.ScramCredentialInfo(kind, 4096), password.encode())
        for future in self.stack.admin.alter_user_scram_credentials([change]).values():
            future.result(30)
        wait_for(lambda: self._admits(user, password), 30, f"the broker has heard of {user}'s password")

    def _admits(self, user, password):
        """The controller has it at once, the broker a little later."""
        client = confluent_kafka.admin.AdminClient({
            "bootstrap.servers": self.listeners["good"].servers, "security.protocol": "sasl_ssl", "sasl.mechanism": MECHANISM,
            "sasl.username": user, "sasl.password": password, "ssl.ca.location": str(self.authority.certificate),
            "log_level": 0})
        try:
            return client.list_topics(timeout=5)
        except confluent_kafka.KafkaException:
            return None

    # ---- PostgreSQL ----

    def _postgres(self):
        self.stack.sql("alter system set ssl = on", "postgres")
        self.show("good")

    def show(self, name):
        """The certificate that PostgreSQL shows from now on."""
        key, certificate, _ = self._files[name]
        self.stack.sql(f"alter system set ssl_key_file = '{key}'", "postgres")
        self.stack.sql(f"alter system set ssl_cert_file = '{certificate}'", "postgres")
        self._reload()

    def rules(self, *lines):
        """These come before what everybody may."""
        file = self._data / "postgres" / "pg_hba.conf"
        file.write_text("\n".join([*lines, "host all all 127.0.0.1/32 trust"]) + "\n")
        self._reload()

    def _reload(self):
        """A session that begins afterwards is of a server that has read its files."""
        before = self._loaded()
        self.stack.sql("select pg_reload_conf()", "postgres")
        wait_for(lambda: self._loaded() > before, 30, "PostgreSQL has read its files again")

    def _loaded(self):
        with psycopg.connect(self.stack.url("postgres", "postgres")) as connection:
            return connection.execute("select pg_conf_load_time()").fetchone()[0]


class Secured:
    """One test's users, their passwords, and the settings of a program that is one of them."""

    def __init__(self, world, servers):
        self.world, self.servers = world, servers
        self.passwords = []  # all that there ever were
        self.postgres_file = world.folder / "ingest_password"
        servers.rules(f"hostssl {world.database} gridloop_ingest 127.0.0.1/32 scram-sha-256",
                      f"host {world.database} gridloop_ingest 127.0.0.1/32 reject")

    def close(self):
        self.servers.show("good")
        self.servers.rules()

    def new_password(self):
        self.passwords.append("hush-" + secrets.token_hex(12))
        return self.passwords[-1]

    def kafka_file(self, user):
        return self.world.folder / f"{user}_password"

    def kafka_user(self, user):
        """A user with a password, and the file that holds it."""
        password = self.new_password()
        self.servers.set_kafka_password(user, password)
        return replace(self.kafka_file(user), password)

    def kafka(self, user, listener="good", ca=None):
        return {"kafka.bootstrap.servers": self.servers.listeners[listener].servers,
                "kafka.security.protocol": "sasl_ssl", "kafka.sasl.mechanism": MECHANISM, "kafka.sasl.username": user,
                "kafka.sasl.password.file": self.kafka_file(user),
                "kafka.ssl.ca.location": ca or self.servers.authority.certificate}

    def url(self, ca=None, host="localhost"):
        """As the daemons' role."""
        port = self.servers.stack.url("postgres").rsplit(":", 1)[1].split("/")[0]
        return (f"postgresql://gridloop_ingest@{host}:{port}/{self.world.database}?sslmode=verify-full"
                f"&sslrootcert={ca or self.servers.authority.certificate}&channel_binding=require")

    def postgres(self, **where):
        return {"database_url": self.url(**where), "database_password_file": self.postgres_file}

    def postgres_user(self):
        """As an operator does it; which makes the topics too."""
        replace(self.postgres_file, self.new_password())
        done = self.world.ctl("setup", f"--namespace={self.world.namespace}", f"--ingest-password-file={self.postgres_file}")
        assert done.returncode == 0, done.stderr

    def all(self, user="gridloop"):
        """Users on both sides, and the settings of who is both."""
        self.kafka_user(user)
        self.postgres_user()
        return self.kafka(user) | self.postgres()
