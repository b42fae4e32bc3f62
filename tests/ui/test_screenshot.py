"""The picture of the README."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from sentio_tui.ui.screenshot import has_enough, main
from tests.ui.samples import busy, empty, ended


def test_the_picture_waits_for_trades_and_a_position() -> None:
    enough = replace(busy(), first=busy().at - 9 * 3_600_000)
    assert has_enough(enough)
    assert not has_enough(None)
    assert not has_enough(empty())
    assert not has_enough(replace(enough, positions=ended().positions))
    assert not has_enough(busy()), "too early"


def test_a_wrong_size_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path / "x.svg"), "--size", "huge"])
    assert "'huge' is not a size such as 160x48" in capsys.readouterr().err


@pytest.mark.slow
def test_the_real_cockpit_is_drawn(tmp_path: Path) -> None:
    file = tmp_path / "docs" / "cockpit.svg"
    assert main([str(file), "--size", "100x30"]) == 0
    picture = file.read_text(encoding="utf-8")
    assert "Positions" in picture
    assert "running" in picture
