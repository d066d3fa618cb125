"""When a ratio says something."""
import pytest

import figures
from figures import Result, judged


@pytest.mark.parametrize("ratios, verdict", [
    ([0.8, 0.85, 0.9], "pass"),
    ([0.7, 0.75, 0.79], "FAIL"),
    ([0.9, 0.9], "too few rounds"),
    ([0.5, 0.9, 1.3], "too noisy"),
    ([0.1, 0.8, 0.82, 0.84, 5.0], "pass"),  # a round in which something else ran does not matter
])
def test_at_least(ratios, verdict):
    result = judged("x", ratios, bar=0.8)
    assert result.verdict == verdict
    assert (result.ratio is None) == verdict.startswith("too")


def test_at_most():
    assert judged("x", [2.1, 2.2, 2.3], bar=2.2, at_most=True).verdict == "pass"
    assert judged("x", [2.2, 2.3, 2.4], bar=2.2, at_most=True).verdict == "FAIL"


def test_without_a_bar_nothing_is_missed():
    assert judged("x", [0.1, 0.1, 0.1]).verdict == "shown"
    assert Result("x").verdict == "shown"


def test_memory_has_no_spread():
    assert figures.memory("x", 63.9, 64).verdict == "pass"
    assert figures.memory("x", 64.1, 64).verdict == "FAIL"


def test_no_ratio_is_printed_where_it_says_nothing():
    text = figures.as_text([judged("x", [0.51, 0.93, 1.37], bar=0.8)])
    assert "0.93" not in text and "too noisy" in text and "spread 1.60" in text
