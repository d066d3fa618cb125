"""What measurements come to: ratios of runs that took turns, whether they say anything, and the report.

A ratio is the median over the rounds of one side's rate by the other's in the same round. Its spread is the upper
quartile by the lower one of these. Where that is above MOST_SPREAD, or there were fewer than FEWEST_ROUNDS, the machine was too busy with other things for the ratio to mean anything, and none is
given.
"""
import dataclasses
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess

MOST_SPREAD = 1.25
FEWEST_ROUNDS = 3


@dataclasses.dataclass
class Result:
    """One line of the table. bar: None, it is only shown; at_most: the ratio must not be above it instead of below;
    unit: of what is beside a bar where that is no ratio; unsaid: why there is no ratio."""
    scenario: str
    ratio: float | None = None
    spread: float | None = None
    unit: str = ""
    unsaid: str | None = None
    ratios: list = dataclasses.field(default_factory=list)  # of the rounds; in the report alone
    bar: float | None = None
    at_most: bool = False
    sides: dict = dataclasses.field(default_factory=dict)   # name -> figures
    notes: dict = dataclasses.field(default_factory=dict)   # what else was measured

    @property
    def verdict(self):
        if self.unsaid:
            return self.unsaid
        if self.bar is None:
            return "shown"
        return "pass" if (self.ratio <= self.bar if self.at_most else self.ratio >= self.bar) else "FAIL"


def spread_of(values):
    if len(values) < FEWEST_ROUNDS:
        return max(values) / min(values)
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return high / low


def judged(scenario, ratios, **more):
    """A Result of the rounds' ratios."""
    spread = spread_of(ratios)
    unsaid = "too few rounds" if len(ratios) < FEWEST_ROUNDS else "too noisy" if spread > MOST_SPREAD else None
    return Result(scenario, None if unsaid else statistics.median(ratios), spread, unsaid=unsaid, ratios=ratios, **more)


def beside_other_builds(scenario, runs, builds):
    """A Result for each build that is not the one measured: that one beside it."""
    for other in builds:
        if other != "daemon":
            yield compared(f"{scenario}, beside {other}", {name: runs[name] for name in ("daemon", other)}, "daemon", other)


def server_cpu_of_a_row(run):
    return max(run.cpu["server"], 1 / os.sysconf("SC_CLK_TCK")) / run.all_rows  # the clock's step


def compared(scenario, runs, side, limit, notes=None, **more):
    """A Result of lab.in_turns()'s runs: one side by another. Noted is also what the server spends on a row beside what it
    spends on the other side's, for that hardly hangs on what else the machine does."""
    pairs = list(zip(runs[side], runs[limit]))
    spent = [server_cpu_of_a_row(a) / server_cpu_of_a_row(b) for a, b in pairs]
    return judged(scenario, [a.rate / b.rate for a, b in pairs], sides={name: summed_up(rs) for name, rs in runs.items()},
                  notes={"server CPU": f"{statistics.median(spent):.2f} x"} | (notes or {}), **more)


def memory(scenario, most_mb, bar_mb, **notes):
    """A Result of the largest resident size."""
    return Result(scenario, round(most_mb, 1), bar=bar_mb, at_most=True, unit=" MiB", notes=notes)


def shown(scenario, runs, **notes):
    """A Result without a ratio."""
    return Result(scenario, sides={name: summed_up(rs) for name, rs in runs.items()}, notes=notes)


