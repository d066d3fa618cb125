"""The units of deploy/systemd, beside the programs that they start, as systemd itself reads them."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEM = pathlib.Path("/usr/lib/systemd/system")
UNITS = ("gridloop-dispatch.service", "gridloop-consume@drone-alert.service", "gridloop-consume@patrol-log.service")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A root folder with what CMake installs, and the distribution's own units."""
    if not shutil.which("systemd-analyze") or not SYSTEM.is_dir():
        pytest.skip("systemd-analyze is not here")
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["cmake", "--install", os.environ["GRIDLOOP_BUILD"], "--component", "consumers", "--prefix", "/usr"],
                   check=True, capture_output=True, env=os.environ | {"DESTDIR": str(root)})
    shutil.copytree(SYSTEM, root / "usr/lib/systemd/system", symlinks=True, dirs_exist_ok=True)
    return root


def analyze(root, command, *arguments):
    done = subprocess.run(["systemd-analyze", command, f"--root={root}", *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_it(installed, unit):
    """A key that it does not know it only mentions."""
    assert analyze(installed, "verify", "--man=no", unit)[::2] == (0, "")


def test_little_is_exposed(installed):
    _, out, _ = analyze(installed, "security", "--offline=true", "gridloop-dispatch.service")
    assert float(re.search(r"exposure level .*: ([0-9.]+)", out)[1]) <= 1.5


def test_both_have_the_same_guards():
    def guards(name):
        text = (ROOT / "deploy/systemd" / name).read_text()
        return [line for line in text[text.index("[Service]"):].splitlines()
                if not line.startswith(("ExecStart", "EnvironmentFile"))]
    assert guards("gridloop-dispatch.service") == guards("gridloop-consume@.service")
