"""The blocks of a page of Markdown: ``` with a language, or indented by four, which is for a shell."""
import dataclasses
import re

from stack import ROOT


@dataclasses.dataclass(frozen=True)
class Block:
    page: str      # as seen from the root
    heading: str
    line: int      # of its first line
    language: str  # "" for one that is indented
    text: str

    def __str__(self):
        return f"{self.page}:{self.line} ({self.heading})"


def blocks(page):
    """In their order. Text of an indented block comes without the indentation."""
    found, heading, open_block = [], "", None

    def close():
        if open_block and open_block[2]:
            start, language, lines = open_block
            while not lines[-1].strip():
                lines.pop()
            found.append(Block(page, heading, start, language, "\n".join(lines) + "\n"))

    before = ""  # an indented block begins behind an empty line
    for number, line in enumerate((ROOT / page).read_text("utf-8").splitlines(), 1):
        fenced = open_block is not None and open_block[1]
        if fenced:
            if line == "```":
                close()
                open_block = None
            else:
                open_block[2].append(line)
        elif match := re.fullmatch(r"```(\w+)", line):
            open_block = (number + 1, match[1], [])
        elif line.startswith("    ") and (open_block or not before):
            open_block = open_block or (number, "", [])
            open_block[2].append(line[4:])
        elif not line and open_block:
            open_block[2].append("")
        else:
            close()
            open_block = None
            if match := re.fullmatch(r"#+ (.*)", line):
                heading = match[1]
        before = line
    close()
    return found
