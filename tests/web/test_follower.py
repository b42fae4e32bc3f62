"""A follower: its picture is that of the events so far, its updates add up to it, and what it cannot read it says."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.engine.metrics import metrics
from sentio_tui.engine.state import fold
from sentio_tui.journal.catalogue import UnknownSession
from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import journal_path, session_lock_path
from sentio_tui.journal.reader import read_all, repair
from sentio_tui.journal.retention import pack, remove
from sentio_tui.journal.writer import JournalWriter
from sentio_tui.web.follower import CannotFollow, Follower, Frame
from sentio_tui.web.messages import FromServer, Update, Whole
from tests.engine import ladders, scripts
from tests.web.page import Page
from tests.web.recordings import Growing

Message = TypeVar("Message", Whole, Update)


@pytest.fixture
def growing(tmp_path: Path) -> Growing:
    return Growing(tmp_path)


@pytest.fixture
def follower(growing: Growing) -> Iterator[Follower]:
    made = Follower(growing.path.parent, growing.name)
    yield made
    made.close()


def catch_up(follower: Follower) -> None:
    while follower.advance():
        pass


def decoded(data: bytes, shape: type[Message]) -> Message:
    return msgspec.json.decode(data, type=shape)


def test_updates_add_up_to_the_whole(growing: Growing, follower: Follower) -> None:
    growing.write(400)
    catch_up(follower)
    frame, page = follower.whole(), Page()
    page.take(frame.data)
    for _ in range(20):
        growing.write(growing.count // 25)
        catch_up(follower)
        frame = follower.update(frame.seen)
        page.take(frame.data)
    growing.write()
    catch_up(follower)
    page.take(follower.update(frame.seen).data)
    fresh = Page()
    fresh.take(follower.whole().data)
    assert page.shown == fresh.shown
    assert len(page.shown["fills"]["number"]) >= 8


def test_figures_and_rows_are_those_of_the_fold(growing: Growing, follower: Follower) -> None:
    growing.write()
    catch_up(follower)
    state = fold(read_all(growing.path).events)
    told = decoded(follower.whole().data, Whole)
    figures = metrics(state)
    assert {card.id: card.value for card in told.cards}["equity"] == figures.equity
    assert told.fills.number == [record.number for record in state.executions]
    assert told.trades.pnl == [trade.pnl for trade in state.trades]
    assert told.curve.equity[-1] == state.curve.equity[-1]
    assert told.status.standing == "ended"
    assert told.prices["BTC-USD"].close[-1] == state.bars["BTC-USD"].close
    assert told.fills.mark == told.fills.price
    assert [reason.count for reason in told.reasons] == sorted(state.reasons.values(), reverse=True)


def test_fill_of_a_fund_is_marked_on_its_bases_chart_at_the_bases_price(tmp_path: Path) -> None:
    engine = ladders.engine(ladders.Probabilities([0.9] * 10 + [0.1] * 20))
    bars = [bar for minute in ladders.minutes(30, random.Random(7)) for bar in (*minute[1:], minute[0])]
    events = scripts.run(engine, bars)
    path = journal_path(tmp_path, "live_20250106_143000")
    with closing(JournalWriter(path)) as writer:
        writer.append(events)
    follower = Follower(tmp_path, "live_20250106_143000")
    catch_up(follower)
    told = decoded(follower.whole().data, Whole)
    follower.close()
    assert list(told.prices) == ["SPY"]
    assert len(set(told.fills.symbol)) > 1
    assert set(told.fills.chart) == {"SPY"}
    lowest, highest = min(told.prices["SPY"].low), max(told.prices["SPY"].high)
    for symbol, price, mark in zip(told.fills.symbol, told.fills.price, told.fills.mark, strict=True):
        assert mark is not None
        assert mark == price if symbol == "SPY" else lowest <= mark <= highest


def test_pages_that_have_the_same_share_one_message_and_nothing_new_is_no_message(
    growing: Growing, follower: Follower
) -> None:
    growing.write(400)
    catch_up(follower)
    early = follower.whole()
    growing.write(60)
    catch_up(follower)
    late = follower.whole()
    growing.write(60)
    catch_up(follower)
    first, second = follower.update(early.seen), follower.update(late.seen)
    assert first.seen is second.seen
    assert first.data != second.data
    assert follower.update(early.seen) is first
    assert follower.update(first.seen).data == b""
    catch_up(follower)
    assert follower.update(first.seen).data == b""


def test_torn_last_line_is_left_until_it_is_whole(growing: Growing, follower: Follower) -> None:
    growing.write(300)
    growing.tear()
    catch_up(follower)
    status = decoded(follower.whole().data, Whole).status
    assert (status.seq, status.standing) == (300, "interrupted")
    assert status.problem == "the last line is not whole: 20 bytes behind line 300"
    repair(growing.path)
    growing.write()
    catch_up(follower)
    status = decoded(follower.whole().data, Whole).status
    assert (status.seq, status.standing, status.problem) == (growing.count, "ended", "")


def test_session_that_runs_is_told_by_its_lock(growing: Growing, follower: Follower) -> None:
    growing.write(300)
    growing.tear()
    with SessionLock(session_lock_path(growing.path.parent, growing.name), growing.name, 0):
        catch_up(follower)
        frame = follower.whole()
        status = decoded(frame.data, Whole).status
        assert (status.standing, status.problem) == ("running", "")
    catch_up(follower)
    told = decoded(follower.update(frame.seen).data, Update)
    assert not isinstance(told.status, msgspec.UnsetType)
    assert told.status.standing == "interrupted"


def test_market_of_now_grows_older_where_nothing_is_written_also_by_a_process_that_hangs(growing: Growing) -> None:
    growing.write(300)
    growing.path.write_bytes(growing.path.read_bytes().replace(b'"mode":"sim"', b'"mode":"paper"', 1))
    told = read_all(growing.path).events[-1].at
    clock = [told / 1000 + 90.0]
    with closing(Follower(growing.path.parent, growing.name, lambda: clock[0])) as follower:
        with SessionLock(session_lock_path(growing.path.parent, growing.name), growing.name, 0):
            catch_up(follower)
            frame = follower.whole()
            first = decoded(frame.data, Whole)
            clock[0] += 600.0
            catch_up(follower)
            later = decoded(follower.update(frame.seen).data, Update)
        assert not isinstance(later.status, msgspec.UnsetType)
        assert (first.status.at - told, later.status.at - told) == (90_000, 690_000)
        assert first.feed.last is not None
        assert first.feed.last <= told
        catch_up(follower)  # nobody holds it any more: what it said stands at its time
        assert decoded(follower.whole().data, Whole).status.at == told


def test_damage_is_told_and_what_is_before_it_shown(growing: Growing, follower: Follower) -> None:
    growing.write(300)
    with growing.path.open("ab") as file:
        file.write(b'{"event":"unheard_of"}\n')
    growing.write()
    catch_up(follower)
    status = decoded(follower.whole().data, Whole).status
    assert status.seq == 300
    assert status.problem.startswith("the journal is damaged at line 301: ")


def test_events_that_contradict_each_other_are_told(growing: Growing, follower: Follower) -> None:
    growing.write(300)
    data = growing.path.read_bytes()
    growing.path.write_bytes(data + data.splitlines(keepends=True)[10])
    catch_up(follower)
    status = decoded(follower.whole().data, Whole).status
    assert status.seq == 300
    assert status.problem.startswith("event 301 of the journal contradicts those before it: ")


@pytest.mark.parametrize(
    "data", [b"", b'{"event":"note","seq":1,"at":0,"level":"info","code":"","text":""}\n', b"{}\n\n"]
)
def test_journal_without_a_beginning_cannot_be_followed(data: bytes, growing: Growing, follower: Follower) -> None:
    growing.path.write_bytes(data)
    with pytest.raises(CannotFollow):
        catch_up(follower)


def test_session_that_is_packed_meanwhile_is_told_anew_and_one_removed_is_unknown(
    growing: Growing, follower: Follower
) -> None:
    growing.write()
    catch_up(follower)
    frame = follower.whole()
    pack(growing.path.parent, growing.name, 0)
    catch_up(follower)
    again = follower.update(frame.seen)
    assert msgspec.json.decode(again.data, type=FromServer) == decoded(frame.data, Whole)
    remove(growing.path.parent, growing.name, 0)
    with pytest.raises(UnknownSession):
        catch_up(follower)


def test_summary_alone_cannot_be_followed(tmp_path: Path) -> None:
    name = "live_20250106_143000"
    (tmp_path / f"{name}.json").write_text("{}")
    with pytest.raises(CannotFollow, match="only the summary"):
        catch_up(Follower(tmp_path, name))


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_pages_that_come_and_look_at_any_time_show_the_same(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    growing = Growing(tmp_path_factory.mktemp("any"))
    growing.write(1)
    follower = Follower(growing.path.parent, growing.name)
    catch_up(follower)
    pages: list[tuple[Page, Frame]] = []
    for step in data.draw(st.lists(st.integers(0, 400), max_size=12), label="events written"):
        growing.write(step)
        catch_up(follower)
        comes = data.draw(st.booleans(), label="a page comes")
        looks = data.draw(st.lists(st.booleans(), min_size=len(pages), max_size=len(pages)), label="who looks")
        for index, ((page, frame), is_looking) in enumerate(zip(pages, looks, strict=True)):
            if is_looking:
                pages[index] = page, follower.update(frame.seen)
                page.take(pages[index][1].data)
        if comes:
            pages.append((Page(), follower.whole()))
            pages[-1][0].take(pages[-1][1].data)
    growing.write()
    catch_up(follower)
    fresh = Page()
    fresh.take(follower.whole().data)
    for page, frame in pages:
        page.take(follower.update(frame.seen).data)
        assert page.shown == fresh.shown
    follower.close()
