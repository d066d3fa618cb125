"""TLS and passwords on both sides: events flow, a password is replaced while programs run, and whoever is not let in, or does
not trust the server, says so plainly. No password is ever seen. The steps are those of docs/how-to/rotate-a-secret.md."""
import contextlib
import pathlib
import re
import socket
import sqlite3
import struct
import subprocess
import threading

import confluent_kafka
import pytest

from checker import check_all
from daemon import environment, flags
from events import KINDS, to_json
from outages import Load, Mill, superuser
from producer import produce
from secured import MECHANISM, Secured, Servers, replace
from waiting import wait_for
from world import good, json_lines

pytestmark = pytest.mark.harms_servers

KIND = "patrol_log"


@pytest.fixture(scope="session")
def servers(harmed, tmp_path_factory):
    return Servers(harmed[0], tmp_path_factory.mktemp("security"))


@pytest.fixture
def secured(world, servers):
    secured = Secured(world, servers)
    yield secured
    secured.close()


def lines(world, count):
    rng = world.rng()
    return json_lines(to_json(KINDS[KIND], KINDS[KIND].fresh(rng)) for _ in range(count))


def errors(daemon):
    """What it says of its troubles."""
    return [line["error"] for line in daemon.log() if "error" in line]


def wait_error(daemon, *words, timeout=60):
    def said():
        return [error for error in errors(daemon) if all(word in error for word in words)]
    return wait_for(said, timeout, lambda: f"{daemon.name} says {words}: {daemon.output()[-1500:]}")[-1]


class Follower:
    """A device that follows a file, whoever may read it."""

    def __init__(self, world, **options):
        self.world, self.file = world, world.folder / "lines"
        self.log_file = world.folder / "device.log"
        self.file.touch()
        self.count = 0
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [world.stack.program(f"gridloop-produce-{KINDS[KIND].hyphens}"), *flags(options),
                 f"--spool={world.folder}/device.spool", f"--namespace={world.namespace}", "--follow", self.file],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(world.stack))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def output(self):
        """With its end, if it has come to one."""
        code = self.process.poll()
        return self.log_file.read_text("utf-8", "replace") + ("" if code is None else f"ended with {code}")

    def write(self, count):
        with open(self.file, "ab") as file:
            file.write(lines(self.world, count))
        self.count += count

    def waiting(self):
        """Its events that were accepted, and that the broker does not have; others may write to the topic too."""
        with contextlib.closing(sqlite3.connect(f"file:{self.world.folder}/device.spool?mode=ro", uri=True)) as spool:
            return spool.execute("select count(*) from event").fetchone()[0]

    def wait_sent(self, timeout=60):
        wait_for(lambda: f"\n{self.count} " in self.output() and self.waiting() == 0, timeout,
                 lambda: f"{self.waiting()} of {self.count} wait: {self.output()[-3000:]}")


# ---- let in ----

@pytest.mark.slow
def test_events_flow(world, secured):
    """Over TLS, with passwords, from a device to a row, and back as an order; and none of the passwords can be seen, not even
    by who asks for every line of Kafka's client."""
    options = secured.all()
    secured.kafka_user("device-7")
    daemon = world.consumer(KIND, **options, **{"kafka.debug": "all"})
    dispatch = world.dispatch(**options, heartbeat_s=1)
    run = produce(world, KIND, lines(world, 100), **secured.kafka("device-7"))
    assert run.code == 0 and len(run.receipts) == 100, run.said
    wait_for(lambda: world.rows(KIND) == 100, 60, lambda: f"all are stored: {daemon.output()[-3000:]}")
    used = superuser(world, "select ssl, version from pg_stat_ssl join pg_stat_activity using (pid) where usename = %s",
                     "gridloop_ingest")
    assert used and all(row == (True, "TLSv1.3") for row in used), used
    daemon.wait_ready()
    dispatch.wait_ready()
    told = world.run("gridloopctl", "config", "consume-patrol-log", *flags(options | {"namespace": world.namespace}), text=True)
    assert told.returncode == 0 and str(secured.postgres_file) in told.stdout, told.stderr
    checked = world.run("gridloopctl", "check", "--live", *flags(options | {"namespace": world.namespace}), text=True)
    assert "encrypted (sasl_ssl)" in checked.stdout and "not encrypted" not in checked.stdout, checked.stdout + checked.stderr
    seen = told.stdout + told.stderr + checked.stdout + run.said
    for one in (daemon, dispatch):
        process = pathlib.Path(f"/proc/{one.process.pid}")
        seen += process.joinpath("cmdline").read_text() + process.joinpath("environ").read_text() + one.output()
    assert "kafka.debug=all" in seen
    for password in secured.passwords:
        assert password not in seen
    dispatch.stop()
    world.settle_and_stop(daemon)
    check_all(world, kinds=[KIND])  # of the others heartbeats alone were sent, which nobody reads here


