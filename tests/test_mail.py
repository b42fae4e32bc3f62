"""Mail through the user's own server."""

from pathlib import Path
from typing import Literal

import pytest
from msgspec.structs import replace

from sentio_tui.mail import Attachment, MailError, address, compose, credentials, send
from sentio_tui.settings import MailSettings
from tests.posted import PASSWORD, REFUSED, USER, certificate, post_office

HTML = Attachment("report.html", "text/html", "<p>Ölpreis</p>".encode())
SETTINGS = MailSettings(host="mail.example.org", sender="cockpit@example.org")
TOLD = {"SMTP_PASSWORD": PASSWORD}


def test_a_mail_arrives_with_its_text_and_attachments() -> None:
    with post_office() as (settings, desk):
        send(settings, ["a@example.org", "b@example.org"], "Session ended: +1.5 %", "Grüße\nfrom here", [HTML])
    (post,) = desk.posts
    assert (post.sender, post.to) == ("cockpit@example.org", ["a@example.org", "b@example.org"])
    assert post.message["Subject"] == "Session ended: +1.5 %"
    assert post.text.splitlines() == ["Grüße", "from here"]
    (attached,) = post.message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("report.html", "text/html")
    assert attached.get_payload(decode=True) == HTML.content


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_password_goes_over_an_encrypted_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: Literal["starttls", "tls"]
) -> None:
    pem = certificate(tmp_path)
    with post_office(security, pem, asks=True) as (settings, desk):
        settings = replace(settings, user=USER)
        with pytest.raises(MailError, match="cannot be trusted"):
            send(settings, ["a@example.org"], "s", "t", environ=TOLD)
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        send(settings, ["a@example.org"], "s", "t", environ=TOLD)
        with pytest.raises(MailError) as wrong:
            send(settings, ["a@example.org"], "s", "t", environ={"SMTP_PASSWORD": "guessed it"})
    assert len(desk.posts) == 1
    assert "refused the user 'watcher'" in str(wrong.value)
    assert "guessed" not in str(wrong.value)


def test_a_server_without_starttls_is_given_nothing() -> None:
    with post_office() as (settings, desk):
        with pytest.raises(MailError, match="does not offer"):
            send(replace(settings, security="starttls"), ["a@example.org"], "s", "t")
        assert not desk.posts


def test_who_is_refused_is_named_and_the_others_have_it() -> None:
    with post_office() as (settings, desk):
        with pytest.raises(MailError, match=f"took the mail, but refused {REFUSED}.*no such person"):
            send(settings, ["a@example.org", REFUSED], "s", "t")
        with pytest.raises(MailError, match=f"refused {REFUSED}"):
            send(settings, [REFUSED], "s", "t")
    assert [post.to for post in desk.posts] == [["a@example.org"]]


def test_a_server_that_is_not_there_is_told() -> None:
    with post_office() as (settings, _):
        pass
    with pytest.raises(MailError, match=f"127.0.0.1:{settings.port} cannot be reached"):
        send(settings, ["a@example.org"], "s", "t")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (MailSettings(), "mail.host names no server"),
        (MailSettings(host="mail.example.org"), "mail.sender is empty"),
        (replace(SETTINGS, sender="nobody"), "no mail address"),
        (replace(SETTINGS, user=USER), "set the variable SMTP_PASSWORD"),
        (replace(SETTINGS, user=USER, password_variable="OTHER"), "set the variable OTHER"),
        (replace(SETTINGS, user=USER, security="none"), "in the clear"),
    ],
)
def test_settings_that_send_nothing_say_what_is_missing(settings: MailSettings, told: str) -> None:
    with pytest.raises(MailError, match=told):
        credentials(settings, {})


def test_a_password_in_the_clear_stays_on_this_machine() -> None:
    near = replace(SETTINGS, host="127.0.0.1", user=USER, security="none")
    assert credentials(near, TOLD) == PASSWORD
    assert credentials(replace(near, host="localhost"), TOLD) == PASSWORD
    with pytest.raises(MailError):
        credentials(replace(near, host="192.168.1.2"), TOLD)


def test_words_from_outside_cannot_add_headers() -> None:
    sly = "BTC\r\nBcc: thief@example.org\x1b[2J"
    message = compose(SETTINGS, ["a@example.org"], sly, sly, [Attachment(sly, "text/plain", b"")])
    assert message["Bcc"] is None
    assert b"\nBcc:" not in bytes(message).partition(b"\n\n")[0]
    assert len(str(compose(SETTINGS, ["a@example.org"], "x" * 10_000, "")["Subject"])) <= 200


@pytest.mark.parametrize("text", ["", "a", "a@", "@b", "a b@c", "a@b\nBcc: c@d", "a@b,c@d", "<a@b>", "ä@b.org"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(MailError, match="no mail address"):
        address(text)
