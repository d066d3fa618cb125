"""promtool and prometheus, which `./dev test` takes out of the distribution's package."""
import os
import pathlib
import subprocess


def program(name):
    return str(pathlib.Path(os.environ["GRIDLOOP_PROMETHEUS"], "bin", name))


def promtool(*arguments, **more):
    return subprocess.run([program("promtool"), *map(str, arguments)], capture_output=True, text=True, timeout=60, **more)


def check_metrics(text):
    """What promtool thinks of an answer of /metrics: nothing bad."""
    done = promtool("check", "metrics", input=text)
    assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr
