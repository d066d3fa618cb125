"""One run of a producer of ours, to its end."""
import dataclasses

from daemon import flags
from events import KINDS


@dataclasses.dataclass
class Run:
    code: int
    receipts: dict  # line number -> event_id
    said: str       # on stderr


def produce(world, kind, lines=b"", *files, spool=None, timeout=120, **options):
    """lines: standard input, unless files are given. The spool is the world's own unless one is named."""
    options = {"namespace": world.namespace, "spool": spool or world.folder / f"{kind}.spool"} | options
    done = world.run(f"gridloop-produce-{KINDS[kind].hyphens}", *flags(options), *files, input=lines, timeout=timeout)
    receipts = [line.split() for line in done.stdout.decode().splitlines()]
    return Run(done.returncode, {int(number): event_id for number, event_id in receipts},
               done.stderr.decode("utf-8", "replace"))
