"""The keys of an Alpaca account: found in the environment or in the system's keyring, and never shown."""

import logging
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NoReturn, TypeVar

import msgspec

Mode = Literal["paper", "live"]
T = TypeVar("T")

KEY_ID: Final = "APCA_API_KEY_ID"
SECRET: Final = "APCA_API_SECRET_KEY"
HIDDEN: Final = "[hidden]"

_SERVICE: Final = "sentio-tui"
_TALKATIVE: Final = ("alpaca", "websockets", "urllib3", "requests")
"""Loggers of libraries: at DEBUG `websockets` writes the frame with the secret in it."""


class KeysError(Exception):
    """There are no keys, or the keyring does not work; says what to do. Shows no secret."""


@dataclass(frozen=True, slots=True)
class Keys:
    """An account's keys. `source` is where they came from, in words."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    source: str = ""

    def __post_init__(self) -> None:
        for name, value in (("key id", self.key_id), ("secret", self.secret)):
            if not value:
                raise KeysError(f"the {name} is empty")
            if not (value.isascii() and value.isprintable()) or " " in value:
                raise KeysError(f"the {name} has spaces or characters that no key has; copy it again")

    def __str__(self) -> str:
        return f"Alpaca keys {self.masked} ({self.source})" if self.source else f"Alpaca keys {self.masked}"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys are not to be copied out of the process")

    @property
    def masked(self) -> str:
        """The key id as it may be shown."""
        return f"{self.key_id[:2]}…{self.key_id[-4:]}" if len(self.key_id) >= 12 else "…"

    def redact(self, text: str) -> str:
        """The text without the secret, and with the key id masked."""
        return text.replace(self.secret, HIDDEN).replace(self.key_id, self.masked)


def without_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that has no business with the account."""
    return {name: value for name, value in environ.items() if name not in {KEY_ID, SECRET}}


def find_keys(mode: Mode, environ: Mapping[str, str] | None = None) -> Keys:
    """From the environment, else from the keyring. Raises KeysError."""
    environ = os.environ if environ is None else environ
    given = {name: environ.get(name, "").strip() for name in (KEY_ID, SECRET)}
    missing = [name for name, value in given.items() if not value]
    if not missing:
        return Keys(given[KEY_ID], given[SECRET], "from the environment")
    if len(missing) == 1:
        there = SECRET if missing[0] == KEY_ID else KEY_ID
        raise KeysError(f"{there} is set and {missing[0]} is not: set both, or neither and use the keyring")
    kept = kept_keys(mode)
    if kept is None:
        raise KeysError(
            f"there are no keys of an Alpaca {mode} account: set {KEY_ID} and {SECRET},"
            f" or run `sentio-tui keys set{'' if mode == 'paper' else ' --mode live'}`"
        )
    return kept


def kept_keys(mode: Mode) -> Keys | None:
    """What the keyring has; None where it has nothing. Raises KeysError."""
    import keyring

    text = _asked(lambda: keyring.get_password(_SERVICE, _entry(mode)))
    if text is None:
        return None
    try:
        key_id, secret = msgspec.json.decode(text, type=tuple[str, str])
    except ValueError:
        raise KeysError(
            f"the entry {_entry(mode)!r} of {_SERVICE!r} in the keyring is not ours; run `sentio-tui keys set`"
        ) from None
    return Keys(key_id, secret, "from the keyring")


def keep_keys(mode: Mode, keys: Keys) -> None:
    """Into the keyring, over what is there. Raises KeysError."""
    import keyring

    text = msgspec.json.encode((keys.key_id, keys.secret)).decode()
    _asked(lambda: keyring.set_password(_SERVICE, _entry(mode), text))


def delete_keys(mode: Mode) -> bool:
    """Whether the keyring had any. Raises KeysError."""
    import keyring

    if _asked(lambda: keyring.get_password(_SERVICE, _entry(mode))) is None:
        return False
    _asked(lambda: keyring.delete_password(_SERVICE, _entry(mode)))
    return True


def _entry(mode: Mode) -> str:
    return f"alpaca-{mode}"


def _asked(ask: Callable[[], T]) -> T:
    from keyring.errors import KeyringError, NoKeyringError

    try:
        return ask()
    except NoKeyringError:
        raise KeysError(
            f"this system has no keyring: set {KEY_ID} and {SECRET} in the environment,"
            " or install a keyring service (gnome-keyring, kwallet) and try again"
        ) from None
    except KeyringError as error:
        # The texts of backends do not hold what was to be kept; the chain of causes might.
        raise KeysError(f"the keyring refuses: {type(error).__name__}: {error}. Unlock it, or use {KEY_ID}") from None


class Redacting(logging.Filter):
    """Takes the keys out of every record, whatever its level, and the libraries' DEBUG records away."""

    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self._keys = keys

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.INFO and record.name.partition(".")[0] in _TALKATIVE:
            return False
        record.msg, record.args = self._keys.redact(record.getMessage()), None
        if record.exc_info and record.exc_info[0] is not None:
            text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
            record.exc_text, record.exc_info = self._keys.redact(text), None
        return True


def guard_logs(keys: Keys, handler: logging.Handler | None = None) -> None:
    """From here on no library writes the keys anywhere, nor anything at all on the standard error, where it would
    stand across the screen. What they say at INFO or above goes to `handler`, redacted; without one, nowhere."""
    handler = logging.NullHandler() if handler is None else handler
    handler.addFilter(Redacting(keys))
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _TALKATIVE]
    for name in {*known, *_TALKATIVE}:
        logger = logging.getLogger(name)
        if name in _TALKATIVE:
            logger.propagate = False
            if not isinstance(handler, logging.NullHandler) or not logger.handlers:
                logger.addHandler(handler)
            if logger.level < logging.INFO:
                logger.setLevel(logging.INFO)
        elif logging.NOTSET < logger.level < logging.INFO:
            logger.setLevel(logging.INFO)
