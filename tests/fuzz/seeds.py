"""Writes the inputs that fuzzing begins with, made of the examples and of hostile messages.

    python seeds.py FOLDER          FOLDER/<target>/<name>; `./dev fuzz seeds` calls it, and keeps the fewest of them
                                    that reach all that they reach together
"""
import itertools
import json
import pathlib
import random
import struct
import sys

TESTS = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "hostile")]

from catalogue import CASES  # noqa: E402
from events import FRAME, KINDS, to_json  # noqa: E402
from hostile import double, number, text  # noqa: E402

RNG = random.Random(20260311)
NUMBERED = ("drone_alert", "patrol_log", "inspection_finding", "case_action", "flight_task")  # as in support.c
CONFIG = """\
# what stands in a file
needed = postgresql:///gridloop
name = Test_1.north-2
choice = reject
number = -5
real = 0.25
unbound = -1e300
on = false
off = true
list = one
text = 一 = 二 # not a comment
kafka.bootstrap.servers = 127.0.0.1:9092
kafka.session.timeout.ms = 6000
"""


def messages():
    """Whole events, and one or two of each case of the catalogue of bad messages."""
    for kind, of in KINDS.items():
        for name in of.examples():
            yield f"{kind}-{name}", of.encode(of.example(name))
        for index in range(8):
            yield f"{kind}-random{index}", of.encode(of.random(RNG, fill=index / 8))
        whole = of.encode(of.example("fullest"))
        yield f"{kind}-cut", whole[:len(whole) // 2]
        yield f"{kind}-trailing", whole + b"\0"
    for case in CASES:
        for index, message in enumerate(itertools.islice(case.make(RNG), 2)):
            if message.value and len(message.value) < 4096:
                yield f"{case.id}-{index}", message.value


def framing():
    for index, (kind, of) in enumerate((name, KINDS[name]) for name in NUMBERED):
        event = of.example("smallest")
        for name, headers, value in [
                ("plain", [], of.encode(event)), ("headers", of.headers(event), of.encode(event)),
                ("beat", [("ce_type", b"gridloop.heartbeat")], None), ("empty", [], b""),
                ("twice", [("ce_type", b"a"), ("ce_type", b"b")], of.encode(event)), ("null", [("ce_type", None)], b"x"),
                ("many", [("x", b"y")] * 101, of.encode(event)), ("confluent", [], b"\0\0\0\0\x07" + of.body(event)),
                ("unknown", [], FRAME + bytes(8) + of.body(event)), ("short", [], FRAME + of.fingerprint)]:
            head = bytes([index, len(headers)])
            for header, content in headers:
                head += bytes([len(header)]) + header.encode()
                head += b"\xff" if content is None else bytes([len(content)]) + content
            yield f"{kind}-{name}", head + (b"\0" if value is None else b"\1" + value)


SCHEMAS = [
    '"null"', '"long"', '{"type": "string", "logicalType": "uuid"}', '{"type": "array", "items": "null"}',
    '{"type": "map", "values": ["null", "int", {"type": "fixed", "name": "F", "size": 3}]}', '["int", "string"]',
    '{"type": "enum", "name": "E", "symbols": ["A", "B"], "default": "A"}',
    '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "R"}]}',
    '{"type": "fixed", "name": "F", "size": -2}', '{"type": "long", "logicalType": "timestamp-micros"}',
    '{"type": "bytes", "logicalType": "decimal", "precision": 4}',
    '{"type": "record", "name": "R", "aliases": ["Q"], "fields": [{"name": "a", "aliases": ["b"], "type": ["null", '
    '{"type": "array", "items": {"type": "record", "name": "S", "fields": [{"name": "x", "type": "float", "default": '
    '1.5, "gridloop.minimum": 1}]}}], "default": null, "gridloop.max_items": 3}]}',
    '{"type": "record", "name": "R", "fields": [{"name": "b", "type": "int", "default": 7}, {"name": "c", "type": '
    '{"type": "map", "values": "bytes"}, "default": {"k": "\\u00ff"}}]}',
]


def schemas():
    body = number(1) + text("x") + double(1.5) + number(-1) + b"\0" * 8
    for index, schema in enumerate(SCHEMAS):
        yield f"small{index}", schema.encode() + b"\0\0" + body
        yield f"pair{index}", schema.encode() + b"\0" + SCHEMAS[index - 1].encode() + b"\0" + body
    for kind, of in KINDS.items():
        # Without their documentation, so that what is changed at random matters.
        bare = json.dumps(without_docs(of.schema), separators=(",", ":")).encode()
        yield f"{kind}", bare + b"\0\0" + of.body(of.example("fullest"))
        grown = without_docs(of.schema)
        grown["fields"] += [{"name": "grown", "type": ["null", "string"], "default": None}]
        yield f"{kind}-grown", json.dumps(grown).encode() + b"\0" + bare + b"\0" + of.body(of.example("ordinary"))


def without_docs(schema):
    if isinstance(schema, list):
        return [without_docs(item) for item in schema]
    if isinstance(schema, dict):
        return {key: without_docs(value) for key, value in schema.items() if key != "doc"}
    return schema


def lines():
    for index, (kind, of) in enumerate((name, KINDS[name]) for name in NUMBERED):
        for name in of.examples():
            yield f"{kind}-{name}", bytes([index]) + json.dumps(of.examples()[name], ensure_ascii=False).encode()
        for number_ in range(8):
            line = json.dumps(to_json(of, of.random(RNG, number_ / 8, plain=True)), ensure_ascii=number_ % 2 == 0)
            yield f"{kind}-random{number_}", bytes([index]) + line.encode()


def contexts():
    for index, context in enumerate(["COPY patrol_log, line 17, column remark", "COPY t, line 2", "", "SQL function x",
                                     "other\nCOPY events.patrol_log, Zeile 4, Spalte b: \"x, 9\"",
                                     "COPY t, line 99999999999999999999", "COPY t"]):
        for state in ("23514", "22P03", "", "57P01", "XX000"):
            yield f"{index}-{state}", state.encode() + b"\0" + context.encode()


def configurations():
    yield "whole", CONFIG.encode()
    for index, line in enumerate(CONFIG.splitlines()):
        yield f"line{index}", line.encode()
    for name, content in [("nul", b"text = a\0b\n"), ("crlf", b"number = 1\r\n"), ("twice", b"on = true\non = true\n"),
                          ("unknown", b"nmber = 1\n"), ("huge", b"number = " + b"9" * 40), ("latin1", b"text = \xe9\n"),
                          ("spaces", b" \t# x\n\n = 3\n"), ("kafka", b"kafka. = 1\nkafka.x=\n"), ("nan", b"unbound = nan")]:
        yield name, content


TARGETS = {"decode": messages, "row": messages, "framing": framing, "schema": schemas, "check": lines,
           "config": configurations, "sqlstate": contexts}


def main(folder):
    for target, make in TARGETS.items():
        place = pathlib.Path(folder) / target
        place.mkdir(parents=True, exist_ok=True)
        for name, content in make():
            (place / name).write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1])
