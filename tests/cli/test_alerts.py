"""`alerts`: what is in force, whether it arrives, and what would have fired."""

from pathlib import Path

import pytest

from sentio_tui import cli
from tests.alerts.conftest import hook
from tests.alerts.receiving import Receiver
from tests.cli.conftest import Session

__all__ = ["hook"]

SECRET = "token-4f9a8b7c"
CONFIG = """
[alerts.targets.desk]
kind = "webhook"
url_env = "DESK_URL"
[alerts.targets.phone]
kind = "apprise"
url_env = "PHONE_URL"
[alerts.targets.log]
kind = "command"
command = ["true"]
[alerts.rules.fills]
on = "fill"
targets = ["desk", "bell"]
[alerts.rules.stale]
on = "feed_stale"
threshold = 90
"""


@pytest.fixture(autouse=True)
def _configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: Receiver) -> None:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("DESK_URL", f"{hook.url}/{SECRET}")
    monkeypatch.delenv("PHONE_URL", raising=False)


def test_the_list_has_rules_and_targets_masks_secrets_and_names_what_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["alerts", "list"]) == 0
    told = capsys.readouterr().out
    lines = {line.split()[0]: line for line in told.splitlines() if line}
    assert lines["fills"].split() == ["fills", "fill", "-", "-", "desk,", "bell"]
    assert lines["drawdown"].split() == ["drawdown", "drawdown", "10.00%", "3600", "s", "screen"]
    assert lines["stale"].split() == ["stale", "feed_stale", "90", "s", "-", "off"]
    assert lines["desk"].split(None, 6)[5:] == ["yes", "http://… (from DESK_URL)"]
    assert "MISSING: the variable PHONE_URL is not set" in lines["phone"]
    assert lines["log"].endswith("true")
    assert SECRET not in told


def test_a_test_goes_to_every_target_and_says_what_became_of_each(
    hook: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["alerts", "test"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "screen: shown in the cockpit; there is nothing to test here"
    assert told[1] == "bell: not tried: the output is no terminal"
    assert told[2].startswith("desk: sent in ")
    assert told[3] == "phone: FAILED: the variable PHONE_URL is not set; it has to hold the address of phone"
    assert told[4].startswith("log: sent in ")
    ((_, post),) = hook.posts
    assert post["text"] == "A test of sentio-tui: alerts arrive here."


def test_one_target_is_tested_alone(hook: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["alerts", "test", "--target", "desk"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(hook.posts) == 1
    hook.answers = [500]
    assert cli.main(["alerts", "test", "--target", "desk"]) == 1
    assert capsys.readouterr().out == "desk: FAILED: it answers 500\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["test", "--target", "des"], 'there is no target "des"; did you mean "desk"?'),
        (["list", "live_x"], "alerts list takes no SESSION"),
        (["replay"], "alerts replay needs a SESSION"),
        (["list", "--target", "desk"], "--target is of `alerts test`"),
        (["send"], "invalid choice"),
        (["list", "--set", "alerts.rules.fills.targets=nobody"], "alerts.rules.fills.targets"),
    ],
)
def test_wrong_usage_is_refused(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["alerts", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_replay_tells_what_would_have_fired_and_sends_nothing(
    hook: Receiver, folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    name = session()
    assert cli.main(["alerts", "replay", name, "--sessions-dir", str(folder)]) == 0
    head, bought, sold = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "would have fired at"
    assert bought.startswith("2025-01-06 00:03:00 UTC  fills  desk, bell  BUY ")
    assert "SELL " in sold
    assert hook.posts == []


def test_replay_of_a_torn_or_unknown_session_and_of_one_without_alerts(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = folder / f"{session()}.jsonl"
    journal.write_bytes(journal.read_bytes()[:-5])
    place = ["--sessions-dir", str(folder)]
    quiet = ["--set", "alerts.rules.fills.targets=[]"]
    assert cli.main(["alerts", "replay", journal.stem, *place, *quiet]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("Nothing would have fired: 2 rules with targets, ")
    assert "the last line was torn" in told.err
    assert cli.main(["alerts", "replay", "live_1", *place]) == 2
    assert "no session 'live_1'" in capsys.readouterr().err
    journal.write_text("{}\n", encoding="utf-8")
    assert cli.main(["alerts", "replay", journal.stem, *place]) == 1
