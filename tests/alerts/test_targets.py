"""The ways to a person, against servers and programs on this machine; and that no secret comes out of any of them."""

import json
import os
import socket
import sys
from contextlib import closing
from pathlib import Path

import keyring
import pytest
from keyring.errors import KeyringLocked, NoKeyringError

from sentio_tui.alerts.addresses import HIDDEN, Address, NoAddress, address_of
from sentio_tui.alerts.alert import Message
from sentio_tui.alerts.courier import NotDelivered
from sentio_tui.alerts.targets import Command, Service, Webhook, deliverer, missing
from sentio_tui.model.events import Level
from sentio_tui.settings import ALERT_VARIABLES, AlertTargetSettings, MailSettings
from tests.alerts.receiving import Receiver
from tests.alerts.test_courier import SOURCE, alert
from tests.posted import REFUSED, post_office
from tests.sessions.serving import until

SECRET = "token-4f9a8b7c"
MESSAGE = Message(SOURCE, (alert(1), alert(2, "stop_loss", Level.WARNING)))


def webhook(hook: Receiver, timeout: float = 30.0) -> Webhook:
    return Webhook(Address(f"{hook.url}/{SECRET}?key={SECRET}", "here"), timeout)


def failure(deliver: Webhook | Service | Command) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        deliver(MESSAGE)
    assert SECRET not in str(caught.value)
    return caught.value


def test_a_webhook_gets_the_alerts_as_json(hook: Receiver) -> None:
    webhook(hook)(MESSAGE)
    ((path, post),) = hook.posts
    assert path == f"/{SECRET}?key={SECRET}"
    assert hook.headers[0]["Content-Type"] == "application/json"
    assert post["title"] == "live_20250106_000000 (sim): 1 fill, 1 stop loss"
    assert (post["text"], post["level"], post["session"]) == ("1 fill, 1 stop loss", "warning", SOURCE.session)
    assert [each["kind"] for each in post["alerts"]] == ["fill", "stop_loss"]
    assert post["alerts"][0]["time"] == "2025-01-05 19:00:01 EST"


@pytest.mark.parametrize(
    ("status", "for_good"), [(500, False), (503, False), (429, False), (400, True), (404, True), (302, True)]
)
def test_an_answer_that_is_no_success_is_a_failure(hook: Receiver, status: int, for_good: bool) -> None:
    hook.answers = [status]
    error = failure(webhook(hook))
    assert error.for_good == for_good
    assert str(status) in str(error)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(hook: Receiver, status: int) -> None:
    hook.answers, hook.where = [status], f"{hook.url}/elsewhere"
    assert "points elsewhere" in str(failure(webhook(hook)))
    assert len(hook.posts) == 1


def test_a_server_that_says_nothing_is_not_waited_for(hook: Receiver) -> None:
    hook.gate.clear()
    error = failure(webhook(hook, timeout=0.05))
    assert not error.for_good
    assert "no answer in 0.05 s" in str(error)


def test_no_server_and_no_address_are_told_apart() -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        nobody = Webhook(Address(f"http://127.0.0.1:{free.getsockname()[1]}/{SECRET}", "here"), 1.0)
        assert not failure(nobody).for_good
    for text in ("ftp://127.0.0.1/" + SECRET, SECRET, f"http://[{SECRET}"):
        assert failure(Webhook(Address(text, "here"), 1.0)).for_good


def test_apprise_reaches_a_service_by_its_address(hook: Receiver) -> None:
    Service(Address(f"json://127.0.0.1:{hook.port}/{SECRET}/", "here"), 30.0)(MESSAGE)
    ((path, post),) = hook.posts
    assert path == f"/{SECRET}/"
    assert post["title"] == MESSAGE.title
    assert post["message"].splitlines() == MESSAGE.body.splitlines()
    assert post["type"] == "warning"


