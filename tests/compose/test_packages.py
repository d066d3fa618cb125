"""The packages for Debian, made where the image is made, and installed where there is nothing but Debian."""
import subprocess

import pytest

from installation import ROOT, run

BUILT, INSTALLED = "gridloop-packages:built", "gridloop-packages:installed"
INSTALL = f"""
FROM {BUILT} AS packages
RUN apt-get update && apt-get install -y --no-install-recommends dpkg-dev file && cpack -G DEB --config /build/CPackConfig.cmake -B /packages
FROM debian:trixie-slim
RUN --mount=from=packages,source=/packages,target=/packages \\
    apt-get update && apt-get install -y --no-install-recommends systemd /packages/*.deb
"""


@pytest.fixture(scope="module")
def installed(docker):
    """An image: Debian, systemd for what looks at units, our packages and what they ask for."""
    try:
        run("docker", "build", "--file", ROOT / "deploy" / "Dockerfile", "--target", "build", "--tag", BUILT, ROOT, timeout=1800)
        run("docker", "build", "--tag", INSTALLED, "-", input=INSTALL, timeout=1800)
        yield lambda *command: run("docker", "run", "--rm", INSTALLED, *command)
    finally:
        subprocess.run(["docker", "image", "rm", "--force", INSTALLED, BUILT], capture_output=True, timeout=300)


def test_programs_run(installed):
    for program in ("gridloopctl", "gridloop-consume-drone-alert", "gridloop-produce-patrol-log", "gridloop-dispatch"):
        assert program in installed(program, "--version")
    assert "OK" in installed("sh", "-c", "gridloopctl check /etc/gridloop/*.conf && echo OK")


def test_units_verify(installed):
    said = installed("sh", "-c", "systemd-analyze verify --man=no /usr/lib/systemd/system/gridloop-* 2>&1; echo $?")
    assert said.strip() == "0", said
