"""deploy/compose.yaml as an operator uses it, on Docker: publishing from outside, scaling, crashes, upgrade, restore.

    installation.py    the compose file under a project name of its own; how-to pages, run as they stand
    load.py            a client that is not ours publishes in the background, and notes what was accepted
    proof.py           what has to be so in the end

Images come from a registry, or are there already. Where neither is so, GRIDLOOP_LOCAL_IMAGES may name a command that makes
them: `COMMAND for FILE` those that a compose file or a Dockerfile names (it starts Docker first if that does not run), `COMMAND stop` ends
what it started. One that lies beside the checkout, as ../shared/tools/local-images, is used without being named.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from installation import COMPOSE_FILE, run  # noqa: E402
from load import Load, Publisher, simulated  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; only in ./dev test long")


def local_images():
    named = os.environ.get("GRIDLOOP_LOCAL_IMAGES")
    beside = ROOT.parent / "shared" / "tools" / "local-images"
    return named or (str(beside) if os.access(beside, os.X_OK) and os.getuid() == 0 else None)


def docker_answers():
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=60).returncode == 0
    except FileNotFoundError:
        return False


def make_images(maker, folder):
    """All that are named but our own, which is built. Returns what was said if Docker could not be started."""
    def make(file):
        made = subprocess.run([maker, "for", file], capture_output=True, text=True, timeout=1800)
        assert made.returncode == 0 or not docker_answers(), made.stdout[-3000:] + made.stderr[-3000:]
        return made.stderr[-300:]
    said = make(ROOT / "deploy" / "Dockerfile")
    if not docker_answers():
        return said
    services = json.loads(run("docker", "compose", "-f", COMPOSE_FILE, "--profile", "*", "config", "--format", "json"))["services"]
    others = {name: {key: service[key] for key in ("image", "profiles") if key in service}
              for name, service in services.items() if not service["image"].startswith("gridloop:")}
    (folder / "others.yaml").write_text(json.dumps({"services": others}))
    return make(folder / "others.yaml")


@pytest.fixture(scope="session")
def docker(tmp_path_factory):
    """Docker answers, and the images can be had; else the tests are skipped."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whatever ends the run, what was started is taken down
        signal.signal(number, signal.default_int_handler)
    was_there, maker = docker_answers(), local_images()
    said = maker and make_images(maker, tmp_path_factory.mktemp("images"))
    if not docker_answers():
        pytest.skip("Docker does not answer here" + (f": {said}" if said else ""))
    yield
    if maker and not was_there:
        subprocess.run([maker, "stop"], check=True, capture_output=True, timeout=300)


@pytest.fixture(scope="module")
def installation(docker, request, tmp_path_factory):
    """Everything up, the invented district loaded: in the form that the module asks for (INSTALLATION). All its tests use the
    one: each leaves it well."""
    with request.module.INSTALLATION(tmp_path_factory.mktemp("compose")) as installation:
        installation.up()
        installation.compose("run", "--rm", "demo-reference")
        yield installation


@pytest.fixture(scope="module")
def lines(installation):
    """What devices are going to send."""
    return simulated(installation)


@pytest.fixture(scope="module")
def publisher(installation):
    return Publisher(installation)


@pytest.fixture
def load(publisher, lines):
    return Load(publisher, lines)
