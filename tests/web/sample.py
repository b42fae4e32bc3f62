"""`python -m tests.web.sample`: what the server would say of a session that is being written, a message a line.

For whoever works on the page without a server: hello, sessions, reading, the whole session, and then its updates.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sentio_tui import __version__
from sentio_tui.web.answers import encode
from sentio_tui.web.follower import Follower
from sentio_tui.web.messages import BEAT, RATE, VERSION, Beat, Hello, Problem, Reading, Sessions, Theme
from sentio_tui.web.pieces import SessionLine
from tests.web.recordings import Growing

MINUTES = 360.0


def sample(updates: int = 40) -> Iterator[bytes]:
    """The messages, encoded."""
    themes = (Theme("sentio-dark", is_dark=True), Theme("sentio-light", is_dark=False))
    yield encode(Hello(VERSION, __version__, BEAT, RATE, themes))
    with TemporaryDirectory() as folder:
        journal = Growing(Path(folder), MINUTES)
        yield encode(Sessions((_line(journal.name), _line("live_20250105_090000")), 2, ""))
        yield encode(Reading(journal.name, 0.5))
        step = journal.count // (2 * updates)
        journal.write(journal.count - updates * step)
        follower = Follower(Path(folder), journal.name)
        while follower.advance():
            pass
        frame = follower.whole()
        yield frame.data
        for _ in range(updates):
            journal.write(step)
            while follower.advance():
                pass
            frame = follower.update(frame.seen)
            if frame.data:
                yield frame.data
        follower.close()
    yield encode(Beat())
    yield encode(Problem("live_20250105_090000", "only the summary of this session is there"))


def _line(name: str) -> SessionLine:
    return SessionLine(
        name=name,
        standing="ended",
        mode="sim",
        strategy="momentum",
        symbols=("BTC-USD", "ETH-USD", "SOL-USD"),
        started=1_736_121_600_000,
        ended=1_736_143_200_000,
        written=1_736_143_200_000,
        capital=10_000.0,
        return_fraction=-0.0131,
        max_drawdown=0.0173,
        fills=18,
        trades=9,
        problem="",
    )


if __name__ == "__main__":
    for message in sample():
        sys.stdout.buffer.write(message + b"\n")
