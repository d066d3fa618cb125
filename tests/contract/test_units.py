"""The units of deploy/systemd, beside the programs that they start, as systemd itself reads them."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEM = pathlib.Path("/usr/lib/systemd/system")
UNITS = ("gridloop-dispatch.service", "gridloop-consume@drone-alert.service", "gridloop-consume@patrol-log.service",
         "gridloop-produce@drone-alert.service", "gridloop-setup.service")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A root folder with what CMake installs, and the distribution's own units."""
    if not shutil.which("systemd-analyze") or not SYSTEM.is_dir():
        pytest.skip("systemd-analyze is not here")
    root = tmp_path_factory.mktemp("root")
    for component in ("producer", "consumers", "ctl"):
        subprocess.run(["cmake", "--install", os.environ["GRIDLOOP_BUILD"], "--component", component, "--prefix", "/usr", "--strip"],
                       check=True, capture_output=True, env=os.environ | {"DESTDIR": str(root)})
    (root / "bin").mkdir()
    shutil.copy("/bin/kill", root / "bin/kill")
    shutil.copytree(SYSTEM, root / "usr/lib/systemd/system", symlinks=True, dirs_exist_ok=True)
    return root


def analyze(root, command, *arguments):
    done = subprocess.run(["systemd-analyze", command, f"--root={root}", *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_it(installed, unit):
    """A key that it does not know it only mentions."""
    assert analyze(installed, "verify", "--man=no", unit)[::2] == (0, "")


def added_for_kafka():
    """What docs/how-to/install.md adds to a unit."""
    page = (ROOT / "docs" / "how-to" / "install.md").read_text("utf-8")
    return re.search(r"```ini\n(.*?)```", page, re.DOTALL)[1]


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_what_is_added(installed, unit):
    folder = installed / "etc/systemd/system" / f"{re.sub('@.*', '@.service', unit)}.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "override.conf").write_text(added_for_kafka())
    try:
        assert analyze(installed, "verify", "--man=no", unit)[::2] == (0, "")
    finally:
        shutil.rmtree(folder)


def test_programs_take_what_is_added(tmp_path):
    """The file that the variable names, under the name that the credential has."""
    credential = re.search(r"^LoadCredential=(\w+):", added_for_kafka(), re.MULTILINE)[1]
    variable, value = re.search(r"^Environment=(\w+)=%d/(.*)$", added_for_kafka(), re.MULTILINE).groups()
    assert value == credential
    (tmp_path / "empty.conf").write_text("")
    done = subprocess.run([pathlib.Path(os.environ["GRIDLOOP_BUILD"]) / "bin" / "gridloopctl", "check", "--for", "dispatch",
                           tmp_path / "empty.conf"], capture_output=True, text=True, env={variable: str(tmp_path / "missing")})
    assert done.returncode == 78 and "kafka.sasl.password.file: secret file" in done.stdout, done.stdout


@pytest.mark.parametrize("unit", UNITS)
def test_little_is_exposed(installed, unit):
    name = re.sub("@.*", "@.service", unit)
    code, out, err = analyze(installed, "security", "--offline=true", "--threshold=15", name)
    assert code == 0, out + err


def test_an_installation_elsewhere_names_its_own_folders(tmp_path):
    subprocess.run(["cmake", "--install", os.environ["GRIDLOOP_BUILD"], "--component", "ctl", "--prefix", str(tmp_path)],
                   check=True, capture_output=True)
    unit = (tmp_path / "lib/systemd/system/gridloop-setup.service").read_text()
    assert f"ExecStart={tmp_path}/bin/gridloopctl setup --wait 90 --config {tmp_path}/etc/gridloop/setup.conf " in unit


def test_settings_that_are_there_stay(tmp_path):
    file = tmp_path / "etc/gridloop/setup.conf"
    file.parent.mkdir(parents=True)
    file.write_text("mine\n")
    subprocess.run(["cmake", "--install", os.environ["GRIDLOOP_BUILD"], "--component", "ctl", "--prefix", str(tmp_path)],
                   check=True, capture_output=True)
    assert file.read_text() == "mine\n"
