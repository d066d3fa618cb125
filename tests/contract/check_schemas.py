#!/usr/bin/env python3
"""Checks schemas/ against itself: the Avro schemas, their examples and their tables say the same thing.

It reads the contract anew, without the C code, so that a mistake there is not repeated here. Each check
returns a list of sentences, empty if all is well. Run by pytest (test_schemas.py) or by hand:

    tests/contract/check_schemas.py     prints what it found; exit 1 if something is wrong
"""
import collections
import datetime
import functools
import gzip
import io
import json
import math
import os
import pathlib
import re
import struct
import sys
import uuid

import fastavro

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas"
DATA = pathlib.Path(os.environ.get("GRIDLOOP_SHARED_DATA") or ROOT.parent / "shared" / "data")
REAL_EVENTS = DATA / "la311" / "events.jsonl.gz"
REAL_EVENTS_COUNT = 19_935

# The platform sends these itself: no consumer of ours stores them.
WITHOUT_TABLE = {"dispatch_order"}

COMMON = ["event_id", "occurred_at", "recorded_at", "producer_id", "is_test"]
STORED = {"stored_at": ("timestamptz", True), "source_id": ("integer", True),
          "topic_offset": ("bigint", True), "content_hash": ("bytea", True)}
FOUND = {"wgs84_longitude": ("double precision", False), "wgs84_latitude": ("double precision", False),
         "located_grid_code": ("text", False), "located_community_code": ("text", False),
         "located_subdistrict_code": ("text", False), "located_version": ("integer", False)}

SQL_TYPES = {"boolean": "boolean", "int": "integer", "long": "bigint", "timestamp-micros": "timestamptz",
             "float": "real", "double": "double precision", "string": "text", "uuid": "uuid",
             "bytes": "bytea", "fixed": "bytea", "enum": "text"}

NUMBERS = {"int", "long", "float", "double"}
INTEGER_BITS = {"int": 32, "long": 64}
CHINESE = re.compile("[\u4e00-\u9fff]")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


# ---- the contract's own rules: attributes of a field ----

def is_size(value):
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


# Attribute -> (types on which it may stand, test of its value). On an array of strings the rules for
# strings hold for each item.
RULES = {
    "gridloop.minimum": (NUMBERS, is_number),
    "gridloop.maximum": (NUMBERS, is_number),
    "gridloop.min_length": ({"string"}, is_size),
    "gridloop.max_length": ({"string"}, is_size),
    "gridloop.hex": ({"string"}, is_size),
    "gridloop.free_text": ({"string"}, lambda value: value is True),
    "gridloop.must_be": ({"boolean"}, lambda value: isinstance(value, bool)),
    "gridloop.max_items": ({"array"}, is_size),
    "gridloop.requires": (None, lambda value: isinstance(value, list) and len(value) > 0),
}
FIELD_KEYS = {"name", "type", "doc", "default", "aliases"}


def has_resident_id(text):
    """A resident identity number (GB 11643): 18 places, a real date of birth, a right check digit."""
    for match in re.finditer(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])", text):
        number = match.group().upper()
        try:
            datetime.datetime.strptime(number[6:14], "%Y%m%d")
        except ValueError:
            continue
        weighted = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
        if "10X98765432"[weighted % 11] == number[17]:
            return True
    return False


def has_mobile_number(text):
    return re.search(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])", text) is not None


def broken_string_rules(field, text):
    length = len(text)
    if length < field.get("gridloop.min_length", 0):
        yield "is too short"
    if length > field.get("gridloop.max_length", math.inf):
        yield "is too long"
    digits = field.get("gridloop.hex")
    if digits and not re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", text):
        yield f"is not {digits} hex digits"
    if field.get("gridloop.free_text") and (has_resident_id(text) or has_mobile_number(text)):
        yield "holds a personal number"


def broken_rules(field, value):
    """What is wrong with the value (not null) of a field, by the field's attributes."""
    if isinstance(value, list):
        if len(value) > field.get("gridloop.max_items", math.inf):
            yield "has too many items"
        strings = [item for item in value if isinstance(item, str)]
    else:
        strings = [value] if isinstance(value, str) else []
    for text in strings:
        yield from broken_string_rules(field, text)
    if "gridloop.minimum" in field and not value >= field["gridloop.minimum"]:
        yield "is below the minimum"
    if "gridloop.maximum" in field and not value <= field["gridloop.maximum"]:
        yield "is above the maximum"
    if "gridloop.must_be" in field and value is not field["gridloop.must_be"]:
        yield f"must be {json.dumps(field['gridloop.must_be'])}"


