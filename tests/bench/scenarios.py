"""What ./dev bench measures. Each scenario is a function of a lab and the options, and gives Results; SCENARIOS lists
them. Bars are those of DESIGN's section on performance: ratios of runs that took turns."""
import json
import statistics

import figures
import link
import memory
from baselines import baselines
from lab import Topic, in_turns

STEADY_RATE = 5000     # events a second
STEADY_S = 60
PARTITIONS = 6
SMALL_TABLE, BIG_TABLE = 100_000, 10_000_000
FILLED_BEFORE_MS = 1_700_000_000_000  # ids of rows that are there already are older than all events
BATCH_SIZES = (1, 10, 100, 1000, 5000, 10_000, 50_000)
ROUNDS_OF_ROWS = 3     # for each round asked for: they are short


# ---- one daemon beside COPY ----

def beside_copy(lab, options, name, bar, topic, **daemon):
    """A first run, which is not counted, makes the rows."""
    lab.measure(topic, **daemon)
    rows = lab.rows_of("daemon", topic.kind)
    runs = in_turns(lab.each_build(topic, **daemon) | {"limit": lambda _: lab.limit(rows)}, options.rounds)
    yield figures.compared(name, runs, "daemon", "limit", bar=bar)
    yield from figures.beside_other_builds(name, runs, lab.builds)
    yield figures.memory(f"{name}: memory", max(run.peak_mb for run in runs["daemon"]), 64)


def plain(lab, options):
    return beside_copy(lab, options, "plain", 0.8, lab.patrols("plain", options.events))


def repeats(lab, options):
    return beside_copy(lab, options, "repeats", 0.7, lab.patrols("repeats", options.events, repeats=0.1))


def random_ids(lab, options):
    return beside_copy(lab, options, "random ids", None, lab.patrols("random", options.events, random_ids="true"))


