"""What is made from the tables of options: the reference page is up to date, and knows every program and every command; man
pages are clean; the shells offer what there is."""
import os
import re
import subprocess

import pytest

from check_schemas import ROOT

BIN = ROOT / "build" / "release" / "bin"
REFERENCE = (ROOT / "docs" / "reference" / "options.md").read_text("utf-8")
WITH_COMMANDS = ["gridloopctl", "gridloop-simulate"]
SHELLS = ["bash", "zsh", "fish"]


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, timeout=60, **more)
    assert done.returncode == 0, done
    return done.stdout.decode()


def ctl(*arguments):
    return run(BIN / "gridloopctl", *arguments)


PAGES = ctl("manual").split()


def commands(*path):
    """The commands without commands of their own: ("gridloopctl", "gap", "list") ..., with what --help says of each."""
    told = run(BIN / path[0], *path[1:], "--help")
    if "\noptions:\n" in told:
        return [(path, told)]
    names = re.findall(r"^  ([a-z-]+) {2,}", told, re.M)
    assert names, told
    return [found for name in names for found in commands(*path, name)]


ALL = [found for page in PAGES for found in commands(page)]


def flags(told):
    return re.findall(r"^  (--\S+)", told.split("\noptions:\n")[1], re.M)


def test_the_reference_is_what_the_programs_say():
    """./dev docs makes it."""
    assert REFERENCE == ctl("manual", "--markdown")


def test_every_program_has_a_page():
    built = {path.name for path in BIN.glob("gridloop*") if os.access(path, os.X_OK)}
    assert set(PAGES) == built and len(PAGES) == len(built)


def test_every_command_is_known():
    """One that is not is missing in deploy/ctl/programs.c."""
    headings = [line for line in REFERENCE.splitlines() if line.startswith("## ")]
    assert len(ALL) > 30
    for path, _ in ALL:
        assert any(f"`{' '.join(path)}`" in heading for heading in headings), path


@pytest.mark.parametrize("page", PAGES)
def test_page(page):
    roff = ctl("manual", page)
    done = subprocess.run(["groff", "-man", "-Tascii", "-ww", "-P-cbou"], input=roff.encode(), capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    for part in ("NAME", "SYNOPSIS" if page not in WITH_COMMANDS else "COMMANDS", "SETTINGS", "EXIT STATUS"):
        assert f"\n{part}\n" in text
    for path, told in ALL:
        for flag in flags(told) if path[0] == page else []:
            if flag in ("--config", "--help", "--version", "--kafka.NAME") and page in WITH_COMMANDS:
                continue
            assert re.search(rf"^ +{re.escape(flag)}( |$)", text, re.M), (path, flag)


def offered(shell, script, words):
    """What is offered for the last word. The functions of zsh's completion are played: they print."""
    if shell == "bash":
        quoted = " ".join(f"'{word}'" for word in words)
        return run("bash", "-c", f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _gridloop; "
                                 'printf "%s\\n" "${COMPREPLY[@]}"').split()
    if shell == "zsh":
        quoted = " ".join(f"'{word}'" for word in words)
        told = run("zsh", "-f", "-c", f"compadd() {{ shift; print -l -- $@ }}; _files() {{ }}; words=({quoted}); "
                                      f"CURRENT={len(words)}; source {script}").split()
        return [word for word in told if word.startswith(words[-1])]
    told = run("fish", "--no-config", "-c", f"source {script}; complete -C'{' '.join(words)}'", cwd="/var/empty" if
               os.path.isdir("/var/empty") else "/", env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"})
    return [line.split("\t")[0] for line in told.splitlines()]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")
    for shell in SHELLS:
        (folder / shell).write_text(ctl("completion", shell))
        run(shell, "-n", folder / shell)
    run("shellcheck", "-s", "bash", folder / "bash")
    return folder


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("words, expected", [
    (["gridloopctl", "gap", ""], {"list", "accept"}),
    (["gridloopctl", "gap", "acc"], {"accept"}),
    (["gridloopctl", "gap", "accept", "--rea"], {"--reason"}),
    (["gridloopctl", "verify", "--trut"], {"--truth"}),
    (["gridloopctl", "completion", ""], {"bash", "zsh", "fish"}),
    (["gridloopctl", "config", "gridloop-d"], {"gridloop-dispatch"}),
    (["gridloop-orders", "--log-level", ""], {"debug", "info", "warn", "error"}),
    (["gridloop-simulate", "lines", "--kind", "pa"], {"patrol_log"}),
    (["gridloop-consume-drone-alert", "--start-at", "z"], {"zero"}),
    (["gridloop-produce-patrol-log", "--spool-"], {"--spool-max-bytes"}),
])
def test_completion(scripts, shell, words, expected):
    assert set(offered(shell, scripts / shell, words)) - {"--help", "--config", "--version"} == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_of_commands(scripts, shell):
    found = offered(shell, scripts / shell, ["gridloopctl", ""])
    assert set(found) - {"--help"} == {path[1] for path, _ in ALL if path[0] == "gridloopctl"}
