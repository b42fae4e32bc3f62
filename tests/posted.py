"""A mail server on this machine for tests: what it was sent, and how it can be told to behave."""

import ssl
from asyncio.base_events import Server
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sentio_tui.settings import MailSettings

USER = "watcher"
PASSWORD = "korrekt horse"
REFUSED = "nobody@example.org"
HERE = "127.0.0.1"


class Post(NamedTuple):
    """One mail: who it was handed over for, and what it says."""

    sender: str
    to: list[str]
    message: EmailMessage

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content())


class Desk:
    """Keeps what comes in; it knows no `REFUSED`."""

    def __init__(self) -> None:
        self.posts: list[Post] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == REFUSED:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.posts.append(Post(envelope.mail_from or "", list(envelope.rcpt_tos), message))
        return "250 taken"


class _AnyPort(Controller):
    """Learns its port from the system before it is tried out."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # the library does not say its types here


@contextmanager
def post_office(
    security: Literal["starttls", "tls", "none"] = "none", certificate: Path | None = None, *, asks: bool = False
) -> Iterator[tuple[MailSettings, Desk]]:
    """A server that runs, with the settings to reach it. With `asks` it wants `USER` and `PASSWORD`."""
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    desk = Desk()

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
        wanted = LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=given == wanted, handled=False)

    controller = _AnyPort(
        desk,
        hostname=HERE,
        port=0,
        ssl_context=context if security == "tls" else None,
        tls_context=context if security == "starttls" else None,
        require_starttls=security == "starttls",
        authenticator=check,
        auth_required=asks,
        auth_require_tls=security == "starttls",
    )
    controller.start()
    try:
        sender = "cockpit@example.org"
        yield MailSettings(host=HERE, port=controller.port, security=security, sender=sender, timeout=10.0), desk
    finally:
        controller.stop()


def certificate(folder: Path) -> Path:
    """A file with a key and a certificate of this machine that nobody has signed but itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HERE)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