def test_a_service_that_refuses_is_a_failure_in_its_words_without_secrets(hook: Receiver) -> None:
    hook.answers = [500]
    error = failure(Service(Address(f"json://user:{SECRET}@127.0.0.1:{hook.port}/{SECRET}", "here"), 30.0))
    assert not error.for_good
    assert "500" in str(error) or "Internal Server Error" in str(error)


def test_no_part_of_an_address_is_in_the_words_of_a_service() -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = failure(Service(Address(f"json://127.0.0.1:{port}/{SECRET}", "here"), 30.0))
    assert HIDDEN in str(error)
    assert "127.0.0.1" not in str(error)


def test_an_address_apprise_does_not_know_is_no_target() -> None:
    assert failure(Service(Address(f"nosuchservice://{SECRET}", "here"), 1.0)).for_good


def mailing(*to: str) -> AlertTargetSettings:
    return AlertTargetSettings("mail", to=to, timeout=30.0)


def test_mail_goes_through_the_server_of_the_configuration() -> None:
    with post_office() as (mail, desk):
        deliverer("me", mailing("ann@example.org", "bob@example.org"), mail)(MESSAGE)
    (post,) = desk.posts
    assert post.to == ["ann@example.org", "bob@example.org"]
    assert post.message["Subject"] == MESSAGE.title
    assert post.text.splitlines() == MESSAGE.body.splitlines()


def test_mail_that_reached_some_is_not_sent_again() -> None:
    with post_office() as (mail, desk):
        with pytest.raises(NotDelivered, match="refused") as caught:
            deliverer("me", mailing("ann@example.org", REFUSED), mail)(MESSAGE)
        assert caught.value.for_good
        with pytest.raises(NotDelivered, match="refused") as caught:
            deliverer("me", mailing(REFUSED), mail)(MESSAGE)
        assert not caught.value.for_good
    assert len(desk.posts) == 1


def test_mail_without_its_password_is_told_at_once() -> None:
    mail = MailSettings(host="mail.example.org", sender="desk@example.org", user="ann")
    with pytest.raises(NoAddress, match="set the variable SMTP_PASSWORD"):
        deliverer("me", mailing("ann@example.org"), mail, {})


def test_mail_goes_out_through_apprise_too() -> None:
    with post_office() as (mail, desk):
        address = (
            f"mailto://127.0.0.1:{mail.port}?smtp=127.0.0.1&from=desk@example.org&to=ann@example.org&mode=insecure"
        )
        Service(Address(address, "here"), 30.0)(MESSAGE)
    (post,) = desk.posts
    assert post.to == ["ann@example.org"]
    assert "1 fill" in str(post.message["Subject"])


def command(code: str, timeout: float = 30.0, *arguments: str) -> Command:
    return Command([sys.executable, "-c", code, *arguments], timeout)


def test_a_command_gets_json_and_variables_and_no_shell(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    code = (
        "import json, os, sys\n"
        f"told = {{name: os.environ[name] for name in {ALERT_VARIABLES!r}}}\n"
        "json.dump([json.load(sys.stdin), told, sys.argv[2]], open(sys.argv[1], 'w'))"
    )
    command(code, 30.0, str(out), "$HOME; `id`")(MESSAGE)
    post, told, argument = json.loads(out.read_text())
    assert [each["text"] for each in post["alerts"]] == ["fill 1", "stop_loss 2"]
    assert told == {
        "SENTIO_ALERT_SESSION": SOURCE.session,
        "SENTIO_ALERT_MODE": "sim",
        "SENTIO_ALERT_KINDS": "fill,stop_loss",
        "SENTIO_ALERT_LEVEL": "warning",
        "SENTIO_ALERT_COUNT": "2",
        "SENTIO_ALERT_TITLE": MESSAGE.title,
        "SENTIO_ALERT_TEXT": "1 fill, 1 stop loss",
    }
    assert argument == "$HOME; `id`"


def test_a_command_that_fails_says_so_in_its_own_words() -> None:
    error = failure(command("import sys; print('x' * 5000 + 'no\\x1b[31m paper', file=sys.stderr); sys.exit(3)"))
    assert str(error).startswith("exit code 3: xxx")
    assert str(error).endswith("no paper")
    assert len(str(error)) < 400
    assert not error.for_good


def test_a_command_that_reads_nothing_is_no_failure() -> None:
    many = Message(SOURCE, tuple(alert(number) for number in range(1000)))
    command("import sys; sys.stdin.close()")(many)


def test_a_command_that_does_not_end_is_killed_with_what_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])\n"
        "path = sys.argv[1]\n"
        "open(path + '.part', 'w').write(str(child.pid)); os.rename(path + '.part', path)\n"
        "time.sleep(1000)"
    )
    timeout = 0.5
    while not pid.exists():  # on a busy machine it may be killed before it began
        assert str(failure(command(code, timeout, str(pid)))) == f"not done in {timeout:g} s, and killed"
        timeout *= 2
    until(lambda: is_gone(int(pid.read_text())))


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_a_program_that_is_not_there_is_told() -> None:
    error = failure(Command(["/nowhere/at-all"], 1.0))
    assert error.for_good
    assert str(error) == "/nowhere/at-all cannot be started: No such file or directory"