def summed_up(runs):
    """The medians of runs, CPU in seconds for each run."""
    figures = {"rows": runs[0].rows, "rows_per_s": round(statistics.median(run.rate for run in runs)),
               "rounds": len(runs)}
    figures["cpu_s"] = {name: round(statistics.median(run.cpu[name] for run in runs), 2) for name in sorted(runs[0].cpu)}
    if runs[0].peak_mb is not None:
        figures["peak_mb"] = round(max(run.peak_mb for run in runs), 1)
    if runs[0].start_s is not None:
        figures["rows_per_s_with_start"] = round(statistics.median(run.rate_with_start for run in runs))
    if runs[0].rows_right is not None:
        figures["rows_right"] = all(run.rows_right for run in runs)
    sizes = [size for run in runs for size in run.batches]
    if sizes:
        figures["batch_rows"] = {"median": round(statistics.median(sizes)), "most": max(sizes), "batches": len(sizes) // len(runs)}
    if runs[0].latency_ms:
        figures["latency_ms"] = {name: round(statistics.median(run.latency_ms[name] for run in runs), 1)
                                 for name in runs[0].latency_ms}
    return figures


# ---- the machine ----

def first_match(pattern, file):
    found = re.search(pattern, pathlib.Path(file).read_text(), re.MULTILINE)
    return found[1] if found else None


def first_line(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()


def machine(root, lab):
    """What the figures hold for."""
    return {
        "commit": first_line("git", "-C", root, "-c", f"safe.directory={root}", "describe", "--always", "--dirty"),
        "cores": os.cpu_count(), "cpu": first_match(r"^model name\s*: (.*)$", "/proc/cpuinfo") or platform.machine(),
        "memory_mb": int(first_match(r"^MemTotal:\s*(\d+)", "/proc/meminfo")) // 1024, "kernel": platform.release(),
        "compiler": first_line(os.environ.get("CC", "cc"), "--version"),
        "postgresql": lab.ask("seeded", "show server_version")[0][0],
        "kafka": first_match(r"kafka_2[.]13</artifactId>\s*<version>([0-9.]+)<", root / "deploy" / "kafka" / "pom.xml"),
        "load_before": os.getloadavg()[0],
    }


# ---- the report ----

def ratio_text(result):
    parts = [] if result.ratio is None else [f"{result.ratio:.3g}{result.unit}"]
    return ", ".join(parts + ([] if result.spread is None else [f"spread {result.spread:.2f}"]))


def bar_text(result):
    return "" if result.bar is None else f"{'<=' if result.at_most else '>='} {result.bar:g}{result.unit}"


def rows_of_table(results):
    """The head, then a row for each side of each result."""
    yield ["scenario", "side", "measured", "bar", "verdict", "rows/s", "with start", "rows right", "CPU s client, server, broker", "peak MiB",
           "batch rows", "p50/p99 ms", "notes"]
    for result in results:
        first = [ratio_text(result), bar_text(result), result.verdict]
        notes = ", ".join(f"{name} {value}" for name, value in result.notes.items())
        for name, side in (result.sides or {"": {}}).items():
            cpu, sizes, late = side.get("cpu_s", {}), side.get("batch_rows"), side.get("latency_ms")
            yield [result.scenario, name, *first, f"{side['rows_per_s']:,}" if side.get("rows_per_s") else "",
                   f"{side['rows_per_s_with_start']:,}" if side.get("rows_per_s_with_start") else "",
                   {True: "yes", False: "NO"}.get(side.get("rows_right"), ""),
                   ", ".join(str(cpu[key]) for key in ("daemon", "client", "server", "broker") if key in cpu),
                   str(side.get("peak_mb", "")), f"{sizes['median']} x {sizes['batches']}" if sizes else "",
                   f"{late['p50']} / {late['p99']}" if late else "", notes]
            first, notes = ["", "", ""], ""


def as_text(results):
    table = list(rows_of_table(results))
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    kept = [column for column in range(len(widths)) if any(row[column] for row in table[1:])]
    return "\n".join("  ".join(row[column].ljust(widths[column]) for column in kept).rstrip() for row in table)


def as_markdown(results, facts):
    table = list(rows_of_table(results))
    lines = ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in table]
    lines.insert(1, "|" + "---|" * len(table[0]))
    return "\n".join(["# Measured", "", *(f"- {name}: {value}" for name, value in facts.items()), "", *lines, ""])


def as_json(results, facts):
    return json.dumps({"machine": facts, "results": [dataclasses.asdict(result) | {"verdict": result.verdict} for result in results]},
                      indent=1)


def write_report(folder, results, facts):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(as_json(results, facts) + "\n", "utf-8")
    (folder / "report.md").write_text(as_markdown(results, facts), "utf-8")
