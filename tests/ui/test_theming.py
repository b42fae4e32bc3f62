"""Theme files: what is taken, what is told, and what happens when they change."""

from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.theming import ThemeFiles, chart_colours, parse_theme, variable_defaults
from tests.ui.conftest import MakeCockpit
from tests.ui.fakes import FakeSession
from tests.ui.samples import busy

OURS = ("sentio-cvd", "sentio-dark", "sentio-light", "sentio-mono")
VARIABLES = [
    "gain",
    "loss",
    "flat",
    "stale",
    "muted",
    "accent-line",
    "mode-sim",
    "mode-replay",
    "mode-paper",
    "mode-live",
    "mode-text",
    "chart-equity",
    "chart-drawdown",
    "chart-axis",
    "pane-border",
    "pane-focus",
    "badge-style",
]


class Stamps:
    """Files' states that change when told to."""

    def __init__(self) -> None:
        self.states: dict[Path, int] = {}

    def __call__(self, path: Path) -> tuple[int, int]:
        if not path.exists():
            raise FileNotFoundError(path)
        return self.states.get(path, 0), 0

    def touch(self, path: Path) -> None:
        self.states[path] = self.states.get(path, 0) + 1


def luminance(colour: Color) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [value / 255 for value in colour.rgb]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2; 4.5 is what text needs."""
    dark, light = sorted(luminance(Color.parse(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def copy(themes: Path, folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """A copy of the dark theme under another name, with changes."""
    folder.mkdir(exist_ok=True)
    text = (themes / "sentio-dark.toml").read_text().replace('"sentio-dark"', f'"{name}"')
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def test_the_themes_of_the_repository_are_all_sound(themes: Path) -> None:
    found = ThemeFiles([themes]).poll()
    assert found.problems == ()
    assert {theme.name for theme in found.themes} == set(OURS)
    for theme in found.themes:
        known = variable_defaults(theme) | theme.to_color_system().generate() | theme.variables
        for variable in VARIABLES:
            assert variable in known
            if not variable.endswith("-style"):
                Color.parse(known[variable])


def test_the_theme_without_colour_has_none(themes: Path) -> None:
    theme = next(theme for theme in ThemeFiles([themes]).poll().themes if theme.name == "sentio-mono")
    assert theme.ansi
    values = theme.to_color_system().generate() | theme.variables
    coloured = {name: value for name, value in values.items() if value.startswith(("#", "rgb")) or "%" in value}
    assert not coloured
    ansi = {value for value in values.values() if value.startswith("ansi_")}
    assert ansi == {"ansi_default"}


def test_gains_and_losses_of_the_colour_blind_theme_differ_in_more_than_red_and_green(themes: Path) -> None:
    theme = next(theme for theme in ThemeFiles([themes]).poll().themes if theme.name == "sentio-cvd")
    gain, loss = (Color.parse(theme.variables[name]) for name in ("gain", "loss"))
    assert gain.b > loss.b + 100


@pytest.mark.parametrize("name", OURS)
def test_text_can_be_read_on_its_background(themes: Path, name: str) -> None:
    theme = next(theme for theme in ThemeFiles([themes]).poll().themes if theme.name == name)
    if theme.ansi:
        return
    assert theme.background is not None
    for variable in ("gain", "loss", "flat", "stale", "muted", "accent-line"):
        assert contrast(theme.background, theme.variables[variable]) > 4.5, variable
    for mode in ("sim", "replay", "paper", "live"):
        assert contrast(theme.variables[f"mode-{mode}"], theme.variables["mode-text"]) > 4.5, mode


def test_everything_wrong_with_a_file_is_told_together(themes: Path) -> None:
    text = (themes / "sentio-dark.toml").read_text()
    text = text.replace('name = "sentio-dark"', 'name = "Other"').replace("dark = true", "dark = 1")
    text = text.replace('gain = "#63cf91"', 'gian = "#63cf91"').replace('loss = "#ee7178"', 'loss = "redd"')
    text = text.replace("[chart]", "[charts]").replace('focus = "#7aa8f7"', "focus = 7")
    theme, problems = parse_theme(text, "mine")
    assert theme is None
    together = "\n".join(problems)
    for part in (
        "name: must be given",
        "dark: must be given",
        "trade.gian: unknown (did you mean 'gain'?)",
        "trade.gain: missing",
        "trade.loss: 'redd' is not a colour",
        "charts: unknown (did you mean 'chart'?)",
        "[chart]: missing",
        "pane.focus: 7 is not a colour",
    ):
        assert part in together


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "name: must be given"),
        ("name = [", "not TOML"),
        ('name = "a"\nbase = 3', "[base]: missing"),
    ],
)
def test_a_broken_file_is_no_theme(text: str, says: str) -> None:
    theme, problems = parse_theme(text, "a")
    assert theme is None
    assert says in "\n".join(problems)


def test_the_terminal_colour_is_for_all_or_none(themes: Path) -> None:
    text = (themes / "sentio-dark.toml").read_text().replace('"#2c3646"', '"default"')
    theme, problems = parse_theme(text, "sentio-dark")
    assert theme is None
    assert problems == ("pane-border: 'default' is for themes without any colour; use it everywhere or nowhere",)


def test_the_earlier_folder_counts(themes: Path, tmp_path: Path) -> None:
    copy(themes, tmp_path, "sentio-dark", ("#7aa8f7", "#123456"))
    found = ThemeFiles([tmp_path / "missing", tmp_path, themes]).poll()
    assert {theme.name for theme in found.themes} == set(OURS)
    assert next(theme for theme in found.themes if theme.name == "sentio-dark").primary == "#123456"


def test_only_what_changed_is_read_again(themes: Path, tmp_path: Path) -> None:
    stamps = Stamps()
    path = copy(themes, tmp_path, "mine")
    files = ThemeFiles([tmp_path], stamps)
    assert [theme.name for theme in files.poll().themes] == ["mine"]
    path.write_text("broken = ")
    unchanged = files.poll()
    assert not unchanged.themes
    assert not unchanged.problems
    stamps.touch(path)
    broken = files.poll()
    assert broken.themes == ()
    assert str(broken.problems[0]).startswith("mine.toml: not TOML")
    path.unlink()
    assert files.poll().problems == ()


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    found = ThemeFiles([tmp_path]).poll()
    assert str(found.problems[0]) == "mine.toml: not UTF-8 text"


@pytest.mark.parametrize("name", sorted(BUILTIN_THEMES))
def test_the_themes_that_come_with_textual_have_our_variables_too(name: str) -> None:
    defaults = variable_defaults(BUILTIN_THEMES[name])
    assert set(VARIABLES) <= set(defaults)
    for variable in VARIABLES:
        if not variable.endswith("-style"):
            Color.parse(defaults[variable])


async def test_the_chart_follows_the_theme(make_cockpit: MakeCockpit) -> None:
    cockpit = make_cockpit(FakeSession([busy()]))
    async with cockpit.run_test() as pilot:
        dark = chart_colours(cockpit)
        assert dark.equity == (122, 168, 247)
        assert dark.background == (15, 19, 26)
        cockpit.themes.setter("sentio-mono")()
        await pilot.pause()
        mono = chart_colours(cockpit)
        assert (mono.equity, mono.drawdown, mono.axis, mono.background) == (None, None, None, None)


async def test_t_takes_the_next_theme(make_cockpit: MakeCockpit) -> None:
    cockpit = make_cockpit(FakeSession([busy()]))
    async with cockpit.run_test() as pilot:
        seen = [cockpit.theme]
        for _ in OURS:
            await pilot.press("t")
            seen.append(cockpit.theme)
        assert seen == ["sentio-dark", "sentio-light", "sentio-mono", "sentio-cvd", "sentio-dark"]


async def test_every_theme_that_is_offered_can_be_drawn(make_cockpit: MakeCockpit) -> None:
    cockpit = make_cockpit(FakeSession([busy()]))
    async with cockpit.run_test() as pilot:
        for name in cockpit.themes.names():
            cockpit.themes.setter(name)()
            await pilot.pause()
            assert cockpit.theme == name


def watching(cockpit: Cockpit, folder: Path, stamps: Stamps) -> Cockpit:
    return Cockpit(
        cockpit.launching.configured,
        cockpit.settings,
        [],
        clock=cockpit.clock,
        panes=cockpit._panes,
        theme_files=ThemeFiles([folder], stamps),
    )


async def test_a_saved_theme_file_is_applied_at_once(themes: Path, tmp_path: Path, make_cockpit: MakeCockpit) -> None:
    stamps = Stamps()
    path = copy(themes, tmp_path, "mine")
    cockpit = watching(make_cockpit(FakeSession([busy()]), theme="mine"), tmp_path, stamps)
    async with cockpit.run_test(notifications=True) as pilot:
        assert cockpit.theme == "mine"
        status = cockpit.screen.query_one("#status")
        assert status.styles.background == Color.parse("#1e2632")
        copy(themes, tmp_path, "mine", ('panel = "#1e2632"', 'panel = "#445566"'))
        stamps.touch(path)
        cockpit.themes.reload()
        await pilot.pause()
        assert status.styles.background == Color.parse("#445566")
        path.write_text("[")
        stamps.touch(path)
        cockpit.themes.reload()
        await pilot.pause()
        assert cockpit.is_running
        assert status.styles.background == Color.parse("#445566")
        assert any("mine.toml: not TOML" in notice.message for notice in cockpit._notifications)


async def test_a_broken_theme_falls_back_and_comes_back(
    themes: Path, tmp_path: Path, make_cockpit: MakeCockpit
) -> None:
    stamps = Stamps()
    path = tmp_path / "mine.toml"
    path.write_text("name = 3")
    cockpit = watching(make_cockpit(FakeSession([busy()]), theme="mine"), tmp_path, stamps)
    async with cockpit.run_test(notifications=True) as pilot:
        assert cockpit.theme == "textual-dark"
        notices = [notice.message for notice in cockpit._notifications]
        assert any(notice.startswith("Theme file not taken: mine.toml: name") for notice in notices)
        assert "There is no theme 'mine'; textual-dark is used." in notices
        copy(themes, tmp_path, "mine")
        stamps.touch(path)
        cockpit.themes.reload()
        await pilot.pause()
        assert cockpit.theme == "mine"


async def test_no_color_means_the_theme_without_colour(
    monkeypatch: pytest.MonkeyPatch, make_cockpit: MakeCockpit
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    cockpit = make_cockpit(FakeSession([busy()]))
    async with cockpit.run_test() as pilot:
        assert cockpit.theme == "sentio-mono"
        await pilot.press("t")
        assert cockpit.theme == "sentio-mono"
        await pilot.pause()
        colours = {
            colour.name
            for strip in cockpit.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None
            for colour in (segment.style.color, segment.style.bgcolor)
            if colour is not None
        }
        assert colours <= {"default"}