# Addresses.


def test_an_address_comes_from_its_variable() -> None:
    target = AlertTargetSettings("webhook", url_env="HOOK")
    assert address_of("desk", target, {"HOOK": " http://x/y \n"}).url == "http://x/y"
    for environ in ({}, {"HOOK": " "}):
        with pytest.raises(NoAddress, match="the variable HOOK is not set; it has to hold the address of desk"):
            address_of("desk", target, environ)


def test_an_address_comes_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    target = AlertTargetSettings("webhook", url_keyring="hook")
    kept = {("sentio-tui", "hook"): f"http://127.0.0.1/{SECRET}"}
    monkeypatch.setattr(keyring, "get_password", lambda service, entry: kept.get((service, entry)))
    assert address_of("desk", target).url.endswith(SECRET)
    kept.clear()
    with pytest.raises(NoAddress, match="`keyring set sentio-tui hook` puts it there"):
        address_of("desk", target)


@pytest.mark.parametrize(
    ("error", "says"),
    [(NoKeyringError("none"), "this system has no keyring"), (KeyringLocked(SECRET), "refuses the address of desk")],
)
def test_a_keyring_that_does_not_work_is_told(monkeypatch: pytest.MonkeyPatch, error: Exception, says: str) -> None:
    def refuse(service: str, entry: str) -> str:
        raise error

    monkeypatch.setattr(keyring, "get_password", refuse)
    with pytest.raises(NoAddress, match=says) as caught:
        address_of("desk", AlertTargetSettings("apprise", url_keyring="hook"))
    assert SECRET not in str(caught.value)


def test_an_address_is_never_shown() -> None:
    address = Address(f"tgram://{SECRET}/12345?format=html&key=a%2Fb%2Fc", "from HOOK")
    assert SECRET not in f"{address} {address!r} {[address]} {vars(address).keys()}"
    assert str(address) == "tgram://…"
    assert str(Address(SECRET, "")) == "…"
    told = address.redact(f"POST tgram://{SECRET}/12345 failed for a/b/c and {address.url}")
    assert SECRET not in told
    assert "12345" not in told
    assert "a/b/c" not in told
    with pytest.raises(TypeError):
        address.__reduce__()


def test_what_is_missing_is_told_without_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK", raising=False)
    target = AlertTargetSettings("webhook", url_env="HOOK")
    assert missing("desk", target, MailSettings()) == "the variable HOOK is not set; it has to hold the address of desk"
    monkeypatch.setenv("HOOK", "http://x")
    assert missing("desk", target, MailSettings()) == ""
    assert missing("log", AlertTargetSettings("command", command=("logger",)), MailSettings()) == ""
    assert isinstance(deliverer("desk", target, MailSettings()), Webhook)
    assert os.environ["HOOK"] == "http://x"
