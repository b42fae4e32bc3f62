"""A report by mail: the short text in the mail, the reports attached."""

from collections.abc import Sequence

from sentio_tui.engine.figures import Unit
from sentio_tui.mail import Attachment, send
from sentio_tui.reports.making import Report, text_of
from sentio_tui.reports.study import Study
from sentio_tui.reports.words import shown
from sentio_tui.settings import MailSettings


def send_report(settings: MailSettings, to: Sequence[str], studies: Sequence[Study], reports: Sequence[Report]) -> None:
    """Raises MailError."""
    text = text_of(studies)
    # The text in the mail is the report in Markdown.
    attached = [Attachment(each.name, each.kind, each.content) for each in reports if each.kind != "text/markdown"]
    send(settings, to, subject(studies), text, attached)


def subject(studies: Sequence[Study]) -> str:
    """One line on what came of it."""
    if len(studies) > 1:
        return f"Comparison of {len(studies)} sessions, {studies[0].info.name} and others"
    study = studies[0]
    metrics = study.snapshot.metrics
    result = f"{shown(Unit.RETURN, metrics.total_return)} ({shown(Unit.CHANGE, metrics.total_pnl)})"
    return f"{study.info.name} {study.status.value}: {result}, {study.info.mode.value}"
