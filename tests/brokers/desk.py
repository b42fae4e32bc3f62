"""A paper broker to try things on: instruments, costs, bars and orders."""

from sentio_tui.brokers.costs import Cost, CostSchedule
from sentio_tui.brokers.matching import FillModel
from sentio_tui.brokers.paper import PaperBroker
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import OrderFilled, OrderRejected
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.model.orders import Fill, Order, OrderType, Side, TimeInForce

BTC = Instrument("BTC-USD", AssetClass.CRYPTO, 0.0001, 0.01)
SPY = Instrument("SPY", AssetClass.EQUITY, 1.0, 0.01)
SH = Instrument("SH", AssetClass.EQUITY, 1.0, 0.01)
INSTRUMENTS = {instrument.symbol: instrument for instrument in (BTC, SPY, SH)}
COSTS = CostSchedule(
    [
        Cost(AssetClass.CRYPTO, commission_rate=0.006),
        Cost(AssetClass.EQUITY, sec_rate=0.0000278, taf_per_share=0.000166, taf_maximum=8.30),
    ]
)
FREE = CostSchedule([])
DAY = 24 * 60 * MINUTE
BUY, SELL = Side.BUY, Side.SELL


def end_of_day(instrument: Instrument, at: Millis) -> Millis:
    return (at // DAY + 1) * DAY


def paper(
    cash: float = 10_000.0,
    costs: CostSchedule = FREE,
    slippage: float = 0.0,
    participation: float = 1.0,
    fill: FillModel | None = None,
) -> PaperBroker:
    return PaperBroker(
        {"a": cash, "b": cash},
        INSTRUMENTS,
        costs,
        expires=end_of_day,
        slippage=slippage,
        participation=participation,
        fill=fill,
    )


def feed(
    broker: PaperBroker,
    minute: int,
    price: float | tuple[float, float, float, float],
    symbol: str = "SPY",
    volume: float = 1e9,
    synthetic: bool = False,
    backfilled: bool = False,
) -> None:
    opened, high, low, close = price if isinstance(price, tuple) else (price, price, price, price)
    bar = Bar(symbol, minute * MINUTE, opened, high, low, close, volume, synthetic, backfilled)
    broker.on_bar(bar, (minute + 1) * MINUTE)


def order(
    name: str,
    side: Side = BUY,
    quantity: float | None = None,
    notional: float | None = None,
    kind: OrderType = OrderType.MARKET,
    limit: float | None = None,
    stop: float | None = None,
    trail: float | None = None,
    symbol: str = "SPY",
    book: str = "a",
    day: bool = False,
) -> Order:
    return Order(
        name,
        book,
        symbol,
        side,
        0,
        "test",
        quantity,
        notional,
        kind,
        limit,
        stop,
        trail,
        TimeInForce.DAY if day else TimeInForce.GTC,
    )


def fills(answers: object) -> list[Fill]:
    assert isinstance(answers, list | tuple)
    return [answer.fill for answer in answers if isinstance(answer, OrderFilled)]


def rejection(broker: PaperBroker, given: Order) -> str:
    broker.submit(given, 7)
    (answer,) = broker.answers()
    assert isinstance(answer, OrderRejected)
    assert (answer.seq, answer.at, answer.order_id) == (0, 7, given.id)
    return answer.why


def hold(broker: PaperBroker, quantity: float, price: float = 100.0, symbol: str = "SPY") -> None:
    """Buy at minutes 0 and 1, and drop the answers."""
    feed(broker, 0, price, symbol)
    broker.submit(order("entry", quantity=quantity, symbol=symbol), MINUTE)
    feed(broker, 1, price, symbol)
    broker.answers()
    assert broker.quantity("a", symbol) == quantity