# ---- schemas ----

class Schema:
    """One .avsc file: its JSON, and its named types by name."""

    def __init__(self, source):
        self.json = json.loads(source.read_text("utf-8")) if isinstance(source, pathlib.Path) else source
        self.named = {}
        self._collect(self.json)

    @functools.cached_property
    def avro(self):
        return fastavro.parse_schema(self.json)

    def _collect(self, avro_type):
        if isinstance(avro_type, list):
            for branch in avro_type:
                self._collect(branch)
        elif isinstance(avro_type, dict):
            if "name" in avro_type:
                self.named[avro_type["name"]] = avro_type
            for field in avro_type.get("fields", []):
                self._collect(field["type"])
            self._collect(avro_type.get("items"))

    @property
    def fields(self):
        return self.json["fields"]

    def plain(self, avro_type):
        """(type as an object, whether null is allowed too): without union, primitives and names spelt out."""
        optional = isinstance(avro_type, list)
        if optional:
            avro_type = next(branch for branch in avro_type if branch != "null")
        if isinstance(avro_type, str):
            avro_type = self.named.get(avro_type, {"type": avro_type})
        return avro_type, optional

    def optional(self, field):
        return self.plain(field["type"])[1]


def schema_files(kind):
    """The versions of a kind, oldest first."""
    files = (SCHEMAS / kind).glob("v*.avsc")
    return sorted(files, key=lambda path: int(path.stem[1:]))


def newest(kind):
    return Schema(schema_files(kind)[-1])


KINDS = sorted({path.parent.name for path in SCHEMAS.glob("*/v*.avsc")})
STORED_KINDS = [kind for kind in KINDS if kind not in WITHOUT_TABLE]


def check_doc(holder, place):
    doc = holder.get("doc", "")
    if not doc.endswith(".") or not doc.isascii():
        yield f"{place}: needs a doc of English sentences"


def check_field_type(schema, field, place):
    if isinstance(field["type"], list):
        if len(field["type"]) != 2 or field["type"][0] != "null":
            yield f'{place}: the only union is ["null", T]'
        if "default" not in field or field["default"] is not None:
            yield f"{place}: an optional field defaults to null"
    plain, _ = schema.plain(field["type"])
    item = schema.plain(plain["items"])[0] if plain["type"] == "array" else plain
    if item["type"] == "string" and "logicalType" not in item and "gridloop.max_length" not in field:
        yield f"{place}: a string needs gridloop.max_length"
    if plain["type"] == "array" and "gridloop.max_items" not in field:
        yield f"{place}: an array needs gridloop.max_items"


def check_field_rules(schema, field, record, place):
    plain, _ = schema.plain(field["type"])
    types = {plain["type"]}
    if plain["type"] == "array":
        types.add(schema.plain(plain["items"])[0]["type"])
    for key in field.keys() - FIELD_KEYS:
        if key not in RULES:
            yield f"{place}: unknown attribute {key}"
            continue
        allowed, fits = RULES[key]
        if allowed and not allowed & types:
            yield f"{place}: {key} does not go with {plain['type']}"
        if not fits(field[key]):
            yield f"{place}: {key} has a value of the wrong type"
    others = {other["name"]: other for other in record["fields"] if other is not field}
    for name in field.get("gridloop.requires", []):
        if name not in others:
            yield f"{place}: requires {name}, which is no other field"
        elif not schema.optional(others[name]):
            yield f"{place}: requires {name}, which is never null"


def check_type(schema, avro_type, place):
    plain, _ = schema.plain(avro_type)
    if plain["type"] == "enum":
        if plain["symbols"][0] != "UNKNOWN" or plain.get("default") != "UNKNOWN":
            yield f"{place}: an enum begins with UNKNOWN and defaults to it"
    elif plain["type"] == "array":
        yield from check_type(schema, plain["items"], place)
    elif plain["type"] == "record":
        yield from check_record(schema, plain, place)


def check_record(schema, record, place):
    yield from check_doc(record, place)
    if not re.fullmatch(r"([A-Z][a-z0-9]+)+", record["name"]):
        yield f"{place}: a record's name is in CamelCase"
    for field in record["fields"]:
        inside = f"{place}.{field['name']}"
        if not re.fullmatch(r"[a-z][a-z0-9_]*", field["name"]):
            yield f"{inside}: a field's name is in snake_case"
        yield from check_doc(field, inside)
        yield from check_field_type(schema, field, inside)
        yield from check_field_rules(schema, field, record, inside)
        yield from check_type(schema, field["type"], inside)


