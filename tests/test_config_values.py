"""Values of the configuration: text from variables and options, relative paths, numbers."""

import math
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui import config, paths
from sentio_tui.config import ConfigError
from tests.places import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# Text from variables and options


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("feed.symbols=A,B", ("A", "B")),
        ("feed.symbols=['A', 'B']", ("A", "B")),
        ("feed.symbols=A", ("A",)),
        ("feed.date=2018-04-04", "2018-04-04"),
        ("feed.date='2018-04-04'", "2018-04-04"),
        ("feed.data_symbol=1234", "1234"),
        ("feed.data_symbol=true", "true"),
        ("feed.speed=0", 0.0),
        ("machine.flat_overnight=false", False),
        ("strategy.params.window=5", 5),
        ("strategy.params.kind=slow", "slow"),
        ("strategy.params.kind=a = b", "a = b"),
        ("broker.fill=same_close", "same_close"),
        (' instruments."BRK.B".asset_class = equity', "equity"),
    ],
)
def test_assignments_are_read_as_the_setting_wants(place: Place, assignment: str, value: object) -> None:
    loaded = place.load({"feed.kind": "recorded", "feed.data": ["x.csv"]}, assignments=[assignment])
    assert config.values(loaded.settings)[assignment.partition("=")[0].strip()] == value


def test_a_table_may_be_given_at_once(place: Place) -> None:
    loaded = place.load(assignments=["machine.slots={max_positions = 2}", "costs=[]"])
    assert loaded.settings.machine.slots.max_positions == 2
    assert loaded.settings.machine.slots.position_size == 0.2
    assert loaded.settings.costs == ()


@pytest.mark.parametrize("text", ["", "=", "=1", "feed.speed", ".=1", "a b=1", "feed.=1"])
def test_malformed_assignments_are_refused(place: Place, text: str) -> None:
    (problem,) = place.problems(assignments=[text])
    assert "key=value" in problem.text


def test_a_text_cannot_smuggle_in_another_key(place: Place) -> None:
    (problem,) = place.problems(assignments=["feed.speed=1\nseed = 3"])
    assert problem.key == "feed.speed"


def test_variables_reach_names_with_capitals_and_dashes(place: Place) -> None:
    loaded = place.load(environ={"SENTIO_INSTRUMENTS__BTC_USD__PRICE_STEP": "0.5", "SENTIO_SESSIONS_DIR": "here"})
    assert loaded.settings.instruments["BTC-USD"].price_step == 0.5
    assert loaded.settings.sessions_dir == "here"
    loaded = place.load(environ={"SENTIO_STRATEGY__PARAMS__THRESHOLD": "0.5"})
    assert loaded.settings.strategy.params == {"threshold": 0.5}


@pytest.mark.parametrize(
    "name", ["SENTIO_", "SENTIO_FEED_SPEED", "SENTIO_FEED__SPED", "SENTIO_X", "SENTIO_PROFILES__A"]
)
def test_t39_variable_that_names_nothing_is_refused(place: Place, name: str) -> None:
    (problem,) = place.problems(environ={name: "1"})
    assert problem.where == name


def test_mistyped_variable_is_told_the_nearest_one(place: Place) -> None:
    (problem,) = place.problems(environ={"SENTIO_FEED_SPEED": "1"})
    assert problem.text == 'names no setting; did you mean "SENTIO_FEED__SPEED"?'


# Paths


def test_t40_paths_in_a_file_are_relative_to_it(place: Place) -> None:
    place.user("sessions_dir = 'kept'\n[feed]\nkind = 'recorded'\ndata = ['a.csv', '/b.csv']\n[ui]\nthemes_dir = 't'\n")
    settings = place.load(profile="").settings
    assert settings.feed.data == (str(place.home / "a.csv"), "/b.csv")
    assert settings.sessions_dir == str(place.home / "kept")
    assert settings.ui.themes_dir == str(place.home / "t")


def test_t40_paths_of_the_project_and_of_options_stay_relative(place: Place) -> None:
    place.project("sessions_dir = 'kept'\n")
    settings = place.load({"feed.kind": "recorded", "feed.data": ["a.csv"]}).settings
    assert settings.sessions_dir == "kept"
    assert settings.feed.data == ("a.csv",)


@given(st.floats())
def test_a_number_is_taken_exactly_or_refused(number: float) -> None:
    folder = paths.packaged_config().parent
    fits = math.isfinite(number) and 0 <= number < 1
    expected: AbstractContextManager[object] = (
        nullcontext() if fits else pytest.raises(ConfigError, match=r"a problem:\n  .*broker\.slippage")
    )
    with expected:
        loaded = config.load({"broker.slippage": number}, environ={}, cwd=folder, user_dir=folder / "none")
        assert loaded.settings.broker.slippage == number
