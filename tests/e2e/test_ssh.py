"""The same over ssh, through a real sshd on the loopback address."""

import json
import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentio_tui.model.commands import Pause
from sentio_tui.model.events import CommandGiven, OrderFilled
from sentio_tui.sessions.running import run_of, running
from tests.e2e.conftest import PROGRAM, WIDE, Desk, wait_until
from tests.e2e.terminal import TIMEOUT, Terminal

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
SSHD, SSH, KEYGEN = (shutil.which(name, path=PATH) for name in ("sshd", "ssh", "ssh-keygen"))

pytestmark = pytest.mark.skipif(
    not (SSHD and SSH and KEYGEN), reason="no sshd and ssh are installed (Debian: openssh-server, openssh-client)"
)

CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
PrintLastLog no
"""


class Host:
    """An sshd of this user's own, and what is done through it."""

    def __init__(self, desk: Desk, folder: Path, port: int) -> None:
        self._desk = desk
        self._ssh = [
            str(SSH), "-F", "none", "-p", str(port), "-i", str(folder / "key"), "-o", "IdentitiesOnly=yes",
            "-o", f"UserKnownHostsFile={folder / 'known_hosts'}", "-o", "StrictHostKeyChecking=yes",
            "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
        ]  # fmt: skip

    def terminal(self, *command: str) -> Terminal:
        """`ssh -t`: the program on a terminal of the other side. A shell keeps the descriptor by which the terminal
        knows that something runs: ssh closes all but its own."""
        ssh = shlex.join([*self._ssh, "-t", "127.0.0.1", self._remote(command)])
        return self._desk.open_command("sh", "-c", f"{ssh}; exit $?", size=WIDE)

    def pipe(self, *command: str) -> subprocess.CompletedProcess[str]:
        """`ssh` without a terminal."""
        return subprocess.run(
            [*self._ssh, "127.0.0.1", self._remote(command)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def _remote(self, command: tuple[str, ...]) -> str:
        """Of the environment only what keeps the test to its folders: a login over ssh has no more either."""
        home = (f"HOME={self._desk.home}", f"XDG_CONFIG_HOME={self._desk.home}", "LANG=C.UTF-8", "COLORTERM=truecolor")
        return shlex.join(["env", *home, str(PROGRAM), *command, "--sessions-dir", str(self._desk.sessions)])


@pytest.fixture
def host(desk: Desk, tmp_path: Path) -> Iterator[Host]:
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    for name in ("host_key", "key"):
        subprocess.run([str(KEYGEN), "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # an sshd of root's does not begin without it
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    key = (folder / "host_key.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {key}")
    (folder / "config").write_text(CONFIG.format(port=port, folder=folder))
    log = folder / "log"
    with log.open("wb") as out:
        sshd = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(folder / "config")], stderr=out)
    try:
        wait_until(lambda: sshd.poll() is not None or _listens(port))
        assert sshd.poll() is None, log.read_text()
        yield Host(desk, folder, port)
    finally:
        sshd.terminate()
        sshd.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_attach_over_ssh_drives_and_outlives_the_connection(desk: Desk, host: Host) -> None:
    process = desk.background(*desk.rising())
    terminal = host.terminal("attach")
    terminal.wait_for("● running")
    terminal.wait_for(lambda screen: "RISE-USD" in screen.pane("3 Positions"))
    terminal.press("space")
    terminal.wait_for("‖ paused")
    (told,) = json.loads(host.pipe("status", "--json").stdout)
    assert told["pid"] == process.pid
    assert told["viewers"] == [told["driver"]]
    terminal.hang_up()
    wait_until(lambda: json.loads(host.pipe("status", "--json").stdout)[0]["viewers"] == [])
    assert process.poll() is None
    again = host.terminal("attach")
    again.wait_for("‖ paused")
    again.press("q")
    assert again.wait_exit() == 0
    assert again.left_behind() == []
    without = host.pipe("attach")
    assert without.returncode == 2
    assert "the cockpit needs a terminal." in without.stderr
    stopped = host.pipe("stop")
    assert (stopped.returncode, stopped.stderr) == (0, "")
    assert process.wait() == 0
    (events,) = desk.journals()
    given = [event for event in events if isinstance(event, CommandGiven)]
    assert isinstance(given[0].command, Pause)
    assert given[0].by == f"socket:{told['driver']}"


def test_a_session_started_over_ssh_survives_the_connection_with_nothing_lost(desk: Desk, host: Host) -> None:
    terminal = host.terminal(*desk.rising())
    terminal.wait_for(lambda screen: "RISE-USD" in screen.pane("3 Positions"))
    (before,) = running(desk.sessions)
    terminal.hang_up()
    again = host.terminal("attach", before.name)
    again.wait_for(lambda screen: "RISE-USD" in screen.pane("3 Positions"))
    assert run_of(desk.sessions, before.name) == before
    again.wait_for(lambda screen: "drives" not in screen.text)
    again.press("x")
    again.wait_for("Sell 1 position")
    again.press_until("y", "■ ended")
    again.press("q")
    assert again.wait_exit() == 0
    wait_until(lambda: not running(desk.sessions))
    assert desk.is_complete()
    (events,) = desk.journals()
    assert sum(isinstance(event, OrderFilled) for event in events) == 2
