"""deploy/kubernetes as kustomize renders it: valid, nothing unknown; each kind has its consumer; the programs know their settings."""
import functools
import os
import pathlib
import re
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml

from check_schemas import ROOT
from test_deployment import CONSUMERS

FOLDER = ROOT / "deploy" / "kubernetes"
PLAIN = ("setup.yaml", "consumers.yaml", "dispatch.yaml")
PROGRAMS = pathlib.Path(os.environ.get("GRIDLOOP_BUILD", ROOT / "build" / "release")) / "bin"


@functools.cache
def rendered():
    """(kind, name) -> object, as `kubectl apply -k` sends them."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not here")
    done = subprocess.run(["kubectl", "kustomize", FOLDER], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout)}


def of_kind(kind):
    return {name: one for (other, name), one in rendered().items() if other == kind}


def pods():
    return {name: one["spec"]["template"]["spec"] for kind in ("Deployment", "Job") for name, one in of_kind(kind).items()}


def validate(one):
    kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("file", PLAIN)
def test_each_file_is_valid(file):
    for one in yaml.safe_load_all((FOLDER / file).read_text()):
        validate(one)


def test_what_is_sent_is_valid():
    assert len(rendered()) == len(CONSUMERS) + 4
    for one in rendered().values():
        validate(one)
        assert one["metadata"]["namespace"] == "gridloop"


def test_a_field_that_is_wrong_would_be_seen():
    """The check can fail."""
    one = next(yaml.safe_load_all((FOLDER / "consumers.yaml").read_text()))
    one["spec"]["template"]["spec"]["containers"][0]["comand"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(one)


def test_each_kind_has_its_consumer():
    deployments = of_kind("Deployment")
    assert deployments.keys() == CONSUMERS | {"dispatch"}
    for name, one in deployments.items():
        (daemon,) = one["spec"]["template"]["spec"]["containers"]
        assert daemon["command"] == [f"gridloop-{name}"]
        assert one["spec"]["selector"]["matchLabels"].items() <= one["spec"]["template"]["metadata"]["labels"].items()


def test_pods_have_no_more_rights_than_they_need():
    for name, pod in pods().items():
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"], name
        (container,) = pod["containers"]
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                                "capabilities": {"drop": ["ALL"]}}, name
        assert container["resources"]["limits"]["memory"], name


def test_only_the_job_has_the_owners_password():
    files = {name: {item["path"] for volume in pod["volumes"] if "secret" in volume for item in volume["secret"]["items"]}
             for name, pod in pods().items()}
    assert files.pop("setup") == {"owner_password", "ingest_password", "auditor_password"}
    assert set(map(tuple, files.values())) == {("ingest_password",)}


def environment_of(pod):
    """Variables of its container, those that come from config maps too."""
    (container,) = pod["containers"]
    found = {}
    for source in container["envFrom"]:
        found |= of_kind("ConfigMap")[source["configMapRef"]["name"]]["data"]
    for variable in container["env"]:
        reference = variable.get("valueFrom", {}).get("configMapKeyRef")
        found[variable["name"]] = of_kind("ConfigMap")[reference["name"]]["data"][reference["key"]] if reference else variable["value"]
    return found


def test_the_programs_take_their_settings(tmp_path):
    """With the environment of its pod, each would find everything that it needs, and nothing unknown."""
    (tmp_path / "empty.conf").write_text("")
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("secret\n")
    for name, pod in pods().items():
        variables = {key: str(password) if key.endswith("_FILE") else value for key, value in environment_of(pod).items()}
        (container,) = pod["containers"]
        if name == "setup":  # it takes no file of settings that check could be asked about
            known = subprocess.run([PROGRAMS / "gridloopctl", "setup", "--help"], capture_output=True, text=True).stdout
            for key in variables.keys() - {"GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS"}:
                assert re.search(rf"^  --{key.removeprefix('GRIDLOOP_').lower().replace('_', '-')} ", known, re.MULTILINE), key
            continue
        done = subprocess.run([PROGRAMS / "gridloopctl", "check", "--for", container["command"][0], tmp_path / "empty.conf"],
                              capture_output=True, text=True, env={"PATH": os.environ["PATH"]} | variables)
        assert done.returncode == 0 and "0 errors, 0 warnings" in done.stdout, f"{name}: {done.stdout}{done.stderr}"


def test_keda_scales_what_is_there_by_what_it_reads():
    scaled = yaml.safe_load((FOLDER / "keda" / "scale.yaml").read_text())
    name = scaled["spec"]["scaleTargetRef"]["name"]
    kind = name.removeprefix("consume-")
    assert name in CONSUMERS
    trigger = scaled["spec"]["triggers"][0]["metadata"]
    assert (trigger["consumerGroup"], trigger["topic"]) == (f"gridloop.{kind}", f"gridloop.{kind}.v1")
    servers = next(one["data"] for name, one in of_kind("ConfigMap").items() if name.startswith("gridloop-") and "database_url" not in one["data"])
    assert trigger["bootstrapServers"] == servers["GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS"]
