"""The fixtures of every suite that runs our programs against the servers."""
import secrets
import subprocess

import pytest

from daemon import environment
from stack import Stack
from world import World


def make_template(stack):
    """A database as gridloopctl setup makes it, to be copied for each test."""
    name = "template" + secrets.token_hex(5)
    stack.sql(f"create database {name}")
    done = subprocess.run([stack.program("gridloopctl"), "setup", f"--database-url={stack.url(name)}",
                           f"--namespace={name}"], env=environment(stack), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return name


@pytest.fixture(scope="session")
def stack():
    return Stack.from_environment()


@pytest.fixture(scope="session")
def template(stack):
    name = make_template(stack)
    yield name
    stack.drop(name)


@pytest.fixture(scope="session")
def harmed(stack):
    """A stack that no other process uses, and a template on it; made when a test first asks."""
    harmed = stack.second()
    return harmed, make_template(harmed)


@pytest.fixture
def world(request, tmp_path):
    """On servers of its own if the test is marked harms_servers."""
    if request.node.get_closest_marker("harms_servers"):
        stack, template = request.getfixturevalue("harmed")
    else:
        stack, template = request.getfixturevalue("stack"), request.getfixturevalue("template")
    world = World(stack, template, tmp_path)
    yield world
    problems = world.close()
    assert not problems, "\n".join(problems)
