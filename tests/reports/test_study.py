"""A report's figures, worked out a second time from nothing but the journal's fills and bars."""

import json
from collections.abc import Callable
from pathlib import Path

import empyrical
import numpy as np
import pandas as pd
import pytest

from sentio_tui.journal.catalogue import SessionState
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AccountAdopted, Held, OrderFilled, SessionEnded, SessionResumed
from sentio_tui.model.orders import Fill, Side
from sentio_tui.reports.breakdown import whole
from sentio_tui.reports.charts import drawdowns
from sentio_tui.reports.study import Study
from sentio_tui.reports.words import Clock, status, warnings
from sentio_tui.sessions.recording import NoRecording
from tests.engine.scripts import COIN, START, bar, engine, run

Read = Callable[..., Study]


@pytest.fixture(params=["crypto", "several", "ladder", "quiet"])
def name(request: pytest.FixtureRequest) -> str:
    """Each of the sessions in turn."""
    made: str = request.getfixturevalue(request.param)
    return made


def frame(path: Path) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """The fills and the bars of a journal as pandas reads them, and the capital. Knows nothing of our structs."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    fills = pd.DataFrame([{**line["fill"], "seq": line["seq"]} for line in lines if line["event"] == "order_filled"])
    bars = pd.DataFrame([{**line["bar"], "seq": line["seq"]} for line in lines if line["event"] == "bar"])
    return fills, bars, lines[0]["info"]["capital"]


def test_cash_equity_fees_and_pnl_follow_from_the_fills_alone(kept: Path, study: Read, name: str) -> None:
    fills, bars, capital = frame(kept / f"{name}.jsonl")
    made = study(name)
    metrics = made.snapshot.metrics
    last = bars.groupby("symbol")["close"].last()
    if fills.empty:
        assert not made.entries
        assert (metrics.equity, metrics.fees, metrics.total_pnl) == (capital, 0.0, 0.0)
        return
    sign = np.where(fills["side"] == "buy", 1.0, -1.0)
    value = fills["quantity"] * fills["price"]
    cash = capital - (sign * value).cumsum() - fills["commission"].cumsum()
    held = (sign * fills["quantity"]).groupby(fills["symbol"]).sum()
    equity = cash.iloc[-1] + (held * last.reindex(held.index)).sum()
    assert metrics.fees == pytest.approx(fills["commission"].sum())
    assert metrics.cash == pytest.approx(cash.iloc[-1])
    assert metrics.equity == pytest.approx(equity)
    assert metrics.total_pnl == pytest.approx(equity - capital)
    assert whole(made).total == pytest.approx(equity - capital)
    assert [entry.cash for entry in made.entries] == pytest.approx(list(cash))
    assert [entry.fee for entry in made.entries] == list(fills["commission"])
    assert metrics.turnover == pytest.approx(value.sum() / capital)


def test_statement_adds_up_row_by_row(study: Read, name: str) -> None:
    made = study(name)
    total = 0.0
    for number, entry in enumerate(made.entries, 1):
        total += entry.pnl or 0.0
        assert entry.number == number
        assert entry.cumulative == pytest.approx(total, abs=1e-6)
        assert (entry.pnl is None) is (entry.side is Side.BUY)
    held = sum(position.pnl for position in made.snapshot.positions)
    assert total + held == pytest.approx(made.snapshot.metrics.total_pnl, abs=1e-6)


def test_drawdown_is_that_of_empyrical_and_of_the_metric(study: Read, name: str) -> None:
    made = study(name)
    equity = [made.info.capital, *made.state.curve.equity]
    theirs = empyrical.max_drawdown(pd.Series(equity).pct_change().dropna())
    falls = drawdowns(np.asarray(made.state.curve.equity), made.info.capital)
    assert falls.min() == pytest.approx(theirs, abs=1e-12)
    assert -made.snapshot.metrics.max_drawdown == pytest.approx(theirs, abs=1e-12)


def test_exposure_stands_at_every_minute_of_the_curve(kept: Path, study: Read, name: str) -> None:
    made = study(name)
    assert len(made.exposure) == len(made.state.curve.times)
    held = sum(share > 0.0 for share in made.exposure)
    assert held / len(made.exposure) == pytest.approx(made.snapshot.metrics.exposure)
    assert all(0.0 <= share < 1.01 for share in made.exposure)


def test_prices_are_the_bars_of_the_driving_symbols(kept: Path, study: Read, name: str) -> None:
    _, bars, _ = frame(kept / f"{name}.jsonl")
    if "backfilled" in bars:
        bars = bars[bars["backfilled"].isna()]
    made = study(name)
    for symbol, prices in made.prices.items():
        rows = bars[bars["symbol"] == symbol]
        assert list(prices.closes) == list(rows["close"])
        assert list(prices.times) == list(rows["time"])
    assert made.bars == bars["time"].nunique()


def test_a_price_between_bars_is_the_last_one_before() -> None:
    made = Study(run(engine({COIN: []}), [bar(0, 10.0), bar(2, 12.0, open=11.0, low=10.9)]), SessionState.ENDED)
    prices = made.prices[COIN]
    assert prices.at(START - 1) is None
    assert prices.at(START) == 10.0
    assert prices.at(START + MINUTE) == 10.0
    assert prices.at(START + 2 * MINUTE) == 11.0
    assert prices.at(START + 9 * MINUTE) == 12.0


def test_a_session_that_runs_or_broke_off_says_so(crypto: str, study: Read) -> None:
    clock = Clock("UTC")
    assert status(study(crypto), clock).startswith("ended: ")
    assert not warnings(study(crypto))
    running = study(crypto, SessionState.RUNNING)
    assert status(running, clock) == f"still running: up to {clock.minute(running.state.at)} UTC"
    assert "still running" in warnings(running)[0]
    assert "broke off" in warnings(study(crypto, SessionState.INTERRUPTED))[0]


def test_what_contradicts_what_was_before_ends_the_report_and_is_told() -> None:
    events = run(engine({COIN: []}), [bar(0, 10.0), bar(1, 11.0)])
    end = events[-1]
    sells = Fill("f", "o", "main", COIN, Side.SELL, 1.0, 10.0, 0.0, end.at)
    made = Study(
        [*events, OrderFilled(end.seq + 1, end.at, sells), SessionEnded(end.seq + 2, end.at, "done")],
        SessionState.ENDED,
    )
    assert "contradicts those before it" in made.loss
    assert made.bars == 2
    assert any("could not be read to its end" in each for each in warnings(made))
    with pytest.raises(NoRecording):
        Study(events[1:], SessionState.ENDED)


def test_what_an_account_brought_is_no_trades(study: Read) -> None:
    events = run(engine({COIN: [Direction.LONG] * 3}), [bar(minute, 100.0 + minute) for minute in range(6)])
    end = events[-1]
    held = (Held(COIN, 1.0, 100.0),)
    events += [
        AccountAdopted(end.seq + 1, end.at, "main", 9_000.0, held, "costs"),
        SessionResumed(end.seq + 2, end.at, end.at, {}, changed=("numpy 1 is now 2",)),
    ]
    made = Study(events, SessionState.ENDED)
    parts = whole(made)
    assert made.adoptions == 1
    assert parts.realised + parts.unrealised + parts.adopted == pytest.approx(parts.total)
    assert parts.adopted == pytest.approx(9_000.0 + 105.0 - 10_000.0 - 5.0)
    assert any("no trade's" in each for each in warnings(made))
    assert any("resumed once, with changes: numpy 1 is now 2" in each for each in warnings(made))
