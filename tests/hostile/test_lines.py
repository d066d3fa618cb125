"""Lines of JSON that no device should send: refused where they are accepted, with a reason that quotes nothing."""
import json

import pytest

from checker import check_all
from events import KINDS, to_json
from producer import produce
from world import World

KIND = "patrol_log"


def changed(line, **changes):
    return json.dumps(line | changes, ensure_ascii=False).encode()


def spliced(line, text):
    """The line with one more member, as text."""
    return json.dumps(line, ensure_ascii=False).encode()[:-1] + b", " + text + b"}"


# number: name: the line made from a good one, a word of the reason
LINES = {
    20: {"nesting of 100,000 arrays": (lambda line: spliced(line, b'"remark": ' + b"[" * 100_000 + b"]" * 100_000), "50000 values"),
         "nesting of 5,000 objects": (lambda line: spliced(line, b'"x": ' + b'{"a": ' * 5000 + b"1" + b"}" * 5000), "deeply")},
    22: {"a line that is not UTF-8": (lambda line: spliced(line, b'"remark": "\xff"'), "UTF-8"),
         "a lone surrogate as an escape": (lambda line: spliced(line, b'"remark": "\\ud800"'), "JSON")},
    23: {"NUL as an escape": (lambda line: spliced(line, b'"remark": "a\\u0000b"'), "U+0000"),
         "NUL as it is": (lambda line: spliced(line, b'"remark": "a\0b"'), "")},
    28: {"text that is no UUID": (lambda line: changed(line, patrol_id="no uuid"), "patrol_id"),
         "a number with a fraction for a whole one": (lambda line: changed(line, police_count=1.5), "police_count")},
    29: {"a text of 1 MiB": (lambda line: changed(line, remark="x" * (1 << 20)), "remark"),
         "a line of 3 MB": (lambda line: changed(line, remark="x" * 3_000_000), "")},
    31: {"the same key twice": (lambda line: spliced(line, b'"police_count": 1'), "twice"),
         "the same key twice, inside": (lambda line: spliced(
             line, b'"information_items": [{"item_kind": "a", "item_count": 1, "item_count": 2}]'), "twice"),
         "a number of 1e400": (lambda line: spliced(line, b'"waste_volume_m3": 1e400'), "bounds"),
         "a number of 400 digits": (lambda line: spliced(line, b'"wires_fixed": ' + b"9" * 400), "bounds"),
         "a name that is no field": (lambda line: changed(line, weather="secret weather"), "weather")},
}
CASES = [(number, name) for number, of_number in LINES.items() for name in of_number]


@pytest.fixture(scope="module")
def sent(stack, template, tmp_path_factory):
    """All of them in one run, each between two good ones, to a running daemon."""
    world = World(stack, template, tmp_path_factory.mktemp("lines"))
    rng, of = world.rng(), KINDS[KIND]
    world.make_topic(KIND)
    daemon = world.consumer(KIND)
    lines = [json.dumps(to_json(of, of.fresh(rng))).encode()]
    for number, name in CASES:
        lines += [LINES[number][name][0](to_json(of, of.fresh(rng, "smallest"))),
                  json.dumps(to_json(of, of.fresh(rng))).encode()]
    run = produce(world, KIND, b"\n".join(lines) + b"\n", max_line_bytes=2 << 20)
    world.settle_and_stop(daemon)
    yield world, run
    problems = world.close()
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("number, name", CASES)
def test_line(sent, table, number, name):
    _, run = sent
    place = 2 + 2 * CASES.index((number, name))
    said = [line for line in run.said.splitlines() if line.startswith(f"line {place}: ")]
    table(number, f"a device's line: {name}", "refused", said[0].split(": ", 1)[1][:70] if said else "taken")
    assert len(said) == 1 and place not in run.receipts
    assert LINES[number][name][1] in said[0] and len(said[0]) < 400
    assert "secret weather" not in said[0] and "no uuid" not in said[0]


def test_all_others_are_stored(sent):
    world, run = sent
    assert run.code == 65
    assert set(run.receipts) == set(range(1, 2 * len(CASES) + 2, 2))
    assert world.rows(KIND) == len(CASES) + 1
    check_all(world)
