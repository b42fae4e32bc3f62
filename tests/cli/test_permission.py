"""What keeps a session from starting before anything is asked or written: real money without all of its permissions."""

import argparse
import io
from pathlib import Path

import pytest

from sentio_tui.cli import main
from sentio_tui.cli.permission import unattended
from sentio_tui.sessions.permit import LiveAccount, NotPermitted

AT_ALPACA = ("--feed", "alpaca", "--broker", "alpaca")
LIVE = ("--set", "broker.alpaca.mode=live")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((*AT_ALPACA, *LIVE), "needs --live on the command line too"),
        ((*AT_ALPACA, "--live"), "nothing would be traded with it"),
        (("--live",), "nothing would be traded with it"),
        (("--feed", "alpaca", *LIVE, "--live"), "nothing would be traded with it"),
        ((*AT_ALPACA, *LIVE, "--live"), "also needs --account NUMBER"),
        ((*AT_ALPACA, "--speed", "60"), "has no effect on the market of now"),
        ((*AT_ALPACA, "--date", "2025-01-06"), "has no effect on the market of now"),
        ((*AT_ALPACA, "--capital", "5000"), "has no effect on an account"),
        ((*AT_ALPACA, "--set", "session.capital=5000"), "give the books less than all of it"),
        (("--broker", "alpaca"), "use --feed alpaca too"),
        (("--broker", "alpaca", "--feed", "recorded", "--data", "x.csv"), "use --feed alpaca too"),
        (("--feed", "alpaca", "--set", "feed.stress.gap_probability=0.1"), "feed.stress"),
    ],
)
def test_it_is_refused_in_words(
    options: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "sessions"
    assert main(["run", "--sessions-dir", str(folder), *options]) == 2
    assert says in capsys.readouterr().err
    assert not folder.exists()


def given(*, live: bool, account: str | None) -> argparse.Namespace:
    return argparse.Namespace(live=live, account=account)


def test_without_a_screen_the_account_with_real_money_is_named() -> None:
    log = io.StringIO()
    permit = unattended(given(live=True, account="123456789"), log)
    assert permit.live
    assert permit.against(LiveAccount("123456789", 1.0, "USD")) == ""
    why = permit.against(LiveAccount("987654321", 1.0, "USD"))
    assert "ends in 4321" in why
    assert "987654321" not in why
    permit.warn("mind the gap")
    assert log.getvalue() == "Warning: mind the gap\n"
    with pytest.raises(NotPermitted, match="nobody to ask"):
        unattended(given(live=True, account=None), log)
    assert not unattended(given(live=False, account=None), log).live
