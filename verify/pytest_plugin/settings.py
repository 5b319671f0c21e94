"""The options of the plugin: on the command line, or in the project's pytest configuration.

    pytest --jensen docs/*.md                 [tool.pytest.ini_options]
                                              jensen_documents = ["docs/*.md"]
    --jensen-strict                           jensen_strict = true
    --jensen-alpha 1e-6                       jensen_alpha = "1e-6"
    --jensen-seed 17                          jensen_seed = "17"
    --jensen-report jensen.json               jensen_report = "jensen.json"

What the command line says goes before what the configuration says.  Paths are relative to the folder that the command
was given in, or to the folder of the configuration file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from secrets import randbits
from typing import Any

import pytest

ALPHA = 1e-6
SEED_BITS = 32


@dataclass(frozen=True)
class Settings:
    """What a run of pytest has been asked for.

    every_document  --jensen: all documents that pytest meets at the paths it is given
    documents       files and folders of documents that the configuration names, resolved
    strict          undecided and unread claims and open conditions fail too, as in ``jensen check --strict``
    alpha           how often a suite of correct objectives may fail by chance: the family-wise false-alarm rate
    seed            what all randomness of the suite follows from
    report          where to write the results as JSON
    """

    every_document: bool
    documents: frozenset[Path]
    strict: bool
    alpha: float
    seed: int
    report: Path | None

    @property
    def collects(self) -> bool:
        return self.every_document or bool(self.documents)

    def is_document(self, file: Path, endings: tuple[str, ...]) -> bool:
        """Whether to test a file: it is named itself, or it ends so and --jensen is given or its folder is named."""
        if self.every_document and file.suffix in endings:
            return True
        resolved = file.resolve()
        return resolved in self.documents or (
            file.suffix in endings and not self.documents.isdisjoint(resolved.parents)
        )


SETTINGS = pytest.StashKey[Settings]()
"""Where the configuration of a run keeps its settings."""


def add_options(parser: pytest.Parser) -> None:
    """Declares the options and their equivalents in the configuration."""
    group = parser.getgroup("jensen", "probabilistic derivations, and code that implements them (Jensen)")
    group.addoption("--jensen", action="store_true", help="test every claim of the .md, .tex and .ipynb files given")
    group.addoption(
        "--jensen-strict", action="store_true", help="also fail on undecided and unread claims and open conditions"
    )
    group.addoption(
        "--jensen-alpha", metavar="RATE", help=f"false-alarm rate of all objective tests together (default: {ALPHA:g})"
    )
    group.addoption("--jensen-seed", metavar="SEED", help="replay the run whose header shows this seed")
    group.addoption("--jensen-report", metavar="FILE", help="write claims and objective checks to a JSON file")
    parser.addini("jensen_documents", "derivations to test: files, folders and patterns", type="args", default=[])
    parser.addini("jensen_strict", "like --jensen-strict", type="bool", default=False)
    for name in ("alpha", "seed", "report"):
        parser.addini(f"jensen_{name}", f"like --jensen-{name}", type="string", default="")


def read_settings(config: pytest.Config) -> Settings:
    """The settings of a run.  Raises pytest.UsageError for a value that makes no sense."""
    return Settings(
        every_document=config.getoption("--jensen"),
        documents=frozenset(_documents(config)),
        strict=config.getoption("--jensen-strict") or config.getini("jensen_strict"),
        alpha=_alpha(_given(config, "alpha")),
        seed=_seed(config),
        report=_report(config),
    )


def _given(config: pytest.Config, name: str) -> Any:
    """A value as text, from the command line or else from the configuration; empty where it is not given."""
    return config.getoption(f"--jensen-{name}") or config.getini(f"jensen_{name}")


def _alpha(text: str) -> float:
    if not text:
        return ALPHA
    try:
        alpha = float(text)
    except ValueError:
        alpha = -1.0
    if not 0 < alpha < 1:
        raise pytest.UsageError(f"--jensen-alpha is a rate between 0 and 1, such as 1e-6, not {text!r}")
    return alpha


def _seed(config: pytest.Config) -> int:
    """The seed given; in a worker of pytest-xdist that of the whole run; otherwise a fresh one."""
    text = _given(config, "seed")
    if not text:
        shared: dict[str, Any] = getattr(config, "workerinput", {})
        return int(shared.get("jensen_seed", randbits(SEED_BITS)))
    if not text.isdecimal():
        raise pytest.UsageError(f"--jensen-seed is a whole number, such as the one in a run's header, not {text!r}")
    return int(text)


def _report(config: pytest.Config) -> Path | None:
    given: str | None = config.getoption("--jensen-report")
    if given:
        return config.invocation_params.dir / given
    named: str = config.getini("jensen_report")
    return _folder(config) / named if named else None


def _documents(config: pytest.Config) -> Iterator[Path]:
    """Warns of a pattern that matches nothing: a derivation that has moved should not go untested in silence."""
    folder = _folder(config)
    for pattern in config.getini("jensen_documents"):
        found = sorted(glob(pattern, root_dir=folder, recursive=True))
        if not found:
            message = f"jensen_documents: {pattern} matches nothing in {folder}"
            config.issue_config_time_warning(pytest.PytestConfigWarning(message), stacklevel=2)
        yield from ((folder / path).resolve() for path in found)


def _folder(config: pytest.Config) -> Path:
    return config.rootpath if config.inipath is None else config.inipath.parent
