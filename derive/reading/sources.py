"""Reading a document: the file, what kind it is, its formulas and the words around them.

load() is the door for files; read_markdown, read_latex and read_notebook take text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from derive.reading.documents import (
    Directive,
    Kind,
    Position,
    Prose,
    RawFormula,
    Segment,
    Source,
    SourceError,
)
from derive.reading.included import join_included
from derive.reading.latex import document_body, mask_latex, scan_latex
from derive.reading.macros import collect
from derive.reading.markdown import scan_markdown
from derive.reading.notebook import markdown_cells
from derive.reading.scanning import Found, Scan, blanked
from derive.reading.sentences import paragraphs, with_words
from derive.reading.statements import Warning_
from derive.reading.syntax import Span

__all__ = [
    "Directive",
    "Position",
    "Prose",
    "RawFormula",
    "Segment",
    "Source",
    "SourceError",
    "load",
    "read_latex",
    "read_markdown",
    "read_notebook",
]

_LATEX = (".tex", ".ltx", ".latex")


def load(path: Path) -> Source:
    """Read a document; the ending decides what it is (.tex, .ipynb, anything else is Markdown).

    Raises SourceError where the file is missing, a directory, binary, or not UTF-8.
    """
    text = _text_of(path)
    readers: dict[str, Callable[[str, Path], Source]] = dict.fromkeys(_LATEX, read_latex)
    readers[".ipynb"] = read_notebook
    return readers.get(path.suffix.lower(), read_markdown)(text, path)


def _text_of(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist") from None
    except IsADirectoryError:
        raise SourceError(f"{path} is a directory; name the documents in it") from None
    except (OSError, ValueError) as problem:
        raise SourceError(f"{path} cannot be read: {problem}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        what = "a binary file" if b"\0" in raw[:8192] else "not UTF-8"
        raise SourceError(f"{path} is {what} (byte {problem.start}); save it as UTF-8 text") from None
    if "\0" in text[:8192]:
        raise SourceError(f"{path} is a binary file; a document is text")
    return text


def read_markdown(text: str, path: Path = Path("text.md")) -> Source:
    """A Markdown document from its text."""
    text = _with_plain_newlines(text)
    return _assemble(path, "markdown", text, [(0, len(text), None, scan_markdown(text))], (Segment(0),))


def read_notebook(text: str, path: Path = Path("text.ipynb")) -> Source:
    """A Jupyter notebook from its JSON; its text is that of the Markdown cells, one after the other."""
    pieces: list[str] = []
    parts: list[tuple[int, int, int | None, Scan]] = []
    segments: list[Segment] = []
    start = 0
    for cell in markdown_cells(text, str(path)):
        content = _with_plain_newlines(cell.text) + "\n\n"
        parts.append((start, start + len(content), cell.number, _shifted(scan_markdown(content), start)))
        segments.append(Segment(start, cell=cell.number))
        pieces.append(content)
        start += len(content)
    return _assemble(path, "notebook", "".join(pieces), parts, tuple(segments) or (Segment(0),))


def read_latex(text: str, path: Path = Path("text.tex")) -> Source:
    r"""A LaTeX document from its text; \input and \include are followed within the folder of path."""
    joined = join_included(_with_plain_newlines(text), path)
    whole = joined.text
    hidden = mask_latex(whole)
    clean = blanked(whole, hidden.masks)
    macros = collect(clean)
    scan = scan_latex(blanked(clean, macros.spans), macros)
    scan.masks.extend(hidden.masks)
    scan.directives.extend(hidden.directives)
    scan.warnings[:0] = joined.warnings
    body = document_body(clean)
    return _assemble(path, "latex", whole, [(body.start, body.end, None, scan)], tuple(joined.segments))


def _assemble(
    path: Path, kind: Kind, text: str, parts: list[tuple[int, int, int | None, Scan]], segments: tuple[Segment, ...]
) -> Source:
    """One Source from what the scanners found in the parts (start, end, cell) of a text."""
    clean = blanked(text, (mask for part in parts for mask in part[3].masks))
    macros = collect(clean)
    clean = blanked(clean, macros.spans)
    formulas: list[RawFormula] = []
    prose: list[Prose] = []
    for low, high, cell, scan in parts:
        formulas.extend(with_words(clean, scan.found, low, high, cell))
        prose.extend(paragraphs(clean, scan.found, low, high))
    directives = tuple(directive for part in parts for directive in part[3].directives)
    warnings = tuple(warning for part in parts for warning in part[3].warnings)
    return Source(path, kind, text, clean, tuple(formulas), tuple(prose), directives, macros, warnings, segments)


def _shifted(scan: Scan, by: int) -> Scan:
    """The same findings, by characters further on."""
    return Scan(
        [Found(_moved(f.span, by), _moved(f.body, by), f.display) for f in scan.found],
        [_moved(mask, by) for mask in scan.masks],
        [replace(directive, span=_moved(directive.span, by)) for directive in scan.directives],
        [Warning_(_moved(warning.span, by), warning.message) for warning in scan.warnings],
    )


def _moved(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def _with_plain_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
