"""Resident memory over a session of many hours at full speed: `python -m benchmarks.memory MINUTES` prints samples."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks import market
from benchmarks.disk import folder
from benchmarks.table import Result, Size
from sentio_tui.model.events import AnyEvent

HOUR: Final = 3_600_000
FLAT: Final = 100_000
"""Bytes an hour that still count as flat: the points of the curve and the fills of a session are kept."""
LONGER: Final = 10

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def memory(size: Size) -> Sequence[Result]:
    """Three symbols, with journal and document, for a day and for ten times as long, each in a process of its own."""
    return [_long_session(size.minutes), _long_session(size.minutes * LONGER)]


def _long_session(minutes: int) -> Result:
    command = [sys.executable, "-m", "benchmarks.memory", str(minutes)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=market.ROOT)
    samples, peak = json.loads(answer.stdout)
    growth = slope(samples)
    return Result(
        f"memory, session of {minutes / 60:g} h, 3 symbols",
        f"{growth / 1e3:+,.0f} kB/h after the first, peak {peak / 1e6:.0f} MB",
        f"flat (<= {FLAT / 1e3:.0f} kB/h)",
        growth <= FLAT,
    )


def slope(values: Sequence[float]) -> float:
    """The growth from one value to the next, by least squares; 0.0 for a single one."""
    count = len(values)
    middle = (count - 1) / 2
    mean = sum(values) / count
    spread = sum((index - middle) ** 2 for index in range(count))
    together = sum((index - middle) * (value - mean) for index, value in enumerate(values))
    return together / spread if spread else 0.0


def resident() -> int:
    """Bytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _peak() -> int:
    # The system's own `ru_maxrss` would count the process this one was forked from.
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def main(minutes: int) -> int:
    """Run the session and print the bytes resident at the end of each hour of market time, and the peak."""
    from sentio_tui.sessions.assemble import assemble

    samples: list[int] = []
    with folder() as name:
        session = assemble(market.session_settings(minutes), Path(name))
        due = 0

        def take(events: Sequence[AnyEvent]) -> None:
            nonlocal due
            at = events[-1].at
            if at >= due:
                if due:
                    samples.append(resident())
                due = at - at % HOUR + HOUR

        session.listen(take)
        session.start()
        session.wait()
        if session.failure:
            raise RuntimeError(f"the session broke off: {session.failure}")
    print(json.dumps([samples, _peak()]))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
