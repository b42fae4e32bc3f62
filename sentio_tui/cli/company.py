"""What stands around every session that the commands start: it watches, and none of it trades."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentio_tui.sessions.live import LiveSession
    from sentio_tui.settings import Settings


def accompanied(session: "LiveSession", settings: "Settings") -> "LiveSession":
    """The session, open to viewers as soon as it runs. `settings` are those in force now, also for one resumed."""
    from sentio_tui import paths
    from sentio_tui.alerts.service import around
    from sentio_tui.sessions.host import Host

    session.serve(Host(session, paths.socket_dirs()))
    if settings.web.enabled:
        from sentio_tui.web.child import Dashboard, command

        session.serve(Dashboard(session, command(settings, session.journal.parent)))
    alerts = around(session, settings)
    if alerts is not None:
        session.listen(alerts.take)
        session.serve(alerts)
    if settings.report.at_close:
        from sentio_tui.reports.closes import ClosingReports, Job

        report = settings.report
        job = Job(
            folder=str(session.journal.parent),
            session=session.name,
            formats=report.at_close,
            theme_dirs=tuple(map(str, paths.theme_dirs(settings))),
            theme=settings.ui.theme,
            mail=settings.mail,
            email_to=report.email_to,
        )
        session.serve(ClosingReports(session, job))
    return session
