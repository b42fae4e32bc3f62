"""What a strategy's model tells of itself is an event, like everything else the screen shows."""

from collections.abc import Iterable

import msgspec

from sentio_tui.engine.deciding import FEATURES_REPORTED, REPORT_EVERY
from sentio_tui.engine.state import fold
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.decisions import Direction, ModelReport
from sentio_tui.model.events import AnyEvent, Decided, ModelReported, Noted
from tests.engine.scripts import COIN, START, Scripted, bar, engine, of, run

FEATURES = {f"feature_{number}": 1.0 / (number + 1) for number in range(20)}


class Telling(Scripted):
    """Counts how often it was asked; `fails` makes it raise from then on."""

    def __init__(self, directions: Iterable[Direction | None] = (), fails: int = 1_000) -> None:
        super().__init__(directions)
        self.asked = 0
        self._fails = fails

    def model_report(self) -> ModelReport:
        self.asked += 1
        if self.asked > self._fails:
            raise ZeroDivisionError("no model today")
        return ModelReport(FEATURES, {"asked": float(self.asked)})


def test_a_model_is_asked_once_in_each_half_hour_right_after_a_decision() -> None:
    strategy = Telling()
    made = engine({COIN: []}, make=lambda script: strategy)
    events = run(made, [bar(minute, 100.0) for minute in range(5, 125)])
    reports = of(events, ModelReported)
    assert [report.at - START for report in reports] == [
        6 * MINUTE,
        *(REPORT_EVERY * half_hour for half_hour in (1, 2, 3, 4)),
    ]
    assert strategy.asked == len(reports)
    for report in reports:
        before = events[report.seq - 2]
        assert isinstance(before, Decided)
        assert (before.book, before.symbol, before.at) == (report.book, report.symbol, report.at)
        assert list(report.report.importance) == list(FEATURES)[:FEATURES_REPORTED]
    assert made.state.models == {("main", COIN): reports[-1]}


def test_reports_are_part_of_the_journal_and_of_the_fold() -> None:
    made = engine({COIN: []}, make=Telling)
    events = run(made, [bar(minute, 100.0) for minute in range(40)])
    journal = [msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) for event in events]
    assert journal == events
    assert fold(journal).models == made.state.models
    again = engine({COIN: []}, make=Telling)
    assert run(again, [bar(minute, 100.0) for minute in range(40)]) == events


def test_a_model_that_cannot_tell_is_asked_no_more_and_its_strategy_goes_on() -> None:
    strategy = Telling([Direction.NEUTRAL] * 100 + [Direction.LONG], fails=1)
    made = engine({COIN: []}, make=lambda script: strategy)
    events = run(made, [bar(minute, 100.0) for minute in range(130)])
    assert strategy.asked == 2
    (alarm,) = of(events, Noted)
    assert alarm.text == "scripted on main tells no more of its model: ZeroDivisionError: no model today"
    assert set(made.state.accounts["main"].positions) == {COIN}


def test_a_strategy_that_failed_is_not_asked() -> None:
    strategy = Telling([None])
    made = engine({COIN: []}, make=lambda script: strategy)
    run(made, [bar(minute, 100.0) for minute in range(40)])
    assert strategy.asked == 0


def test_a_strategy_without_a_model_reports_none() -> None:
    made = engine({COIN: []})
    assert not of(run(made, [bar(minute, 100.0) for minute in range(40)]), ModelReported)
