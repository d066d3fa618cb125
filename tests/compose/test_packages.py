"""The packages for Debian, made where the image is made, and installed where there is nothing but Debian."""
import subprocess

import pytest

from installation import ROOT, run

BUILT, INSTALLED = "gridloop-packages:built", "gridloop-packages:installed"
UNITS = ("gridloop-setup.service gridloop-dispatch.service gridloop-consume@drone-alert.service "
         "gridloop-produce@patrol-log.service")
INSTALL = f"""
FROM {BUILT} AS packages
RUN apt-get update && apt-get install -y --no-install-recommends dpkg-dev file && cpack -G DEB --config /build/CPackConfig.cmake -B /debian
FROM debian:trixie-slim
RUN --mount=from=packages,source=/debian,target=/debian \\
    apt-get update && apt-get install -y --no-install-recommends systemd /debian/*.deb
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
    assert "right" in installed("sh", "-c", "gridloopctl check --for=consume-drone-alert /etc/gridloop/gridloop.conf && echo right")


def test_units_verify(installed):
    said = installed("sh", "-c", f"systemd-analyze verify --man=no {UNITS} 2>&1; echo $?")
    assert said.strip() == "0", said
