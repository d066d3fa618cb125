"""deploy/compose.secure.yaml put over deploy/compose.yaml leaves no way to a server without TLS."""
import json
import shutil
import subprocess

import pytest

from installation import COMPOSE_FILE, run

SECURE_FILE = COMPOSE_FILE.with_name("compose.secure.yaml")


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
