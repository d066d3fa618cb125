"""./dev bench: measures scenarios, prints one table, writes build/bench/report.json and report.md.

Exits with 1 if a bar is missed; a ratio that is too noisy misses none and holds none.
"""
import argparse
import os
import pathlib
import sys

from lab import ROOT, Lab, say  # first: it puts the tests' own modules on the path
import figures
from scenarios import SCENARIOS
from stack import Stack

BAR_EVENTS = 2_000_000  # for a bar; fewer are allowed, and said


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Scenarios; without any: all that have bars (*).",
        epilog="\n".join(f"  {'*' if has_bars else ' '} {name:12} {what}" for name, (what, _, has_bars) in SCENARIOS.items()))
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=BAR_EVENTS, help="of a scenario; bars are meant for 2,000,000")
    parser.add_argument("--build", action="append", default=[], metavar="NAME=FOLDER",
                        help="another build's daemon, in turns (plain, repeats, wide, random-ids, link)")
    parser.add_argument("--cases", type=int, default=10_000, help="link: open cases")
    parser.add_argument("--partitions", type=int, default=6, help="link: of the topic")
    parser.add_argument("--hot", action="store_true", help="link: all cases in one place, 3 m apart")
    parser.add_argument("--away", type=int, default=600, help="memory: seconds for which PostgreSQL is away")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args()
    for name in options.scenarios:
        if name not in SCENARIOS:
            parser.error(f"no scenario {name}: {' '.join(SCENARIOS)}")
    return options


def measured(lab, options, name, facts):
    say(f"{name}: {SCENARIOS[name][0]}")
    for result in SCENARIOS[name][1](lab, options):
        if result.bar is not None and options.events < BAR_EVENTS:
            result.notes.setdefault("events", f"{options.events:,}")
        yield result
    facts |= {"librdkafka": lab.librdkafka, "load_after": os.getloadavg()[0]}


def main():
    options = arguments()
    names = options.scenarios or [name for name, (_, _, has_bars) in SCENARIOS.items() if has_bars]
    lab = Lab(Stack.from_environment(), {name: pathlib.Path(folder) for name, folder in
                                         (text.split("=", 1) for text in options.build)})
    facts, results = figures.machine(ROOT, lab) | {"events": options.events}, []
    for name in names:
        results += measured(lab, options, name, facts)
        figures.write_report(ROOT / "build" / "bench", results, facts)
    print(figures.as_json(results, facts) if options.json else figures.as_text(results))
    sys.exit(1 if any(result.verdict == "FAIL" for result in results) else 0)


if __name__ == "__main__":
    main()
