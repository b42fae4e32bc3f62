"""`export`: a session as files for other programs."""

import argparse
import sys
from pathlib import Path
from typing import Final

from sentio_tui.cli.options import (
    DONE,
    FAILED,
    SESSIONS_DIR,
    Entry,
    Parser,
    add_config_options,
    add_setting,
    complain,
    load,
)

_EPILOG: Final = """\
jsonl    signals_, decisions_, trades_ and positions_YYYYMMDD_HHMMSS.jsonl, one line for each decision, fill and bar
csv, parquet
         bars_, decisions_, orders_, fills_, trades_ (round trips) and equity_YYYYMMDD_HHMMSS, a table each

examples:
  sentio-tui export live_20250106_143000 --out logs
  sentio-tui export live_20250106_143000 --format parquet --out tables
"""

_FORMATS: Final = ("jsonl", "csv", "parquet")


def _parser() -> Parser:
    parser = Parser("export", "Write a session as files for other programs.", _EPILOG)
    parser.add_argument("session", metavar="SESSION", help="its name, as `sentio-tui sessions` lists it")
    parser.add_argument("--format", choices=_FORMATS, default="jsonl", help="jsonl, csv or parquet; default jsonl")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path(), help="the folder to write to; default .")
    add_config_options(parser)
    add_setting(parser, SESSIONS_DIR)
    return parser


def _export(arguments: argparse.Namespace) -> int:
    from sentio_tui import paths
    from sentio_tui.config import ConfigError
    from sentio_tui.journal.atomic import JournalError
    from sentio_tui.journal.catalogue import UnknownSession, find
    from sentio_tui.journal.reader import JournalDamaged, read_all
    from sentio_tui.sessions.columns import FORMATS
    from sentio_tui.sessions.export import export_logs
    from sentio_tui.sessions.tables import export_tables

    try:
        folder = paths.sessions_dir(load(arguments).settings)
        listed = find(folder, arguments.session)
        content = read_all(Path(listed.path))
        encode = FORMATS.get(arguments.format)
        if encode is None:
            written = export_logs(content.events, arguments.out)
        else:
            written = export_tables(content.events, arguments.out, f".{arguments.format}", encode)
    except (ConfigError, UnknownSession) as error:
        return complain(error)
    except (JournalDamaged, JournalError, OSError, ValueError) as error:
        complain(error)
        return FAILED
    if content.torn:
        print(f"sentio-tui: {content.torn}", file=sys.stderr)
    for path in written:
        print(path)
    return DONE


EXPORT: Final = Entry(_parser, _export)
