"""Debian packages as cpack makes them: what is in each, what each depends on, and a root folder that dpkg installs them into."""
import os
import re
import subprocess

import pytest

NAMES = {"gridloop-producer", "gridloop-consumers", "gridloop-ctl", "gridloop-dev"}
SETTINGS = {"gridloop-producer": "producer.conf", "gridloop-consumers": "gridloop.conf", "gridloop-ctl": "setup.conf"}


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600, **more)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Name -> file."""
    folder = tmp_path_factory.mktemp("deb")
    run("cpack", "-G", "DEB", "-B", folder, cwd=os.environ["GRIDLOOP_BUILD"])
    found = {run("dpkg-deb", "-f", file, "Package").strip(): file for file in folder.glob("*.deb")}
    assert found.keys() == NAMES
    return found


@pytest.fixture(scope="module")
def root(packages, tmp_path_factory):
    """A machine's root with nothing in it but these packages; what they depend on is left out."""
    if os.geteuid() != 0:
        pytest.skip("dpkg installs for root alone")
    root = tmp_path_factory.mktemp("root")
    for name in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / name).mkdir(parents=True)
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).touch()
    dpkg(root, "--install", *packages.values())
    return root


def dpkg(root, *arguments):
    return run("dpkg", f"--root={root}", f"--log={root}/dpkg.log", "--force-depends", "--force-script-chrootless", *arguments)


def files(package):
    return {line.split()[5].removeprefix(".") for line in run("dpkg-deb", "-c", package).splitlines() if not line.startswith("d")}


def depends(package):
    return {re.match(r"\S+", part.strip())[0] for part in run("dpkg-deb", "-f", package, "Depends").split(",")}


def test_no_file_is_in_two(packages):
    all_files = [file for package in packages.values() for file in files(package)]
    assert len(all_files) == len(set(all_files))


def test_each_brings_what_it_is_for(packages):
    assert "/usr/bin/gridloop-produce-drone-alert" in files(packages["gridloop-producer"])
    assert "/usr/lib/systemd/system/gridloop-consume@.service" in files(packages["gridloop-consumers"])
    assert "/usr/share/gridloop/reference/beiguan/areas.geojson" in files(packages["gridloop-ctl"])
    assert "/usr/include/gridloop/producer.h" in files(packages["gridloop-dev"])


def test_dependencies_are_found_by_what_is_linked(packages):
    assert {"libpq5", "libc6"} <= depends(packages["gridloop-consumers"])
    assert not [name for name in depends(packages["gridloop-producer"]) if name.startswith(("libpq", "libgeos"))]
    for name in set().union(*map(depends, packages.values())) - NAMES:
        run("dpkg-query", "--show", name)  # the distribution has it by that name


def test_settings_are_conffiles(packages, tmp_path):
    for name, file in SETTINGS.items():
        run("dpkg-deb", "-e", packages[name], tmp_path / name)
        assert (tmp_path / name / "conffiles").read_text() == f"/etc/gridloop/{file}\n"


def test_installed_programs_run(root):
    version = run(root / "usr/bin/gridloopctl", "--version").split()[-1]
    for program in (root / "usr/bin").iterdir():
        assert run(program, "--version").split()[-1] == version, program


def test_units_start_what_is_installed(root):
    """All that they name is there, but for the files that are an operator's own."""
    units = list((root / "usr/lib/systemd/system").iterdir())
    assert len(units) == 4
    for unit in units:
        text = unit.read_text().replace("%i", "drone-alert")
        for program in re.findall(r"^Exec\w+=(/usr\S+)", text, re.MULTILINE):
            assert os.access(f"{root}{program}", os.X_OK), (unit.name, program)
        for file in re.findall(r"--config (\S+)", text):
            assert (root / file.lstrip("/")).exists(), (unit.name, file)


def test_settings_outlive_an_upgrade_and_a_removal(root, packages):
    file = root / "etc/gridloop/gridloop.conf"
    file.write_text("database_url = postgresql://mine\n")
    dpkg(root, "--install", packages["gridloop-consumers"])
    assert file.read_text() == "database_url = postgresql://mine\n"
    dpkg(root, "--remove", "gridloop-consumers")
    assert file.exists() and not (root / "usr/bin/gridloop-dispatch").exists()
    dpkg(root, "--purge", "gridloop-consumers")
    assert not file.exists()
