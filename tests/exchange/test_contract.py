"""The real alpaca-py against the local exchange: what the clients send is understood, what they get is taken."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import alpaca
from alpaca.common.rest import RESTClient
from alpaca.data.enums import DataFeed
from alpaca.data.live.websocket import DataStream
from alpaca.data.requests import CryptoBarsRequest, StockBarsRequest, StockLatestQuoteRequest, StockSnapshotRequest
from alpaca.data.timeframe import TimeFrame
from alpaca.trading.enums import OrderSide, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import ClosePositionRequest, GetOrdersRequest, MarketOrderRequest
from alpaca.trading.stream import TradingStream
from pydantic import BaseModel

from tests.exchange.clients import (
    crypto_client,
    crypto_stream,
    stock_client,
    stock_stream,
    trading_client,
    trading_stream,
)
from tests.exchange.conditions import until
from tests.exchange.server import FakeAlpaca

Streams = DataStream | TradingStream


@asynccontextmanager
async def running(*streams: Streams) -> AsyncIterator[None]:
    """Their private loops as tasks, stopped as alpaca-py is stopped at once: told to stop, then closed."""
    tasks = [asyncio.create_task(stream._run_forever()) for stream in streams]
    try:
        yield
    finally:
        for stream in streams:
            await stream.stop_ws()
            await stream.close()
        await asyncio.gather(*tasks)


async def test_t01_six_clients_talk_to_one_port(exchange: FakeAlpaca) -> None:
    trading, stocks, crypto = trading_client(exchange), stock_client(exchange), crypto_client(exchange)
    heard: list[tuple[str, Any]] = []

    async def on_stock(bar: Any) -> None:
        heard.append(("stock", bar))

    async def on_crypto(bar: Any) -> None:
        heard.append(("crypto", bar))

    async def on_order(update: Any) -> None:
        heard.append(("order", update))

    first, second, third = stock_stream(exchange), crypto_stream(exchange), trading_stream(exchange)
    first.subscribe_bars(on_stock, "SPY")
    second.subscribe_bars(on_crypto, "BTC/USD")
    third.subscribe_trade_updates(on_order)
    async with running(first, second, third):
        await until(lambda: exchange.subscribed == 3, "three streams listen")
        order = MarketOrderRequest(
            symbol="SPY", qty=3, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, client_order_id="sentio-1"
        )
        accepted: Any = await asyncio.to_thread(trading.submit_order, order)
        exchange.clock.advance(61)
        await until(lambda: len(heard) == 4, "a bar of each market and two events of the order")
        begin = exchange.clock.time - timedelta(minutes=10)
        bars = await asyncio.to_thread(
            stocks.get_stock_bars,
            StockBarsRequest(symbol_or_symbols="SPY", timeframe=TimeFrame.Minute, start=begin, feed=DataFeed.IEX),
        )
        coins = await asyncio.to_thread(
            crypto.get_crypto_bars,
            CryptoBarsRequest(symbol_or_symbols="BTC/USD", timeframe=TimeFrame.Minute, start=begin),
        )
    kinds = [kind for kind, _ in heard]
    assert kinds.count("order") == 2
    by_kind = dict(heard)
    events = [update for kind, update in heard if kind == "order"]
    assert bars["SPY"][-1].close == by_kind["stock"].close
    assert bars["SPY"][-1].timestamp == by_kind["stock"].timestamp
    assert coins["BTC/USD"][-1].close == by_kind["crypto"].close
    assert [update.event for update in events] == ["new", "fill"]
    assert {update.order.id for update in events} == {accepted.id}
    await until(lambda: exchange.sockets_open == 0, "all sockets are closed")


async def test_t02_every_kind_of_message_is_decoded(exchange: FakeAlpaca) -> None:
    heard: list[Any] = []

    async def on(message: Any) -> None:
        heard.append(message)

    stream, coins = stock_stream(exchange), crypto_stream(exchange)
    for subscribe in ("trades", "quotes", "bars", "updated_bars", "daily_bars", "trading_statuses"):
        getattr(stream, f"subscribe_{subscribe}")(on, "SPY")
    stream.register_trade_corrections(on)
    stream.register_trade_cancels(on)
    stream._handlers["lulds"]["SPY"] = on
    for subscribe in ("trades", "quotes", "bars", "updated_bars", "daily_bars", "orderbooks"):
        getattr(coins, f"subscribe_{subscribe}")(on, "BTC/USD")
    exchange.faults.add("late_u", times=None)
    async with running(stream, coins):
        await until(lambda: exchange.subscribed == 2, "both streams listen")
        exchange.clock.advance(91)
        exchange.data.say("s", "SPY", sc="H", sm="Trading Halt", rc="", rm="", z="B")
        exchange.data.say("l", "SPY", u=620.0, d=560.0, i="B", z="B")
        old = {"oi": 1, "op": 590.0, "os": 100, "oc": ["@"]}
        new = {"ci": 2, "cp": 590.5, "cs": 100, "cc": ["@"]}
        exchange.data.say("c", "SPY", x="V", z="B", **old, **new)
        exchange.data.say("x", "SPY", x="V", i=1, p=590.0, s=100, a="C", z="B")
        exchange.data.say("o", "BTC/USD", b=[{"p": 97_000.0, "s": 1.5}], a=[{"p": 97_010.0, "s": 1.5}], r=True)
        both = {"Trade", "Quote", "Bar"}
        kinds = {("SPY", kind) for kind in both | {"TradingStatus", "TradeCorrection", "TradeCancel", "dict"}}
        kinds |= {("BTC/USD", kind) for kind in both | {"Orderbook"}}
        await until(lambda: {kind_of(each) for each in heard} == kinds, "each kind, parsed")
    bars = [each for each in heard if kind_of(each) == ("SPY", "Bar")]
    assert len(bars) == 3
    assert bars[0].high < bars[2].high, "the updated bar has the late trade"


def kind_of(message: Any) -> tuple[str, str]:
    """Its symbol and type. alpaca-py knows the channel of price limits, but has no type for them."""
    if isinstance(message, dict):
        return message["S"], "dict"
    return message.symbol, type(message).__name__


def test_t03_the_private_names_we_rely_on_are_there() -> None:
    both = "_start_ws _dispatch _running _should_run _stop_stream_event _run_forever _connect _auth _consume _ws _loop"
    both += " _wait_before_reconnect _data_received _reconnect_min_backoff _reconnect_max_backoff"
    needed: dict[str, tuple[object, str]] = {
        "DataStream": (
            DataStream("ws://127.0.0.1:1", "k", "s"),
            f"{both} _stop_stream_queue _handlers _send_subscribe_msg _send_unsubscribe_msg",
        ),
        "TradingStream": (
            TradingStream("k", "s"),
            f"{both} _stop_stream_queue _trade_updates_handler _subscribe_trade_updates",
        ),
        "RESTClient": (
            RESTClient("http://127.0.0.1:1", "k", "s"),
            "_session _retry _retry_wait _retry_codes _request _base_url _api_version",
        ),
    }
    gone = [
        f"{kind}.{name}" for kind, (made, names) in needed.items() for name in names.split() if not hasattr(made, name)
    ]
    assert not gone, (
        f"alpaca-py {alpaca.__version__} no longer has {', '.join(gone)}, which our streams and clients override or "
        "set. Stay on 0.44, or read what replaced them and change what uses them"
    )


def test_t04_the_websockets_that_alpaca_py_needs_has_its_legacy_client() -> None:
    legacy = importlib.import_module("websockets.legacy.client")
    assert callable(legacy.connect)


async def test_answers_are_parsed_by_the_models_of_alpaca_py(exchange: FakeAlpaca) -> None:
    client: Any = trading_client(exchange)
    order = MarketOrderRequest(symbol="SPY", qty=2, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)

    def walk() -> list[Any]:
        client.submit_order(order)
        client.submit_order(order)
        answers = [
            *client.get_all_positions(),
            client.get_open_position("SPY"),
            *client.get_all_assets(),
            client.get_asset("BTC/USD"),
            client.get_account(),
            client.get_clock(),
            *client.get_calendar(),
            client.get_account_configurations(),
            client.get_portfolio_history(),
            client.close_position("SPY", ClosePositionRequest(qty="1")),
            *client.close_all_positions(cancel_orders=True),
            *client.cancel_orders(),
            *client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL)),
        ]
        stocks = stock_client(exchange)
        answers += stocks.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="SPY")).values()
        answers += stocks.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=["SPY", "SDS"])).values()
        return answers

    answers = await asyncio.to_thread(walk)
    assert len(answers) > 20
    assert all(isinstance(each, BaseModel) for each in answers)
