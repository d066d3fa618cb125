"""Our decoder, fastavro's and, where it can resolve the schemas, Avro-C's, on random schemas, readers that evolved from them, values and damaged bytes.

What they do not agree on is either a fault or stands in EXPLAINED with its reason. An entry that explains nothing any
more fails the long test. GRIDLOOP_TEST_SEED repeats a run.
"""
import collections
import concurrent.futures
import io
import json
import math
import os
import pathlib
import random
import secrets
import struct
import subprocess

import fastavro
import pytest

from messages import Encoder, damage
from schemas import Evolution, Json, JsonForAvroC, JsonForFastavro, Maker, json_of, plain_for_avro_c, single, walk

ANSWER = pathlib.Path(os.environ["GRIDLOOP_BUILD"]) / "test/differential_answer"
PAIRS, VALUES = 250, 4   # of one batch: pairs of schemas, values of each


class Pair:
    """A writer, a reader, what the specification says of them, and messages."""

    def __init__(self, rng):
        self.is_damaged = rng.random() < 0.3
        maker = Maker(rng, empty=not self.is_damaged)
        make = maker.record if rng.random() < 0.85 else maker.type
        self.writer, self.reader = make(), None
        maker.named = []  # what the reader adds is new
        self.reader = Evolution(rng, maker, rng.choice((0.0, 0.1, 0.4, 0.8))).type(self.writer)
        places = list(walk(self.writer, self.reader))
        self.is_unreadable = any(what == "never" for what, _ in places)
        self.obstacles = [".".join(path) for what, path in places if what in ("never", "inside")]
        self.is_weak = any(what == "sometimes" for what, _ in places)
        self.is_ambiguous = any(what == "first" for what, _ in places)
        self.is_contested = any(what == "contested" for what, _ in places)
        encoder = Encoder(rng)
        self.values = [encoder.value(self.writer) for _ in range(VALUES)]
        self.messages = [damage(rng, raw) if self.is_damaged else raw for raw, _ in self.values]

    def request(self, style=Json):
        writer, reader = (json.dumps(style().type(one), ensure_ascii=False).encode()
                          for one in (self.writer, self.reader))
        return piece(writer) + piece(reader) + struct.pack("<I", VALUES) + b"".join(map(piece, self.messages))

    def theirs(self, schemas, raw):
        """What fastavro reads; an exception where it reads nothing, or leaves bytes."""
        source = io.BytesIO(raw)
        value = fastavro.schemaless_reader(source, *schemas)
        if source.read():
            raise ValueError("bytes are left")
        return value


def piece(raw):
    return struct.pack("<I", len(raw)) + raw


# ---- the same value? ----

def same_real(ours, theirs):
    if isinstance(theirs, bool) or not isinstance(theirs, (int, float)) or not isinstance(ours, dict) \
            or "real" not in ours:
        return False
    (real,) = struct.unpack(">d", bytes.fromhex(ours["real"]))
    return math.isnan(real) and math.isnan(theirs) or struct.pack(">d", real) == struct.pack(">d", theirs)


def same(type_, ours, theirs):
    """ours as answer.c prints it; theirs as fastavro gives it, which passes a default through as it stands."""
    kind = type_.kind
    if kind == "union":
        return any(same(branch, ours, theirs) for branch in type_.items)
    if kind in ("null", "boolean"):
        return ours is theirs
    if kind in ("int", "long"):
        return type(ours) is int and type(theirs) is int and ours == theirs
    if kind in ("float", "double"):
        return same_real(ours, theirs) or kind == "float" and isinstance(theirs, (int, float)) \
            and math.isfinite(theirs) and same_real(ours, single(theirs))
    if kind in ("bytes", "fixed"):
        raw = theirs.encode("latin-1", "ignore") if isinstance(theirs, str) else theirs
        return isinstance(ours, dict) and isinstance(raw, bytes) and ours.get("bytes") == raw.hex()
    if kind in ("string", "enum"):
        return isinstance(ours, str) and isinstance(theirs, str) \
            and ours == (theirs.lower() if type_.logical else theirs)
    if kind == "array":
        return isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs) \
            and all(same(type_.items[0], one, other) for one, other in zip(ours, theirs))
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return False
    if kind == "map":
        entries = dict(ours.get("entries", ()))
        return "entries" in ours and entries.keys() == theirs.keys() \
            and all(same(type_.items[0], entries[key], theirs[key]) for key in theirs)
    fields = dict(ours.get("fields", ()))
    return list(fields) == [field.name for field in type_.fields] \
        and all(same(field.type, fields[field.name], theirs.get(field.name, field.default)) for field in type_.fields)


# ---- what they do not agree on ----

# name -> (reason, does it explain this?). The arguments: the pair, our answer, what fastavro made of it (a value, or
# an exception).
EXPLAINED = {}


