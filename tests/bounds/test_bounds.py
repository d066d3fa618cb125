"""What bytes cost the decoder at most: memory of the arena, and instructions as callgrind counts them.

The inputs are always the same ones: events of every contract as large and as odd as the contract lets them be, and
what an attacker would send.
"""
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
os.environ.setdefault("GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS", "")

import events  # noqa: E402

ANSWER = pathlib.Path(os.environ["GRIDLOOP_BUILD"]) / "test/differential_answer"
KINDS = sorted(path.name for path in (ROOT / "schemas").iterdir()
               if path.name != "dispatch_order" and list(path.glob("v*.avsc")))

MOST_INSTRUCTIONS = 200_000  # for each KiB that was begun
MOST_MEMORY = 16             # bytes for each byte, and ...
MOST_MEMORY_MORE = 64 << 10


def number(value):
    zigzag = (value << 1 ^ value >> 63) & (1 << 64) - 1
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes(out) + bytes([zigzag])


def long_number(value):
    """Ten bytes for any number that is not negative."""
    return bytes((value << 1 >> 7 * place & 0x7F) | 0x80 for place in range(9)) + b"\0"


def texts(kind, text):
    """A whole event whose required texts are all this one."""
    event = kind.example()
    for name, field in kind.fields.items():
        if field.type.name == "string" and "hex" not in field.rules:
            event[name] = text
    return kind.body(event)


def item_of(type_):
    """The shortest item of an array that keeps the contract, as bytes."""
    if type_.name == "record":
        return b"".join(b"\0" if field.type.optional else item_of(field.type) if "hex" not in field.rules
                        else b"\x80\1" + b"0" * 64 for field in type_.fields)
    return {"string": b"\2a", "uuid": b"\x48018f3a4e-0000-7000-8000-000000000000", "int": b"\0", "long": b"\0",
            "timestamp-micros": b"\0", "float": bytes(4), "double": bytes(8), "enum": b"\0"}[type_.name]


def arrays(kind):
    """Events in which one array, or all, are said to be large, or are: in one block, in as many as there are items,
    or nested as deep as they go."""
    whole = kind.pieces(kind.example())
    fields = [field for field in kind.fields.values() if field.type.name == "array"]
    for field in fields:
        before = b"".join(whole[name] for name in list(whole)[:list(whole).index(field.name)])
        item = item_of(field.type.item)
        most = field.rules.get("max_items", 1000)
        for count in (1 << 20, 1 << 40, -(1 << 63), most, most + 1):
            yield before + b"\2" + number(count) + item
            yield before + b"\2" + number(count) + item * 3 + b"\xff" * 50
        yield before + b"\2" + number(most) + item * most + b"\0"
        yield before + b"\2" + (b"\2" + item) * most + b"\0"
        yield before + b"\2" + (b"\2" + item) * (most + 1) + b"\0"
        yield before + b"\2" + (b"\1" + number(len(item)) + item) * most + b"\0"
        yield before + b"\2" + (b"\2" + item) * most + b"\1"
    for wrap in (lambda item, most: number(most) + item * most + b"\0", lambda item, most: (b"\2" + item) * most + b"\0"):
        yield b"".join(b"\2" + wrap(item_of(field.type.item), field.rules.get("max_items", 1000))
                       if field in fields else whole[name] for name, field in kind.fields.items())


def plain(rng):
    for fill in (b"\0", b"\1", b"\2", b"\x7e", b"\x80", b"\xff", b"\xc3\xa9"):
        for size in (1, 1024, 100_000):
            yield fill * size
    for size in (10, 1000, 100_000):
        yield rng.randbytes(size)


def inputs(kind, rng):
    yield from plain(rng)
    yield from arrays(kind)
    for text in ("a" * 200, "\u7f51" * 200, "\u00e9" * 200, "\U0001f681" * 200, "a" * 100_000, "\u7f51" * 100_000,
                 "\U0001f681" * 100_000, "\u0000" * 200):
        yield texts(kind, text)
    for fill in (0.0, 0.5, 1.0):
        for _ in range(3):
            body = kind.body(kind.random(rng, fill))
            yield body
            yield body[:-1]
            yield body + b"\0"
            damaged = bytearray(body)
            damaged[rng.randrange(len(damaged))] ^= 0x80
            yield bytes(damaged)
    yield b"".join(long_number(value >> 1) if value < 0x80 else bytes([value]) for value in kind.body(kind.example()))


def piece(raw):
    return struct.pack("<I", len(raw)) + raw


def request(kind, messages):
    schema = json.dumps(kind.schema, ensure_ascii=False).encode()
    return piece(schema) * 2 + struct.pack("<I", len(messages)) + b"".join(map(piece, messages))


def answers(command, kind, messages):
    done = subprocess.run(command, input=request(kind, messages), capture_output=True, check=True)
    return json.loads(done.stdout)["messages"]


def counted(kind, messages, folder):
    """Answers, and the instructions that each took: callgrind writes a file whenever plan_run() returns. The first
    ones are of the reader's defaults."""
    found = answers([shutil.which("valgrind"), "--tool=callgrind", "--toggle-collect=plan_run", "--dump-after=plan_run",
                     "--zero-before=plan_run", "--compress-strings=no", f"--callgrind-out-file={folder}/out", ANSWER],
                    kind, messages)
    parts = sorted(folder.glob("out.*"), key=lambda path: int(path.suffix[1:]))
    totals = [int(re.search(r"^(?:totals|summary): (\d+)", path.read_text(), re.M).group(1)) for path in parts]
    totals = [total for total in totals if total]
    return found, totals[-len(messages):]


@pytest.mark.parametrize("name", KINDS)
def test_no_bytes_cost_much(name, tmp_path):
    kind = events.Kind(name)
    messages = list(inputs(kind, random.Random(name)))
    found, instructions = counted(kind, messages, tmp_path)
    assert len(found) == len(instructions) == len(messages)
    worst_memory = worst_instructions = 0
    for raw, answer, count in zip(messages, found, instructions):
        what = f"{len(raw)} bytes, {raw[:40].hex()}..., {answer.get('reason', 'read')}"
        assert count <= MOST_INSTRUCTIONS * -(-len(raw) // 1024), f"{count} instructions for {what}"
        assert answer["memory"] <= MOST_MEMORY * len(raw) + MOST_MEMORY_MORE, f"{answer['memory']} bytes for {what}"
        worst_memory = max(worst_memory, (answer["memory"] - MOST_MEMORY_MORE) / len(raw))
        worst_instructions = max(worst_instructions, count / -(-len(raw) // 1024))
    accepted = sum("value" in answer for answer in found)
    print(f"{name}: {len(messages)} inputs, {accepted} read; at most {worst_instructions:.0f} instructions per KiB, "
          f"{worst_memory:.1f} bytes of memory per byte above 64 KiB")
    assert accepted >= 9
