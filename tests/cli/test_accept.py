"""`sentio-tui accept`: both sides of a difference to the broker's account, and what comes of accepting it."""

import asyncio
import io
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from sentio_tui.brokers.base import AccountWord
from sentio_tui.cli import main
from sentio_tui.engine.book import BookParts
from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.engine.view import Viewer
from sentio_tui.feeds.base import FeedItem
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import AlwaysOpen
from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.events import Answer, Held
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.model.orders import Order
from sentio_tui.sessions.host import Host
from sentio_tui.sessions.inputs import BEGINNING
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.recorder import Recorder
from sentio_tui.sessions.summary import Terms
from tests.engine.scripts import COIN, START, Scripted, info
from tests.sessions.serving import until


class Reports:
    """A broker that does nothing but report an account, once."""

    name = "far"

    def __init__(self, word: AccountWord) -> None:
        self._word = word

    def submit(self, order: Order, at: Millis) -> None: ...

    def cancel(self, order_id: str, at: Millis) -> None: ...

    def on_bar(self, bar: Bar, at: Millis) -> None: ...

    def at_last_price(self, order_id: str, at: Millis) -> None: ...

    def end_of_data(self, at: Millis) -> None: ...

    def answers(self) -> Sequence[Answer]:
        return ()

    def release(self) -> None: ...

    async def run(self, tell: Callable[[Answer | AccountWord], None]) -> None:
        tell(self._word)
        await asyncio.Event().wait()


class Silent:
    name = "silent"
    is_live = True
    begin: Millis | None = None

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        await asyncio.Event().wait()
        yield ()


@contextmanager
def served(folder: Path, word: AccountWord) -> Iterator[LiveSession]:
    broker = Reports(word)
    instruments = {COIN: Instrument(COIN, AssetClass.CRYPTO, 0.000001, 0.01)}
    book = BookParts("main", Slots(1, 0.5, "equity", 0.0, 0.0), {COIN: Scripted([])})
    recorder = Recorder.create(folder, START)
    engine = Engine(info(name=recorder.name), [book], broker, instruments, {COIN: AlwaysOpen()}, Rules(), START)
    recorder.attach(engine.state, Terms("", {}, 0.5, 1, 0.0, 0.0, None, 0.0))
    session = LiveSession(
        engine,
        Silent(),
        Pacer(0.0, time.monotonic, asyncio.sleep),
        recorder,
        Viewer(engine.state, 0.0, 120_000),
        at_exit="keep",
        patience=0.1,
        opening=engine.open,
        done=BEGINNING,
        outside=broker,
    )
    with tempfile.TemporaryDirectory() as sockets:
        session.serve(Host(session, [Path(sockets) / "s"]))
        session.start()
        until(lambda: engine.state.reported is not None)
        try:
            yield session
        finally:
            session.close()


def accept(folder: Path, *options: str) -> int:
    return main(["accept", "--sessions-dir", str(folder), *options])


def test_t25_accepting_shows_both_sides_and_takes_the_account_over(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(folder, AccountWord(7_000.0, (Held(COIN, 12.0, 250.0), Held("MSFT", 3.0, 400.0)))) as session:
        assert accept(folder, "--yes") == 0
        rows = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert [COIN, "0", "12"] in rows
        assert ["cash", "10,000.00", "7,000.00"] in rows
        assert accept(folder) == 0
        said = capsys.readouterr().out
        assert "agree" in said
        assert "3 MSFT" in said
        assert session._engine.state.accounts["main"].held() == {COIN: Held(COIN, 12.0, 250.0)}


def test_without_an_answer_nothing_is_accepted(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(folder, AccountWord(7_000.0, ())) as session:
        monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
        assert accept(folder) == 2
        assert "nobody to ask" in capsys.readouterr().err
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr("builtins.input", lambda question: "")
        assert accept(folder) == 1
        assert "Nothing is changed" in capsys.readouterr().out
        assert session._engine.state.cash == 10_000.0


def test_without_a_session_there_is_nothing_to_accept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert accept(folder) == 1
    assert "no session runs" in capsys.readouterr().err
