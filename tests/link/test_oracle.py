"""The C function against the oracle, on random streams; and the same stream cut in any way."""
import collections

import lines
import pytest
import streams

SIGHTINGS = 50_000


def alike(a, b):
    return (a is None and b is None) or (a is not None and b is not None and abs(a - b) < 0.001)


def differences(got, wanted):
    for n, (g, w) in enumerate(zip(got, wanted, strict=True)):
        same = all(getattr(g, name) == getattr(w, name) for name in
                   ("event_id", "outcome", "case", "related", "basis", "used", "age", "flags"))
        if not same or not alike(g.distance, w.distance) or not alike(g.radius, w.radius):
            yield n, g, w


def test_the_function_agrees_with_the_oracle(seed, tmp_path, capsys):
    stream = streams.Stream(seed, SIGHTINGS)
    lines.write(tmp_path / "lines", streams.RULES, stream.steps)
    different = list(differences(lines.link(tmp_path / "lines"), stream.decisions))
    outcomes = collections.Counter(d.outcome for d in stream.decisions)
    flags = collections.Counter(flag for d in stream.decisions for flag in d.flags)
    with capsys.disabled():
        print(f"\nseed {seed}: {SIGHTINGS} sightings, {len(stream.linker.cases)} cases, {len(different)} different; "
              f"{dict(outcomes)} {dict(flags)}")
    assert not different, different[:3]
    # A stream in which something never comes about proves nothing of it.
    for outcome in ("new", "more", "reopen", "repeat", "possible_repeat", "muted", "revision", "withdrawn", "waits",
                    "no_case"):
        assert outcomes[outcome] > 50, outcome
    for flag in ("implausible", "before_first", "past_life", "assumed", "far", "inaccurate", "other_unit", "id_taken",
                 "cancels", "asks", "takes_waiting", "sends"):
        assert flags[flag] > 20, flag


@pytest.mark.parametrize("batches", ["1", "7", "{seed}..30", "{seed}..3000"])
def test_the_cut_changes_nothing(seed, tmp_path, batches):
    stream = streams.Stream(seed, 4_000)
    lines.write(tmp_path / "lines", streams.RULES, stream.steps)
    whole = lines.link(tmp_path / "lines")
    assert lines.link(tmp_path / "lines", batches.format(seed=seed)) == whole