def explains(name, reason):
    def keep(function):
        EXPLAINED[name] = (reason, function)
        return function
    return keep


@explains("best branch", "fastavro takes the first branch that could take it; we the best of them (plan.c says why)")
def _(pair, ours, theirs):
    return pair.is_ambiguous


@explains("contested field", "fastavro lets two fields of the writer go to one of the reader, and fails or takes the "
          "last; with us each goes once, by name before alias")
def _(pair, ours, theirs):
    return pair.is_contested


@explains("text as bytes", "fastavro decodes a string before it is read as bytes; we take the bytes as they are")
def _(pair, ours, theirs):
    return "value" in ours and isinstance(theirs, UnicodeDecodeError)


@explains("branch as a whole", "fastavro takes a branch that the reader could not always take (an empty array, items of "
          "other types) where this value happens to fit; we say so of the branch, before any value comes")
def _(pair, ours, theirs):
    return ours.get("detail", "").startswith("the reader cannot take this branch") and pair.is_weak


def we_refuse(reason, why):
    explains(reason, why)(lambda pair, ours, theirs: (pair.is_damaged or pair.is_weak) and ours.get("reason") == reason)


we_refuse("boolean", "fastavro takes every byte but 0 for true")
we_refuse("short", "fastavro reads over what it does not need without looking whether it is there")
we_refuse("length", "fastavro goes back where a length that it reads over is negative")
we_refuse("enum", "fastavro counts from the end where a symbol's number is negative, and does not look where it reads over")
we_refuse("union", "fastavro counts from the end where a branch's number is negative")
we_refuse("range", "fastavro does not look whether an int fits 32 bits, nor at times and nested numbers")
we_refuse("varint", "fastavro drops the bits that do not fit 64")
we_refuse("utf8", "fastavro does not look at texts that it reads over")
we_refuse("nul", "PostgreSQL has no text with U+0000")
we_refuse("uuid", "fastavro does not look at uuids here")


def judge(pair, ours, theirs):
    """None: they agree. Else the name of what explains the difference; "" where nothing does."""
    accepted = "value" in ours
    if accepted and not isinstance(theirs, Exception) and same(pair.reader, ours["value"], theirs):
        return None
    if not accepted and isinstance(theirs, Exception):
        return None
    return next((name for name, (_, function) in EXPLAINED.items() if function(pair, ours, theirs)), "")


# ---- running ----

