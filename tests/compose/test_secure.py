"""deploy/compose.secure.yaml put over deploy/compose.yaml: events come in over TLS, passwords are replaced while they do, and there
is no other way to a server."""
import json
import shutil
import subprocess

import confluent_kafka
import psycopg
import pytest

from installation import COMPOSE_FILE, SECURE_FILE, SecureInstallation, run
from proof import TOPICS, check
from waiting import wait_for

INSTALLATION = SecureInstallation
CONSUMERS = "consume-drone-alert", "consume-patrol-log"


@pytest.fixture(scope="module")
def services():
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("no docker compose")
    said = run("docker", "compose", "-f", COMPOSE_FILE, "-f", SECURE_FILE, "--profile", "*", "config", "--format", "json")
    return json.loads(said)["services"]


def environments(services, name):
    found = {service: of["environment"] for service, of in services.items() if name in (of.get("environment") or {})}
    assert len(found) > 5, f"services with {name}: {list(found)}"
    return found


def test_every_client_of_kafka_proves_who_it_is(services):
    for service, environment in environments(services, "GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS").items():
        assert environment["GRIDLOOP_KAFKA_SECURITY_PROTOCOL"] == "sasl_ssl", service
        mounted = {f"/run/secrets/{one['source']}" for one in services[service]["secrets"]}
        assert {environment[f"GRIDLOOP_KAFKA_{end}"] for end in ("SASL_PASSWORD_FILE", "SSL_CA_LOCATION")} <= mounted, service


def test_every_client_of_postgres_knows_whom_it_meets(services):
    for service, environment in environments(services, "GRIDLOOP_DATABASE_URL").items():
        assert "sslmode=verify-full&sslrootcert=" in environment["GRIDLOOP_DATABASE_URL"], service


def test_kafka_is_open_to_its_own_container_alone(services):
    kafka = services["kafka"]["environment"]
    kinds = dict(pair.split(":") for pair in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    where = dict(pair.split("://") for pair in kafka["KAFKA_LISTENERS"].split(","))
    assert {name for name, kind in kinds.items() if kind == "PLAINTEXT"} == {
        name for name, address in where.items() if address.startswith("localhost:")} == {"ADMIN", "CONTROLLER"}


# ---- on Docker ----

def containers(installation):
    """Of the daemons and servers: id, and when it was started."""
    return {service: [(one["Id"], one["State"]["StartedAt"]) for one in installation.inspect(service)]
            for service in (*CONSUMERS, "dispatch", "kafka", "postgres")}


def test_what_is_encrypted(installation):
    """Said by check --live, of the servers that the daemons use."""
    said = [json.loads(line) for line in installation.ctl("check", "--live", "--json").splitlines()]
    texts = {subject: [row["text"] for row in said if row["subject"] == subject] for subject in ("Kafka", "PostgreSQL")}
    assert "encrypted (sasl_ssl)" in texts["Kafka"] and texts["PostgreSQL"], said
    assert not [row for row in said if "not encrypted" in row["text"] or row["level"] == "error"]
    assert {(row["subject"], row["level"]) for row in said} >= {(topic, "ok") for topic in TOPICS}


def metadata_error(settings):
    """What a client of Kafka is told with these settings."""
    told = []
    client = confluent_kafka.Consumer(settings | {"group.id": "nobody", "error_cb": lambda error: told.append(error.code())})
    try:
        with pytest.raises(confluent_kafka.KafkaException):
            client.list_topics(timeout=5)
        client.poll(0)
    finally:
        client.close()
    return told


def test_who_is_not_let_in(installation):
    """Neither a wrong password, nor a server that somebody else vouches for, nor a line that others can read."""
    kafka = installation.kafka
    assert confluent_kafka.KafkaError._AUTHENTICATION in metadata_error(kafka | {"sasl.password": "wrong"})
    assert confluent_kafka.KafkaError._SSL in metadata_error({name: kafka[name] for name in kafka if name != "ssl.ca.location"})
    assert metadata_error(kafka | {"security.protocol": "SASL_PLAINTEXT"})
    for wrong, reason in (({"password": "wrong"}, "password authentication failed"), ({"sslmode": "disable"}, "no encryption"),
                          ({"sslrootcert": "system"}, "certificate verify failed")):
        with pytest.raises(psycopg.OperationalError, match=reason):
            installation.connect(**wrong)


def test_passwords_are_replaced(installation, publisher, load):
    """While events come in: no daemon is started again, and each event is stored once."""
    names = [f"{name}_password" for name in ("owner", "ingest", "kafka", "device")]
    before, secrets = containers(installation), {name: installation.secret(name) for name in names}
    with load:
        installation.how_to("rotate-a-secret.md", "In containers")
        assert not [name for name in names if installation.secret(name) == secrets[name]]
        installation.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'gridloop_ingest'")
        for service in (*CONSUMERS, "dispatch"):
            wait_for(lambda: any(line["msg"] == "password read again" for lines in installation.logs(service).values()
                                 for line in lines), 60, lambda: f"{service} has the new password", every=0.5)
    assert containers(installation) == before
    assert metadata_error(installation.kafka | {"sasl.password": secrets["device_password"]})
    for role in ("owner", "ingest"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            installation.connect(role, password=secrets[f"{role}_password"])
    check(installation, publisher.accepted)
    said = installation.compose("logs", "--no-color")
    assert not [name for name in names for secret in (secrets[name], installation.secret(name)) if secret in said]


def test_scaled_backed_up_and_restored(installation, publisher, load):
    """The pages that say how are the same."""
    with load:
        installation.how_to("scale.md", "Three in place of one")
        installation.how_to("scale.md", "One again")
        installation.how_to("restore.md", "Back up")
    installation.how_to("restore.md", "Restore")
    check(installation, publisher.accepted, is_restored=True)
    assert "verdict: all" in installation.how_to("restore.md", "Check")
