"""The end-to-end tests: our programs between a real Kafka and a real PostgreSQL, and clients that are not ours.

    world.py     what a test has for itself: database, topics, daemons, sent messages
    daemon.py    a consumer as a process
    producer.py  a producer's run
    events.py    events and their bytes, by fastavro and the contract
    checker.py   check_all(): every sent event is stored exactly once, and nothing else is
    places.py    where an event lies, by shapely
    waiting.py   wait_for(): no test sleeps
    stack.py     the servers

A test asks for `world`, makes a topic, produces, starts consumers, waits until they have read everything, and
calls check_all(world).
"""
import secrets
import subprocess

import pytest

from daemon import environment
from stack import Stack
from world import World


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; only in ./dev test long")
    config.addinivalue_line("markers", "slow: takes more than ten seconds")


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
