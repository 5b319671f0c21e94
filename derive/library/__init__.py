"""The built-in derivations, as documents: what ``jensen check`` shows a newcomer."""

from pathlib import Path

FOLDER = Path(__file__).parent


def documents() -> tuple[Path, ...]:
    """The built-in documents, in reading order."""
    return tuple(sorted(FOLDER.glob("*.md")))
