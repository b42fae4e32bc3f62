"""A report from its beginning: the sessions by name, read, and put into a file of one of the formats."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from sentio_tui.journal.catalogue import SessionState, UnknownSession, find, listing
from sentio_tui.journal.names import DOCUMENT, REPORT
from sentio_tui.journal.reader import JournalDamaged, read_all
from sentio_tui.model.bars import Millis
from sentio_tui.reports.study import Study
from sentio_tui.sessions.recording import NoRecording, read_events
from sentio_tui.style_sheets import sheet_themes

KINDS: Final[Mapping[str, str]] = {
    "html": "text/html",
    "md": "text/markdown",
    "json": "application/json",
    "csv": "text/csv",
}
"""The media types of the formats; a format's name is the ending of its files."""


class Report(Struct, frozen=True):
    """One report. `name` is the file's when nobody names another."""

    name: str
    kind: str
    content: bytes


def read(folder: Path, names: Sequence[str]) -> list[Study]:
    """The sessions of these names, as far as they are on disk; the newest where none is named.

    Raises UnknownSession with the nearest names, or for an empty folder; NoRecording where there is nothing to report
    from, OSError.
    """
    return [_read(folder, name) for name in dict.fromkeys(names or [_newest(folder)])]


def _newest(folder: Path) -> str:
    listed = listing(folder)
    if not listed:
        raise UnknownSession(folder, "", ())
    return listed[0].name


def _read(folder: Path, name: str) -> Study:
    listed = find(folder, name)
    path = Path(listed.path)
    if path.name == name + DOCUMENT:
        raise NoRecording(f"{path}: there is only the summary, and no journal to report from.")
    if listed.state is SessionState.RUNNING:
        # Its last line may be half written: that is no damage, it is on its way.
        with suppress(JournalDamaged):
            return Study(read_all(path).events, listed.state)
    events, loss = read_events(path)
    return Study(events, listed.state, loss)


def make(
    studies: Sequence[Study], form: str, theme_dirs: Sequence[Path], theme: str, made: Millis | None = None
) -> Report:
    """The report of one session, or the comparison of several.

    `theme` goes before the others of its kind, `made` is the wall clock.
    """
    made = time.time_ns() // 1_000_000 if made is None else made
    first = studies[0].info.name
    name = f"{first}{REPORT}{form}" if len(studies) == 1 else f"{first}.comparison.{form}"
    return Report(name, KINDS[form], _content(studies, form, theme_dirs, theme, made))


def _content(studies: Sequence[Study], form: str, theme_dirs: Sequence[Path], theme: str, made: Millis) -> bytes:
    is_one = len(studies) == 1
    if form == "json":
        from sentio_tui.reports.plain_data import as_json

        return as_json(studies, made)
    if form == "csv":
        from sentio_tui.reports.comparison import comparison_csv
        from sentio_tui.reports.statement import statement_csv

        return statement_csv(studies[0]) if is_one else comparison_csv(studies)
    if form == "md":
        return text_of(studies).encode()
    from sentio_tui.reports.comparison import comparison_page
    from sentio_tui.reports.session_page import session_page

    themes = sheet_themes(theme_dirs, theme)
    return session_page(studies[0], themes, made) if is_one else comparison_page(studies, themes, made)


def text_of(studies: Sequence[Study]) -> str:
    """The short report, as Markdown."""
    from sentio_tui.reports.comparison import comparison_markdown
    from sentio_tui.reports.markdown import markdown

    return markdown(studies[0]) if len(studies) == 1 else comparison_markdown(studies)
