r"""\input and \include: the files of a LaTeX document as one text, with the way back to each file.

Only files in the document's own folder (and below) are read; nothing absolute, nothing through "..".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from derive.reading.documents import Segment
from derive.reading.latex import mask_latex
from derive.reading.scanning import blanked
from derive.reading.statements import Warning_
from derive.reading.syntax import Span

MAX_DEPTH = 10
MAX_FILES = 100
MAX_CHARACTERS = 50_000_000
_INCLUDE = re.compile(r"\\(?:input|include|subfile)\s*\{([^{}\n]{1,300})\}")


@dataclass
class Joined:
    """The text of a document with its included files in place."""

    parts: list[str] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    warnings: list[Warning_] = field(default_factory=list)
    length: int = 0
    files: int = 0

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def add(self, text: str, segment: Segment) -> None:
        self.segments.append(segment)
        self.parts.append(text)
        self.length += len(text)


def join_included(text: str, path: Path) -> Joined:
    r"""text, the content of path, with every \input and \include it may follow replaced by the file."""
    joined = Joined()
    _join(joined, text, None, path.parent.resolve(), (path.resolve(),))
    return joined


def _join(joined: Joined, text: str, name: str | None, folder: Path, stack: tuple[Path, ...]) -> None:
    hidden = blanked(text, mask_latex(text).masks)
    position = 0
    for include in _INCLUDE.finditer(hidden):
        content = _content(joined, include, folder, stack)
        if content is None:
            continue
        _add_piece(joined, text, position, include.start(), name)
        file, inner = content
        _join(joined, inner, str(file.relative_to(folder)), folder, (*stack, file))
        position = include.end()
    _add_piece(joined, text, position, len(text), name)


def _add_piece(joined: Joined, text: str, start: int, end: int, name: str | None) -> None:
    line = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    joined.add(text[start:end], Segment(joined.length, line, column, file=name))


def _content(joined: Joined, include: re.Match[str], folder: Path, stack: tuple[Path, ...]) -> tuple[Path, str] | None:
    """The file to include and its text; None (and a warning) where it may not or cannot be read."""
    named = include[1].strip()
    file, problem = _permitted(named, folder)
    if file is not None and file in stack:
        problem = "includes itself"
    elif len(stack) > MAX_DEPTH or joined.files >= MAX_FILES or joined.length > MAX_CHARACTERS:
        problem = "is one file too many"
    if file is None or problem:
        _refuse(joined, named, problem)
        return None
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        _refuse(joined, named, "cannot be read")
        return None
    joined.files += 1
    return file, text.replace("\r\n", "\n").replace("\r", "\n")


def _permitted(named: str, folder: Path) -> tuple[Path | None, str]:
    wanted = Path(named if named.endswith(".tex") else named + ".tex")
    if wanted.is_absolute() or ".." in wanted.parts or "\\" in named or "\0" in named:
        return None, "is not in the document's folder and is not read"
    file = (folder / wanted).resolve()
    if not file.is_relative_to(folder):
        return None, "is not in the document's folder and is not read"
    if not file.is_file():
        return None, "does not exist"
    return file, ""


def _refuse(joined: Joined, named: str, problem: str) -> None:
    place = Span(joined.length, joined.length)
    joined.warnings.append(Warning_(place, f"the included file {named} {problem}"))
