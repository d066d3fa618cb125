"""What is stored does not depend on how the messages were cut into batches."""
from checker import check_all, expand
from events import KINDS, random_uuid
from world import Sent, bad, good

MESSAGES = 600
REFUSED = 1_000_000
SIZES = (1, 7, 10_000)


def refused(kind, event):
    return event["wires_fixed"] == REFUSED


def messages(rng):
    """New events, repeats and conflicts of earlier ones near and far, bad ones, and rows that will be refused."""
    of, kind, earlier = KINDS["patrol_log"], "patrol_log", []
    for _ in range(MESSAGES):
        dice = rng.random()
        event = of.fresh(rng, wires_fixed=REFUSED if rng.random() < 0.05 else rng.randrange(100))
        if dice < 0.35 and earlier:
            event = dict(rng.choice(earlier[-5:] if rng.random() < 0.5 else earlier))
            if dice < 0.2:
                event["recorded_at"] += rng.randrange(10**9)
            else:
                event["wires_fixed"] = REFUSED if rng.random() < 0.3 else rng.randrange(100)
        if dice > 0.95:
            yield bad(kind, of.encode(event)[:-1], "short", "union")
        elif dice > 0.92:
            yield Sent(kind, None, b"heartbeat", [("ce_type", b"gridloop.heartbeat")], absent=True)
        else:
            earlier.append(event)
            yield good(kind, event)


def everything(world):
    """All that the daemons wrote, without the clock."""
    rows = world.sql("select * from (select p.* from events.patrol_log p) r order by event_id")
    names = [name for name, in world.sql("select attname from pg_attribute where attrelid = "
                                         "'events.patrol_log'::regclass and attnum > 0 order by attnum")]
    outcomes = {}
    for partition, from_offset, letters in world.sql(
            "select partition, from_offset, outcomes from bus.batch join bus.source using (source_id)"):
        outcomes |= {(partition, from_offset + index): letter for index, letter in enumerate(expand(letters))}
    source = "(select partition from bus.source s where s.source_id = d.source_id)"
    return {
        "events": [{name: value for name, value in zip(names, row) if name not in ("stored_at", "source_id")}
                   for row in rows],
        "dead letters": world.sql(f"select {source}, topic_offset, kind, reason, detail, field, event_id, sqlstate, "
                                  "message_key, value, value_size, value_sha256 from bus.dead_letter d order by 1, 2"),
        "outcomes": outcomes,
        "progress": world.progress("patrol_log"),
    }


def store(world, rows):
    world.sql(f"alter table events.patrol_log add constraint wires_are_few check (wires_fixed < {REFUSED})")
    world.settle_and_stop(world.consumer("patrol_log", batch_rows=rows, linger_ms=1000))
    check_all(world, refused)
    return everything(world)


def test_batch_sizes_give_the_same(world):
    rng = world.rng()
    world.make_topic("patrol_log", partitions=3)
    world.produce(messages(rng))
    worlds = dict(zip(SIZES, (world, world.twin(), world.twin())))
    stored = {rows: store(of, rows) for rows, of in worlds.items()}
    transactions = {rows: of.sql("select count(distinct committed_at) from bus.batch")[0][0]
                    for rows, of in worlds.items()}
    # The sizes were felt.
    assert transactions[1] == MESSAGES and MESSAGES // 7 <= transactions[7] < MESSAGES / 5
    assert transactions[10_000] <= 3
    for part in stored[1]:
        assert stored[1][part] == stored[7][part] == stored[10_000][part], part
    letters = set(stored[1]["outcomes"].values())
    assert letters == set("sdxa")


def test_batches_end_by_bytes(world):
    rng = world.rng()
    of = KINDS["drone_alert"]
    world.make_topic("drone_alert", partitions=2)
    world.produce(good("drone_alert", of.fresh(rng)) for _ in range(500))
    world.settle_and_stop(world.consumer("drone_alert", batch_bytes=5000))
    assert world.sql("select count(distinct committed_at) from bus.batch")[0][0] > 20
    check_all(world)


def test_repeats_between_partitions(world):
    """The same id in two partitions: the first that is committed wins, the other one is a repeat."""
    rng = world.rng()
    of = KINDS["inspection_finding"]
    world.make_topic("inspection_finding", partitions=2)
    firsts = [of.fresh(rng) for _ in range(50)]
    world.produce((good("inspection_finding", event) for event in firsts), partition=0)
    world.produce((good("inspection_finding", event | {"finding_no": "another"} if number % 2 else event)
                   for number, event in enumerate(firsts)), partition=1)
    world.settle_and_stop(world.consumer("inspection_finding", batch_rows=7))
    check_all(world)


def test_repeats_in_a_later_run(world):
    """A daemon that begins anew knows nothing of the ids that are stored: it has to ask."""
    rng = world.rng()
    of = KINDS["case_action"]
    world.make_topic("case_action")
    first = [of.fresh(rng) for _ in range(200)]
    world.produce(good("case_action", event) for event in first)
    world.settle_and_stop(world.consumer("case_action"))
    again = [event | {"event_id": event["event_id"].upper(), "recorded_at": event["recorded_at"] + 1}
             for event in first[:100]]
    other = [event | {"case_no": "other"} for event in first[100:150]]
    new = [of.fresh(rng, case_id=random_uuid(rng)) for _ in range(50)]
    mixed = again + other + new
    rng.shuffle(mixed)
    world.produce(good("case_action", event) for event in mixed)
    world.settle_and_stop(world.consumer("case_action", batch_rows=40))
    check_all(world)
    counted = world.sql("select sum(stored), sum(duplicate), sum(dead_letter) from bus.batch")[0]
    assert tuple(map(int, counted)) == (250, 100, 50)
