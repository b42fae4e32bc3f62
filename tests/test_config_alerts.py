"""`[alerts]`: every contradiction is told with its place, and what the commands of alerts are given is no setting."""

from pathlib import Path

import pytest

from sentio_tui.settings import ALERT_VARIABLES
from tests.places import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (
            'targets.screen = { kind = "command", command = ["x"] }',
            "targets.screen",
            "is a target that is always there",
        ),
        ('targets."a b" = { kind = "command", command = ["x"] }', 'targets."a b"', "1 to 32 letters"),
        ('targets.a = { kind = "command" }', "targets.a", "needs command, a program"),
        ('targets.a = { kind = "command", command = ["x"], url_env = "A" }', "targets.a.url_env", "is of no use"),
        ('targets.a = { kind = "webhook", url_env = "A", command = ["x"] }', "targets.a.command", "is of no use"),
        ('targets.a = { kind = "webhook" }', "targets.a", "needs either url_env or url_keyring"),
        (
            'targets.a = { kind = "apprise", url_env = "A", url_keyring = "a" }',
            "targets.a",
            "needs either url_env or url_keyring, not both",
        ),
        ('targets.a = { kind = "webhook", url_env = "http://x/y" }', "targets.a.url_env", "stands in no file"),
        ('targets.a = { kind = "apprise", url_keyring = "tgram://x/y" }', "targets.a.url_keyring", "stands in no file"),
        ('targets.a = { kind = "webhook", url_env = "A-B" }', "targets.a.url_env", "is no name of a variable"),
        ('targets.a = { kind = "webhook", url_env = "SENTIO_URL" }', "targets.a.url_env", "are settings"),
        ('targets.a = { kind = "webhook", url_env = "A", timeout = 61 }', "targets.a.timeout", "of at most 60"),
        ('targets.a = { kind = "pigeon" }', "targets.a.kind", "one of mail, apprise, webhook, command"),
        ('targets.a = { kind = "mail", to = ["me@x.org"] }', "targets.a", "and mail.host is empty"),
        ('targets.a = { kind = "webhook", url_env = "A", to = ["me@x.org"] }', "targets.a.to", "is of no use"),
        ('rules.a = { on = "fills" }', "rules.a.on", 'did you mean "fill"?'),
        ("rules.a = { quiet = 1.0 }", "rules.a.on", "is missing"),
        ('rules."a.b" = { on = "fill" }', 'rules."a.b"', "1 to 32 letters"),
        ('rules.a = { on = "fill", targets = ["phon"] }', "rules.a.targets", "known: screen, bell, desktop"),
        ('rules.a = { on = "fill", targets = ["bell", "bell"] }', "rules.a.targets", "more than once"),
        ('rules.a = { on = "drawdown" }', "rules.a", "needs a threshold, a fraction"),
        ('rules.a = { on = "daily_loss", threshold = 5 }', "rules.a.threshold", "5 is no fraction of equity"),
        ('rules.a = { on = "fill", threshold = 0.1 }', "rules.a.threshold", "fill has none"),
    ],
)
def test_t39_what_contradicts_itself_is_refused_with_its_line(place: Place, text: str, key: str, says: str) -> None:
    place.project(f"[alerts]\n\n{text}\n")
    (problem,) = place.problems()
    assert problem.key == f"alerts.{key}"
    assert says in problem.text
    assert problem.where.startswith("config.toml:3 ")


def test_a_mail_needs_addresses_and_a_server(place: Place) -> None:
    place.project(
        '[mail]\nhost = "mail.x.org"\n[alerts.targets]\na = { kind = "mail" }\n'
        'b = { kind = "mail", to = ["me", "a@b@c"] }\n'
    )
    assert [(problem.key, problem.text.split(",")[0]) for problem in place.problems()] == [
        ("alerts.targets.a", "needs to"),
        ("alerts.targets.a", "goes through a mail server"),
        ("alerts.targets.b.to", '"me" is no mail address such as me@example.org'),
        ("alerts.targets.b.to", '"a@b@c" is no mail address such as me@example.org'),
        ("alerts.targets.b", "goes through a mail server"),
    ]


def test_a_near_name_of_a_target_is_named(place: Place) -> None:
    place.project(
        '[alerts]\ntargets.phone = { kind = "webhook", url_env = "P" }\nrules.a = { on = "fill", targets = ["phon"] }\n'
    )
    (problem,) = place.problems()
    assert 'did you mean "phone"?' in problem.text


def test_rules_are_changed_one_by_one_and_targets_added(place: Place) -> None:
    place.project(
        '[alerts.targets.phone]\nkind = "apprise"\nurl_env = "PHONE"\n[alerts.rules.drawdown]\nthreshold = 0.2\n'
    )
    alerts = place.load(environ={"SENTIO_ALERTS__RULES__END_OF_DAY__TARGETS": "screen,phone"}).settings.alerts
    assert alerts.rules["drawdown"].threshold == 0.2
    assert alerts.rules["drawdown"].targets == ("screen",)
    assert alerts.rules["end_of_day"].targets == ("screen", "phone")
    assert alerts.targets["phone"].url_env == "PHONE"


def test_what_a_command_finds_in_its_environment_is_no_setting(place: Place) -> None:
    place.load(environ=dict.fromkeys(ALERT_VARIABLES, "x"))
    (problem,) = place.problems(environ={"SENTIO_ALERT_NOTHING": "x"})
    assert "names no setting" in problem.text
