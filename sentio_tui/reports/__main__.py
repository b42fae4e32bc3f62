"""The process that writes the reports of a session beside it: `python -m sentio_tui.reports`, the job on its input."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from sentio_tui.journal.atomic import JournalError, replace_file
from sentio_tui.journal.catalogue import UnknownSession
from sentio_tui.journal.names import REPORT
from sentio_tui.mail import MailError
from sentio_tui.reports.closes import Job
from sentio_tui.reports.making import make, read
from sentio_tui.reports.sending import send_report
from sentio_tui.sessions.recording import NoRecording

_NICE: Final = 10
"""The session in the other process goes before."""


def main() -> int:
    """Do the job; each file is named on the output as it is written."""
    with suppress(OSError):
        os.nice(_NICE)
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    try:
        write(job)
    except (JournalError, MailError, NoRecording, OSError, UnknownSession, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def write(job: Job) -> None:
    """Raises JournalError, MailError, NoRecording, OSError, UnknownSession."""
    folder = Path(job.folder)
    studies = read(folder, [job.session])
    themes = [Path(each) for each in job.theme_dirs]
    reports = [make(studies, form, themes, job.theme) for form in job.formats]
    for form, report in zip(job.formats, reports, strict=True):
        path = folder / f"{job.session}{REPORT}{form}"
        replace_file(path, [report.content])
        print(path, flush=True)
    if job.email_to:
        send_report(job.mail, job.email_to, studies, reports)


if __name__ == "__main__":
    sys.exit(main())