def ask(pairs, style=Json, *arguments):
    done = subprocess.run([ANSWER, *arguments], input=b"".join(pair.request(style) for pair in pairs),
                          capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ask_avro_c(pairs):
    """Pairs and answers; None for what crashes Avro-C. Ours has answered the same pairs before, without it."""
    try:
        return list(zip(pairs, ask(pairs, JsonForAvroC, "avro-c"), strict=True))
    except subprocess.CalledProcessError:
        if len(pairs) == 1:
            return [(pairs[0], None)]
        middle = len(pairs) // 2
        return ask_avro_c(pairs[:middle]) + ask_avro_c(pairs[middle:])


def has_items(type_):
    return type_.kind in ("array", "map") or any(map(has_items, type_.items or ())) \
        or any(has_items(field.type) for field in type_.fields or ())


def what_fastavro_reads(pair, schemas, raw):
    try:
        return pair.theirs(schemas, raw)
    except Exception as error:  # of whatever kind: it does not read it
        return error


class Batch:
    def __init__(self, seed):
        self.seed = seed
        self.counts = collections.Counter()
        self.faults = []

    def fault(self, pair, what, **more):
        self.faults.append({"seed": self.seed, "what": what, "writer": json_of(pair.writer),
                            "reader": json_of(pair.reader), **more})

    def run(self):
        rng = random.Random(self.seed)
        pairs = [Pair(rng) for _ in range(PAIRS)]
        for pair, answer in zip(pairs, ask(pairs), strict=True):
            self.look_at(pair, answer)
        self.compare_with_avro_c([pair for pair in pairs if not pair.is_damaged
                                  and plain_for_avro_c(pair.writer, pair.reader)])
        return self

    def compare_with_avro_c(self, pairs):
        for pair, answer in ask_avro_c(pairs):
            if answer is None:
                self.counts["Avro-C crashes"] += 1
                continue
            for raw, one in zip(pair.messages, answer.get("messages", ())):
                self.counts["Avro-C"] += 1
                if one["avro_c"] is None:
                    self.counts["Avro-C does not read it"] += 1
                elif '"unset"' in json.dumps(one["avro_c"]):
                    self.counts["Avro-C leaves a union unset"] += 1
                elif one.get("value") != one["avro_c"]:
                    self.fault(pair, "Avro-C", message=raw.hex(), ours=one)

    def look_at(self, pair, answer):
        if "schema" in answer:
            self.fault(pair, "a schema is refused", answer=answer)
        elif ("plan" in answer) != pair.is_unreadable:
            self.fault(pair, "readable or not", answer=answer, obstacles=pair.obstacles)
        elif "plan" in answer:
            self.counts["unreadable"] += VALUES
            path = answer["plan"].split(": ")[0] if ": " in answer["plan"] else ""
            if path not in pair.obstacles:
                self.fault(pair, "the place of the obstacle", answer=answer, obstacles=pair.obstacles)
        elif bool(answer["weakness"]) != pair.is_weak:
            self.fault(pair, "weak or not", answer=answer)
        else:
            self.compare(pair, answer)

    def look_at_whole(self, pair, writer, raw, written, ours):
        """The bytes are right, and what may be refused was foretold."""
        theirs = fastavro.schemaless_reader(io.BytesIO(raw), writer)
        if repr(theirs) != repr(written):
            self.fault(pair, "fastavro reads what was not written", message=raw.hex(), written=repr(written),
                       theirs=repr(theirs))
        if "value" not in ours and not pair.is_weak:
            self.fault(pair, "refused without a weakness", message=raw.hex(), ours=ours)

    def compare(self, pair, answer):
        schemas = [fastavro.parse_schema(JsonForFastavro().type(one)) for one in (pair.writer, pair.reader)]
        for raw, (_, value), ours in zip(pair.messages, pair.values, answer["messages"], strict=True):
            self.counts["damaged" if pair.is_damaged else "whole"] += 1
            self.counts["read" if "value" in ours else "refused"] += 1
            if not pair.is_damaged:
                self.look_at_whole(pair, schemas[0], raw, value, ours)
            if pair.is_damaged and "value" not in ours and has_items(pair.writer):
                continue  # fastavro reads over items that are not there, for hours if so many are announced
            theirs = what_fastavro_reads(pair, schemas, raw)
            found = judge(pair, ours, theirs)
            if found is not None:
                self.counts[found] += 1
            if found == "":
                self.fault(pair, "a value", message=raw.hex(), written=repr(value), ours=ours, theirs=repr(theirs))


def run_batch(seed):
    return Batch(seed).run()


def seed():
    number = int(os.environ.get("GRIDLOOP_TEST_SEED") or secrets.randbits(48))
    print(f"GRIDLOOP_TEST_SEED={number}")
    return number


def run(cases):
    first = seed()
    counts = collections.Counter()
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for batch in pool.map(run_batch, range(first, first + cases // (PAIRS * VALUES))):
            counts += batch.counts
            assert not batch.faults, json.dumps(batch.faults[0], indent=1, ensure_ascii=False)
    print(dict(counts))
    return counts


# Types that are refused where they stand; SELF is the name of the record around them.
REFUSED = (
    {"type": "string", "logicalType": "date"}, {"type": "bytes", "logicalType": "decimal", "precision": 4},
    {"type": "fixed", "name": "a.Sixteen", "size": 16, "logicalType": "uuid"}, {"type": "fixed", "name": "a.No", "size": 0},
    ["null", ["int"]], ["int", "string", "int"], [], "a.Unknown", "SELF", {"type": "enum", "name": "a.No", "symbols": []},
    {"type": "enum", "name": "a.No", "symbols": ["A", "A"]}, {"name": "no type"}, 7,
)


def test_what_is_not_supported_is_refused_with_its_place():
    rng = random.Random(seed())
    messages = []
    for _ in range(40):
        for bad in REFUSED:
            outer = Json().type(Maker(rng, empty=True).record())
            inner = {"type": "record", "name": "b.Inner", "fields": [
                {"name": "here", "type": outer["name"] if bad == "SELF" else bad}]}
            outer["fields"].insert(rng.randrange(len(outer["fields"]) + 1), {
                "name": "bad", "type": rng.choice((inner, ["null", inner], {"type": "array", "items": inner}))})
            raw = json.dumps(outer).encode()
            messages.append((outer, piece(raw) + piece(raw) + struct.pack("<I", 0)))
    done = subprocess.run([ANSWER], input=b"".join(raw for _, raw in messages), capture_output=True, check=True)
    for (schema, _), line in zip(messages, done.stdout.splitlines(), strict=True):
        message = json.loads(line).get("schema", "accepted")
        assert message.startswith(("writer: bad.here: ", "writer: bad.items.here: ")), f"{message}: {schema}"


def test_twenty_thousand_cases():
    run(20_000)


@pytest.mark.long
def test_a_million_cases():
    counts = run(1_000_000)
    assert not [name for name in EXPLAINED if not counts[name]], "explains nothing: remove it"
