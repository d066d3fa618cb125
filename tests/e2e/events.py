"""Events and their bytes, made by code that is not ours: fastavro, and what the contract says.

An event is a dict with a value for every field, as it stands on the wire: times are microseconds since 1970,
UUIDs are text, enums are symbols.
"""
import datetime
import io
import json
import math
import string
import struct
import uuid

import fastavro
import fastavro.schema

from places import POSITIONS, why_unplaceable
from stack import ROOT

FRAME = b"\xc3\x01"
YEAR_2000 = 946_684_800_000_000  # from which PostgreSQL counts
LONGEST = 24  # characters of a random text, unless its field asks for more


def crc64_avro(data):
    """The fingerprint of the Avro specification."""
    empty = 0xC15D213AA4D7A795
    crc = empty
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (empty if crc & 1 else 0)
    return crc


def murmur2(data):
    """Kafka's hash of a key (org.apache.kafka.common.utils.Utils.murmur2), without its sign."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for (k,) in struct.iter_unpack("<I", data[:whole]):
        k = k * m & mask
        k ^= k >> 24
        h = (h * m & mask) ^ (k * m & mask)
    if data[whole:]:
        h ^= int.from_bytes(data[whole:], "little")
        h = h * m & mask
    h ^= h >> 13
    h = h * m & mask
    h ^= h >> 15
    return h


def partition_of(key, partitions):
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def without_logical_types(avro_type):
    if isinstance(avro_type, list):
        return [without_logical_types(branch) for branch in avro_type]
    if isinstance(avro_type, dict):
        return {key: [dict(field, type=without_logical_types(field["type"])) for field in value] if key == "fields"
                else without_logical_types(value) if key in ("type", "items", "values") else value
                for key, value in avro_type.items() if key != "logicalType"}
    return avro_type


class Type:
    """What a field may hold, with null and names out of the way."""

    def __init__(self, avro_type, named):
        self.optional = isinstance(avro_type, list)
        if self.optional:
            avro_type = next(branch for branch in avro_type if branch != "null")
        if isinstance(avro_type, str):
            avro_type = named.get(avro_type, {"type": avro_type})
        if "name" in avro_type:
            named[avro_type["name"]] = avro_type
        self.name = avro_type.get("logicalType") or avro_type["type"]
        self.symbols = avro_type.get("symbols")
        self.item = Type(avro_type["items"], named) if self.name == "array" else None
        self.fields = [Field(field, named) for field in avro_type.get("fields", [])]


class Field:
    def __init__(self, field, named):
        self.name = field["name"]
        self.type = Type(field["type"], named)
        self.rules = {key.removeprefix("gridloop."): value for key, value in field.items() if "." in key}
        self.has_default = "default" in field
        self.default = field.get("default")


class Kind:
    """version: None, the newest, which the consumers read with."""

    def __init__(self, name, version=None):
        self.name = name
        self.hyphens = name.replace("_", "-")
        self.folder = ROOT / "schemas" / name
        self.version = version or max(int(path.stem[1:]) for path in self.folder.glob("v*.avsc"))
        self.schema = json.loads((self.folder / f"v{self.version}.avsc").read_text("utf-8"))
        self.record = Type(self.schema, {})
        self.fields = {field.name: field for field in self.record.fields}
        self.avro = fastavro.parse_schema(without_logical_types(self.schema))
        canonical = fastavro.schema.to_parsing_canonical_form(self.schema)
        self.fingerprint = struct.pack("<Q", crc64_avro(canonical.encode()))

    # ---- bytes ----

    def body(self, event):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self.avro, event)
        return out.getvalue()

    def encode(self, event):
        return FRAME + self.fingerprint + self.body(event)

    def decode(self, value):
        """The event of a message; raises ValueError if anything about the bytes is wrong."""
        if value[:10] != FRAME + self.fingerprint:
            raise ValueError("not a single object of this schema")
        body = io.BytesIO(value[10:])
        event = fastavro.schemaless_reader(body, self.avro)
        if body.read():
            raise ValueError("bytes behind the event")
        return event

    def pieces(self, event):
        """Field -> its bytes; put together they are the body."""
        ends = [0]
        for count in range(1, len(self.fields) + 1):
            head = fastavro.parse_schema(self.avro | {"fields": without_logical_types(self.schema)["fields"][:count]})
            out = io.BytesIO()
            fastavro.schemaless_writer(out, head, event)
            ends.append(out.tell())
        body = self.body(event)
        return {name: body[ends[index]:ends[index + 1]] for index, name in enumerate(self.fields)}

    def key(self, event):
        return KEYS[self.name](event).encode()

    def headers(self, event):
        return [("ce_specversion", b"1.0"), ("ce_type", b"gridloop." + self.name.encode()),
                ("ce_source", b"gridloop/tests"), ("ce_id", event["event_id"].encode()),
                ("content-type", b"application/avro")]

    # ---- events from JSON ----

    def examples(self):
        """Name -> plain JSON, as a device would send it."""
        return {path.stem: json.loads(path.read_text("utf-8"))
                for path in sorted((self.folder / "examples").glob("*.json"))}

    def from_json(self, line):
        return record_from_json(self.record, line)

    def example(self, name="ordinary", **changes):
        return self.from_json(self.examples()[name]) | changes

    def fresh(self, rng, name="ordinary", **changes):
        """A new event: the example with identities of its own."""
        event = self.example(name)
        for field in ("event_id", "patrol_id", "finding_id", "case_id", "action_id"):
            if field in event:
                event[field] = random_uuid(rng)
        for field in ("alert_id", "task_id"):
            if field in event:
                event[field] = f"T-{rng.getrandbits(48):012x}"
        return event | changes

    # ---- events at random ----

    def random(self, rng, fill=0.5, plain=False):
        """An event that keeps the contract. fill: share of the optional fields that are set. plain: only values
        that JSON lines can say and that no rule about personal numbers could mistake. Where it is can be said."""
        return placeable(self.name, rng, random_record(self.record, rng, fill, plain))


def placeable(kind, rng, event):
    """The event, its position changed if no consumer could say where it is."""
    reason = why_unplaceable(kind, event)
    if reason == "range":
        event[POSITIONS[kind][0]] = 114.35
    return event | {"source_crs": rng.choice(["WGS84", "CGCS2000", "GCJ02", "BD09"])} if reason else event


def content(kind, event):
    """Equal for two messages with the same content: all but recorded_at, as typed values."""
    return tuple(comparable(field.type, event[name]) for name, field in kind.fields.items() if name != "recorded_at")


# ---- from JSON ----

def micros(text):
    time = datetime.datetime.fromisoformat(text.upper())
    return (time - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def time_text(us):
    """RFC 3339 as the store writes it into json columns."""
    time = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=us)
    return time.isoformat(timespec="microseconds" if time.microsecond else "seconds") + "Z"


def single(number):
    """The nearest number of single precision."""
    return struct.unpack("<f", struct.pack("<f", number))[0]


def record_from_json(record, line):
    assert line.keys() <= {field.name for field in record.fields}
    return {field.name: value_from_json(field.type, line.get(field.name, field.default)) for field in record.fields}


def value_from_json(type_, value):
    if value is None:
        return None
    if type_.name == "timestamp-micros":
        return micros(value)
    if type_.name == "uuid":
        return value.lower()
    if type_.name == "float":
        return single(value)
    if type_.name == "double":
        return float(value)
    if type_.name == "array":
        return [value_from_json(type_.item, item) for item in value]
    if type_.name == "record":
        return record_from_json(type_, value)
    return value


def to_json(kind, event):
    """The line of a device for an event; nulls are left out."""
    return {name: json_value(field.type, event[name]) for name, field in kind.fields.items()
            if event[name] is not None}


def json_value(type_, value):
    if value is None:
        return None
    if type_.name == "timestamp-micros":
        return time_text(value)
    if type_.name == "uuid":
        return str(uuid.UUID(value))
    if type_.name == "array":
        return [json_value(type_.item, item) for item in value]
    if type_.name == "record":
        return {field.name: json_value(field.type, value[field.name]) for field in type_.fields}
    return value


# ---- rows ----

def is_json_column(type_):
    return type_.name == "array" and type_.item.name not in ("string", "uuid")


def comparable(type_, value):
    """One form for a value of an event and for what select_list() makes of its column."""
    if value is None:
        return None
    if type_.name in ("float", "double"):
        return struct.pack("<f" if type_.name == "float" else "<d", value) if not math.isnan(value) else "nan"
    if type_.name == "uuid":
        return str(value).lower()
    if type_.name == "array":
        return tuple(comparable(type_.item, item) for item in value)
    if type_.name == "record":
        return tuple(comparable(field.type, value[field.name]) for field in type_.fields)
    return value


def read_json_value(type_, value):
    """The same for what json.loads() makes of a json column. Its names are those of the schema, in that order."""
    if value is None:
        return None
    if type_.name == "timestamp-micros":
        return micros(value)
    if type_.name == "array":
        return [read_json_value(type_.item, item) for item in value]
    if type_.name == "record":
        assert list(value) == [field.name for field in type_.fields]
        return {field.name: read_json_value(field.type, value[field.name]) for field in type_.fields}
    return value


def read_json_column(type_, text):
    return read_json_value(type_, json.loads(text))


def comparable_column(type_, value):
    """comparable() of a column's value as select_list() fetches it."""
    if value is not None and type_.name == "timestamp-micros":
        value = int.from_bytes(value, "big", signed=True) + YEAR_2000
    if value is not None and is_json_column(type_):
        value = read_json_column(type_, value)
    return comparable(type_, value)


