"""Each target for a short while, two at a time; longer: ./dev fuzz all 600."""
import concurrent.futures
import os
import pathlib
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).parent
TARGETS = sorted(path.stem.removesuffix("_fuzz") for path in FOLDER.glob("*_fuzz.c"))
SECONDS = os.environ.get("GRIDLOOP_FUZZ_SECONDS", "20")


def fuzz(target):
    return subprocess.run([FOLDER.parents[1] / "dev", "fuzz", target, SECONDS], capture_output=True, text=True)


@pytest.fixture(scope="module")
def runs():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield {target: pool.submit(fuzz, target) for target in TARGETS}


@pytest.mark.parametrize("target", TARGETS)
def test_target(runs, target):
    run = runs[target].result()
    print(run.stdout)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_are_few_and_small(target):
    seeds = list((FOLDER / "corpus" / target).iterdir())
    assert 0 < len(seeds) <= 100
    assert max(seed.stat().st_size for seed in seeds) <= 64 * 1024