def test_a_device_with_a_certificate(world, secured):
    """No password but the key's own, which is in a file too."""
    password = replace(world.folder / "key_password", secured.new_password())
    key, certificate = secured.servers.authority.sign(f"device-{world.database}", password_file=password)
    world.make_topic(KIND)
    options = {"kafka.bootstrap.servers": secured.servers.listeners["mutual"].servers, "kafka.security.protocol": "ssl",
               "kafka.ssl.ca.location": secured.servers.authority.certificate, "kafka.ssl.key.location": key,
               "kafka.ssl.key.password.file": password, "kafka.ssl.certificate.location": certificate}
    run = produce(world, KIND, lines(world, 10), **options)
    assert run.code == 0, run.said
    assert secured.passwords[-1] not in run.said
    refused = produce(world, KIND, lines(world, 10), deliver_timeout=3, spool=world.folder / "other.spool",
                      **{name: value for name, value in options.items() if "key" not in name and "certificate" not in name})
    assert refused.code == 75 and "10 spooled" in refused.said, refused.said
    assert world.high(KIND) == {0: 10}


# ---- a password is replaced ----

@pytest.mark.slow
@pytest.mark.parametrize("first", ["broker", "file"])
def test_kafka_password_is_replaced(world, secured, first):
    """While events are written, read and stored; in either order; without a signal and without a restart."""
    options = secured.all()
    device = secured.kafka("device-7")
    secured.kafka_user("device-7")
    daemon = world.consumer(KIND, **options)
    load = Load(world, Mill(world.rng()), 200)
    with Follower(world, **device) as follower:
        follower.write(50)
        follower.wait_sent()
        for user in ("gridloop", "device-7"):
            password = secured.new_password()
            if first == "file":
                replace(secured.kafka_file(user), password)
            secured.servers.set_kafka_password(user, password)
            if first == "broker":  # the connection that is there lasts until it has to log in again
                await_refusal(daemon if user == "gridloop" else follower, user)
                replace(secured.kafka_file(user), password)
        for one in (daemon, follower):
            wait_for(lambda: '"password read again"' in one.output(), 30, lambda: one.output()[-3000:])
        stored = world.rows(KIND)
        follower.write(50)
        follower.wait_sent(120)
        load.wait_more(200)
        load.stop()
        world.settle(KIND, timeout=120)
        daemon.wait_ready()
        assert world.rows(KIND) > stored
        assert follower.process.poll() is None
    check_seen(secured, daemon.output() + follower.output())
    world.settle_and_stop(daemon)
    check_all(world)


def await_refusal(one, user):
    """It says who is refused, and by which way of proving who one is."""
    wait_for(lambda: re.search(rf"Kafka refuses {user}: .*{MECHANISM}", one.output()), 60, lambda: one.output()[-3000:])


def check_seen(secured, text):
    for password in secured.passwords:
        assert password not in text


@pytest.mark.slow
def test_postgres_password_is_replaced(world, secured):
    """The next connection has the new one. Until the file has it, the daemon waits and is not ready; nothing is lost."""
    options = secured.all()
    daemon = world.consumer(KIND, **options)
    dispatch = world.dispatch(**options)
    world.produce(Mill(world.rng()).messages(100))
    world.settle(KIND)
    new = secured.new_password()
    beside = replace(world.folder / "tomorrow", new)
    done = world.ctl("setup", f"--namespace={world.namespace}", f"--ingest-password-file={beside}")
    assert done.returncode == 0, done.stderr
    superuser(world, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'gridloop_ingest' and datname = %s",
              world.database)
    world.produce(Mill(world.rng()).messages(100))
    for one in (daemon, dispatch):
        wait_error(one, "password authentication failed", "gridloop_ingest")
        one.wait_ready("database", *(["claimed"] if one is daemon else []))
    beside.replace(secured.postgres_file)
    world.settle(KIND)
    for one in (daemon, dispatch):
        one.wait_ready()
        check_seen(secured, one.output())
    dispatch.stop()
    world.settle_and_stop(daemon)
    check_all(world)


