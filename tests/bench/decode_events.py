"""Writes what `bench decode` reads: a schema, and events of it in Avro's binary encoding, each behind its length
(four bytes, little endian).

    gridloop-simulate lines --kind drone_alert | decode_events.py FOLDER

Two pairs: contract.avsc and contract.events; plain.avsc and plain.events, which have no uuid fields.
"""
import json
import pathlib
import struct
import sys

import fastavro

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

import events  # noqa: E402


def is_uuid(field):
    return isinstance(field["type"], dict) and field["type"].get("logicalType") == "uuid"


def write(folder, name, kind, schema, lines):
    (folder / f"{name}.avsc").write_text(json.dumps(schema, ensure_ascii=False), "utf-8")
    kind.avro = fastavro.parse_schema(events.without_logical_types(schema))
    with open(folder / f"{name}.events", "wb") as out:
        for line in lines:
            body = kind.body(kind.from_json(line))
            out.write(struct.pack("<I", len(body)) + body)


def main():
    folder = pathlib.Path(sys.argv[1])
    kind = events.Kind("drone_alert")
    lines = [json.loads(line) for line in sys.stdin]
    plain = kind.schema | {"fields": [field for field in kind.schema["fields"] if not is_uuid(field)]}
    write(folder, "contract", kind, kind.schema, lines)
    write(folder, "plain", kind, plain, lines)


main()
