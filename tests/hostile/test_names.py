"""Names that are legal and unusual are taken as they are; no SQL is built of them."""
import pytest

from checker import check_all
from events import KINDS
from world import World, good

KIND = "patrol_log"


def stores(world):
    """Good events, before and while the daemon runs, are stored exactly once."""
    rng = world.rng()
    world.make_topic(KIND)
    world.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(10))
    daemon = world.consumer(KIND)
    world.produce(good(KIND, KINDS[KIND].fresh(rng)) for _ in range(10))
    world.settle_and_stop(daemon)
    check_all(world)


@pytest.mark.parametrize("name", ["a.b-c_d", "..", "-", "drop_table", "x" * 200], ids=str)
def test_namespaces(world, table, name):
    world.namespace = (name + "." + world.namespace)[:200] if len(name) < 200 else name[:200 - 12] + world.namespace
    stores(world)
    table(43, f"topic and group {world.topic(KIND)[:30]}… of {len(world.topic(KIND))} characters", "stored",
          f"{world.rows(KIND)} stored")


@pytest.mark.parametrize("name", ["o'brien", 'a"b', "a.b c", "select;--", "测试", "x" * 50 + "y" * 13, "A"], ids=ascii)
def test_databases(stack, template, tmp_path, table, name):
    world = World(stack, template, tmp_path)
    try:
        world.rename_database(name)
        stores(world)
        table(43, f"database {name[:40]}", "stored", f"{world.rows(KIND)} stored")
    finally:
        problems = world.close()
    assert not problems, "\n".join(problems)