# ---- not let in ----

def test_a_wrong_password_for_kafka(world, secured):
    """From the start: nobody waits for it to become right. What a device took is on its disk."""
    options = secured.all() | secured.kafka("device-7")
    secured.kafka_user("device-7")
    replace(secured.kafka_file("device-7"), secured.new_password())
    daemon = world.consumer(KIND, wait=False, **options)
    daemon.may_fail()
    assert daemon.wait_exit(60) == 77
    wait_error(daemon, "Kafka refuses device-7: ", MECHANISM)
    dispatch = world.dispatch(wait=False, **options)
    dispatch.may_fail()
    assert dispatch.wait_exit(60) == 77
    wait_error(dispatch, "Kafka refuses device-7: ", MECHANISM)
    checked = world.run("gridloopctl", "check", "--live", *flags(options | {"namespace": world.namespace}), text=True)
    assert checked.returncode == 77 and "Kafka refuses device-7: " in checked.stdout, checked.stdout + checked.stderr
    run = produce(world, KIND, lines(world, 10), **secured.kafka("device-7"))
    assert run.code == 77 and len(run.receipts) == 10 and "Kafka refuses device-7: " in run.said, run
    secured.kafka_user("device-7")
    run = produce(world, KIND, b"", **secured.kafka("device-7"))
    assert run.code == 0 and sum(world.high(KIND).values()) == 10, run.said
    check_seen(secured, daemon.output() + dispatch.output() + checked.stdout + run.said)


def test_a_wrong_password_for_postgres(world, secured):
    options = secured.all()
    replace(secured.postgres_file, secured.new_password())
    for start in (lambda: world.consumer(KIND, wait=False, **options), lambda: world.dispatch(wait=False, **options)):
        daemon = start()
        daemon.may_fail()
        assert daemon.wait_exit(60) == 77
        wait_error(daemon, "password authentication failed", "gridloop_ingest")
        check_seen(secured, daemon.output())


@pytest.mark.parametrize("name", ["kafka.sasl.password", "database_url"])
def test_a_password_where_others_see_it(world, secured, name):
    secured.kafka_user("device-7")
    password = secured.new_password()
    options = secured.kafka("device-7") | {"database_url": secured.url()}
    options[name] = options.get(name, password).replace("gridloop_ingest@", f"gridloop_ingest:{password}@")
    daemon = world.consumer(KIND, wait=False, **options)
    daemon.may_fail()
    assert daemon.wait_exit() == 78 and "file" in daemon.output()
    check_seen(secured, daemon.output())


@pytest.mark.parametrize("name", ["sasl.oauthbearer.client.secret", "sasl.oauthbearer.client.credentials.client.secret",
                                  "sasl.oauthbearer.assertion.private.key.passphrase", "ssl.key.pem"])
@pytest.mark.parametrize("in_environment", [False, True])
def test_other_secrets_where_others_see_them(world, name, in_environment):
    """Also those of a newer librdkafka than ours."""
    secret = "horse-battery"
    given = {f"GRIDLOOP_KAFKA_{name.replace('.', '_').upper()}": secret} if in_environment else {}
    done = world.run("gridloop-consume-patrol-log", f"--database-url={world.ingest_url}", *([] if given else [f"--kafka.{name}={secret}"]),
                     env=given)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 78 and f"kafka.{name}.file" in said and secret not in said, said


@pytest.mark.parametrize("program", ["gridloop-consume-patrol-log", "gridloopctl"])
def test_a_password_in_libpqs_environment(world, program):
    arguments = ["status"] if program == "gridloopctl" else []
    done = world.run(program, *arguments, f"--database-url={world.ingest_url}", env={"PGPASSWORD": "horse-battery"})
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 78 and "PGPASSWORD" in said and "horse-battery" not in said, said


# ---- a login that is cut short ----

