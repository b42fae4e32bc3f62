"""The six panes of the cockpit: each shows one side of a snapshot."""

from sentio_tui.ui.panes.base import Pane
from sentio_tui.ui.panes.decision import DecisionPane
from sentio_tui.ui.panes.equity import EquityPane
from sentio_tui.ui.panes.log import LogPane
from sentio_tui.ui.panes.metrics import MetricsPane
from sentio_tui.ui.panes.positions import PositionsPane
from sentio_tui.ui.panes.trades import TradesPane

__all__ = ["DecisionPane", "EquityPane", "LogPane", "MetricsPane", "Pane", "PositionsPane", "TradesPane"]
