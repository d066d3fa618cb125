"""Schemas that are not as they should be: refused where an operator registers them; and messages that lie in what a
registered writer's schema has and our reader does not."""
import copy
import io
import json

import fastavro
import fastavro.schema
import pytest

from checker import check_all
from events import FRAME, KINDS, crc64_avro, random_uuid, without_logical_types
from hostile import number, small, text
from world import World, bad, good

KIND = "patrol_log"


def schema_with(**field):
    """Our contract with one more field."""
    schema = copy.deepcopy(KINDS[KIND].schema)
    schema["fields"].append({"name": "extra"} | field)
    return schema


def nested(levels):
    schema = "int"
    for level in range(levels):
        schema = {"type": "record", "name": f"L{level}", "fields": [{"name": "x", "type": schema}]}
    return schema


def without(name):
    schema = copy.deepcopy(KINDS[KIND].schema)
    schema["fields"] = [field for field in schema["fields"] if field["name"] != name]
    return schema


RECURSIVE = {"type": "record", "name": "R", "fields": [{"name": "next", "type": ["null", "R"]}]}

# number: name: (what is registered, a word that has to be said)
REFUSED = {
    20: {"recursive": (schema_with(type=RECURSIVE), "extra"), "65 levels": (schema_with(type=nested(65)), "extra")},
    28: {"decimal": (schema_with(type={"type": "bytes", "logicalType": "decimal", "precision": 4}), "extra"),
         "uuid on bytes": (schema_with(type={"type": "bytes", "logicalType": "uuid"}), "extra")},
    39: {"fixed of -2": (schema_with(type={"type": "fixed", "name": "F", "size": -2}), "extra"),
         "union in a union": (schema_with(type=["null", ["int", "string"]]), "extra"),
         "branch twice": (schema_with(type=["null", "int", "int"]), "extra"),
         "field twice": (schema_with(name="remark", type="int"), "remark"),
         "symbol twice": (schema_with(type={"type": "enum", "name": "E", "symbols": ["A", "A"]}), "extra"),
         "no such type": (schema_with(type="integer"), "extra"), "no type": (schema_with(), "extra"),
         "name that is none": (schema_with(type={"type": "record", "name": "1R", "fields": []}), "extra"),
         "default of another type": (schema_with(type="int", default="x"), "extra"),
         "default above its type": (schema_with(type="int", default=2**31), "extra"),
         "no record": ("string", "record"), "another name": ({"type": "record", "name": "X", "fields": []}, "X"),
         "a field less that has no default": (without("grid_code"), "grid_code"),
         "no JSON": (b"{", "JSON"), "empty": (b"", "JSON"), "NUL": (b"\0", "JSON"), "not UTF-8": (b'"\xff"', "JSON"),
         "JSON of 100,000 levels": (b'{"type": ' + b"[" * 100_000, "JSON"),
         "10 MB": (json.dumps(schema_with(type="int", doc="x" * 10_000_000)).encode(), ""),
         "100,000 fields": (json.dumps({"type": "record", "name": "PatrolLog", "namespace": "gridloop", "fields": [
             {"name": f"f{index}", "type": "int"} for index in range(100_000)]}).encode(), "")},
}
CASES = [(number_, name) for number_, of_number in REFUSED.items() for name in of_number]


def file_of(world, schema):
    file = world.folder / "schema.avsc"
    file.write_bytes(schema if isinstance(schema, bytes) else json.dumps(schema).encode())
    return file


@pytest.fixture(scope="module")
def registry(stack, template, tmp_path_factory):
    world = World(stack, template, tmp_path_factory.mktemp("schemas"))
    yield world
    problems = world.close()
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("number_, name", CASES)
def test_refused(registry, table, number_, name):
    schema, word = REFUSED[number_][name]
    before = registry.sql("select count(*) from bus.schema")
    done = registry.ctl("schema register", file_of(registry, schema), timeout=60)
    said = done.stderr.replace(f"{registry.folder}/", "").strip()
    table(number_, f"a schema: {name}", "refused, 65", f"{done.returncode}, {said.split(': ', 1)[-1]:.90}")
    assert done.returncode == 65, done.stdout + done.stderr
    assert word in said and len(said.splitlines()) == 1 and len(said) < 1000
    assert registry.sql("select count(*) from bus.schema") == before


# ---- messages of writers that are registered ----