class HangsUp:
    """A broker that is starting or stopping: it says what it speaks, and ends the connection once somebody logs in."""

    def __init__(self):
        self.cut = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.servers = "127.0.0.1:%d" % self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                threading.Thread(target=self._talk, args=self._server.accept()[:1], daemon=True).start()

    def _talk(self, line):
        with line, line.makefile("rb") as asked, contextlib.suppress(OSError):
            while size := asked.read(4):
                key, version, number = struct.unpack(">hhi", asked.read(int.from_bytes(size, "big"))[:8])
                if key == SASL_HANDSHAKE:
                    self.cut += 1
                    return
                answer = struct.pack(">ihi", number, UNSUPPORTED_VERSION if version else 0, len(SPOKEN))
                answer += b"".join(struct.pack(">hhh", *one) for one in SPOKEN)
                line.sendall(len(answer).to_bytes(4, "big") + answer)

    def close(self):
        self._server.close()


SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE, UNSUPPORTED_VERSION = 17, 18, 36, 35
SPOKEN = [(3, 0, 1), (SASL_HANDSHAKE, 0, 1), (API_VERSIONS, 0, 0), (SASL_AUTHENTICATE, 0, 0)]


def test_a_login_that_is_cut_short(world):
    """That is no refusal: a daemon waits for a broker that lets it in, and a device keeps its events."""
    password = replace(world.folder / "password", "hush")
    with contextlib.closing(HangsUp()) as broker:
        options = {"kafka.bootstrap.servers": broker.servers, "kafka.security.protocol": "sasl_plaintext",
                   "kafka.sasl.mechanism": MECHANISM, "kafka.sasl.username": "device-7", "kafka.sasl.password.file": password}
        daemon = world.consumer(KIND, wait=False, **options)
        dispatch = world.dispatch(wait=False, **options)
        wait_for(lambda: broker.cut >= 6, 60, lambda: f"logins are cut: {daemon.output()}")
        for one in (daemon, dispatch):
            wait_error(one, "handshake failed")
        run = produce(world, KIND, lines(world, 10), deliver_timeout=10, **options)
        assert run.code == 75 and "10 spooled" in run.said, run
        for one in (daemon, dispatch):
            assert one.is_running() and "kafka" in one.not_ready(), one.output()
            one.kill()
        assert "refuses" not in daemon.output() + dispatch.output() + run.said


# ---- servers that are not trusted ----

def kafka_options(secured, fault):
    ca = secured.servers.stranger.certificate if fault == "stranger" else None
    return secured.kafka("gridloop", listener="good" if fault == "stranger" else fault, ca=ca)


@pytest.mark.parametrize("fault, words", [("expired", "certificate has expired"), ("elsewhere", "hostname mismatch"),
                                          ("stranger", "unable to get local issuer certificate")])
def test_a_broker_that_is_not_trusted(world, secured, fault, words):
    """It may be mended there, so a daemon waits, is not ready, and says why; a device keeps its events; no password goes to
    such a server."""
    options = secured.all() | kafka_options(secured, fault)
    daemon = world.consumer(KIND, wait=False, **options)
    wait_error(daemon, words)
    daemon.wait_ready("kafka", "claimed", timeout=60)
    assert daemon.is_running()
    checked = world.run("gridloopctl", "check", "--live", *flags(options | {"namespace": world.namespace}), text=True)
    assert checked.returncode == 69 and words in checked.stdout, checked.stdout + checked.stderr
    run = produce(world, KIND, lines(world, 10), deliver_timeout=10, **kafka_options(secured, fault))
    assert run.code == 75 and "10 spooled" in run.said and words in run.said, run
    assert not any(world.high(KIND).values())
    daemon.kill()


@pytest.mark.slow
@pytest.mark.parametrize("fault, words", [("expired", "certificate verify failed"), ("elsewhere", "does not match host name"),
                                          ("stranger", "certificate verify failed")])
def test_a_postgres_that_is_not_trusted(world, secured, fault, words):
    """The same; and once the server shows a good certificate, all goes on by itself."""
    options = secured.all()
    if fault != "stranger":
        secured.servers.show(fault)
    trusted = world.folder / "ca.pem"
    trusted.write_bytes((secured.servers.stranger if fault == "stranger" else secured.servers.authority).certificate.read_bytes())
    world.produce(Mill(world.rng()).messages(10))
    daemon = world.consumer(KIND, wait=False, **options | secured.postgres(ca=trusted))
    wait_error(daemon, words)
    daemon.wait_ready("database", "schema", "claimed")
    assert world.rows(KIND) == 0
    secured.servers.show("good")
    trusted.write_bytes(secured.servers.authority.certificate.read_bytes())
    daemon.wait_claimed(timeout=60)
    world.settle_and_stop(daemon)
    check_all(world)
