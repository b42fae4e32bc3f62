"""A report by mail: the short text in the mail, the report itself attached."""

from collections.abc import Sequence

from sentio_tui.engine.figures import Unit
from sentio_tui.mail import Attachment, send
from sentio_tui.reports.making import Report, text_of
from sentio_tui.reports.study import Study
from sentio_tui.reports.words import shown
from sentio_tui.settings import MailSettings


def send_report(settings: MailSettings, to: Sequence[str], studies: Sequence[Study], report: Report) -> None:
    """Raises MailError."""
    text = text_of(studies)
    attached = [] if report.kind == "text/markdown" else [Attachment(report.name, report.kind, report.content)]
    send(settings, to, subject(studies), text, attached)


def subject(studies: Sequence[Study]) -> str:
    """One line on what came of it."""
    if len(studies) > 1:
        return f"Comparison of {len(studies)} sessions, {studies[0].info.name} and others"
    study = studies[0]
    metrics = study.snapshot.metrics
    result = f"{shown(Unit.RETURN, metrics.total_return)} ({shown(Unit.CHANGE, metrics.total_pnl)})"
    return f"{study.info.name} {study.status.value}: {result}, {study.info.mode.value}"
