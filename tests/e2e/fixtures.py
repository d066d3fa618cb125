"""The fixtures of every suite that runs our programs against the servers."""
import secrets
import subprocess

import pytest

from daemon import environment
from stack import Stack
from world import World


@pytest.fixture(scope="session")
def stack():
    return Stack.from_environment()


@pytest.fixture(scope="session")
def template(stack):
    """A database as gridloopctl setup makes it, to be copied for each test."""
    name = "template" + secrets.token_hex(5)
    stack.sql(f"create database {name}")
    done = subprocess.run([stack.program("gridloopctl"), "setup", f"--database-url={stack.url(name)}",
                           f"--namespace={name}"], env=environment(stack), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    yield name
    stack.drop(name)


@pytest.fixture
def world(stack, template, tmp_path):
    world = World(stack, template, tmp_path)
    yield world
    problems = world.close()
    assert not problems, "\n".join(problems)
