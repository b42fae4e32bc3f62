"""Sessions at Alpaca, assembled as configured: what they begin with, whom they keep out, and what they leave."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from sentio_tui.alpaca.keys import SECRET
from sentio_tui.alpaca.opening import NotOpened
from sentio_tui.config import ConfigError
from sentio_tui.engine.reconciliation import ACCOUNT, account_view
from sentio_tui.journal.lock import holder
from sentio_tui.journal.reader import head, read_all
from sentio_tui.model.commands import Accept, Leave
from sentio_tui.model.events import CommandGiven, Held, Mode, Phase, SessionInfo, SessionResumed
from sentio_tui.sessions.assemble import assemble, plan_of
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.permit import LiveAccount, NotPermitted, Permit
from sentio_tui.sessions.resume import NotResumed, resume
from sentio_tui.sessions.verify import verify
from sentio_tui.settings import BookSettings, BrokerSettings, Settings, StressSettings
from tests.sessions.at_exchange import Exchange, at_exchange
from tests.sessions.places import simulated
from tests.sessions.serving import PATIENCE, until


@pytest.fixture
def exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchange]:
    with at_exchange(tmp_path, monkeypatch) as made:
        yield made


def info_of(session: LiveSession) -> SessionInfo:
    return head(session.journal).info


def started(settings: Settings, folder: Path, permit: Permit | None = None) -> LiveSession:
    session = assemble(settings, folder, permit or Permit())
    session.start()
    return session


def left(session: LiveSession) -> None:
    """End it and keep what it holds."""
    session.send(Leave())
    assert session.wait(PATIENCE)
    assert not session.failure


def reported(session: LiveSession) -> None:
    until(lambda: session._engine.state.reported is not None, "the account's report")


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_session_begins_with_what_the_account_has_and_leaves_nothing_open(exchange: Exchange, tmp_path: Path) -> None:
    session = started(exchange.settings(), tmp_path / "kept")
    reported(session)
    info = info_of(session)
    assert (info.mode, info.broker, info.feed) == (Mode.PAPER, "alpaca paper", "alpaca iex and crypto")
    assert info.capital == 100_000.0
    assert info.account.startswith("alpaca-paper-")
    assert ACCOUNT not in session._engine.state.faults
    snapshot = session.snapshot()
    until(lambda: session.snapshot() is not None)
    snapshot = session.snapshot()
    assert snapshot is not None
    assert snapshot.info.speed == 1.0, "whatever the speed of a history is configured to be"
    left(session)
    until(lambda: exchange.sockets_open == 0, "its sockets are closed")
    assert files(tmp_path / "accounts") == []
    assert files(tmp_path / "kept") == [f"{info.name}.json", f"{info.name}.jsonl"]
    verdict = verify(session.journal)
    assert verdict.is_proved, verdict.difference


def test_bars_of_alpaca_can_be_traded_on_paper_of_our_own(exchange: Exchange, tmp_path: Path) -> None:
    session = started(exchange.settings(broker="paper"), tmp_path / "kept")
    info = info_of(session)
    assert (info.mode, info.broker, info.capital, info.account) == (Mode.PAPER, "paper", 10_000.0, "")
    assert files(tmp_path / "accounts") == []
    left(session)
    until(lambda: exchange.sockets_open == 0)


def test_books_with_a_part_of_the_account_leave_the_rest_alone(exchange: Exchange, tmp_path: Path) -> None:
    settings = replace(exchange.settings(), books=(BookSettings("half", 0.5),))
    session = started(settings, tmp_path / "kept")
    reported(session)
    state = session._engine.state
    assert (state.cash, state.accounts["half"].cash) == (100_000.0, 50_000.0)
    assert ACCOUNT not in state.faults
    left(session)


def test_t25_a_session_begins_with_what_is_held_once_that_is_accepted(exchange: Exchange, tmp_path: Path) -> None:
    exchange.buy("SPY", 4)
    exchange.buy("AAPL", 2)
    session = started(exchange.settings(), tmp_path / "kept")
    reported(session)
    state = session._engine.state
    assert "SPY: 0 here, 4 in the account" in state.faults[ACCOUNT]
    view = account_view(state)
    assert view is not None
    assert [held.symbol for held in view.others] == ["AAPL"]
    session.send(Accept(state.faults[ACCOUNT]))
    until(lambda: ACCOUNT not in state.faults)
    assert [(held.symbol, held.quantity) for held in _held(session)] == [("SPY", 4.0)]
    assert state.equity == pytest.approx(info_of(session).capital, rel=1e-3)
    left(session)


def _held(session: LiveSession) -> list[Held]:
    return [held for account in session._engine.state.accounts.values() for held in account.held().values()]


def test_t23_a_second_session_on_the_account_is_told_who_trades_it_and_makes_no_file(
    exchange: Exchange, tmp_path: Path
) -> None:
    session = started(exchange.settings(), tmp_path / "kept")
    (lock,) = (tmp_path / "accounts").iterdir()
    held = holder(lock)
    assert held is not None
    assert held.session == session.name
    with pytest.raises(NotOpened, match=f"is traded already: .*session {session.name} "):
        assemble(exchange.settings(), tmp_path / "elsewhere")
    assert files(tmp_path / "elsewhere") == []
    left(session)
    another = started(exchange.settings(), tmp_path / "elsewhere")
    left(another)


def test_what_fails_before_a_session_is_told_and_makes_no_file(
    exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotOpened, match="NOPE is unknown to Alpaca"):
        assemble(exchange.settings(symbols=("SPY", "NOPE")), tmp_path / "kept")
    monkeypatch.setenv(SECRET, "wrong")
    with pytest.raises(NotOpened, match="401"):
        assemble(exchange.settings(), tmp_path / "kept")
    assert files(tmp_path / "kept") == []
    assert files(tmp_path / "accounts") == []


def test_real_money_needs_the_permission_and_the_persons_word(exchange: Exchange, tmp_path: Path) -> None:
    settings = exchange.settings(mode="live")
    with pytest.raises(NotPermitted, match="needs --live"):
        assemble(settings, tmp_path / "kept")
    with pytest.raises(NotPermitted, match="nothing would be traded with it"):
        assemble(exchange.settings(), tmp_path / "kept", Permit(live=True))
    with pytest.raises(NotOpened, match="nobody has confirmed"):
        assemble(settings, tmp_path / "kept", Permit(live=True))
    asked: list[LiveAccount] = []

    def no(account: LiveAccount) -> str:
        asked.append(account)
        return "not today"

    with pytest.raises(NotOpened, match="not today"):
        assemble(settings, tmp_path / "kept", Permit(live=True, against=no))
    assert (asked[0].equity, asked[0].currency) == (100_000.0, "USD")
    assert files(tmp_path / "kept") == []
    assert files(tmp_path / "accounts") == []
    session = started(settings, tmp_path / "kept", Permit(live=True, against=lambda account: ""))
    assert info_of(session).mode is Mode.LIVE
    left(session)


def test_a_session_that_broke_off_goes_on_with_its_account_and_no_other(exchange: Exchange, tmp_path: Path) -> None:
    first = started(exchange.settings(), tmp_path / "kept")
    reported(first)
    left(first)
    broken = tmp_path / "broken"
    broken.mkdir()
    events = read_all(first.journal).events
    left_at = next(number for number, event in enumerate(events) if isinstance(event, CommandGiven))
    torn = b"".join(first.journal.read_bytes().splitlines(keepends=True)[:left_at])
    (broken / first.journal.name).write_bytes(torn)
    # Alpaca holds the place of a broken connection for a while.
    exchange.server.call(lambda: exchange.alpaca.faults.add("auth_406"))
    session = resume(broken, first.name)
    assert exchange.alpaca.faults.fired["auth_406"] == 1
    session.start()
    reported(session)
    state = session._engine.state
    assert state.phase is Phase.RUNNING
    left(session)
    (resumed,) = [event for event in read_all(session.journal).events if isinstance(event, SessionResumed)]
    assert resumed.at == resumed.started, "in the market of now the time goes on meanwhile"
    verdict = verify(session.journal)
    assert verdict.is_proved, verdict.difference
    account = exchange.alpaca.exchange.account
    exchange.server.call(lambda: setattr(account, "id", "another-account"))
    again = tmp_path / "again"
    again.mkdir()
    (again / first.journal.name).write_bytes(torn)
    with pytest.raises(NotResumed, match="another account"):
        resume(again, first.name)
    assert files(tmp_path / "accounts") == []


def test_an_account_is_not_traded_by_the_prices_of_another_market() -> None:
    settings = replace(simulated(), broker=BrokerSettings(kind="alpaca"))
    with pytest.raises(ConfigError, match="use --feed alpaca too"):
        plan_of(settings)


def test_nobody_puts_stress_upon_the_present(exchange: Exchange) -> None:
    settings = exchange.settings()
    stressed = replace(settings, feed=replace(settings.feed, stress=StressSettings(gap_probability=0.5)))
    with pytest.raises(ConfigError, match="stress"):
        plan_of(stressed)


def test_nothing_is_ordered_on_prices_of_a_quarter_of_an_hour_ago(exchange: Exchange) -> None:
    settings = exchange.settings()
    late = replace(settings.feed, alpaca=replace(settings.feed.alpaca, feed="delayed_sip"))
    with pytest.raises(ConfigError, match="use the broker paper"):
        plan_of(replace(settings, feed=late))
    patient = plan_of(replace(exchange.settings(broker="paper"), feed=late))
    assert patient.rules.patience == 17 * 60_000, "the feed's own delay is no silence"
