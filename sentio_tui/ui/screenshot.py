"""Draw the cockpit as it trades: `python -m sentio_tui.ui.screenshot docs/cockpit.svg [--size 160x48]`.

The real application runs without a terminal on the packaged configuration, faster than it would for a person, until
its session has something to show. Nothing is read from the user's configuration and nothing stays on disk.
"""

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sentio_tui import config, paths
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.base import Session
from sentio_tui.ui.app import Cockpit

SPEED: Final = 7200.0
"""Two hours of market time a second."""
HOURS: Final = 8
TRADES: Final = 6
"""The picture is taken after so many hours of market time and closed trades, with a position open."""
PATIENCE: Final = 60.0
"""Seconds after which it is taken of what there is."""


def has_enough(snapshot: Snapshot | None) -> bool:
    """Whether there is something in every pane."""
    if snapshot is None or snapshot.first is None:
        return False
    lasted = (snapshot.at - snapshot.first) / 3_600_000
    return lasted >= HOURS and snapshot.metrics.closed_trades >= TRADES and bool(snapshot.positions)


async def draw(size: tuple[int, int], theme: str) -> str:
    """The screen of a running session as SVG."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        options = {"feed.speed": SPEED, "ui.theme": theme}
        settings = config.load(options, environ={}, cwd=folder, user_dir=folder).settings

        def launch() -> Session:
            session = assemble(settings, folder)
            session.start()
            return session

        cockpit = Cockpit(launch, settings, [paths.packaged_themes()])
        async with cockpit.run_test(size=size) as pilot:
            latest = time.monotonic() + PATIENCE
            while not has_enough(cockpit.monitor.snapshot) and time.monotonic() < latest:
                await pilot.pause(0.05)
            # One more drawing of the chart.
            await pilot.pause(settings.ui.chart_seconds + 0.2)
            picture = without_fonts(cockpit.export_screenshot())
            if cockpit.session is not None:
                await asyncio.to_thread(cockpit.session.close)
    return picture


def without_fonts(picture: str) -> str:
    """The picture without the fonts it would load from elsewhere: any monospaced one of the reader's will do."""
    return re.sub(r"@font-face\s*{[^}]*}\s*", "", picture)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the picture; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sentio_tui.ui.screenshot", description="Draw the cockpit as SVG.")
    parser.add_argument("file", type=Path, help="the SVG file to write")
    parser.add_argument("--size", type=_size, default=(160, 48), metavar="WxH", help="cells; 160x48 if not given")
    parser.add_argument("--theme", default="sentio-dark", metavar="NAME")
    arguments = parser.parse_args(argv)
    picture = asyncio.run(draw(arguments.size, arguments.theme))
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    arguments.file.write_text(picture, encoding="utf-8")
    return 0


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,4})x(\d{1,4})", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 160x48")
    return int(found[1]), int(found[2])


if __name__ == "__main__":
    sys.exit(main())