def wide(lab, options):
    """Every optional field set, and lists as long as a meeting makes them: some 4 KiB a message."""
    more = {"remark": "宽行" * 200, "information_items": [{"item_kind": f"kind-{n}", "item_count": n} for n in range(20)],
            "attachment_object_keys": [f"evidence/2026/01/05/{n:032x}.jpg" for n in range(20)],
            "attachment_sha256": [f"{n:064x}" for n in range(20)]}
    lines = "".join(json.dumps(json.loads(line) | more, ensure_ascii=False, separators=(",", ":")) + "\n"
                    for line in lab.lines("patrol_log", 1000, problem_share=0).splitlines())
    return beside_copy(lab, options, "wide rows", None, lab.patrols("wide", options.events // 10, lines))


def limits(lab, options):
    """What stands in the daemon's way, each by itself."""
    topic = lab.patrols("plain", options.events)
    lab.measure(topic)
    rows = lab.rows_of("daemon", topic.kind)
    runs = in_turns({"COPY": lambda _: lab.limit(rows), "temporary table": lambda _: lab.limit(rows, "--temporary"),
                     "broker alone": lambda number: lab.drain(topic, number)}, options.rounds)
    yield figures.compared("limits", runs, "temporary table", "COPY")


# ---- the daemon's settings ----

def daemons(lab, options):
    """One to four, beside one."""
    topic = lab.patrols("plain", options.events)
    runs = in_turns({f"{count}": lambda _, count=count: lab.measure(topic, count=count) for count in (1, 2, 3, 4)},
                    options.rounds)
    for count in ("2", "3", "4"):
        yield figures.compared(f"{count} daemons beside 1", {name: runs[name] for name in (count, "1")}, count, "1")


def batch_sizes(lab, options):
    """Beside the default. Small batches take fewer events: what is measured is a commit, hundreds of times."""
    default = lab.patrols("plain", options.events)
    for size in BATCH_SIZES:
        topic = lab.patrols("plain", min(options.events, max(2000, 400 * size)))
        runs = in_turns({f"{size} rows": lambda _: lab.measure(topic, batch_rows=size), "default": lambda _: lab.measure(default)},
                        options.rounds)
        yield figures.compared(f"batches of {size}", runs, f"{size} rows", "default")


# ---- over time ----

def latency(lab, options):
    """5,000 events a second: from recorded_at to the commit."""
    events = min(options.events, STEADY_RATE * STEADY_S)
    runs = {"daemon": []}
    for number in range(options.rounds):
        topic = Topic(lab.namespace(f"steady-{number}"), "patrol_log", events)
        lab.copy_database("daemon")
        with lab.spending() as cpu:
            daemon = lab.daemon(topic, "daemon")
            daemon.wait_claimed(PARTITIONS)
            lab.produce(topic, lab.patrol_lines(), subject="patrol_id", rate=STEADY_RATE)
            lab.wait_read("daemon", events, [daemon])
            run = lab.stopped("daemon", [daemon], cpu)
        p50, p99 = lab.ask("daemon", "select percentile_cont(array[0.5, 0.99]) within group (order by extract(epoch from "
                           "pg_xact_commit_timestamp(xmin) - recorded_at)::float8 * 1000) from events.patrol_log")[0][0]
        run.latency_ms = {"p50": p50, "p99": p99}
        runs["daemon"].append(run)
    yield figures.shown(f"steady {STEADY_RATE:,}/s", runs)


def catch_up(lab, options):
    """All events wait and 5,000 a second come besides: until it is one second behind."""
    topic = Topic(lab.namespace("behind"), "patrol_log", options.events)
    lines = lab.patrol_lines()
    lab.produce(topic, lines, subject="patrol_id")
    lab.copy_database("daemon")
    more = Topic(topic.namespace, topic.kind, max(STEADY_RATE, options.events // 20))
    with lab.spending() as cpu:
        daemon = lab.daemon(topic, "daemon")
        daemon.wait_claimed(PARTITIONS)
        lab.produce(more, lines, subject="patrol_id", first=options.events, rate=STEADY_RATE)
        lab.wait_read("daemon", topic.events + more.events, [daemon])
        run = lab.stopped("daemon", [daemon], cpu)
    caught_up = lab.ask("daemon", """
        with c as (select extract(epoch from pg_xact_commit_timestamp(xmin) - min(pg_xact_commit_timestamp(xmin)) over ()) as at,
                          next_offset - from_offset as settled from bus.batch)
        select at::float8 from (select at, sum(settled) over (order by at) as sum from c) s
        where sum >= %d + least(%d, %d * (at - 1)) order by at limit 1""" % (topic.events, more.events, STEADY_RATE))
    yield figures.shown(f"{topic.events:,} behind", {"daemon": [run]}, caught_up_s=round(caught_up[0][0], 1))


def tables(lab, options):
    """A table that is large already beside one that is small."""
    topic = lab.patrols("plain", options.events)
    sizes = {"small": min(SMALL_TABLE, options.events), "big": min(BIG_TABLE, 5 * options.events)}
    lab.measure(topic)
    for name, size in sizes.items():
        lab.copy_database(f"table_{name}")
        fill(lab, f"table_{name}", size)
    runs = in_turns({name: lambda _, name=name: lab.measure(topic, template=f"table_{name}") for name in sizes}, options.rounds)
    for name in sizes:
        lab.drop_database(f"table_{name}")
    yield figures.compared(f"table of {sizes['big']:,} beside {sizes['small']:,}", runs, "big", "small", bar=0.8)


def fill(lab, database, rows):
    """Rows as a daemon stores them, with older ids."""
    some = lab.sample("daemon", "patrol_log", 1000)
    with lab.connection(database, "postgres") as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("create temporary table sample (like events.patrol_log including defaults)")
        with connection.cursor().copy(f"copy sample ({some.columns}) from stdin (format binary)") as copy:
            copy.write(some.rows)
        kept = [name for name in some.columns.split(", ") if name not in ("event_id", "patrol_id", "topic_offset")]
        connection.execute(f"""
            insert into events.patrol_log (event_id, patrol_id, topic_offset, {', '.join(kept)})
            select id, id, number, {', '.join('s.' + name for name in kept)}
            from generate_series(0, {rows - 1}) as g (number)
            cross join lateral (select (lpad(to_hex({FILLED_BEFORE_MS} + number / 20), 12, '0') || '7'
                                        || lpad(to_hex(number % 20), 3, '0') || '8'
                                        || substr(md5(number::text), 1, 15))::uuid as id) as i
            join (select row_number() over () - 1 as place, * from sample) as s on place = number % {some.count}""")
        connection.execute("vacuum analyze events.patrol_log")
        connection.execute("checkpoint")


# ---- batches with bad rows ----

def rows(lab, options):
    lab.copy_database("bad_rows")
    with lab.connection("bad_rows") as connection:
        connection.execute("alter table events.patrol_log add constraint not_refused "
                           "check (remark is distinct from 'refused')")
    clean, *others = lab.run(lab.tool("rows"), lab.stack.url("bad_rows", "gridloop_ingest"), ROUNDS_OF_ROWS * options.rounds,
                             input=lab.lines("patrol_log"))
    for other in others:
        ratios = [bad / good for bad, good in zip(other["seconds"], clean["seconds"])]
        rates = {name: {"rows_per_s": round(batch["rows"] / statistics.median(batch["seconds"]))}
                 for name, batch in (("bad", other), ("clean", clean))}
        yield figures.judged(other["batch"], ratios, bar=other["bar"], at_most=True, sides=rates,
                             notes={"events": "10,000 a batch"})


# name -> what it is, the function, whether it has bars
SCENARIOS = {
    "plain": ("patrol logs, all new, beside COPY of the same rows", plain, True),
    "repeats": ("the same with 10 % repeats, half of them of the last 10,000", repeats, True),
    "link": ("alerts that are linked, beside COPY of their rows", link.link, True),
    "rows": ("batches of 10,000 with bad rows beside clean ones", rows, True),
    "tables": ("a table of 10 million rows beside one of 100,000", tables, True),
    "memory": ("PostgreSQL away while events wait; 64 partitions of messages of 1 MB", memory.memory, True),
    "limits": ("COPY, a temporary table, the broker, each alone", limits, False),
    "daemons": ("two, three and four daemons beside one", daemons, False),
    "batches": ("batches of 1 to 50,000 rows beside the default", batch_sizes, False),
    "baselines": ("Flink, Debezium and a Python consumer, each beside a daemon", baselines, False),
    "latency": ("5,000 events a second, from recorded_at to the commit", latency, False),
    "catch-up": ("2 million behind, and 5,000 a second come", catch_up, False),
    "wide": ("rows of some 4 KiB, beside COPY of them", wide, False),
    "random-ids": ("ids that do not rise, beside COPY of them", random_ids, False),
}
