"""Where messages go: addresses from the environment or the keyring, which hold secrets and are never shown."""

import os
import re
from collections.abc import Mapping
from typing import Final, NoReturn
from urllib.parse import unquote

from sentio_tui.settings import AlertTargetSettings

SERVICE: Final = "sentio-tui"
"""Ours in the system's keyring."""

HIDDEN: Final = "[hidden]"

_SHORTEST: Final = 4
"""Characters of a part of an address from which on it may be a secret."""


class NoAddress(Exception):
    """A target has no address; says what to do. Shows no secret."""


class Address:
    """A URL. Its text is masked, so that no log, message or error can hold it by accident."""

    def __init__(self, url: str, source: str) -> None:
        """`source` is where it came from, in words."""
        self.url = url
        self.source = source

    def __repr__(self) -> str:
        return f"Address({self.masked!r})"

    def __str__(self) -> str:
        return self.masked

    def __reduce__(self) -> NoReturn:
        raise TypeError("an address is not to be copied out of the process")

    @property
    def masked(self) -> str:
        """The kind of service alone: with many, the rest of the address is the secret."""
        scheme, found, _ = self.url.partition("://")
        return f"{scheme}://…" if found and scheme.isalnum() else "…"

    def redact(self, text: str) -> str:
        """The text without the address or any part of it that may be a secret."""
        rest = self.url.partition("://")[2]
        parts = {part for part in re.split(r"[:/@?&=#,;]", rest) if len(part) >= _SHORTEST}
        secrets = {self.url, rest, *parts, *map(unquote, parts)}
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text


def address_of(name: str, target: AlertTargetSettings, environ: Mapping[str, str] | None = None) -> Address:
    """The address of a target that needs one. Raises NoAddress."""
    if target.url_env:
        url = (os.environ if environ is None else environ).get(target.url_env, "").strip()
        if not url:
            raise NoAddress(f"the variable {target.url_env} is not set; it has to hold the address of {name}")
        return Address(url, f"from {target.url_env}")
    return Address(_kept(name, target.url_keyring), f"from the keyring, {target.url_keyring}")


def _kept(name: str, entry: str) -> str:
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    try:
        url = (keyring.get_password(SERVICE, entry) or "").strip()
    except NoKeyringError:
        raise NoAddress(f"this system has no keyring: give {name} a url_env instead") from None
    except KeyringError as error:
        # The chain of causes of a backend might hold what it keeps.
        raise NoAddress(f"the keyring refuses the address of {name}: {type(error).__name__}") from None
    if not url:
        raise NoAddress(f"the keyring has no address of {name}; `keyring set {SERVICE} {entry}` puts it there")
    return url
