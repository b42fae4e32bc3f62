"""What a person waits for, and what the screen costs: measured from outside, in a pseudo-terminal of 160x48."""

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from benchmarks import market
from benchmarks.disk import folder
from benchmarks.table import Result, Size, alternate
from benchmarks.terminal import Program, installed

FIRST_FRAME: Final = 0.250
KEY_TO_PAINT: Final = 0.050
CPU: Final = {2: 0.03, 10: 0.10}
"""Budgets: seconds, seconds, and shares of one core by changes a second."""

_STATUS: Final = re.compile(rb" SIM ")
_PANES: Final = re.compile(rb" 6 Log ")
_IMPORT: Final = "import time; begun = time.perf_counter(); import sentio_tui.cli; print(time.perf_counter() - begun)"

_SETTLE: Final = 2.0
"""Seconds after the first frame until the screen is in its stride."""


def first_frame(size: Size) -> Sequence[Result]:
    """From the start of the installed console script to the first text on the terminal, and to all six panes."""

    def start() -> tuple[float, float]:
        with folder() as name, _cockpit(Path(name), "--speed", "1") as program:
            status = program.seen(_STATUS)
            return status - program.started, program.seen(_PANES) - program.started

    start()
    times = [start() for _ in range(size.rounds)]
    status, panes = (median(column) for column in zip(*times, strict=True))
    imports = median(alternate(size.rounds, _import_time)[0])
    return [
        Result("first frame in a pseudo-terminal", f"{status * 1e3:.0f} ms", "<= 250 ms", status <= FIRST_FRAME),
        Result("  all six panes there", f"{panes * 1e3:.0f} ms"),
        Result("  of which `import sentio_tui.cli`", f"{imports * 1e3:.0f} ms"),
    ]


def _import_time() -> float:
    answer = subprocess.run(
        [sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True, cwd=market.ROOT
    )
    return float(answer.stdout)


def dashboard(size: Size) -> Sequence[Result]:
    """Processor time of the cockpit while its session changes at a fixed rate; the session itself does nothing."""
    return [_dashboard(rate, budget, size.seconds) for rate, budget in CPU.items()]


def _dashboard(rate: int, budget: float, seconds: float) -> Result:
    command = [sys.executable, "-m", "benchmarks.dashboard", str(rate)]
    with folder() as name, Program(command, Path(name), market.ROOT) as program:
        program.seen(_PANES)
        time.sleep(min(_SETTLE, seconds))
        begun, spent = time.perf_counter(), program.cpu()
        time.sleep(seconds)
        share = (program.cpu() - spent) / (time.perf_counter() - begun)
    what = f"dashboard CPU, {rate} changes a second"
    return Result(what, f"{share:.1%} of a core", f"<= {budget:.0%}", share <= budget)


def key_to_paint(size: Size) -> Sequence[Result]:
    """From a key that moves the focus to the pane's title in the colour of the focus, at full speed of the session."""
    panes = (("3", "Positions"), ("4", "Trades"))
    waits = []
    with folder() as name, _cockpit(Path(name), "--speed", "0") as program:
        program.seen(_PANES)
        time.sleep(min(_SETTLE, size.seconds))
        for number in range(size.keys):
            key, title = panes[number % 2]
            # Only the pane with the focus has a bold title.
            bold = re.compile(rb"\x1b\[1;[0-9;]*m %s %s " % (key.encode(), title.encode()))
            since = program.mark
            pressed = program.press(key)
            waits.append(program.seen(bold, since) - pressed)
            # An odd step through the screen's own rhythm of eight frames a second.
            time.sleep(0.05 + number * 0.037 % 0.125)
    worst = quantiles(waits, n=100, method="inclusive")[98]
    return [
        Result(
            f"key to paint at full speed, p99 of {len(waits)}",
            f"{worst * 1e3:.0f} ms (median {median(waits) * 1e3:.0f})",
            "<= 50 ms",
            worst <= KEY_TO_PAINT,
        )
    ]


def _cockpit(place: Path, *options: str) -> Program:
    keep = ("--set", "session.at_exit=keep")
    command = [installed("sentio-tui"), "--feed", "simulated", "--sessions-dir", str(place / "sessions"), *keep]
    return Program([*command, *options], place, place)
