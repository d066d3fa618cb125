"""Waiting for something to become so; the only way in which these tests wait."""
import time


class TookTooLong(AssertionError):
    pass


def wait_for(condition, timeout, what, every=0.05):
    """Asks condition() again and again, and returns its first true answer.

    what: a sentence for the report, or a function that makes one from how things are then.
    """
    end = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            said = what() if callable(what) else what
            raise TookTooLong(f"not so after {timeout} s: {said}")
        time.sleep(every)
