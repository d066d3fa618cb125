"""./dev bench: measures scenarios, prints one table, writes build/bench/report.json and report.md.

Exits with 1 if a bar is missed; a ratio that is too noisy misses none and holds none.
"""
import argparse
import os
import pathlib
import sys

import figures
from lab import ROOT, Lab, in_turns, say  # puts the tests' own modules on the path
from stack import Stack

BAR_EVENTS = 2_000_000  # for a bar; fewer are allowed, and said


# ---- scenarios ----

def beside_copy(lab, options, name, bar, **stream):
    """One daemon beside COPY of what it stored. A first run, which is not counted, makes the rows."""
    topic = lab.patrols(name, options.events, **stream)
    lab.measure(topic)
    rows = lab.rows_of("daemon", topic.kind)
    runs = in_turns(lab.each_build(topic) | {"limit": lambda _: lab.limit(rows)}, options.rounds)
    return [figures.compared(name, runs, "daemon", "limit", bar=bar)] + [
        figures.compared(f"{name} of {build}", runs, build, "limit") for build in lab.builds if build != "daemon"]


def plain(lab, options):
    return beside_copy(lab, options, "plain", 0.8)


def repeats(lab, options):
    return beside_copy(lab, options, "repeats", 0.7, repeats=0.1)


# name -> what it is, the function, whether it has bars
SCENARIOS = {
    "plain": ("patrol logs, all new, beside COPY of the same rows", plain, True),
    "repeats": ("the same with 10 % repeats", repeats, True),
}


# ---- the run ----

def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description="Without a scenario: all that have bars.",
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="\n".join(f"  {name:12} {what}" for name, (what, _, _) in SCENARIOS.items()))
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", choices=[*SCENARIOS, []])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=BAR_EVENTS, help="of a scenario; a bar counts from 2,000,000 on")
    parser.add_argument("--build", action="append", default=[], metavar="NAME=FOLDER", help="another build's daemon, in turns")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser.parse_args()


def main():
    options = arguments()
    names = options.scenarios or [name for name, (_, _, has_bars) in SCENARIOS.items() if has_bars]
    lab = Lab(Stack.from_environment(), {name: pathlib.Path(folder) for name, folder in
                                         (text.split("=", 1) for text in options.build)})
    facts = figures.machine(ROOT, lab) | {"events": options.events}
    results = []
    for name in names:
        say(f"{name}: {SCENARIOS[name][0]}")
        results += SCENARIOS[name][1](lab, options)
        facts |= {"librdkafka": lab.librdkafka, "load_after": os.getloadavg()[0]}
        figures.write_report(ROOT / "build" / "bench", results, facts)
    print(figures.as_json(results, facts) if options.json else figures.as_text(results))
    sys.exit(1 if any(result.verdict == "FAIL" for result in results) else 0)


if __name__ == "__main__":
    main()
