"""What deploy/ names by hand stands beside what there is: every kind has its service, its target, its way to be made secure."""
import re

import pytest
import yaml

from check_schemas import ROOT

DEPLOY = ROOT / "deploy"
CONSUMERS = {"consume-" + path.stem.replace("_", "-") for path in (ROOT / "consumers").glob("*.c")} - {"consume-main"}
PORT = "9464"


def load(*path):
    return yaml.safe_load(DEPLOY.joinpath(*path).read_text("utf-8"))


def services():
    return load("compose.yaml")["services"]


def test_each_kind_has_its_service():
    assert {name for name in services() if name.startswith("consume-")} == CONSUMERS
    for name in CONSUMERS | {"dispatch"}:
        service = services()[name]
        variable = "GRIDLOOP_" + name.removeprefix("consume-").replace("-", "_").upper()
        assert (service["command"], service["scale"]) == ([f"gridloop-{name}"], f"${{{variable}:-1}}")
        assert service["environment"]["GRIDLOOP_HTTP_LISTEN"].endswith(f":{PORT}")


def targets(file):
    """Job -> the names that are looked for, each with the daemons' port."""
    found = {}
    for job in load("prometheus", file)["scrape_configs"]:
        names = found[job["job_name"]] = set()
        for one in job.get("dns_sd_configs", ()):
            assert (one["type"], str(one["port"])) == ("A", PORT)
            names |= set(one["names"])
        for one in job.get("static_configs", ()):
            assert {target.rsplit(":", 1)[1] for target in one["targets"]} == {PORT}
            names |= {target.rsplit(":", 1)[0] for target in one["targets"]}
    return found


@pytest.mark.parametrize("file", ["compose.yml", "prometheus.yml"])
def test_prometheus_looks_at_each(file):
    assert targets(file) == {"gridloop-consume": CONSUMERS, "gridloop-dispatch": {"dispatch"}}


def test_each_program_has_its_secure_form():
    """What runs our image, or a server, is in compose.secure.yaml; what is not, has nothing to do with servers."""
    mine = {name for name, one in services().items() if one.get("image", "").startswith("gridloop:")}
    assert mine | {"kafka", "postgres"} <= load("compose.secure.yaml")["services"].keys()
    assert services().keys() - load("compose.secure.yaml")["services"].keys() == {"prometheus", "grafana"}


@pytest.mark.parametrize("file", ["compose.yaml", "compose.secure.yaml"])
def test_each_variable_is_explained(file):
    """At the top of compose.yaml, by name; of how many consumers there are, by one kind."""
    text = (DEPLOY / file).read_text("utf-8")
    header = (DEPLOY / "compose.yaml").read_text("utf-8").split("\nname:", 1)[0]
    explained = set(re.findall(r"GRIDLOOP_[A-Z_]+", header))
    used = set(re.findall(r"\$\{(GRIDLOOP_[A-Z_]+)", text))
    kinds = {"GRIDLOOP_" + name.removeprefix("consume-").replace("-", "_").upper() for name in CONSUMERS | {"dispatch"}}
    assert used - kinds <= explained
    assert file != "compose.yaml" or explained - used == set()


@pytest.mark.parametrize("file", ["compose.yaml", "compose.secure.yaml"])
def test_images_have_a_version(file):
    for name, one in load(file)["services"].items():
        image = one.get("image", "gridloop:${GRIDLOOP_VERSION:-local}")
        assert re.fullmatch(r"[a-z/]+:(v?\d[\w.]*|\$\{GRIDLOOP_VERSION:-local\})", image), name
        assert "container_name" not in one, f"{name} could not be scaled"
    other = {name: one["image"] for name, one in load("compose.secure.yaml")["services"].items() if "image" in one}
    assert set(other.values()) <= {one.get("image") for one in services().values()}


def test_nothing_of_a_consumer_is_reachable_from_outside():
    assert not [name for name in CONSUMERS | {"dispatch", "setup", "ctl"} if "ports" in services()[name]]
    for name, one in services().items():
        assert all(port.startswith("127.0.0.1:") for port in one.get("ports", ())), name