def select_column(field):
    """The column so that nothing is lost on the way to Python."""
    if field.type.name == "timestamp-micros":
        return f"pg_catalog.timestamptz_send({field.name}) as {field.name}"
    return f"{field.name}::text" if is_json_column(field.type) else field.name


def select_list(kind):
    return ", ".join(select_column(field) for field in kind.fields.values())


# ---- at random ----

ALPHABETS = [string.ascii_letters, string.ascii_letters + " .,;:/\\'\"%{}[]<>|=\t\n", "黄土裸露焚烧违建人居环境 ",
             "äöüßéñøå", "\U0001F525\U0001F681é\u0301\u200d\ufeff\u202e", "\x01\x7f\x1b"]
FIRST_TIME = -62_135_596_800_000_000  # of the contract: years 1 to 9999
LAST_TIME = 253_402_300_799_999_999


def random_uuid(rng):
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def random_time(rng, plain):
    if plain or rng.random() < 0.7:
        unit = rng.choice([1, 1000, 1_000_000])
        return rng.randrange(1_577_836_800_000_000, 1_893_456_000_000_000) // unit * unit
    return rng.choice([0, -1, FIRST_TIME, LAST_TIME, rng.randint(FIRST_TIME, LAST_TIME)])


def random_number(rng, type_, rules, plain):
    low, high = rules.get("minimum", -math.inf), rules.get("maximum", math.inf)
    if type_.name in ("int", "long"):
        half = 1 << (31 if type_.name == "int" else 63)
        low, high = int(max(low, -half)), int(min(high, half - 1))
        return rng.choice([low, high, rng.randint(low, high), rng.randint(low, min(high, low + 100))])
    whole = struct.unpack("<d", rng.randbytes(8))[0]
    choices = [0.0, -0.0, 5e-324, 0.1, 1 / 3, 1e-7, 114.364776, 1e15 + 0.5, low, high, whole,
               rng.uniform(max(low, -1e6), min(high, 1e6))]
    if low == -math.inf and not plain:
        choices += [math.inf, -math.inf, math.nan]
    allowed = [number for number in choices
               if (low <= number <= high or math.isnan(number) and low == -math.inf)
               and not (plain and (math.isinf(number) or math.isnan(number)))]
    number = float(rng.choice(allowed))
    if type_.name == "float":
        try:
            number = single(number)
        except OverflowError:
            number = single(1 / 3)
    return number if plain and low <= number <= high or not plain else 0.5


