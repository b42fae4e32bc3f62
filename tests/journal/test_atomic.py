import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sentio_tui.journal.atomic import JournalError, replace_file, sweep, sync_folder


def test_t48_a_reader_sees_the_old_or_the_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    replace_file(path, [b"old"])
    seen = []
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        seen.append(path.read_bytes())
        return real(descriptor, data[:2])

    monkeypatch.setattr(os, "write", write)
    replace_file(path, [b"new", b"", bytearray(b" file")])
    assert seen == [b"old"] * 5
    assert path.read_bytes() == b"new file"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_t48_a_failure_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    path = tmp_path / "a.json"
    replace_file(path, [b"old"])

    def refuse(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(JournalError, match=os.strerror(code)) as caught:
        replace_file(path, [b"new"])
    assert str(path) in str(caught.value)
    assert caught.value.cause.errno == code
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_disk_that_takes_no_byte_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda *_: 0)
    with pytest.raises(JournalError, match="Free some space"):
        replace_file(tmp_path / "a.json", [b"new"])


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"nowhere/a\.json.*Create the folder first"):
        replace_file(tmp_path / "nowhere" / "a.json", [b""])


LIMITED = """
import os, resource, sys
from pathlib import Path
from sentio_tui.journal.atomic import JournalError, replace_file
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    replace_file(Path(sys.argv[1]), [b"x" * 600, b"y" * 600])
except JournalError as error:
    print(error)
"""


def test_a_real_limit_in_a_real_process(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    replace_file(path, [b"old"])
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_sweeping_takes_only_leftovers_of_that_file(tmp_path: Path) -> None:
    keep = {"a.json", "b.json", ".b.json.77.0.tmp", "a.json.tmp"}
    for name in {*keep, ".a.json.77.0.tmp", ".a.json.78.3.tmp"}:
        (tmp_path / name).touch()
    sweep(tmp_path / "a.json")
    assert set(os.listdir(tmp_path)) == keep


def test_folders_that_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = errno.EINVAL

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    sync_folder(tmp_path)
    code = errno.EIO
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        sync_folder(tmp_path)
