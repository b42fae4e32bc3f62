"""The local exchange as a process: `make exchange`."""

import argparse
import asyncio
import signal
import sys
import time
from datetime import datetime

from sentio_tui.model.bars import Millis
from tests.exchange.clock import parse
from tests.exchange.control import CONTROL
from tests.exchange.exchange import FakeExchange
from tests.exchange.rest import NEW_YORK
from tests.exchange.server import FakeAlpaca


def main(arguments: list[str] | None = None) -> int:
    asked = _options().parse_args(arguments)
    begin: Millis = round(time.time() * 1000) if asked.start == "now" else asked.start
    exchange = FakeExchange(asked.seed, begin, asked.cash, hours=asked.hours)
    try:
        asyncio.run(_serve(FakeAlpaca(exchange), asked.port, asked.speed))
    except OSError as error:
        print(
            f"the exchange cannot listen on port {asked.port}: {error.strerror}; choose another --port", file=sys.stderr
        )
        return 2
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.exchange", description="A local exchange that speaks Alpaca's protocols on 127.0.0.1."
    )
    parser.add_argument("--port", type=int, default=8765, help="0 is any free one (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of its prices (default: %(default)s)")
    parser.add_argument("--speed", type=_speed, default=1.0, help="its seconds to one of ours (default: 1)")
    parser.add_argument("--cash", type=float, default=100_000.0, help="of its account (default: 100000)")
    parser.add_argument("--start", type=_start, default="now", help="when it begins, such as 2025-07-15T13:30:00Z")
    parser.add_argument(
        "--hours",
        choices=("24/7", "XNYS"),
        default="XNYS",
        help="when equities trade; 24/7 shows a market at any time of the day (default: %(default)s)",
    )
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed <= 10_000:
        raise ValueError
    return speed


def _start(text: str) -> Millis | str:
    return text if text == "now" else parse(text)


async def _serve(alpaca: FakeAlpaca, port: int, speed: float) -> None:
    stopped = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    await alpaca.start(port)
    alpaca.keep_time(speed)
    print(_told(alpaca, speed), flush=True)
    await stopped.wait()
    await alpaca.stop()


def _told(alpaca: FakeAlpaca, speed: float) -> str:
    now = f"{datetime.fromtimestamp(alpaca.clock.now / 1000, NEW_YORK):%Y-%m-%d %H:%M:%S}"
    is_open = "open" if alpaca.market.is_open("SPY", alpaca.clock.now) else "closed: --hours 24/7 trades all day"
    return "\n".join(
        [
            f"Local exchange, seed {alpaca.market.seed}, {speed:g} x time, {now} in New York, {is_open}",
            f"  url      {alpaca.url}",
            f"  streams  {alpaca.stock_stream_url()}  {alpaca.crypto_stream_url}  {alpaca.trading_stream_url}",
            f"  symbols  {' '.join(alpaca.market.listings)}",
            f"  control  {alpaca.url}{CONTROL}/state, and POST to faults, cut, down, advance, price",
            "Its keys, which open nothing else:",
            f"  export APCA_API_KEY_ID={alpaca.key}",
            f"  export APCA_API_SECRET_KEY={alpaca.secret}",
            "Ctrl-C ends it.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
