"""Where a book stands on its ladder, for the screen: from the state and the session's first event alone."""

import re
from typing import Final

from sentio_tui.engine.book import View
from sentio_tui.engine.state import State
from sentio_tui.machines.ladder import INVALID, Ladder, Row, gained, ladders, states_of
from sentio_tui.model.decisions import Direction, Signal
from sentio_tui.model.events import BookInfo, LadderInfo
from sentio_tui.model.snapshot import LadderView, RungView, Thresholds

_HORIZON: Final = re.compile(r"prob_(\d+)")
"""The name of a signal's value that is the probability of a rise so many minutes ahead."""


class LadderViewer:
    """Builds the view of one book on a ladder."""

    def __init__(self, state: State, book: BookInfo, ladder: LadderInfo) -> None:
        """Raises ValueError for a ladder that cannot stand."""
        self._state = state
        self._book = book.name
        self._info = ladder
        self._base = ladder.family.base
        self._ladders = ladders(ladder)
        self._configured = self._ladders.for_signal(Signal(self._base, 0, Direction.NEUTRAL, {}))
        self._states = states_of(ladder.family)
        self._view = View(state, book.name)

    def view(self) -> LadderView:
        info, key = self._info, (self._book, self._base)
        decided = self._state.decided.get(key)
        signal = decided.signal if decided is not None else Signal(self._base, 0, Direction.NEUTRAL, {})
        ladder = self._in_force(signal)
        probability = signal.probability
        row = ladder.row(probability) if probability is not None and 0.0 <= probability <= 1.0 else None
        held = [holding for symbol in info.family.symbols if (holding := self._view.holding(symbol)) is not None]
        configured, in_force = self._thresholds(signal)
        return LadderView(
            book=self._book,
            symbol=self._base,
            rungs=tuple(_rung(each) for each in ladder.rows()),
            probability=probability,
            place=ladder.rows().index(row) if row is not None else None,
            shown=ladder.shown(probability) if row is not None and probability is not None else "",
            state=self._states.get(tuple(holding.symbol for holding in held), INVALID),
            target=(decided.target if decided is not None else "") or (row.state if row is not None else ""),
            explanation=ladder.explain(probability) if row is not None and probability is not None else "",
            horizons={
                int(found[1]): value
                for name, value in signal.values.items()
                if (found := _HORIZON.fullmatch(name)) is not None
            },
            configured=configured,
            in_force=in_force,
            bars_held=min((holding.bars_held for holding in held), default=None),
            min_hold_bars=info.min_hold_bars,
            gain=gained(held, self._view) if held else None,
            profit_target=info.profit_target,
            stop_loss=info.stop_loss,
            model=self._state.models.get(key),
        )

    def _in_force(self, signal: Signal) -> Ladder:
        """The ladder of a signal. Where that cannot stand the machine did not climb it either: then the configured one
        is shown."""
        try:
            return self._ladders.for_signal(signal)
        except ValueError:
            return self._configured

    def _thresholds(self, signal: Signal) -> tuple[Thresholds | None, Thresholds | None]:
        """As configured, and in force."""
        info, values = self._info, signal.values
        if info.rungs or info.buy is None or info.sell is None:
            return None, None
        in_force = Thresholds(values["buy"], values["sell"]) if "buy" in values and "sell" in values else None
        return Thresholds(info.buy, info.sell), in_force


def _rung(row: Row) -> RungView:
    return RungView(row.bound, row.condition, row.state, tuple(row.weights), row.holdings, row.exposure)
