"""How many instructions an event takes, of each kind and stage: counted by callgrind over the simulator's lines, so that
neither the machine's load nor its clock matters, and compared with instructions.txt.

    instructions.py [--accept]

Stages: encode, decode and row are what instructions.c does in them, but for OpenSSL's part; hash is OpenSSL's part of
all three, which would hide the rest. The figures hold for a machine's architecture and a compiler; where these are
others, nothing is compared. --accept writes this platform's figures anew. test_instructions.py is the test.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIGURES = ROOT / "tests" / "bench" / "instructions.txt"
KINDS = sorted(path.parent.name for path in ROOT.glob("schemas/*/table.sql"))
STAGES = ["encode", "decode", "row"]  # the functions stage_... of instructions.c
HASH = "hash"
EVENTS = 500
TOLERANCE = 0.05
# Neither OpenSSL nor the C library is to choose its code by what this processor has.
SAME_EVERYWHERE = {"OPENSSL_ia32cap": "0", "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX,-AVX512F,-ERMS,-FSRM"}


def output_of(*command, **options):
    return subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def platform(build):
    """What decides the figures beside our own code."""
    cache = (build / "CMakeCache.txt").read_text("utf-8")
    compiler = re.search(r"^CMAKE_C_COMPILER:[A-Z]+=(.*)$", cache, re.MULTILINE)[1]
    name = "clang" if "clang" in output_of(compiler, "--version") else "gcc"
    version = output_of(compiler, "-dumpversion").split(".")[0]
    return f"{output_of(compiler, '-dumpmachine').strip()}-{name}-{version.strip()}"


def count(build, kind):
    """Instructions an event, by stage."""
    lines = output_of(build / "bin" / "gridloop-simulate", "lines", f"--kind={kind}", f"--count={EVENTS}", "--seed=1")
    with tempfile.TemporaryDirectory() as folder:
        stages = [option for stage in STAGES for option in (f"--zero-before=stage_{stage}", f"--dump-after=stage_{stage}")]
        events = int(output_of("valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={folder}/out", *stages,
                               build / "test" / "bench_instructions", kind, input=lines, env=os.environ | SAME_EVERYWHERE))
        return {stage: total / events for stage, total in totals(pathlib.Path(folder)).items()}


def totals(folder):
    """Of the last dump behind each stage: the first is of the round that is not counted."""
    found = {}
    for path in sorted(folder.glob("out.*"), key=lambda path: int(path.suffix[1:])):
        text = path.read_text()
        trigger = re.search(r"^desc: Trigger: --dump-after=stage_(\w+)", text, re.MULTILINE)
        if trigger:
            found[trigger[1]] = split(text)
    assert set(found) == set(STAGES), found
    return {stage: ours for stage, (ours, _) in found.items()} | {HASH: sum(hashing for _, hashing in found.values())}


def split(text):
    """Of a dump: instructions outside of OpenSSL and within it. Files of a dump have a name once, then its number."""
    names, sums, is_openssl, is_call = {}, [0, 0], False, False
    for line in text.splitlines():
        named = re.match(r"ob=\((\d+)\)(?: (.*))?$|cob=\((\d+)\) (.*)$", line)
        if named:
            number, name, called, called_name = named.groups()
            if name or called_name:
                names[number or called] = name or called_name
            is_openssl = "libcrypto" in names[number] if number else is_openssl
        elif re.match(r"[\d+*-]", line):
            sums[is_openssl] += 0 if is_call else int(line.split()[1])
        is_call = line.startswith("calls=")
    return sums


# ---- the accepted figures ----

def read_figures():
    """platform -> (kind, stage) -> instructions an event"""
    figures = {}
    for line in FIGURES.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            where, kind, stage, number = line.split()
            figures.setdefault(where, {})[kind, stage] = float(number)
    return figures


def write_figures(figures):
    head = [line for line in FIGURES.read_text("utf-8").splitlines() if line.startswith("#")]
    lines = [f"{where} {kind} {stage} {number:.0f}" for where in sorted(figures)
             for (kind, stage), number in sorted(figures[where].items())]
    FIGURES.write_text("\n".join(head + lines) + "\n", "utf-8")


def complaint(kind, stage, was, now):
    """What is wrong; None: nothing."""
    if was is None:
        return f"{kind} {stage}: no figure is accepted, it is {now:.0f} instructions an event: ./dev bench instructions --accept"
    if now <= was * (1 + TOLERANCE):
        return None
    return (f"{kind} {stage}: was {was:.0f}, is {now:.0f} instructions an event ({now / was - 1:+.1%}, allowed is "
            f"{TOLERANCE:+.0%}); if that has to be: ./dev bench instructions --accept")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench instructions")
    parser.add_argument("--accept", action="store_true", help="these are the figures from now on")
    options = parser.parse_args()
    build = pathlib.Path(os.environ["GRIDLOOP_BUILD"])
    figures, where = read_figures(), platform(build)
    accepted, complaints = figures.get(where, {}), []
    print(f"{'kind':20} {'stage':8} {'was':>8} {'is':>8}")
    for kind in KINDS:
        for stage, now in count(build, kind).items():
            was = accepted.get((kind, stage))
            print(f"{kind:20} {stage:8} {was or 0:8.0f} {now:8.0f}")
            complaints.append(complaint(kind, stage, was, now))
            if options.accept:
                figures.setdefault(where, {})[kind, stage] = now
    if options.accept:
        write_figures(figures)
        return 0
    print("\n".join(filter(None, complaints)), file=sys.stderr)
    return 1 if any(complaints) else 0


if __name__ == "__main__":
    sys.exit(main())
