"""`make run-exchange`: the cockpit on the local exchange, through the real Alpaca feed and broker."""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sentio_tui import paths
from sentio_tui.config import load
from sentio_tui.sessions.running import running
from tests.exchange.server import KEY, SECRET

ROOT: Final = Path(__file__).parents[2]
CONFIG: Final = Path(__file__).with_suffix(".toml")
PROGRAM: Final = Path(sys.executable).with_name("sentio-tui")
LOOK: Final = 0.5
"""Seconds between two looks whether a session that was detached still runs."""


def main(arguments: list[str] | None = None) -> int:
    """The cockpit's exit code."""
    asked, options = _options().parse_known_args(arguments)
    with exchange(asked.seed) as address:
        code = _opened([*asked.command, "--config", str(CONFIG), *options], address)
        _outlast(sessions_dir(options))
    return code


def _opened(arguments: Sequence[str], address: str) -> int:
    """Run the program on an exchange; its exit code. What a terminal or a person signals is for the program alone."""
    places = {
        "broker.alpaca.url": address,
        "feed.alpaca.data_url": address,
        "feed.alpaca.stream_url": address.replace("http", "ws", 1),
    }
    command = [str(PROGRAM), *arguments]
    command += [part for key, value in places.items() for part in ("--set", f'{key}="{value}"')]
    keys = {"APCA_API_KEY_ID": KEY, "APCA_API_SECRET_KEY": SECRET}
    with subprocess.Popen(command, env=os.environ | keys) as program:
        before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGHUP)}
        before[signal.SIGTERM] = signal.signal(signal.SIGTERM, lambda *_: program.terminate())
        code = program.wait()
        for number, handler in before.items():
            if number != signal.SIGHUP:
                signal.signal(number, handler)
    return code


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.exchange.cockpit",
        description="The cockpit on a local exchange. Further options are those of sentio-tui.",
    )
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the market (default: another each time)")
    parser.add_argument(
        "--run", dest="command", action="store_const", const=["run"], default=[], help="without a screen"
    )
    return parser


@contextmanager
def exchange(seed: int) -> Iterator[str]:
    """A local exchange in a process of its own, trading round the clock, until left; its address."""
    command = [sys.executable, "-m", "tests.exchange", "--port", "0", "--hours", "24/7", "--seed", str(seed)]
    # In a session of its own: what is typed at the terminal is for the cockpit.
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            told = ""
            while not (found := re.search(r"url +(http://\S+)\n", told)):
                line = process.stdout.readline()
                if not line:
                    raise SystemExit("the local exchange did not start; `make exchange` says why")
                told += line
            yield found[1]
        finally:
            process.send_signal(signal.SIGTERM)


def _outlast(folder: Path) -> None:
    """A session that was detached needs the exchange until it ends."""
    there = running(folder)
    if not there:
        return
    with suppress(OSError):  # the terminal may be gone
        print(f"{there[0].name} goes on, and the exchange until it ends; ctrl+c stops the session", flush=True)
    try:
        while running(folder):
            time.sleep(LOOK)
    except KeyboardInterrupt:
        subprocess.run([PROGRAM, "stop", "--sessions-dir", folder], check=False)


def sessions_dir(options: Sequence[str]) -> Path:
    """Where a program with these options keeps its sessions."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--sessions-dir", type=Path)
    given, _ = parser.parse_known_args(options)
    return paths.sessions_dir(load(config_files=[CONFIG]).settings, given.sessions_dir)


if __name__ == "__main__":
    sys.exit(main())
