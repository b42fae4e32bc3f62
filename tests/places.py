"""A home and a working directory for tests of the configuration."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from sentio_tui import config
from sentio_tui.config import ConfigError, Loaded, Problem


class Place:
    """A home and a working directory of their own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.cwd = folder / "work"
        self.home.mkdir()
        self.cwd.mkdir()

    def user(self, text: str) -> Path:
        return self._write(self.home / "config.toml", text)

    def project(self, text: str) -> Path:
        return self._write(self.cwd / "config.toml", text)

    def extra(self, text: str, name: str = "extra.toml") -> Path:
        return self._write(self.cwd / name, text)

    def load(
        self,
        options: Mapping[str, object] | None = None,
        *,
        assignments: Sequence[str] = (),
        files: Sequence[Path] = (),
        profile: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Loaded:
        return config.load(
            options,
            names={"feed.speed": "--speed", "feed.data": "--data", "session.capital": "--capital"},
            assignments=assignments,
            config_files=files,
            profile=profile,
            environ=environ or {},
            cwd=self.cwd,
            user_dir=self.home,
        )

    def problems(
        self,
        options: Mapping[str, object] | None = None,
        *,
        assignments: Sequence[str] = (),
        files: Sequence[Path] = (),
        profile: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as caught:
            self.load(options, assignments=assignments, files=files, profile=profile, environ=environ)
        return caught.value.problems

    @staticmethod
    def _write(path: Path, text: str) -> Path:
        path.write_text(text, encoding="utf-8")
        return path