def random_text(rng, rules, plain):
    if "hex" in rules:
        return "".join(rng.choice("0123456789abcdefABCDEF") for _ in range(rules["hex"]))
    longest = rules.get("max_length", LONGEST)
    size = rng.randint(rules.get("min_length", 0), min(longest, LONGEST))
    if rng.random() < 0.02:
        size = longest
    alphabet = rng.choice(ALPHABETS[:3] if plain else ALPHABETS)
    return "".join(rng.choice(alphabet) for _ in range(size))


def random_array(rng, type_, rules, plain):
    size = rng.choice([0, 1, 2, 3, 5, min(40, rules.get("max_items", 40))])
    return [random_value(rng, type_.item, rules, plain) for _ in range(size)]


def random_value(rng, type_, rules, plain):
    if type_.name == "boolean":
        return rules.get("must_be", rng.random() < 0.5)
    if type_.name in ("int", "long", "float", "double"):
        return random_number(rng, type_, rules, plain)
    if type_.name == "timestamp-micros":
        return random_time(rng, plain)
    if type_.name == "uuid":
        text = random_uuid(rng)
        return text.upper() if rng.random() < 0.2 else text
    if type_.name == "enum":
        return rng.choice(type_.symbols)
    if type_.name == "array":
        return random_array(rng, type_, rules, plain)
    if type_.name == "record":
        return random_record(type_, rng, 0.7, plain)
    return random_text(rng, rules, plain)


def random_record(record, rng, fill, plain):
    wanted = {field.name for field in record.fields if not field.type.optional or rng.random() < fill}
    missing = True
    while missing:
        missing = {other for field in record.fields if field.name in wanted
                   for other in field.rules.get("requires", [])} - wanted
        wanted |= missing
    return {field.name: random_value(rng, field.type, field.rules, plain) if field.name in wanted else None
            for field in record.fields}


KEYS = {  # of the messages
    "drone_alert": lambda event: event["producer_id"] + "/" + (event["references_alert_id"] or event["alert_id"]),
    "patrol_log": lambda event: event["patrol_id"].lower(),
    "inspection_finding": lambda event: event["finding_id"].lower(),
    "case_action": lambda event: event["case_id"].lower(),
    "flight_task": lambda event: event["producer_id"] + "/" + event["task_id"],
}
KINDS = {path.parent.name: Kind(path.parent.name) for path in sorted(ROOT.glob("schemas/*/table.sql"))}
