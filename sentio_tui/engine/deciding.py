"""The strategy's side of a turn: it learns and predicts, the machine decides, the barriers are asked, orders go out.

A strategy is anybody's code: its failure ends what it does for its book, not the session.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from sentio_tui.engine.barriers import Barriers
from sentio_tui.engine.book import Driven
from sentio_tui.engine.execution import Execution
from sentio_tui.engine.integrity import Integrity
from sentio_tui.engine.state import State
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.decisions import Direction, ModelReport, Reason, Signal, Verdict
from sentio_tui.model.events import AnyEvent, Decided, Level, ModelReported, Noted

REPORT_EVERY: Final[Millis] = 30 * MINUTE
"""A model is asked for its report after the first decision of each such stretch of market time."""

FEATURES_REPORTED: Final = 12

_NEUTRAL: Final = Reason.NEUTRAL


class Deciding:
    """Takes one book driven by one symbol through a bar."""

    def __init__(
        self, state: State, barriers: Barriers, execution: Execution, emit: Callable[[AnyEvent], None]
    ) -> None:
        self._state = state
        self._barriers = barriers
        self._closing = barriers.closing
        self._execution = execution
        self._emit = emit
        self._integrity = Integrity(state, emit)

    def decide(self, part: Driven, bar: Bar, at: Millis, out: list[AnyEvent]) -> None:
        """Leave exactly one decision in `out`, the events of this turn, and the orders that follow from it."""
        self._integrity.look(part, bar, at)
        if part.failed:
            signal, verdict = self._without_strategy(part, bar)
        else:
            try:
                signal = part.strategy.on_bar(bar)
                verdict = part.machine.decide(signal, bar, part.view)
            except Exception as error:  # whatever it was, it is told, and the session goes on
                self._failed(part, error, at)
                signal, verdict = self._without_strategy(part, bar)
        reason, detail, targets = verdict.reason, verdict.detail, verdict.targets
        barrier = None
        if targets or bar.symbol in self._closing:
            barrier = self._barriers.against(part.book, reason, targets, bar, at)
        if barrier is not None:
            (reason, detail), targets = barrier, ()
        elif reason is _NEUTRAL and "outside_hours" in signal.values:
            reason, detail = Reason.OUTSIDE_HOURS, signal.trigger
        state = self._state
        decided = Decided(
            state.seq + 1, at, part.book, bar.symbol, reason, signal, detail, verdict.state, verdict.target
        )
        out.append(decided)
        state.apply_decision(decided)
        if targets:
            self._execution.pursue(part.book, targets, reason, detail, at)
        if part.reporter is not None:
            self._report(part, bar.symbol, at)

    def learn(self, driven: Sequence[Driven], bar: Bar, at: Millis) -> None:
        """A bar of the past: strategies take it in, and nothing is decided on it."""
        for part in driven:
            if not part.failed:
                try:
                    part.strategy.on_bar(bar)
                except Exception as error:  # as in `decide`
                    self._failed(part, error, at)

    def tell_faults(self, driven: Sequence[Driven], at: Millis) -> None:
        """Raise an alarm for each strategy that says that its numbers are not to be trusted."""
        for part in driven:
            if fault := part.new_fault():
                self._alarm("strategy_fault", f"{part.strategy.name} on {part.book}: {fault}", at)

    def _report(self, part: Driven, symbol: str, at: Millis) -> None:
        last = self._state.models.get((part.book, symbol))
        if part.reporter is None or part.failed or (last and last.at // REPORT_EVERY == at // REPORT_EVERY):
            return
        try:
            report = part.reporter.model_report()
            kept = dict(islice(report.importance.items(), FEATURES_REPORTED))
            report = ModelReport(kept, report.values)
        except Exception as error:  # what it cannot tell does not keep it from trading
            part.reporter = None
            text = f"{part.strategy.name} on {part.book} tells no more of its model: {type(error).__name__}: {error}"
            self._alarm("strategy_fault", text, at)
            return
        self._emit(ModelReported(self._state.seq + 1, at, part.book, symbol, report))

    def _without_strategy(self, part: Driven, bar: Bar) -> tuple[Signal, Verdict]:
        """Stops and profit targets go on after a strategy failed; entries do not."""
        signal = Signal(bar.symbol, bar.time, Direction.NEUTRAL, {})
        verdict = part.machine.decide(signal, bar, part.view)
        if not verdict.reason.trades:
            verdict = Verdict(Reason.STRATEGY_FAILED, detail=part.failed, state=verdict.state)
        return signal, verdict

    def _failed(self, part: Driven, error: Exception, at: Millis) -> None:
        part.failed = f"{type(error).__name__}: {error}"
        text = f"{part.strategy.name} failed on {part.book}: {part.failed}; it makes no further signals"
        self._alarm("strategy_failed", text, at)

    def _alarm(self, code: str, text: str, at: Millis) -> None:
        self._emit(Noted(self._state.seq + 1, at, Level.ALARM, code, text))
