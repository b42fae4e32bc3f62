"""Where configuration, themes and sessions live."""

import os
import re
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Final

import platformdirs

from sentio_tui.settings import Settings

_NAME: Final = "sentio-tui"
_PACKAGE: Final = Path(__file__).parent


def packaged_config() -> Path:
    """The `config.toml` that ships with the program."""
    return _packaged("config.toml")


def packaged_themes() -> Path:
    """The folder of theme files that ships with the program."""
    return _packaged("themes")


def user_config_dir() -> Path:
    """The user's configuration folder: `config.toml` and `themes/`. It need not exist."""
    return platformdirs.user_config_path(_NAME, appauthor=False)


def user_data_dir() -> Path:
    """The user's data folder. It need not exist."""
    return platformdirs.user_data_path(_NAME, appauthor=False)


def accounts_dir() -> Path:
    """Where it is noted which accounts at brokers are traded now, whatever the folder of the sessions. It need not
    exist."""
    return user_data_dir() / "accounts"


def socket_dirs() -> tuple[Path, ...]:
    """Folders for the sockets of running sessions, the best first. Whoever uses one makes sure that it is private."""
    last = Path(tempfile.gettempdir()) / f"{_NAME}-{os.getuid()}"
    with warnings.catch_warnings(), suppress(OSError):
        warnings.simplefilter("ignore")  # that there is no XDG_RUNTIME_DIR is no news to whoever looks at a screen
        return platformdirs.user_runtime_path(_NAME, appauthor=False, ensure_exists=True), last
    return (last,)


def theme_dirs(settings: Settings) -> tuple[Path, ...]:
    """Where themes are looked for, the earlier wins: `ui.themes_dir`, ./themes, the user's, packaged."""
    configured = (Path(settings.ui.themes_dir).expanduser(),) if settings.ui.themes_dir else ()
    return (*configured, Path.cwd() / "themes", user_config_dir() / "themes", packaged_themes())


def sessions_dir(settings: Settings, option: Path | None = None, *, cwd: Path | None = None) -> Path:
    """Where sessions are kept, as an absolute path: option, setting, `sessions/` of the checkout that is the working
    directory, the user's data folder. Creates nothing."""
    cwd = cwd or Path.cwd()
    if option is not None:
        return cwd / option.expanduser()
    if settings.sessions_dir:
        return cwd / Path(settings.sessions_dir).expanduser()
    return (cwd if _is_checkout(cwd) else user_data_dir()) / "sessions"


def _packaged(name: str) -> Path:
    """In a wheel the files lie in the package; in a checkout at its root."""
    inside = _PACKAGE / "_packaged" / name
    return inside if inside.exists() else _PACKAGE.parent / name


def _is_checkout(folder: Path) -> bool:
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return re.search(rf'^name\s*=\s*"{_NAME}"\s*$', text, re.MULTILINE) is not None
