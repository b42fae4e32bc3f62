"""The dashboard as a process: alone, beside a session, and what becomes of it when either ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sentio_tui.cli import main
from sentio_tui.sessions.assemble import assemble
from sentio_tui.settings import Settings, WebSettings
from sentio_tui.web.child import BEGUN, Dashboard, Server, command
from sentio_tui.web.server import listen
from tests.sessions.places import simulated
from tests.sessions.serving import Told, endless, until
from tests.web.recordings import Growing
from tests.web.serving import PATIENCE

ANY_PORT = Settings(web=WebSettings(port=0))
TOKEN = "correct-horse-battery"


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASHBOARD_TOKEN", raising=False)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def status(address: str, path: str = "/healthz", headers: Mapping[str, str] | None = None) -> int:
    """Of an answer; 0 where nobody answers."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        return connection.getresponse().status
    except ConnectionError:
        return 0
    finally:
        connection.close()


def address_in(text: str) -> str:
    assert text.startswith(BEGUN)
    return text.removeprefix(BEGUN).split()[0]


def test_server_is_started_once_says_where_and_is_ended(server: Server, said: list[str], tmp_path: Path) -> None:
    server.start(command(ANY_PORT, tmp_path), said.append)
    server.start(command(ANY_PORT, tmp_path), said.append)
    first, second = said
    assert first == second
    assert status(address_in(first)) == 200
    server.stop()
    assert status(address_in(first)) == 0
    assert len(said) == 2


def test_port_in_use_is_told(server: Server, said: list[str], tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        server.start(command(Settings(web=WebSettings(port=port)), tmp_path), said.append)
    assert said == [
        f"No dashboard: 127.0.0.1:{port} cannot be listened on: Address already in use (perhaps another dashboard has"
        " it)"
    ]


def test_missing_token_is_told(server: Server, said: list[str], tmp_path: Path) -> None:
    server.start(command(Settings(web=WebSettings(host="0.0.0.0", port=0)), tmp_path), said.append)
    assert said[0].startswith("No dashboard: 0.0.0.0 is reached from other machines")


def test_program_that_is_not_there_is_told(server: Server, said: list[str]) -> None:
    server.start(["/nonexistent/python"], said.append)
    assert said == ["No dashboard: No such file or directory"]


def test_token_is_asked_for_and_never_said(
    server: Server, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHBOARD_TOKEN", TOKEN)
    server.start(command(ANY_PORT, tmp_path), said.append)
    address = address_in(said[0])
    assert status(address, "/api/sessions") == 401
    assert status(address, "/api/sessions", {"Authorization": f"Bearer {TOKEN}"}) == 200
    assert not any(TOKEN in text for text in (*said, *command(ANY_PORT, tmp_path)))


def test_server_that_is_killed_is_told_and_can_be_started_anew(server: Server, said: list[str], tmp_path: Path) -> None:
    server.start(command(ANY_PORT, tmp_path), said.append)
    process = server._process
    assert process is not None
    process.kill()
    until(lambda: len(said) == 2)
    assert said[1] == "The dashboard has ended (exit code -9)"
    server.start(command(ANY_PORT, tmp_path), said.append)
    assert status(address_in(said[2])) == 200


def test_server_ends_with_the_process_that_started_it_even_when_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import time; from functools import partial; from pathlib import Path;"
        "from sentio_tui.settings import Settings, WebSettings; from sentio_tui.web.child import Server, command;"
        f"line = command(Settings(web=WebSettings(port=0)), Path({str(tmp_path)!r}));"
        "Server().start(line, partial(print, flush=True)); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        address = address_in(parent.stdout.readline())
        assert status(address) == 200
        parent.kill()
    until(lambda: status(address) == 0, "the end of the server")


def test_dashboard_of_a_session_is_told_to_it_and_outlives_it(tmp_path: Path, server: Server) -> None:
    live = assemble(endless(), tmp_path)
    live.serve(Dashboard(live, command(ANY_PORT, tmp_path), server))
    told = Told(live)
    live.start()
    until(told.notices)
    address = address_in(told.notices()[0])
    live.close()
    assert not live.failure
    assert status(address, f"/api/metrics?file={live.name}") == 200


def test_session_that_is_over_at_once_is_not_hurt_by_its_dashboard(tmp_path: Path, server: Server) -> None:
    live = assemble(simulated(minutes=5), tmp_path)
    live.serve(Dashboard(live, command(ANY_PORT, tmp_path), server))
    live.start()
    assert live.wait(PATIENCE)
    assert not live.failure
    until(lambda: server._address, "the server")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_serves_until_it_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    growing = Growing(tmp_path)
    growing.write()
    arguments = [sys.executable, "-m", "sentio_tui", "web", "--port", "0", "--sessions-dir", str(tmp_path)]
    with subprocess.Popen([*arguments, "--session", growing.name], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = address_in(process.stdout.readline())
        assert status(address, "/api/metrics") == 200
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        assert process.stdout.read() == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "needs a token there: set the environment variable DASHBOARD_TOKEN"),
        (["--host", "203.0.113.7"], "needs a token"),
        (["--session", "live_20250106_143000"], "no session 'live_20250106_143000'"),
        (["--port", "65536"], "web.port"),
        (["--port", "http"], "web.port"),
    ],
)
def test_command_refuses_with_2_what_it_cannot_serve(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["web", "--sessions-dir", str(tmp_path), *arguments]) == 2
    assert words in capsys.readouterr().err


def test_command_line_of_the_child_starts_what_it_says() -> None:
    settings = Settings(web=WebSettings(enabled=True, host="::1", port=9_000, token_variable="OTHER"))
    line = command(settings, Path("/a b/sessions"))
    assert line[line.index("--sessions-dir") + 1] == "/a b/sessions"
    assert {"web.enabled=false", "web.host=::1", "web.port=9000", "web.token_variable=OTHER"} <= set(line)
    assert os.path.isabs(line[0])