def check_schema(kind, schema):
    name = "".join(word.capitalize() for word in kind.split("_"))
    if (schema.json.get("namespace"), schema.json["name"]) != ("gridloop", name):
        yield f"{kind}: the record is gridloop.{name}"
    yield from check_record(schema, schema.json, kind)


def check_evolution(kind, schemas=None):
    """What every version owes the one before it, so that a line sent again by a newer device has the same content
    hash and every daemon reads every device: fields keep their places, new ones stand at the end with a default."""
    schemas = schemas or [Schema(path) for path in schema_files(kind)]
    for number, (old, new) in enumerate(zip(schemas, schemas[1:]), 2):
        for index, field in enumerate(old.fields):
            now = new.fields[index] if index < len(new.fields) else {"name": "nothing"}
            if field["name"] not in (now["name"], *now.get("aliases", [])):
                yield f"{kind}: v{number}: {now['name']} stands in the place of {field['name']}"
        for field in new.fields[len(old.fields):]:
            if "default" not in field:
                yield f"{kind}: v{number}: {field['name']} is new and has no default"
        for name, old_type in old.named.items():
            symbols = new.named.get(name, {}).get("symbols", [])
            if old_type["type"] == "enum" and symbols[:len(old_type["symbols"])] != old_type["symbols"]:
                yield f"{kind}: v{number}: {name} does not begin with the symbols that it had"


def check_common_fields():
    """Every kind begins with the same fields, word for word."""
    first = None
    for kind in KINDS:
        head = newest(kind).fields[:len(COMMON)]
        first = first or head
        if [field["name"] for field in head] != COMMON:
            yield f"{kind}: the first fields are {', '.join(COMMON)}"
        elif head != first:
            yield f"{kind}: the common fields differ from those of {KINDS[0]}"


def check_shared_types():
    """A type that two kinds name alike is the same in both."""
    seen = {}
    for kind in KINDS:
        for name, avro_type in newest(kind).named.items():
            if seen.setdefault(name, (kind, avro_type))[1] != avro_type:
                yield f"{kind}: {name} differs from that of {seen[name][0]}"


# ---- events ----

class Refused(Exception):
    """An event does not fit its schema."""


def read_time(text):
    if not isinstance(text, str) or not RFC3339.fullmatch(text):
        raise Refused("is not a time of RFC 3339 with a zone and at most six decimals")
    try:
        return datetime.datetime.fromisoformat(text.upper()).astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError):
        raise Refused("is no time that exists") from None


def read_uuid(text):
    if not isinstance(text, str) or not UUID.fullmatch(text):
        raise Refused("is not a UUID")
    return uuid.UUID(text)


def read_number(value, avro_type):
    if not is_number(value):
        raise Refused("is not a number")
    if avro_type in INTEGER_BITS:
        half = 1 << (INTEGER_BITS[avro_type] - 1)
        if not isinstance(value, int) or not -half <= value < half:
            raise Refused(f"is not an {avro_type}")
        return value
    try:
        return struct.unpack("f", struct.pack("f", value))[0] if avro_type == "float" else float(value)
    except OverflowError:
        raise Refused(f"does not fit a {avro_type}") from None


def read_value(schema, avro_type, value):
    """The Avro value of a plain JSON value; raises Refused. Attributes inside records are looked at too."""
    plain, optional = schema.plain(avro_type)
    if value is None and optional:
        return None
    name = plain["type"]
    if plain.get("logicalType") == "timestamp-micros":
        return read_time(value)
    if plain.get("logicalType") == "uuid":
        return read_uuid(value)
    if name in NUMBERS:
        return read_number(value, name)
    if name == "record":
        return read_record(schema, plain, value)
    if name == "array" and isinstance(value, list):
        return [read_value(schema, plain["items"], item) for item in value]
    if (name == "boolean" and isinstance(value, bool) or name == "string" and isinstance(value, str)
            or name == "enum" and value in plain["symbols"]):
        return value
    raise Refused(f"is not of type {name}")


