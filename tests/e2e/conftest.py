"""The end-to-end tests: our programs between a real Kafka and a real PostgreSQL, and clients that are not ours.

    world.py     what a test has for itself: database, topics, daemons, sent messages
    daemon.py    a consumer as a process
    producer.py  a producer's run
    events.py    events and their bytes, by fastavro and the contract
    checker.py   check_all(): every sent event is stored exactly once, and nothing else is
    places.py    where an event lies, by shapely
    waiting.py   wait_for(): no test sleeps
    stack.py     the servers
    hostile.py   messages that are no events
    fixtures.py  stack, template and world, which tests/hostile has as well

A test asks for `world`, makes a topic, produces, starts consumers, waits until they have read everything, and
calls check_all(world).

Tests run beside each other in several processes, which share the servers. One that stops a server, or changes it for
everybody, is marked harms_servers: it gets other servers, which its process alone uses.
"""
from fixtures import harmed, stack, template, world  # noqa: F401


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; only in ./dev test long")
    config.addinivalue_line("markers", "slow: takes more than ten seconds")
    config.addinivalue_line("markers", "harms_servers: stops servers or changes them for everybody; has its own")
