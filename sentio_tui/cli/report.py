"""`report`: what a session came to, as a page, a text, or data; several sessions as a comparison."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sentio_tui.cli.options import (
    DONE,
    FAILED,
    SESSIONS_DIR,
    THEME,
    Entry,
    Parser,
    add_config_options,
    add_setting,
    complain,
    load,
)

if TYPE_CHECKING:
    from sentio_tui.reports.making import Report

STDOUT: Final = "-"
_FORMATS: Final = ("html", "md", "json", "csv")
_EPILOG: Final = """\
html     one file with charts, tables and everything in it; opens in any browser, without a network
md       short, for a terminal or a message
json     every figure, trade and fill, for programs
csv      the trade statement; of several sessions their figures

Several sessions are compared. One that still runs is reported up to now. Without --out, html goes to NAME.report.html
in this folder and the others to the standard output; with --email-to nothing is kept.

examples:
  sentio-tui report
  sentio-tui report live_20250106_143000 --format md
  sentio-tui report live_20250106_143000 live_20250107_143000 --out comparison.html
  sentio-tui report live_20250106_143000 --email-to me@example.org

exit codes: 0 done, 1 failed, 2 wrong usage or configuration
"""


def _parser() -> Parser:
    parser = Parser("report", "Report what a session came to, or compare several.", _EPILOG)
    parser.add_argument(
        "sessions",
        metavar="SESSION",
        nargs="*",
        help="a name, as `sentio-tui sessions` lists it; several are compared; the newest if none is given",
    )
    parser.add_argument("--format", choices=_FORMATS, help="html, md, json or csv; default that of --out, else html")
    parser.add_argument("--out", metavar="FILE", help="the file, or a folder to write it to; - is the standard output")
    parser.add_argument(
        "--email-to",
        metavar="ADDRESS",
        type=_addresses,
        default=[],
        help="send it there through the server of [mail]; several with commas",
    )
    add_config_options(parser)
    add_setting(parser, SESSIONS_DIR)
    add_setting(parser, THEME)
    return parser


def _addresses(text: str) -> list[str]:
    from sentio_tui.mail import MailError, address

    try:
        return [str(address(each.strip())) for each in text.split(",")]
    except MailError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _report(arguments: argparse.Namespace) -> int:
    from sentio_tui import paths
    from sentio_tui.config import ConfigError
    from sentio_tui.journal.atomic import JournalError
    from sentio_tui.journal.catalogue import UnknownSession
    from sentio_tui.mail import MailError, credentials
    from sentio_tui.reports.making import make, read
    from sentio_tui.reports.sending import send_report
    from sentio_tui.sessions.recording import NoRecording

    form = arguments.format or _form_of(arguments.out)
    to: list[str] = arguments.email_to
    try:
        settings = load(arguments).settings
        if to:
            credentials(settings.mail)
        _expect_no_session_file(arguments.out)
        studies = read(paths.sessions_dir(settings), arguments.sessions)
    except (ConfigError, UnknownSession, MailError, ValueError) as error:
        return complain(error)
    except (NoRecording, OSError) as error:
        complain(error)
        return FAILED
    for study in studies:
        if study.loss:
            print(f"sentio-tui: {study.info.name}: {study.loss}", file=sys.stderr)
    try:
        report = make(studies, form, paths.theme_dirs(settings), settings.ui.theme)
        if arguments.out is not None or not to:
            _write(report, form, arguments.out)
        if to:
            send_report(settings.mail, to, studies, [report])
            print(f"sentio-tui: sent to {', '.join(to)}", file=sys.stderr)
    except (JournalError, MailError, OSError) as error:
        complain(error)
        return FAILED
    return DONE


def _form_of(out: str | None) -> str:
    ending = Path(out or "").suffix.lower().removeprefix(".")
    return ending if ending in _FORMATS else "html"


def _expect_no_session_file(out: str | None) -> None:
    """Raises ValueError where the report would be put in the place of what it is made from."""
    from sentio_tui.journal.names import SUFFIXES, is_session_name

    name = Path(out or "").name
    if any(name.endswith(suffix) and is_session_name(name.removesuffix(suffix)) for suffix in SUFFIXES):
        raise ValueError(f"{out}: that is the name of a session's own file; choose another")


def _write(report: "Report", form: str, out: str | None) -> None:
    """Raises JournalError, OSError."""
    from sentio_tui.journal.atomic import replace_file

    if out == STDOUT or (out is None and form != "html"):
        sys.stdout.flush()
        sys.stdout.buffer.write(report.content)
        sys.stdout.buffer.flush()
        return
    path = Path(out or "")
    if path.is_dir():
        path /= report.name
    elif path.exists() and not path.is_file():
        # A device or a pipe is written to, never put aside.
        path.write_bytes(report.content)
        return
    replace_file(path, [report.content])
    print(path)
    print(f"sentio-tui: {len(report.content) / 1e6:.1f} MB", file=sys.stderr)


REPORT: Final = Entry(_parser, _report)
