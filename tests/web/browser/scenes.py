"""Sessions made up for the page: what a server would say of them."""

from sentio_tui.model.decisions import Direction, Reason
from sentio_tui.model.events import FeedStatus, Level, Mode, Phase
from sentio_tui.model.orders import Side
from sentio_tui.web.messages import BEAT, RATE, VERSION, FromServer, Hello, Sessions, Theme, Whole
from sentio_tui.web.pieces import (
    Book,
    Candles,
    Card,
    Curve,
    Decision,
    Feed,
    Fills,
    Info,
    Notes,
    Position,
    ReasonCount,
    SessionLine,
    Standing,
    Status,
    SymbolFeed,
    Trades,
    UnknownFigure,
)

NAME = "live_20250106_093000"
OTHER = "live_20250103_093000"
MINUTE = 60_000
START = 1_736_173_800_000
"""2025-01-06 09:30 in New York, 14:30 UTC."""

THEMES = (Theme("sentio-dark", is_dark=True), Theme("sentio-light", is_dark=False))


def hello(version: int = VERSION, beat: float = BEAT) -> Hello:
    return Hello(version, "0", beat, RATE, THEMES)


def listed(*names: str) -> Sessions:
    return Sessions(tuple(map(line, names)), len(names), "")


def line(name: str, standing: Standing = "running") -> SessionLine:
    return SessionLine(
        name, standing, "paper", "momentum", ("SPY",), START, None, START, 10_000.0, 0.0123, 0.02, 4, 2, ""
    )


def status(
    at: int = START + 30 * MINUTE, standing: Standing = "running", faults: tuple[str, ...] = (), problem: str = ""
) -> Status:
    phase = Phase.RUNNING if standing == "running" else Phase.ENDED
    return Status(100, at, at - START, standing, phase, "", "", faults, problem, None)


def cards() -> tuple[Card, ...]:
    return (
        Card("equity", "Equity", 10_123.0, "$10,123.00", "none", "capital $10,000.00", "Cash and positions."),
        Card("total_return", "Return", 0.0123, "+1.23%", "good", "", "Equity over capital, less 1."),
        Card("drawdown", "Drawdown", 0.07, "7.00%", "warn", "", "Good up to 5 %, a warning up to 10 %, bad beyond."),
        Card(
            "win_rate", "Win rate", 0.2, "20.00%", "bad", "5 closed", "Good from 50 %, a warning from 40 %, bad below."
        ),
        Card("sharpe", "Sharpe", UnknownFigure("1 day, needs 20"), "n/a", "none", "1 day, needs 20", "Annualised."),
    )


def decision(reason: Reason = Reason.MIN_HOLD, detail: str = "held 3 of 8 bars", symbol: str = "SPY") -> Decision:
    return Decision(
        book="main",
        symbol=symbol,
        strategy="momentum",
        time=START + 29 * MINUTE,
        reason=reason,
        text=reason.text,
        trades=reason.trades,
        detail=detail,
        direction=Direction.LONG,
        trigger="buy above +1.00 %",
        distance=0.004,
        missing=0,
        probability=None,
        values={"momentum": 0.0123},
        state="LONG",
        target="",
    )


def fills(count: int, since: int = 0, symbol: str = "SPY", reason: str = "Momentum Signal") -> Fills:
    """Buys and sells by turns, a minute apart; the profit of every second one is its number."""
    numbers = list(range(since + 1, since + count + 1))
    prices = [100.0 + number % 97 for number in numbers]
    return Fills(
        since=since,
        number=numbers,
        time=[START + number * MINUTE for number in numbers],
        book=["main"] * count,
        symbol=[symbol] * count,
        side=[Side.BUY if number % 2 else Side.SELL for number in numbers],
        quantity=[float(1 + number % 7) for number in numbers],
        price=prices,
        value=[price * (1 + number % 7) for price, number in zip(prices, numbers, strict=True)],
        commission=[0.5] * count,
        pnl=[None if number % 2 else float(number if number % 4 else -number) for number in numbers],
        reason=[reason] * count,
        strategy=["momentum"] * count,
        chart=[symbol] * count,
        mark=list(prices),
    )


