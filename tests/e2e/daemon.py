"""One of our daemons as a process: started, watched, stopped, killed, halted."""
import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.error
import urllib.request

from waiting import wait_for

# So that tests of faults need not wait long; nothing else about a daemon is changed.
SHORT_TIMES = {"backoff_max_ms": 500, "kafka.session.timeout.ms": 6000, "kafka.heartbeat.interval.ms": 2000}


def environment(stack, **more):
    """What our programs see: nothing of the tests' own environment that could set an option."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRIDLOOP_", "PG"))}
    return kept | {"GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap} | more


def flags(options):
    """{"batch_rows": 7, "kafka.session.timeout.ms": 6000} -> --batch-rows=7 --kafka.session.timeout.ms=6000"""
    return [f"--{name if name.startswith('kafka.') else name.replace('_', '-')}={value}"
            for name, value in options.items() if value is not None]


class Daemon:
    """point: "after_copy:2:hold" and the like makes the daemon of a build with points stop there (common/point.h);
    wait_point() waits for that, release() ends a hold. program: another one than the kind's."""

    def __init__(self, stack, kind, options, folder, name, build="release", point=None, program=None,
                 operands=()):
        self.kind, self.name = kind, name
        self.log_file = pathlib.Path(folder) / f"{name}.log"
        self._point_file = pathlib.Path(folder) / f"{name}.point"
        self._may_end = self._may_fail = False
        more = {}
        if point:
            more["GRIDLOOP_POINT"] = f"{point}:{self._point_file}"
        if build == "asan":
            more["ASAN_OPTIONS"] = "abort_on_error=1:detect_leaks=1"
            more["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
        with open(self.log_file, "ab") as log:
            program = program or "gridloop-consume-" + kind.replace("_", "-")
            self.process = subprocess.Popen([stack.program(program, build), *flags(SHORT_TIMES | options), *operands],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment(stack, **more))

    # ---- what it says ----

    def output(self):
        return self.log_file.read_text("utf-8", "replace")

    def log(self, message=None):
        """Its lines so far, as dicts; only those with this msg if one is given."""
        lines = [json.loads(line) for line in self.output().splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in lines if message is None or line["msg"] == message]

    def wait_log(self, message, count=1, timeout=30):
        """Waits until it has said message count times, and returns the last such line."""
        return self._wait_for(lambda: self.log(message)[count - 1:], timeout, f"says {message!r} {count} times")[0]

    def claimed(self):
        """How many partitions it claimed last; -1: it has not got so far."""
        lines = self.log("partitions claimed")
        return int(lines[-1]["partitions"]) if lines else -1

    def wait_claimed(self, partitions=None, timeout=30):
        """Waits until it owns so many partitions; None: until it has claimed any, which it may have left since."""
        self._wait_for(lambda: self._has_claimed() if partitions is None else self.claimed() == partitions, timeout,
                       f"claims {'some' if partitions is None else partitions} partitions")

    def _has_claimed(self):
        return any(int(line["partitions"]) > 0 for line in self.log("partitions claimed"))

    def _wait_for(self, condition, timeout, what):
        """It has to live meanwhile."""
        def holds():
            lives = self.is_running()  # before the question: what it said at its end counts
            answer = condition()
            assert answer or lives, f"{self.name} ended before it {said()}: {self.output()}"
            return answer

        def said():
            return what() if callable(what) else what
        return wait_for(holds, timeout, lambda: f"{self.name} {said()}\n{self.output()}")

    def ask(self, path):
        """The status and the text that it answers over HTTP with."""
        address = self.wait_log("answering")["http"]
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def not_ready(self):
        """Condition -> reason, of those that /readyz says are not met."""
        status, text = self.ask("/readyz")
        said = json.loads(text)
        assert said["ready"] == (status == 200) == (not said["not_ready"]), (status, said)
        return {one["condition"]: one["reason"] for one in said["not_ready"]}

    def wait_ready(self, *but, timeout=60):
        """Waits until /readyz names these conditions and no others."""
        self._wait_for(lambda: set(self.not_ready()) == set(but), timeout, lambda: f"is not ready for {but}: {self.not_ready()}")

    def metrics(self):
        """Series -> value: {'gridloop_lag_messages{partition="0"}': 5.0}, without the label kind."""
        status, text = self.ask("/metrics")
        assert status == 200, text
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return {re.sub(r'kind="\w+",?', "", name).replace("{}", ""): float(value) for name, value in lines}

    def counts(self):
        """The sums of its last report; it reports every ten seconds and when it stops."""
        reports = self.log("progress")
        return {name: int(value) for name, value in reports[-1].items() if value.isdigit()} if reports else {}

    def peak_resident_kbytes(self):
        """The most memory that it has had so far."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)[1])

    # ---- what is done to it ----

    def is_running(self):
        return self.process.poll() is None

    def stop(self, timeout=30):
        """Asks it to end, and sees that it does so well. One that has only just begun may be asked when it listens."""
        self._wait_for(self.log, timeout, "says anything")
        self.process.send_signal(signal.SIGTERM)
        assert self.wait_exit(timeout) == 0, f"{self.name} ended with {self.process.returncode}: {self.output()}"

    def kill(self):
        self._may_end = True
        self.process.kill()
        self.process.wait()

    def halt(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def wait_exit(self, timeout=30):
        """Waits for its end and returns the exit code (-9: killed)."""
        self._may_end = True
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {timeout} s: {self.output()}") from None

    def wait_point(self, timeout=30):
        wait_for(pathlib.Path(f"{self._point_file}.reached").exists, timeout,
                 lambda: f"{self.name} reaches its point\n{self.output()}")

    def release(self):
        self._point_file.touch()

    def may_fail(self):
        """It is expected to meet something because of which it cannot go on."""
        self._may_end = self._may_fail = True

    # ---- the end of a test ----

    def end(self):
        """Ends it whatever its state, and returns what was wrong with it (None: nothing)."""
        died = self.process.poll() is not None and not self._may_end
        if self.process.poll() is None:
            self.process.kill()
            self.go_on()
            self.process.wait()
        output = self.output()
        if died:
            return f"{self.name} ended by itself with {self.process.returncode}: {output}"
        if not self._may_fail and self.log("cannot go on"):
            return f"{self.name} could not go on: {output}"
        if "Sanitizer" in output or "runtime error:" in output:
            return f"{self.name}: {output}"
        return None