def read_record(schema, record, event):
    if not isinstance(event, dict):
        raise Refused("is not an object")
    problems = [f"{name}: unknown field" for name in event.keys() - {f["name"] for f in record["fields"]}]
    result = {}
    for field in record["fields"]:
        name = field["name"]
        try:
            if name not in event and "default" not in field:
                raise Refused("is missing")
            value = read_value(schema, field["type"], event.get(name, field.get("default")))
            result[name] = value
            if value is not None:
                problems += [f"{name}: {reason}" for reason in broken_rules(field, value)]
                problems += [f"{name}: needs {other}" for other in field.get("gridloop.requires", [])
                             if event.get(other) is None]
        except Refused as reason:
            problems.append(f"{name}: {reason}")
    if problems:
        raise Refused("; ".join(problems))
    return result


def check_event(schema, event):
    """Reads an event, and sends it through Avro and back."""
    try:
        value = read_record(schema, schema.json, event)
    except Refused as reason:
        return [str(reason)]
    wire = io.BytesIO()
    fastavro.schemaless_writer(wire, schema.avro, value)
    wire.seek(0)
    if fastavro.schemaless_reader(wire, schema.avro) != value or wire.read():
        return ["does not come back from Avro as it went in"]
    return []


def missing_values(schema, record, event, place=""):
    """Every field, at any depth, that the event leaves out, leaves null or leaves empty as an array."""
    for field in record["fields"]:
        value = event.get(field["name"])
        if value is None or value == []:
            yield place + field["name"]
        elif isinstance(value, list):
            items, _ = schema.plain(schema.plain(field["type"])[0]["items"])
            for item in value if items["type"] == "record" else []:
                yield from missing_values(schema, items, item, f"{place}{field['name']}.")


def check_examples(kind):
    schema = newest(kind)
    examples = {path.stem: json.loads(path.read_text("utf-8"))
                for path in sorted((SCHEMAS / kind / "examples").glob("*.json"))}
    for name in {"fullest", "smallest", "ordinary"} - examples.keys():
        yield f"{kind}: examples/{name}.json is missing"
    for name, event in examples.items():
        for problem in check_event(schema, event):
            yield f"{kind}: examples/{name}.json: {problem}"
    required = {field["name"] for field in schema.fields if not schema.optional(field)}
    if examples.get("smallest", {}).keys() != required:
        yield f"{kind}: examples/smallest.json has the required fields and no other"
    for name in missing_values(schema, schema.json, examples.get("fullest", {})):
        yield f"{kind}: examples/fullest.json leaves out {name}"


# ---- tables ----

def sql_type(schema, avro_type):
    plain, _ = schema.plain(avro_type)
    if plain["type"] == "record":
        return "json"
    if plain["type"] == "array":
        item = sql_type(schema, plain["items"])
        return "json" if item == "json" else item + "[]"
    return SQL_TYPES[plain.get("logicalType", plain["type"])]


def expected_columns(schema):
    """Column -> (type, not null), in the order of the table."""
    columns = {field["name"]: (sql_type(schema, field["type"]), not schema.optional(field))
               for field in schema.fields}
    order = [*COMMON[:3], "stored_at", *COMMON[3:], "source_id", "topic_offset", "content_hash",
             *(name for name in columns if name not in COMMON), *FOUND]
    columns |= STORED | FOUND
    return {name: columns[name] for name in order}


def parse_column(text):
    """'name type [not null] ...' -> name, (type, not null)"""
    types = sorted({*SQL_TYPES.values(), "json"}, key=len, reverse=True)
    match = re.fullmatch(rf"(\w+) ((?:{'|'.join(types)})(?:\[\])?)( .*)?", text)
    return (match[1], (match[2], "not null" in (match[3] or ""))) if match else (text, None)


def created_columns(kind):
    """The columns in table.sql, in their order."""
    text = (SCHEMAS / kind / "table.sql").read_text("utf-8")
    body = re.search(rf"^create table events\.{kind} \(\n(.*?)\n\);", text, re.DOTALL | re.MULTILINE)
    return dict(parse_column(line.strip().rstrip(",")) for line in body[1].split("\n")) if body else {}


def added_columns(kind):
    """The columns that the later migrations NNN.sql of the kind add."""
    pattern = rf"^alter table events\.{kind} add column (.*);"
    files = sorted((SCHEMAS / kind).glob("[0-9]*.sql"))
    return dict(parse_column(line) for path in files
                for line in re.findall(pattern, path.read_text("utf-8"), re.MULTILINE))


def widened_columns(kind):
    """The columns that the later migrations give another type: name -> type."""
    pattern = rf"^alter table events\.{kind} alter column (\w+) type (.*);"
    files = sorted((SCHEMAS / kind).glob("[0-9]*.sql"))
    return dict(found for path in files for found in re.findall(pattern, path.read_text("utf-8"), re.MULTILINE))


