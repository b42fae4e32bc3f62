"""The rules of the house that a fresh interpreter or a look at the files can check."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import sentio_tui

PACKAGE = Path(sentio_tui.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
TOO_LONG = 400
LEFT_OPEN = re.compile(r"\b(TO" r"DO|FIX" r"ME|NotImplemented" r"Error)\b")  # split, or it would find itself


def _modules(room: str) -> list[str]:
    files = (PACKAGE / room).rglob("*.py")
    names = (".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in files)
    return sorted(name.removesuffix(".__init__") for name in names)


def _loaded_by(modules: list[str]) -> set[str]:
    """The top-level packages a fresh interpreter has after importing these."""
    code = f"import sys, importlib; [importlib.import_module(m) for m in {modules!r}]; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("room", ["model", "engine", "strategies", "machines", "journal"])
def test_core_loads_no_screen_no_broker_and_no_frames(room: str) -> None:
    assert not _loaded_by(_modules(room)) & {"textual", "rich", "plotext", "alpaca", "pandas", "websockets"}


def test_alpaca_room_loads_nothing_heavy_before_it_is_used() -> None:
    light = [name for name in _modules("alpaca") if not name.endswith(".hardened")]
    loaded = _loaded_by(light)
    assert not loaded & {"alpaca", "pandas", "numpy", "requests", "websockets", "keyring", "textual"}


def test_command_line_loads_nothing_heavy() -> None:
    assert not _loaded_by(["sentio_tui.cli"]) & {"textual", "pandas", "numpy", "alpaca", "numba", "msgspec"}


def test_dashboard_beside_a_session_loads_no_server_in_its_process() -> None:
    loaded = _loaded_by(["sentio_tui.web.child"])
    assert not loaded & {"starlette", "uvicorn", "websockets", "plotly", "textual", "pandas"}


def test_session_loads_no_screen_and_no_frames_before_it_needs_them() -> None:
    loaded = _loaded_by(["sentio_tui.sessions.assemble"])
    assert not loaded & {"textual", "plotext", "alpaca", "pandas", "numba", "exchange_calendars", "pyarrow"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_file_is_short_and_finished(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= TOO_LONG
    assert not LEFT_OPEN.findall(text)
