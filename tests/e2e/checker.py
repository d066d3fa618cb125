"""check_all(): what is in the database is what the messages in Kafka say it has to be, and nothing else.

It reads topics and tables anew, with clients that are not ours, and decides by itself what each message has to
become. `gridloopctl verify` is asked at the end, and has to agree.
"""
import collections
import dataclasses
import datetime

from chain import check_chain
from events import KINDS, comparable, comparable_column, content, select_list
from places import Areas, is_same_place, position_of, why_unplaceable
from world import Sent, sha256

KEPT_BYTES = 65536
KEPT_HEADER_BYTES = 16 << 10
MOST_HEADERS_KEPT = 100
MOST_HEADERS_READ = 100_000  # by librdkafka
MOST_PROBLEMS = 15
ENRICHED = ("wgs84_longitude", "wgs84_latitude", "located_grid_code", "located_community_code",
            "located_subdistrict_code", "located_version")


def check_all(world, refused=None, kinds=None):
    """refused(kind, event): whether this test made PostgreSQL refuse such a row."""
    problems = []
    for kind in kinds or topics_of(world):
        problems += KindCheck(world, kind, refused or (lambda kind, event: False)).run()
    problems += check_other_rows(world, kinds or topics_of(world))
    problems += check_chain(world)
    assert not problems, "\n".join(problems[:MOST_PROBLEMS] + [f"({len(problems)} problems)"])
    verified = world.ctl("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def topics_of(world):
    topics = world.stack.admin.list_topics(timeout=30).topics
    return [kind for kind in KINDS if world.topic(kind) in topics]


def check_other_rows(world, kinds):
    """Nothing came from anywhere else."""
    topics = [world.topic(kind) for kind in kinds]
    if strangers := world.sql("select topic from bus.source where topic <> all (%s)", topics):
        yield f"sources of other topics: {strangers}"
    for kind in KINDS.keys() - set(kinds):
        if world.rows(kind):
            yield f"{kind}: rows without a topic"


class KindCheck:
    def __init__(self, world, kind, refused):
        self.world, self.kind, self.of, self.refused = world, kind, KINDS[kind], refused
        self.now = world.sql("select now()")[0][0]
        self.areas = {version: Areas(features) for version, features in world.areas.items()}

    def run(self):
        self.read_database()
        self.read_kafka()
        self.expect()
        return [f"{self.kind}: {problem}" for check in (
            self.check_sources, self.check_tiles, self.check_outcomes, self.check_rows, self.check_dead_letters)
                for problem in check()]

    # ---- what was sent ----

    def read_kafka(self):
        messages, self.high = self.world.read_topic(self.kind)
        assert messages.keys() == {(p, offset) for p, high in self.high.items() for offset in range(high)}
        self.sent = {place: self.what_was_sent(place, message) for place, message in messages.items()}

    def what_was_sent(self, place, message):
        """What the test said of it; of a message that a producer of ours wrote, what it holds."""
        sent = self.world.sent.get((self.kind, *place))
        if sent is None and ("ce_type", b"gridloop.heartbeat") in (message.headers() or []):
            return Sent(self.kind, message.value(), message.key(), message.headers(), absent=True)
        if sent is None:
            return Sent(self.kind, message.value(), message.key(), message.headers() or [],
                        self.of.decode(message.value()))
        assert (message.value(), message.key()) == (sent.value, sent.key)
        if sent.either and place not in self.dead:
            return dataclasses.replace(sent, event=self.of.decode(sent.value), reasons=frozenset())
        return sent

    def expect(self):
        """self.expected: (partition, offset) -> (letters, reasons) that are right."""
        self.expected = {}
        self.same_id = collections.defaultdict(list)
        for place, sent in sorted(self.sent.items()):
            if sent.absent:
                self.expected[place] = "a", frozenset()
            elif sent.reasons:
                self.expected[place] = "x", sent.reasons
            elif reason := why_unplaceable(self.kind, sent.event):
                self.expected[place] = "x", frozenset({reason})
            else:
                self.same_id[sent.event["event_id"].lower()].append(place)
        self.expect_repeats()

    def expect_repeats(self):
        """Of the messages with one id the first that PostgreSQL takes is stored. Which one is first is certain
        within a partition; between partitions it is the one that was first, so the row says it."""
        for event_id, places in self.same_id.items():
            in_order = len({partition for partition, _ in places}) == 1
            holder = None if in_order else self.rows.get(event_id, {}).get("place")
            for place in places:
                self.expected[place] = self.expect_one(place, holder)
                if holder is None and self.expected[place][0] == "s":
                    holder = place

    def expect_one(self, place, holder):
        event = self.sent[place].event
        if place == holder:
            return "s", frozenset()
        if holder is None:
            return ("x", {"refused_by_server"}) if self.refused(self.kind, event) else ("s", frozenset())
        if content(self.of, event) == content(self.of, self.sent[holder].event):
            return "d", frozenset()
        reasons = {"identity_conflict"}
        if self.refused(self.kind, event) and (place[0] != holder[0] or place[1] < holder[1]):
            reasons.add("refused_by_server")
        return "x", reasons

    # ---- what was stored ----

    def read_database(self):
        sql = self.world.sql
        topic = self.world.topic(self.kind)
        self.sources = sql("select source_id, partition, cluster_id, from_offset, next_offset "
                           "from bus.source left join bus.progress using (source_id) where topic = %s", topic)
        self.partition_of = {row[0]: row[1] for row in self.sources}
        ids = list(self.partition_of)
        self.tiles = sql("select source_id, from_offset, next_offset, stored, duplicate, dead_letter, absent, gap, "
                         "outcomes, layout_id, committed_at from bus.batch where source_id = any (%s) "
                         "order by source_id, from_offset", ids)
        names = ["event_id", "source_id", "topic_offset", "content_hash", "stored_at", *ENRICHED, *self.of.fields]
        rows = [dict(zip(names, row)) for row in sql(
            f"select event_id, source_id, topic_offset, content_hash, stored_at, {', '.join(ENRICHED)}, "
            f"{select_list(self.of)} from events.{self.kind}")]
        self.rows = {str(row["event_id"]): row | {"place": (self.partition_of.get(row["source_id"]),
                                                            row["topic_offset"])} for row in rows}
        self.row_count = len(rows)
        letters = ("source_id", "topic_offset", "kind", "reason", "detail", "field", "event_id", "sqlstate",
                   "message_key", "value", "value_size", "value_sha256", "recorded_at", "is_kept", "header_names",
                   "header_values", "header_count")
        dead = sql(f"select {', '.join(letters)} from bus.dead_letter where source_id = any (%s)", ids)
        self.dead = {(self.partition_of[row[0]], row[1]): dict(zip(letters, row)) for row in dead}

    # ---- comparing ----

    def check_sources(self):
        cluster = self.world.stack.admin.list_topics(timeout=30).cluster_id
        if len(self.partition_of) != len(set(self.partition_of.values())):
            yield f"two sources for one partition: {self.sources}"
        read = {}
        for source_id, partition, cluster_id, from_offset, next_offset in self.sources:
            read[partition] = next_offset
            if cluster_id != cluster:
                yield f"partition {partition}: cluster {cluster_id}, not {cluster}"
            if from_offset not in (0, None):
                yield f"partition {partition}: begins at {from_offset}"
        for partition, high in self.high.items():
            if (read.get(partition) or 0) != high:
                yield f"partition {partition}: next_offset {read.get(partition)}, the broker's high watermark {high}"

    def check_tiles(self):
        reached = collections.Counter()
        for source_id, from_offset, next_offset, *counts, outcomes, layout_id, committed_at in self.tiles:
            partition = self.partition_of[source_id]
            if from_offset != reached[partition]:
                yield f"partition {partition}: a batch begins at {from_offset}, the one before ended at " \
                      f"{reached[partition]}"
            if next_offset - from_offset != sum(counts):
                yield f"partition {partition}: batch {from_offset} to {next_offset} counts {counts}"
            listed = collections.Counter(expand(outcomes))
            if [listed[letter] for letter in "sdxag"] != list(counts):
                yield f"partition {partition}: batch {from_offset}: {outcomes!r} and {counts}"
            if counts[0] and layout_id is None:
                yield f"partition {partition}: batch {from_offset} stored rows, but has no layout"
            reached[partition] = next_offset
        for source_id, partition, _, _, next_offset in self.sources:
            if reached[partition] != (next_offset or 0):
                yield f"partition {partition}: the batches end at {reached[partition]}, progress at {next_offset}"

    def check_outcomes(self):
        found = {}
        for source_id, from_offset, *_, outcomes, _, _ in self.tiles:
            for index, letter in enumerate(expand(outcomes)):
                found[self.partition_of[source_id], from_offset + index] = letter
        for place, (letter, reasons) in sorted(self.expected.items()):
            if found.get(place) != letter:
                yield f"{place} became {found.get(place)!r}, not {letter!r} ({', '.join(reasons) or 'good'}); " \
                      f"dead letter: {self.reason_at(place)}"

    def reason_at(self, place):
        letter = self.dead.get(place)
        return letter and f"{letter['reason']}: {letter['detail']}"

    def check_rows(self):
        wanted = {place for place, (letter, _) in self.expected.items() if letter == "s"}
        found = collections.Counter(row["place"] for row in self.rows.values())
        if self.row_count != len(self.rows):
            yield f"{self.row_count} rows, but {len(self.rows)} ids"
        for place in sorted(wanted - found.keys()):
            yield f"{place} is not stored"
        for place in sorted(found.keys() - wanted, key=repr):
            yield f"{place} is stored, and should not be"
        for row in self.rows.values():
            if row["place"] in wanted:
                yield from self.check_row(row, self.sent[row["place"]].event)

    def check_row(self, row, event):
        for name, field in self.of.fields.items():
            if comparable_column(field.type, row[name]) != comparable(field.type, event[name]):
                yield f"{row['place']}: {name} is {row[name]!r}, sent was {event[name]!r}"
        if len(row["content_hash"]) != 32:
            yield f"{row['place']}: content_hash has {len(row['content_hash'])} bytes"
        if not self.is_recent(row["stored_at"]):
            yield f"{row['place']}: stored_at {row['stored_at']}"
        yield from self.check_place(row, event)

    def check_place(self, row, event):
        """world.areas says which versions there are; None among them: it may be stored without any."""
        longitude, latitude, *codes, version = (row[name] for name in ENRICHED)
        position = position_of(self.kind, event)
        if position is None:
            if any(row[name] is not None for name in ENRICHED):
                yield f"{row['place']}: has a place, but no position"
        elif not is_same_place(event["source_crs"], position, (longitude, latitude)):
            yield f"{row['place']}: {longitude}, {latitude} is not {position} in {event['source_crs']}"
        elif version not in self.areas:
            yield f"{row['place']}: located_version {version}, not one of {list(self.areas)}"
        elif tuple(codes) != (wanted := self.areas[version].locate((longitude, latitude), event["occurred_at"])):
            yield f"{row['place']}: lies in {codes}, not {wanted}"

    def check_dead_letters(self):
        wanted = {place: reasons for place, (letter, reasons) in self.expected.items() if letter == "x"}
        for place in sorted(wanted.keys() - self.dead.keys()):
            yield f"{place} is no dead letter ({', '.join(wanted[place])})"
        for place in sorted(self.dead.keys() - wanted.keys()):
            yield f"{place} is a dead letter: {self.reason_at(place)}"
        for place, reasons in wanted.items():
            if place in self.dead:
                yield from self.check_dead_letter(place, self.dead[place], self.sent[place], reasons)

    def check_dead_letter(self, place, letter, sent, reasons):
        if letter["reason"] not in reasons:
            yield f"{place}: reason {letter['reason']} ({letter['detail']}), not {' or '.join(sorted(reasons))}"
        if not letter["detail"]:
            yield f"{place}: no detail"
        if sent.field and letter["field"] != sent.field:
            yield f"{place}: field {letter['field']}, not {sent.field}"
        kept = None if sent.value is None or not letter["is_kept"] else sent.value[:KEPT_BYTES]
        if letter["value"] != kept:
            yield f"{place}: the value was not kept: {letter['value']!r:.60}, not {kept!r:.60}"
        if letter["value_size"] != len(sent.value or b"") or letter["value_sha256"] != sha256(sent.value):
            yield f"{place}: size or SHA-256 of the value is wrong"
        if letter["message_key"] != (sent.key if letter["is_kept"] else None):
            yield f"{place}: key {letter['message_key']!r}, not {sent.key!r}"
        yield from self.check_headers(place, letter, sent)
        if letter["kind"] != self.kind or not self.is_recent(letter["recorded_at"]):
            yield f"{place}: kind {letter['kind']}, recorded_at {letter['recorded_at']}"
        if sent.event and str(letter["event_id"]) != sent.event["event_id"].lower():
            yield f"{place}: event_id {letter['event_id']}"
        if bool(letter["sqlstate"]) != (letter["reason"] == "refused_by_server"):
            yield f"{place}: {letter['reason']} with sqlstate {letter['sqlstate']}"

    def check_headers(self, place, letter, sent):
        readable = len(sent.headers) <= MOST_HEADERS_READ
        if letter["header_count"] != (len(sent.headers) if readable else None):
            yield f"{place}: {letter['header_count']} headers, sent were {len(sent.headers)}"
        kept = letter["header_names"] and list(zip(letter["header_names"], letter["header_values"]))
        if not letter["is_kept"] or not readable:
            wanted = None
        else:
            wanted = headers_that_fit(sent.headers)
        if (kept is None) != (wanted is None) or (kept or []) != (wanted or []):
            yield f"{place}: headers {kept!r:.80} were kept, not {wanted!r:.80}"

    def is_recent(self, time):
        return self.world.began <= time <= self.now + datetime.timedelta(seconds=1)


def headers_that_fit(headers):
    """The first of them that a dead letter keeps."""
    fitting, size = [], 0
    for name, value in headers[:MOST_HEADERS_KEPT]:
        size += len(name.encode()) + len(value or b"")
        if size > KEPT_HEADER_BYTES:
            break
        fitting.append((name.encode(), value))
    return fitting


def expand(outcomes):
    """"s2 x1" -> "ssx" """
    return "".join(run[0] * int(run[1:]) for run in outcomes.split())