class Writer:
    def __init__(self, schema):
        self.schema, self.avro = schema, fastavro.parse_schema(without_logical_types(schema))
        canonical = fastavro.schema.to_parsing_canonical_form(schema)
        self.frame = FRAME + crc64_avro(canonical.encode()).to_bytes(8, "little")

    def encode(self, event):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self.avro, event)
        return self.frame + out.getvalue()


def stored(rng, **changes):
    return good(KIND, small(KIND)[0] | {"event_id": random_uuid(rng)} | changes)


def run(world, writer, messages):
    """The messages between good ones, to a running daemon that has to look the writer up."""
    rng = world.rng()
    done = world.ctl("schema register", file_of(world, writer.schema))
    assert done.returncode == 0, done.stderr
    world.make_topic(KIND)
    daemon = world.consumer(KIND)
    world.produce([stored(rng)] + [one for message in messages for one in (message, stored(rng), stored(rng))])
    world.settle_and_stop(daemon)
    check_all(world)


def reasons(world):
    return ", ".join(f"{count} {reason}" for reason, count in
                     world.sql("select reason, count(*) from bus.dead_letter group by reason order by 2 desc, 1"))


# number, type of a field that only the writer has, its bytes, reasons; none: the event is stored
HUGE = [2**31, 2**62, 2**63 - 1, -2**63]
SKIPPED = [
    (9, "length -1 and beyond the end", "string", [number(-1), number(-2**63)], ["length"]),
    (9, "length beyond the end", "bytes", [number(100), number(2**31), number(2**63 - 1)], ["short", "length"]),
    (17, "huge counts of items", {"type": "array", "items": "int"}, [number(n) for n in HUGE], ["items", "short"]),
    (17, "huge counts of items without bytes", {"type": "array", "items": "null"}, [number(n) for n in HUGE], ["items"]),
    (17, "negative blocks whose size is wrong", {"type": "array", "items": "int"},
     [number(-1) + number(size) + b"\2\0" for size in (0, 2, -1, 2**62)], ["length", "short", "trailing"]),
    (21, "a map's key twice", {"type": "map", "values": "int"}, [number(2) + text("a") + b"\2" + text("a") + b"\4\0"],
     ["dup_key"]),
    (21, "a map's key with NUL", {"type": "map", "values": "int"}, [number(1) + text("a\0") + b"\2\0"], ["nul"]),
    (21, "a map of a million keys that end", {"type": "map", "values": "null"}, [number(1_000_000) + text("a") * 3],
     ["short", "items"]),
    (22, "text that is not UTF-8", "string", [text(b"\xff")], ["utf8"]),
    (20, "64 records in one another", nested(60), [number(1)], []),
]


@pytest.mark.parametrize("number_, name, type_, pieces, wanted", SKIPPED, ids=[f"{row[0]:02d}-{row[1]}" for row in SKIPPED])
def test_what_only_the_writer_has(world, table, number_, name, type_, pieces, wanted):
    """The reader passes over the field, as strictly as it reads."""
    writer = Writer(schema_with(type=type_))
    body = writer.frame + KINDS[KIND].body(small(KIND)[0])
    if wanted:
        messages = [bad(KIND, body + piece, *wanted) for piece in pieces]
    else:
        messages = [good(KIND, small(KIND)[0], value=body + piece) for piece in pieces]
    run(world, writer, messages)
    table(number_, f"in a field that is passed over: {name}", "|".join(wanted) or "stored", reasons(world) or "stored")


def test_another_order_of_symbols_and_fields(world, table):
    """A writer with its symbols in another order, fields in another order, and without some of ours."""
    schema = copy.deepcopy(KINDS[KIND].schema)
    schema["fields"] = [field for field in reversed(schema["fields"])
                        if field["name"] not in ("remark", "is_test", "subject_refs")]
    for field in schema["fields"]:
        for branch in field["type"] if isinstance(field["type"], list) else [field["type"]]:
            if isinstance(branch, dict) and branch.get("type") == "enum":
                branch["symbols"].reverse()
    writer, rng = Writer(schema), world.rng()
    events = [KINDS[KIND].fresh(rng, name) for name in KINDS[KIND].examples()]
    usual = {"remark": None, "is_test": False, "subject_refs": None}
    run(world, writer, [good(KIND, event | usual, value=writer.encode(event)) for event in events])
    table(40, "a writer with other orders, and fields less", "stored by name, with defaults",
          f"{world.rows(KIND)} stored")
