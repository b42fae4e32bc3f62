"""Whatever order bars come in, and however often: the same minutes are known in the end."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.feeds.alpaca_store import KEPT, BarStore, Source, Taken, in_order
from sentio_tui.model.bars import MINUTE, Bar, Millis

BEGIN: Millis = 1_752_586_200_000


def bar(minute: int, close: float = 100.0, symbol: str = "SPY") -> Bar:
    return Bar(symbol, BEGIN + minute * MINUTE, 100.0, 101.0, 99.0, close, 1_000.0)


def stored(told: Sequence[tuple[Bar, Source]]) -> list[Bar]:
    store = BarStore({"SPY": BEGIN - MINUTE})
    for one, source in told:
        store.take(one, source)
    return store.bars("SPY")


def test_a_minute_is_new_once_and_changes_only_to_what_is_known_better() -> None:
    store = BarStore({"SPY": BEGIN - MINUTE})
    assert store.take(bar(0), Source.STREAM) is Taken.NEW
    assert store.take(bar(0), Source.STREAM) is Taken.KNOWN
    assert store.take(bar(0, 100.5), Source.UPDATE) is Taken.CHANGED
    assert store.take(bar(0), Source.STREAM) is Taken.KNOWN, "an update that came before its bar"
    assert store.take(bar(0), Source.HISTORY) is Taken.KNOWN, "asked for before the late trade"
    assert store.bars("SPY") == [bar(0, 100.5)]


def test_what_somebody_has_already_is_not_looked_at() -> None:
    store = BarStore({"SPY": BEGIN})
    assert store.take(bar(0), Source.HISTORY) is Taken.KNOWN
    assert store.newest("SPY") is None
    assert store.take(bar(1), Source.HISTORY) is Taken.NEW
    assert store.newest("SPY") == BEGIN + MINUTE


def test_it_keeps_a_day_of_minutes_and_no_more() -> None:
    store = BarStore({"SPY": BEGIN - MINUTE})
    for minute in range(3 * KEPT):
        assert store.take(bar(minute), Source.STREAM) is Taken.NEW
        assert len(store.bars("SPY")) <= KEPT + 60 if minute % 97 == 0 else True
    kept = store.bars("SPY")
    assert KEPT <= len(kept) <= KEPT + 60
    assert store.take(bar(3), Source.HISTORY) is Taken.KNOWN, "a minute that was forgotten is not new again"
    assert store.bars("SPY") == kept


def test_within_a_minute_symbols_come_as_they_are_listed() -> None:
    bars = [bar(1), bar(0, symbol="SDS"), bar(0), bar(1, symbol="SDS")]
    assert in_order(bars, ("SDS", "SPY")) == [bar(0, symbol="SDS"), bar(0), bar(1, symbol="SDS"), bar(1)]


@st.composite
def told_anyhow(draw: st.DrawFn) -> tuple[list[tuple[Bar, Source]], list[Bar]]:
    """The messages of some minutes, shuffled and repeated, and the truth: updated bars where there are some."""
    messages, truth = [], []
    for minute in range(draw(st.integers(1, 6))):
        first = bar(minute)
        final = bar(minute, 100.5) if draw(st.booleans()) else first
        truth.append(final)
        messages.append((first, Source.STREAM))
        if final is not first:
            messages.append((final, Source.UPDATE))
        if draw(st.booleans()):
            messages.append((draw(st.sampled_from([first, final])), Source.HISTORY))
    again = draw(st.lists(st.sampled_from(messages), max_size=10))
    return draw(st.permutations(messages + again)), truth


@given(told_anyhow())
def test_alpaca_t09_disorder_and_repetition_end_in_the_same_bars(
    case: tuple[list[tuple[Bar, Source]], list[Bar]],
) -> None:
    messages, truth = case
    assert stored(messages) == truth