def trades(count: int) -> Trades:
    """As many round trips, two minutes apart."""
    numbers = list(range(1, count + 1))
    gains = [float(number if number % 2 else -number) for number in numbers]
    return Trades(
        since=0,
        number=numbers,
        book=["main"] * count,
        symbol=["SPY"] * count,
        strategy=["momentum"] * count,
        opened=[START + 2 * number * MINUTE for number in numbers],
        closed=[START + (2 * number + 1) * MINUTE for number in numbers],
        quantity=[1.0] * count,
        entry_price=[100.0] * count,
        exit_price=[100.0 + gain for gain in gains],
        pnl=gains,
        pnl_fraction=[gain / 100 for gain in gains],
        fees=[1.0] * count,
        mae=[-0.01] * count,
        mfe=[0.01] * count,
        bars_held=[1] * count,
        reason=["take_profit"] * count,
    )


def curve(equities: list[float], since: int = 0) -> Curve:
    """A point a minute."""
    times = [START + (since + number) * MINUTE for number in range(len(equities))]
    return Curve(since, times, equities, [min(0.0, equity / 10_123.0 - 1) for equity in equities])


def candles(closes: list[float], since: int = 0) -> Candles:
    times = [START + (since + number) * MINUTE for number in range(len(closes))]
    higher, lower = [close + 1 for close in closes], [close - 1 for close in closes]
    return Candles(since, 1, times, closes, higher, lower, closes)


def notes(*texts: str, first: int = 1) -> Notes:
    numbers = list(range(first, first + len(texts)))
    times = [START + number * MINUTE for number in numbers]
    return Notes(numbers, times, [Level.INFO] * len(texts), ["fill"] * len(texts), list(texts))


def position(symbol: str, pnl: float, is_stale: bool = False) -> Position:
    return Position(
        "main", symbol, "momentum", START, 3.0, 100.0, 100 + pnl / 3, 300 + pnl, pnl, pnl / 300, is_stale, False
    )


def feed(symbol: str = "SPY", state: FeedStatus = FeedStatus.LIVE) -> Feed:
    known = SymbolFeed(symbol, state, START + 30 * MINUTE, 101.5, 30, 0, False)
    return Feed(state, "", "good" if state is FeedStatus.LIVE else "bad", START + 30 * MINUTE, 30, 0, (known,))


def whole(name: str = NAME, count: int = 4, symbol: str = "SPY", mode: Mode = Mode.PAPER, reason: str = "") -> Whole:
    """A session of one book with that many fills."""
    book = Book("main", "momentum", "aggressive", "slots", (symbol,), (symbol,), 10_000.0, {})
    return Whole(
        file=name,
        info=Info(
            name, mode, START, "America/New_York", 10_000.0, (symbol,), (symbol,), "simulated", "paper", (book,), "0"
        ),
        status=status(),
        cards=cards(),
        positions=(position(symbol, 12.5), position("OLD", -3.25, is_stale=True)),
        orders=(),
        decisions=(decision(symbol=symbol, detail=reason or "held 3 of 8 bars"),),
        reasons=(ReasonCount(Reason.NEUTRAL, "neutral", 27), ReasonCount(Reason.MIN_HOLD, "minimum hold", 3)),
        feed=feed(symbol),
        fills=fills(count, symbol=symbol, reason=reason or "Momentum Signal"),
        trades=trades(count // 2),
        curve=curve([10_000.0 + 10 * (number % 13) for number in range(30)]),
        prices={symbol: candles([100.0 + number % 7 for number in range(30)])},
        notes=notes("Session started", reason or "nothing else"),
    )


def usual(file: str) -> list[FromServer]:
    """The session that was asked for."""
    return [listed(NAME, OTHER), whole(file or NAME)]
