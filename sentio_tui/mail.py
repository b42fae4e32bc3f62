"""Mail through the user's own SMTP server. The password comes from the environment and is shown nowhere.

Reports and alerts both send through here. Everything waits for the network: call it from a thread or process that has
the time.
"""

import os
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from ipaddress import ip_address
from typing import Final

from msgspec import Struct

from sentio_tui.settings import MailSettings

_LARGEST_SUBJECT: Final = 200
"""Characters of a subject; servers refuse much longer lines."""


class MailError(Exception):
    """A mail was not sent, or not to all; says why and what to do. Shows no secret. `has_reached_some`: those who are
    not named have it, and would get it twice."""

    def __init__(self, why: str, *, has_reached_some: bool = False) -> None:
        super().__init__(why)
        self.has_reached_some = has_reached_some


class Attachment(Struct, frozen=True):
    """A file in a mail. `kind` is its media type, such as "text/html"."""

    name: str
    kind: str
    content: bytes


def send(
    settings: MailSettings,
    to: Sequence[str],
    subject: str,
    text: str,
    attachments: Sequence[Attachment] = (),
    *,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Send one mail to all of `to`, and wait until the server has taken it. Raises MailError."""
    password = credentials(settings, environ)
    message = compose(settings, to, subject, text, attachments)
    place = f"{settings.host}:{settings.port}"
    try:
        with _connected(settings) as server:
            if settings.user:
                server.login(settings.user, password)
            refused = server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        raise MailError(f"{place} refused {_refusals(error.recipients)}") from None
    except smtplib.SMTPAuthenticationError as error:
        raise MailError(
            f"{place} refused the user {settings.user!r} with the password in {settings.password_variable}: "
            f"{_said(error.smtp_code, error.smtp_error)}"
        ) from None
    except smtplib.SMTPNotSupportedError as error:
        raise MailError(f"{place} does not offer what [mail] asks for: {error}") from None
    except smtplib.SMTPResponseException as error:
        raise MailError(f"{place} refused the mail: {_said(error.smtp_code, error.smtp_error)}") from None
    except ssl.SSLError as error:
        raise MailError(f"{place} cannot be trusted, or mail.security is not what it speaks: {error}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailError(f"{place} cannot be reached: {error}") from error
    if refused:
        raise MailError(f"{place} took the mail, but refused {_refusals(refused)}", has_reached_some=True)


def credentials(settings: MailSettings, environ: Mapping[str, str] | None = None) -> str:
    """The password, empty where no user is named. Raises MailError for settings that nothing can be sent with."""
    environ = os.environ if environ is None else environ
    if not settings.host:
        raise MailError("no mail can be sent: mail.host names no server")
    if not settings.sender:
        raise MailError("no mail can be sent: mail.sender is empty")
    address(settings.sender)
    if not settings.user:
        return ""
    if settings.security == "none" and not _is_here(settings.host):
        raise MailError(
            f'mail.security is "none": the password would cross the network to {settings.host} in the clear'
        )
    password = environ.get(settings.password_variable, "")
    if not password:
        raise MailError(
            f"there is no password for {settings.user!r} at {settings.host}: set the variable "
            f"{settings.password_variable}, or name another in mail.password_variable"
        )
    return password


def address(text: str) -> Address:
    """A mail address such as "name@example.org". Raises MailError."""
    try:
        made = Address(addr_spec=text)
    except (ValueError, IndexError, HeaderParseError):
        made = Address()
    if not made.username or not made.domain or not (text.isascii() and text.isprintable()):
        raise MailError(f"{text!r} is no mail address such as name@example.org")
    return made


def compose(
    settings: MailSettings, to: Sequence[str], subject: str, text: str, attachments: Sequence[Attachment] = ()
) -> EmailMessage:
    """The mail as it is sent. Raises MailError for an address that is none."""
    if not to:
        raise MailError("a mail needs somebody to go to")
    sender = address(settings.sender)
    message = EmailMessage()
    message["From"] = sender
    message["To"] = tuple(address(each) for each in to)
    message["Subject"] = _line(subject)
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=sender.domain)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    for each in attachments:
        main, _, sub = each.kind.partition("/")
        message.add_attachment(each.content, maintype=main, subtype=sub, filename=_line(each.name))
    return message


def _connected(settings: MailSettings) -> smtplib.SMTP:
    host, port, patience = settings.host, settings.port, settings.timeout
    if settings.security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=patience, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port, timeout=patience)
    if settings.security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:  # whatever it is, the connection must not be left open
            server.close()
            raise
    return server


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _line(text: str) -> str:
    """Text from outside as it may stand in a header: one line, and not without end."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return shown if len(shown) <= _LARGEST_SUBJECT else shown[: _LARGEST_SUBJECT - 1] + "…"


def _refusals(refused: Mapping[str, tuple[int, bytes]]) -> str:
    return ", ".join(f"{who} ({_said(*why)})" for who, why in refused.items())


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {_line(text)}".strip()
