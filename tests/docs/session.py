"""A page followed in a shell, command by command, as somebody would who has just read it."""
import os
import re
import subprocess

import confluent_kafka

from daemon import environment
from pages import blocks
from stack import ROOT
from waiting import wait_for

END = "--- end of a command:"
SHOWN = ("schemas", "deploy", "tests", "docs")  # of the tree, to a page's commands
STACK = './dev stack up && eval "$(./dev stack env)"'  # the suite has done so


def commands(block):
    """One a line; what ends in a pipe or a backslash goes on in the next. Without what is said behind a #."""
    joined = re.sub(r"(\||\\)\n\s*", lambda match: "| " if match[1] == "|" else " ", block.text)
    lines = [re.sub(r"\s+# .*", "", line).strip() for line in joined.splitlines()]
    return [line for line in lines if line]


def shell_blocks(page):
    return [block for block in blocks(page) if block.language in ("", "sh")]


class Session:
    """In a folder that looks like the root of the tree. Settings come from the environment: the world's servers, its own
    database, and topics of its own."""

    def __init__(self, world):
        self.world, self.folder, self.ran = world, world.folder / "tree", []
        (self.folder / "build").mkdir(parents=True)
        for name in SHOWN:
            (self.folder / name).symlink_to(ROOT / name)
        (self.folder / "build" / "release").symlink_to(world.stack.builds["release"])
        programs = world.stack.builds["release"] / "bin"
        variables = environment(world.stack, GRIDLOOP_NAMESPACE=world.namespace, GRIDLOOP_DATABASE_URL=world.owner_url)
        variables["PATH"] = f"{programs}:{os.environ['PATH']}"
        self.log = open(world.folder / "said", "w+")
        self.shell = subprocess.Popen(["bash"], cwd=self.folder, env=variables, stdin=subprocess.PIPE, stdout=self.log,
                                      stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def said(self):
        self.log.flush()
        return (self.world.folder / "said").read_text("utf-8", "replace")

    def run(self, command, code=0, timeout=120):
        """Waits for its end, and for what it set going to come to rest; returns what it said."""
        before = len(self.said())
        self.shell.stdin.write(f"{command}\ncode=$?; echo; echo '{END}' $code\n")
        self.shell.stdin.flush()

        def ended():
            return re.search(rf"^{END} (\d+)$", self.said()[before:], re.MULTILINE)
        found = wait_for(ended, timeout, lambda: f"{command} ends: {self.said()[before:]}")
        said = self.said()[before:before + found.start()]
        assert int(found[1]) == code, f"{command}: exit code {found[1]}\n{said}"
        self.ran.append(command)
        self.settle()
        return said

    def begin(self, command):
        """One that does not end by itself: it has to be there still when the page is through."""
        self.run(f"{command} </dev/null >>background.log 2>&1 &")

    def started(self, program):
        return any(re.search(rf"\b{program}\b.*&$", command) for command in self.ran)

    def settle(self):
        """Consumers that were started have read everything, and dispatch has sent everything."""
        for kind in ("drone_alert", "patrol_log", "case_action"):
            if self.started(f"gridloop-consume-{kind.replace('_', '-')}") and not self.stands_still(kind):
                wait_for(lambda: self.has_leaders(kind), 30, f"the brokers have settled who leads {kind}")
                self.world.settle(kind)
        if self.started("gridloop-dispatch") and not any(command.startswith("kill") for command in self.ran):
            wait_for(lambda: self.world.sql("select count(*) from follow_up.outbox left join follow_up.outbox_sent s using (order_id) "
                                            "where s.order_id is null") == [(0,)], 60, "all orders are sent")

    def has_leaders(self, kind):
        """Not so for a moment after a topic was made."""
        try:
            return bool(self.world.high(kind))
        except confluent_kafka.KafkaException:
            return False

    def stands_still(self, kind):
        return self.world.sql("select 1 from bus.gap join bus.source using (source_id) where topic = %s and accepted_at is null",
                              self.world.topic(kind))

    def close(self):
        """What was started and should be there still is; then nothing is."""
        self.shell.stdin.write("echo jobs: $(jobs -p -r | wc -l); kill $(jobs -p) 2>/dev/null; wait; exit\n")
        self.shell.stdin.close()
        self.shell.wait(60)
        self.log.close()
        return int(re.search(r"^jobs: (\d+)$", (self.world.folder / "said").read_text("utf-8", "replace"), re.MULTILINE)[1])
