"""The ways to a person: mail, a webhook, a service that apprise knows, a command. Each within its own time limit."""

import logging
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec
from msgspec.structs import replace

from sentio_tui.alerts.addresses import Address, NoAddress, address_of
from sentio_tui.alerts.alert import Message, one_line
from sentio_tui.alerts.courier import Deliver, NotDelivered
from sentio_tui.alpaca.keys import without_keys
from sentio_tui.model.events import Level
from sentio_tui.settings import ALERT_VARIABLES, AlertTargetSettings, MailSettings

CONNECT_SECONDS: Final = 5.0
"""Until a connection has to stand, or the target's own limit where that is shorter."""

_AGAIN: Final = frozenset({408, 425, 429})
"""Answers of a client's fault after which another attempt may do."""

_WORDS: Final = 300
"""Bytes of what a command wrote to its standard error that are told."""


def deliverer(
    name: str, target: AlertTargetSettings, mail: MailSettings, environ: Mapping[str, str] | None = None
) -> Deliver:
    """What brings messages to a target; `mail` is the server mail goes through. Raises NoAddress."""
    if target.kind == "command":
        return Command(target.command, target.timeout)
    if target.kind == "mail":
        return Letters(replace(mail, timeout=target.timeout), target.to, environ)
    address = address_of(name, target, environ)
    return (Webhook if target.kind == "webhook" else Service)(address, target.timeout)


def missing(name: str, target: AlertTargetSettings, mail: MailSettings) -> str:
    """Why a target cannot be reached from here, in words; empty where nothing is known against it."""
    try:
        deliverer(name, target, mail)
    except NoAddress as error:
        return str(error)
    return ""


def payload(message: Message) -> bytes:
    """A message as JSON, for programs."""
    source = message.source
    return msgspec.json.encode(
        {
            "session": source.session,
            "mode": source.mode,
            "title": message.title,
            "text": message.summary,
            "level": message.level.value,
            "more": message.more,
            "alerts": [
                {
                    "rule": alert.rule,
                    "kind": alert.kind,
                    "level": alert.level.value,
                    "seq": alert.seq,
                    "at": alert.at,
                    "time": source.clock(alert.at),
                    "text": alert.text,
                }
                for alert in message.alerts
            ],
        }
    )


class Webhook:
    """Posts JSON to one address, and to no other: redirects are not followed."""

    def __init__(self, address: Address, timeout: float) -> None:
        self._address = address
        self._timeout = (min(timeout, CONNECT_SECONDS), timeout)

    def __call__(self, message: Message) -> None:
        import requests

        headers = {"Content-Type": "application/json", "User-Agent": "sentio-tui"}
        try:
            # The answer's body is of no use, and may be without end: it is not read.
            with requests.post(
                self._address.url,
                data=payload(message),
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
        except requests.Timeout:
            raise NotDelivered(f"no answer in {self._timeout[1]:g} s") from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
            raise NotDelivered("its address is no http or https address", for_good=True) from None
        except requests.ConnectionError:
            raise NotDelivered("no connection") from None
        except requests.RequestException as error:
            raise NotDelivered(f"the request failed: {type(error).__name__}") from None
        if 300 <= status < 400:
            raise NotDelivered(f"it answers {status} and points elsewhere, which is not followed", for_good=True)
        if not 200 <= status < 300:
            raise NotDelivered(f"it answers {status}", for_good=400 <= status < 500 and status not in _AGAIN)


class Service:
    """Any service apprise knows. The library is loaded with the first message."""

    def __init__(self, address: Address, timeout: float) -> None:
        self._address = address
        self._timeout = timeout

    def __call__(self, message: Message) -> None:
        import apprise

        _silence(logging.getLogger("apprise"))
        service = apprise.Apprise()
        if not service.add(self._address.url):
            raise NotDelivered("apprise does not know such an address", for_good=True)
        kind = {Level.ALARM: apprise.NotifyType.FAILURE, Level.WARNING: apprise.NotifyType.WARNING}
        level = kind.get(message.level, apprise.NotifyType.INFO)
        result = service.notify(
            title=message.title, body=message.body, notify_type=level, body_format="text", timeout=self._timeout
        )
        if not result:
            told = [one_line(self._address.redact(str(entry.message))) for entry in result.logs()]
            raise NotDelivered("; ".join(told[-2:]) or f"the service did not take it in {self._timeout:g} s")


class Letters:
    """Mails the message to all of `to`. Raises NoAddress where there is no password for the server, or no server."""

    def __init__(self, mail: MailSettings, to: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        from sentio_tui.mail import MailError, credentials

        self._mail = mail
        self._to = tuple(to)
        self._environ = environ
        try:
            credentials(mail, environ)
        except MailError as error:
            raise NoAddress(str(error)) from None

    def __call__(self, message: Message) -> None:
        from sentio_tui.mail import MailError, send

        try:
            send(self._mail, self._to, message.title, message.body + "\n", environ=self._environ)
        except MailError as error:
            raise NotDelivered(one_line(str(error)), for_good=error.has_reached_some) from None


def _silence(logger: logging.Logger) -> None:
    """What a library says would stand across the screen, with the address in it."""
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


class Command:
    """Starts a program, with the message as JSON on its standard input and its figures in variables. No shell."""

    def __init__(self, command: Sequence[str], timeout: float) -> None:
        self._command = tuple(command)
        self._timeout = timeout

    def __call__(self, message: Message) -> None:
        values = (
            message.source.session,
            message.source.mode,
            ",".join(dict.fromkeys(alert.kind for alert in message.alerts)),
            message.level.value,
            str(len(message.alerts) + message.more),
            message.title,
            one_line(message.summary),
        )
        with tempfile.TemporaryFile() as errors:
            try:
                process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    env=without_keys(os.environ) | dict(zip(ALERT_VARIABLES, values, strict=True)),
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                why = error.strerror if isinstance(error, OSError) else str(error)
                raise NotDelivered(f"{self._command[0]} cannot be started: {why}", for_good=True) from None
            try:
                process.communicate(payload(message), timeout=self._timeout)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                raise NotDelivered(f"not done in {self._timeout:g} s, and killed") from None
            if process.returncode:
                raise NotDelivered(f"exit code {process.returncode}{_said(errors.fileno())}")


def _said(errors: int) -> str:
    """The end of what a command wrote to its standard error."""
    size = os.fstat(errors).st_size
    text = one_line(os.pread(errors, _WORDS, max(0, size - _WORDS)).decode("utf-8", "replace").strip())
    return f": {text}" if text else ""
