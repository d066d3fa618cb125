import os
import secrets

import pytest


@pytest.fixture
def seed():
    number = int(os.environ.get("GRIDLOOP_SEED") or secrets.randbits(31))
    print("GRIDLOOP_SEED =", number)
    return number