def former_columns(kind):
    """The columns of fields that have another name now; rows of before keep them, so they stay, and may be null."""
    schemas = [Schema(path) for path in schema_files(kind)]
    aliases = {alias for field in schemas[-1].fields for alias in field.get("aliases", [])}
    return {name: (column, False) for schema in schemas[:-1]
            for name, (column, _) in expected_columns(schema).items() if name in aliases}


def check_columns(kind):
    created, wanted = created_columns(kind), expected_columns(newest(kind)) | former_columns(kind)
    found = created | added_columns(kind)
    found |= {name: (wider, found[name][1]) for name, wider in widened_columns(kind).items()}
    for name in wanted.keys() | found.keys():
        if found.get(name) != wanted.get(name):
            yield f"{kind}: column {name}: {found.get(name)} instead of {wanted.get(name)}"
    if list(created) != list(expected_columns(Schema(schema_files(kind)[0]))):
        yield f"{kind}: the columns of table.sql are not in the order of v1.avsc"


def check_comments(kind):
    """Each column has a comment: the schema's doc, then Chinese."""
    schema = newest(kind)
    docs = {field["name"]: field["doc"] for field in schema.fields}
    files = [SCHEMAS / kind / "table.sql", *sorted((SCHEMAS / kind).glob("[0-9]*.sql"))]
    sql = "\n".join(path.read_text("utf-8") for path in files)
    pattern = r"^comment on {} is\s+'((?:[^']|'')*)';"
    found = dict(re.findall(pattern.format(rf"column events\.{kind}\.(\w+)"), sql, re.MULTILINE))
    found[kind] = "".join(re.findall(pattern.format(rf"table events\.{kind}"), sql, re.MULTILINE))
    docs[kind] = schema.json["doc"]
    for name in [kind, *expected_columns(schema), *former_columns(kind)]:
        comment = found.get(name, "").replace("''", "'")
        english, _, chinese = comment.rpartition(". ")
        if not english or not english.isascii() or not CHINESE.search(chinese):
            yield f"{kind}: the comment on {name} is not English followed by Chinese"
        elif english + "." != docs.get(name, english + "."):
            yield f"{kind}: the comment on {name} differs from the schema's doc"


def check_protection(kind):
    """What keeps a stored event as it is."""
    sql = (SCHEMAS / kind / "table.sql").read_text("utf-8")
    for text in (rf"before update or delete on events\.{kind}\s+for each row execute function events\.refuse_change\(\);",
                 rf"before truncate on events\.{kind}\s+for each statement execute function events\.refuse_change\(\);",
                 rf"constraint {kind}_pkey primary key"):
        if not re.search(text, sql):
            yield f"{kind}: table.sql lacks {text}"
    if re.findall(r"^grant .*;", sql, re.MULTILINE) != [f"grant select, insert on events.{kind} to gridloop_ingest;"]:
        yield f"{kind}: table.sql grants select and insert to gridloop_ingest and nothing else"


def check_table(kind):
    yield from check_columns(kind)
    yield from check_comments(kind)
    yield from check_protection(kind)


# ---- real events ----

def check_real_events():
    """Every line of the 311 data set against the contract: (lines per kind, problems)."""
    schemas = {kind: newest(kind) for kind in STORED_KINDS}
    count, problems = collections.Counter(), []
    with gzip.open(REAL_EVENTS, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            event = json.loads(line)
            kind = event.pop("kind")
            event.pop("schema_version")
            count[kind] += 1
            problems += [f"line {number}: {kind}: {problem}" for problem in check_event(schemas[kind], event)]
    return count, problems


def main():
    problems = [*check_common_fields(), *check_shared_types()]
    for kind in KINDS:
        for path in schema_files(kind):
            schema = Schema(path)
            problems += check_schema(kind, schema)
            optional = sum(map(schema.optional, schema.fields))
            print(f"{path.relative_to(ROOT)}: {len(schema.fields)} fields, {optional} of them optional")
        problems += check_evolution(kind)
        problems += check_examples(kind)
        if kind in STORED_KINDS:
            problems += check_table(kind)
    if REAL_EVENTS.exists():
        count, broken = check_real_events()
        problems += broken
        print(f"{REAL_EVENTS}: {sum(count.values())} events {dict(count)}")
    else:
        print(f"{REAL_EVENTS}: not there, not checked")
    print("\n".join(problems) or "all is well")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
