"""`web`: the dashboard in a browser, for all sessions of the folder."""

import argparse
import os
from typing import TYPE_CHECKING, Final

from sentio_tui.cli.options import (
    DONE,
    SESSIONS_DIR,
    THEME,
    WEB_SETTINGS,
    Entry,
    Parser,
    add_config_options,
    add_setting,
    complain,
    load,
)

if TYPE_CHECKING:
    from sentio_tui.config import Loaded
    from sentio_tui.web.app import Options

_EPILOG: Final = """\
Shows the sessions of the folder, those that run and those that ended. It only watches: nothing in it trades. It ends
with ctrl+c, and a session does not notice. `--set web.enabled=true` serves it beside a session instead.

On another address than this machine's own it needs a token, from the environment variable DASHBOARD_TOKEN
(web.token_variable names another); open http://HOST:PORT/?token=TOKEN once in each browser. Programs send the header
`Authorization: Bearer TOKEN`. What is sent is not encrypted: through a network you do not trust, use a tunnel
(ssh -L 8888:localhost:8888 HOST) or a proxy with TLS.

examples:
  sentio-tui web
  sentio-tui web --port 9000 --session live_20250106_143000
  DASHBOARD_TOKEN=$(openssl rand -hex 16) sentio-tui web --host 0.0.0.0

exit codes: 0 ended, 2 wrong usage or configuration, a port in use, or no token where one is needed
"""


def _parser() -> Parser:
    parser = Parser("web", "Serve the dashboard: sessions seen from a browser.", _EPILOG)
    parser.add_argument(
        "--session", metavar="NAME", default="", help="the session it shows first; without it the newest that runs"
    )
    for setting in WEB_SETTINGS:
        add_setting(parser, setting)
    parser.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    add_config_options(parser)
    add_setting(parser, SESSIONS_DIR)
    add_setting(parser, THEME)
    return parser


def _web(arguments: argparse.Namespace) -> int:
    from sentio_tui.config import ConfigError
    from sentio_tui.journal.catalogue import UnknownSession
    from sentio_tui.web import server
    from sentio_tui.web.child import BEGUN

    try:
        loaded = load(arguments)
        options = _options(loaded, arguments.session)
        web = loaded.settings.web
        listening = server.listen(web.host, web.port)
    except (ConfigError, UnknownSession, server.NotServed, OSError) as error:
        return complain(error)
    address = server.address_of(listening, web.host)

    def begun() -> None:
        token = f"It asks for the token in {web.token_variable}: open {address}?token=TOKEN once in each browser."
        reach = "It is reached from other machines, and what is sent is not encrypted."
        words = (f"{BEGUN} {address}", token if options.token else "", "" if options.is_local else reach)
        print(" ".join(filter(None, words)), flush=True)

    server.serve(options, listening, begun, with_parent=arguments.with_parent)
    return DONE


def _options(loaded: "Loaded", session: str) -> "Options":
    """Raises NotServed, UnknownSession, OSError."""
    from sentio_tui import paths
    from sentio_tui.journal.catalogue import find
    from sentio_tui.web.app import Options
    from sentio_tui.web.guard import is_loopback
    from sentio_tui.web.server import checked_token

    settings = loaded.settings
    web = settings.web
    folder = paths.sessions_dir(settings)
    return Options(
        folder=folder,
        session=find(folder, session).name if session else "",
        token=checked_token(web.host, os.environ.get(web.token_variable, ""), web.token_variable),
        is_local=is_loopback(web.host),
        theme=settings.ui.theme,
        theme_dirs=paths.theme_dirs(settings),
    )


WEB: Final = Entry(_parser, _web)
