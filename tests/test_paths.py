"""Where things live."""

from pathlib import Path

import pytest

from sentio_tui import paths
from sentio_tui.settings import Settings, UiSettings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "user_config_dir", lambda: tmp_path / "config")
    monkeypatch.setattr(paths, "user_data_dir", lambda: tmp_path / "data")
    return tmp_path


def test_packaged_files_are_there() -> None:
    assert paths.packaged_config().is_file()
    assert paths.packaged_themes().is_dir()


def test_a_wheel_has_its_files_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "sentio_tui"
    (package / "_packaged" / "themes").mkdir(parents=True)
    (package / "_packaged" / "config.toml").write_text("")
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert paths.packaged_config() == package / "_packaged" / "config.toml"
    assert paths.packaged_themes() == package / "_packaged" / "themes"


def test_user_folders_follow_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert paths.user_config_dir().name == "sentio-tui"
    assert paths.user_data_dir().name == "sentio-tui"


def test_sessions_dir_prefers_option_then_setting(home: Path) -> None:
    settings = Settings(sessions_dir="set")
    assert paths.sessions_dir(settings, Path("option"), cwd=home) == home / "option"
    assert paths.sessions_dir(settings, Path("/option"), cwd=home) == Path("/option")
    assert paths.sessions_dir(settings, cwd=home) == home / "set"
    assert paths.sessions_dir(Settings(sessions_dir="/set"), cwd=home) == Path("/set")


def test_sessions_dir_of_a_checkout_is_in_it(home: Path) -> None:
    assert paths.sessions_dir(Settings(), cwd=home) == home / "data" / "sessions"
    (home / "pyproject.toml").write_text('[project]\nname = "something-else"\n')
    assert paths.sessions_dir(Settings(), cwd=home) == home / "data" / "sessions"
    (home / "pyproject.toml").write_text('[project]\nname = "sentio-tui"\n')
    assert paths.sessions_dir(Settings(), cwd=home) == home / "sessions"
    assert not (home / "sessions").exists()


def test_t40_sessions_dir_does_not_follow_the_program(home: Path) -> None:
    (home / "pyproject.toml").write_bytes(b"\xff\xfe")
    assert paths.sessions_dir(Settings(), cwd=home) == home / "data" / "sessions"


def test_theme_dirs_begin_with_the_configured_one(home: Path) -> None:
    expected = (Path.cwd() / "themes", home / "config" / "themes", paths.packaged_themes())
    assert paths.theme_dirs(Settings()) == expected
    assert paths.theme_dirs(Settings(ui=UiSettings(themes_dir="mine")))[0] == Path("mine")
