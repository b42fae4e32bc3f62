"""Configuration: layers, profiles, provenance, and every kind of bad input, told all at once."""

import re
from pathlib import Path

import msgspec
import pytest
import tomli

from sentio_tui import config, paths
from sentio_tui.config import ConfigError, Loaded, Problem
from sentio_tui.config_values import known_keys
from sentio_tui.settings import (
    AlertRuleSettings,
    AlertSettings,
    AlertTargetSettings,
    BookSettings,
    CostSettings,
    FundSettings,
    InstrumentSettings,
    RatesSettings,
    Settings,
)
from tests.places import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def packaged_text() -> str:
    return paths.packaged_config().read_text(encoding="utf-8")


# The packaged file


def test_packaged_file_has_every_key_of_the_settings() -> None:
    uncommented = re.sub(r"^#(?=[\w\[])", "", packaged_text(), flags=re.MULTILINE)
    document = tomli.loads(uncommented)
    for key in known_keys(Settings):
        node: object = document
        for part in key.split("."):
            assert isinstance(node, dict), key
            assert part in node, key
            node = node[part]
    assert set(BookSettings.__struct_fields__) == set(document["books"][0])
    alerts = document["alerts"]
    assert set(AlertRuleSettings.__struct_fields__) == set().union(*alerts["rules"].values())
    assert set(AlertTargetSettings.__struct_fields__) == set().union(*alerts["targets"].values())
    assert set(CostSettings.__struct_fields__) == set(document["costs"][0])
    assert set(InstrumentSettings.__struct_fields__) == set(document["instruments"]["SPY"])
    assert set(FundSettings.__struct_fields__) == set(document["funds"]["SPXL"])
    assert set(RatesSettings.__struct_fields__) == set(document["funds"]["SPXL"]["rates"][0])


def test_packaged_values_are_the_defaults_but_for_the_profile(place: Place) -> None:
    loaded = place.load(profile="")
    plain = msgspec.structs.replace(loaded.settings, costs=(), instruments={}, funds={}, alerts=AlertSettings())
    assert plain == Settings()


def test_default_profile_is_crypto(place: Place) -> None:
    loaded = place.load()
    assert loaded.profile == "crypto"
    assert loaded.settings.feed.symbols == ("BTC-USD", "ETH-USD", "SOL-USD")
    assert loaded.settings.feed.kind == "simulated"
    assert loaded.settings.session.capital == 10_000
    assert (loaded.settings.strategy.name, loaded.settings.strategy.preset) == ("momentum", "aggressive")


def test_packaged_costs_are_dated(place: Place) -> None:
    costs = place.load().settings.costs
    assert [cost.commission_rate for cost in costs if cost.asset_class == "crypto"] == [0.006]
    equity = [cost for cost in costs if cost.asset_class == "equity"]
    assert [cost.since for cost in equity] == ["1970-01-01", "2024-01-01", "2024-05-22", "2025-05-14"]
    assert [cost.sec_rate for cost in equity] == [0, 0, 0.0000278, 0]
    assert [cost.taf_maximum for cost in equity] == [7.27, 8.30, 8.30, 8.30]


@pytest.mark.parametrize("url", ["https://api.alpaca.markets", "https://API.alpaca.markets.:443/"])
def test_no_paper_account_is_where_real_money_is_traded(place: Place, url: str) -> None:
    with pytest.raises(ConfigError, match=r"broker\.alpaca\.url.*real money"):
        place.load(assignments=[f'broker.alpaca.url="{url}"'])
    place.load(assignments=[f'broker.alpaca.url="{url}"', "broker.alpaca.mode=live"])
    place.load(assignments=['broker.alpaca.url="https://paper-api.alpaca.markets"'])


# Layers


def test_later_layers_win(place: Place) -> None:
    def of(loaded: Loaded) -> tuple[float, str]:
        return loaded.settings.feed.speed, loaded.provenance["feed.speed"]

    speed, where = of(place.load())
    assert speed == 60.0
    assert re.fullmatch(r"config\.toml:\d+ \(packaged\)", where)
    user = place.user("\n[feed]\nspeed = 1\n")
    assert of(place.load()) == (1.0, f"{user}:3 (user)")
    place.project("[feed]\nspeed = 2\n")
    assert of(place.load()) == (2.0, "config.toml:2 (project)")
    files = [place.extra("feed.speed = 3\n")]
    assert of(place.load(files=files)) == (3.0, "extra.toml:1 (--config)")
    environ = {"SENTIO_FEED__SPEED": "4", "HOME": "/nowhere"}
    assert of(place.load(files=files, environ=environ)) == (4.0, "SENTIO_FEED__SPEED")
    options = {"feed.speed": "5"}
    assert of(place.load(options, files=files, environ=environ)) == (5.0, "--speed")
    assert of(place.load(options, assignments=["feed.speed=6"], environ=environ)) == (6.0, "--set feed.speed")


def test_provenance_names_every_value(place: Place) -> None:
    loaded = place.load()
    assert list(loaded.provenance) == list(config.values(loaded.settings))
    assert loaded.provenance["feed.data"] == "default"
    assert re.fullmatch(r"config\.toml:\d+ \(packaged, profile crypto\)", loaded.provenance["strategy.preset"])
    assert set(known_keys(Settings)) - {"costs", "instruments", "funds", "alerts.rules"} <= set(loaded.provenance)


def test_provenance_lines_are_right(place: Place) -> None:
    lines = packaged_text().splitlines()
    for key, where in place.load().provenance.items():
        if where != "default":
            line = lines[int(re.findall(r":(\d+) ", where)[0]) - 1]
            assert line.startswith(f"{key.rpartition('.')[2]} = "), (key, line)


def test_tables_merge_and_lists_replace(place: Place) -> None:
    place.user("[instruments.SPY]\nprice_step = 0.5\n[[costs]]\nasset_class = 'equity'\n")
    settings = place.load().settings
    assert settings.instruments["SPY"].price_step == 0.5
    assert settings.instruments["SPY"].asset_class == "equity"
    assert len(settings.costs) == 1


def test_the_packaged_file_in_the_working_directory_is_read_once() -> None:
    packaged = paths.packaged_config()
    loaded = config.load(environ={}, cwd=packaged.parent, user_dir=packaged.parent / "no such folder")
    assert loaded.files == (packaged,)


def test_loading_twice_gives_the_same(place: Place) -> None:
    assert place.load() == place.load()


# Profiles


def test_profile_wins_over_its_own_file_and_loses_to_later_ones(place: Place) -> None:
    place.user("[feed]\nspeed = 1\nseed = 1\n[profiles.crypto.feed]\nspeed = 2\nseed = 2\n")
    assert place.load().settings.feed.speed == 2
    place.project("[feed]\nspeed = 3\nsymbols = ['LTC-USD']\n")
    loaded = place.load()
    assert (loaded.settings.feed.speed, loaded.settings.feed.seed) == (3, 2)
    assert loaded.settings.feed.symbols == ("LTC-USD",)
    assert place.load(environ={"SENTIO_FEED__SEED": "4"}).settings.feed.seed == 4
    assert place.load({"feed.seed": "5"}).settings.feed.seed == 5


@pytest.mark.parametrize("how", ["file", "variable", "option"])
def test_profile_is_chosen(place: Place, how: str) -> None:
    place.user(("profile = 'mine'\n" if how == "file" else "") + "[profiles.mine.session]\ncapital = 5\n")
    environ = {"SENTIO_PROFILE": "mine"} if how == "variable" else {}
    loaded = place.load(profile="mine" if how == "option" else None, environ=environ)
    assert loaded.profile == "mine"
    assert loaded.settings.session.capital == 5
    assert loaded.settings.strategy.preset == "conservative"


def test_empty_profile_is_none(place: Place) -> None:
    place.user("profile = ''\n")
    assert place.load().settings == place.load(profile="").settings


def test_t39_unknown_profile_is_refused(place: Place) -> None:
    (problem,) = place.problems(profile="cripto")
    assert problem.where == "--profile"
    assert 'did you mean "crypto"?' in problem.text
    place.user("profile = 'x'\n")
    (problem,) = place.problems()
    assert (problem.where, problem.key) == (f"{place.home / 'config.toml'}:1 (user)", "profile")


def test_inactive_profiles_are_checked(place: Place) -> None:
    place.user("[profiles.night.feed]\nspeed = -1\n")
    (problem,) = place.problems()
    assert problem.key == "profiles.night.feed.speed"
    assert problem.where.endswith(":2 (user, profile night)")


# Bad input


def test_t39_all_problems_are_told_together(place: Place) -> None:
    user = place.user("[feed]\nsped = 1\nspeed = 'fast'\n[risk]\ndrawdown = 2\n")
    place.project("[feed\n")
    found = place.problems(
        {"session.capital": "0", "feed.speed": "nan"},
        assignments=["broker.fil=same_close", "nonsense"],
        files=[place.cwd / "absent.toml"],
        environ={"SENTIO_FEED_SEED": "1", "SENTIO_UI__FRAMES": "many"},
    )
    assert {(problem.where, problem.key) for problem in found} == {
        (f"{user}:2 (user)", "feed.sped"),
        (f"{user}:3 (user)", "feed.speed"),
        (f"{user}:5 (user)", "risk.drawdown"),
        ("config.toml:1", ""),
        (str(place.cwd / "absent.toml"), ""),
        ("--capital", "session.capital"),
        ("--speed", "feed.speed"),
        ("--set broker.fil", "broker.fil"),
        ("--set nonsense", ""),
        ("SENTIO_FEED_SEED", ""),
        ("SENTIO_UI__FRAMES", "ui.frames"),
    }
    message = str(ConfigError(found))
    assert message.startswith("The configuration has 11 problems:\n")
    assert all(str(problem) in message for problem in found)


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("sped = 1", "sped", "unknown key"),
        ("speed = 1", "speed", 'did you mean "feed.speed"?'),
        ("[feed]\nsped = 1", "feed.sped", 'did you mean "speed"?'),
        ("[zzz]", "zzz", "known here: session, feed"),
        ("feed = 3", "feed", "3 is not allowed; it must be a table"),
        ("instruments = 3", "instruments", "it must be a table"),
        ("costs = 3", "costs", "it must be a list of tables"),
        ("costs = [3]", "costs[0]", "it must be a table"),
        ("[feed]\nkind = 'simulatd'", "feed.kind", 'one of simulated, recorded, alpaca; did you mean "simulated"?'),
        ("[feed]\nspeed = inf", "feed.speed", "inf is not allowed; it must be a finite number"),
        ("[feed]\nspeed = 100001", "feed.speed", "of at least 0 and of at most 100,000"),
        ("[feed]\nspeed = true", "feed.speed", "true is not allowed"),
        ("[feed]\nseed = 1.5", "feed.seed", "it must be a whole number"),
        ("[feed]\nsymbols = 'BTC-USD'", "feed.symbols", "it must be a list of texts"),
        ("[feed]\nsymbols = ['', 'A']", "feed.symbols[0]", "of at least 1 character"),
        ("[feed]\ndate = 2018-04-04", "feed.date", "write dates and times in quotes"),
        ("[feed]\ndate = '2018-02-30'", "feed.date", "is no day of the calendar"),
        ("[feed]\ndate = '20180204'", "feed.date", "is not a day, YYYY-MM-DD"),
        ("[feed]\nstart = '2025-01-06'", "feed.start", "has no offset"),
        ("[feed]\nstart = 'monday'", "feed.start", "is not a time in ISO 8601"),
        ("[[costs]]\nasset_class = 'crypto'\nsince = 'x'", "costs[0].since", "is not a day"),
        ("[[funds.SPXL.rates]]\nsince = '2025'", "funds.SPXL.rates[0].since", "is not a day"),
        ("[[funds.SPXL.rates]]\nexpense = 1", "funds.SPXL.rates[0].expense", "below 1"),
        ("[[funds.SPXL.rates]]\nfinancing = -1", "funds.SPXL.rates[0].financing", "above -1"),
        ("[funds.SPXL]\nstart = 3", "funds.SPXL.start", 'did you mean "start_price"'),
        ("[strategy.params]\nthreshold = nan", "strategy.params.threshold", "finite number"),
        ("[strategy.params]\nthreshold = [1]", "strategy.params.threshold", "[1] is not allowed"),
        ("[machine]\nflat_overnight = 1", "machine.flat_overnight", "it must be true or false"),
        ("[[books]]\nshare = 1\nname = 'a b'", "books[0].name", "that matches"),
        ("[keys]\nquit = 3", "keys.quit", "it must be text"),
        ("[session]\ncapital = 0", "session.capital", "0 is not allowed; it must be a finite number above 0"),
    ],
)
def test_t39_bad_value_is_refused_with_its_line(place: Place, text: str, key: str, says: str) -> None:
    user = place.user(text)
    (problem,) = place.problems()
    assert problem.key == key
    assert says in problem.text
    assert problem.where.startswith(f"{user}:{len(text.splitlines())} (")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[[costs]]\nsec_rate = 0.1", "costs[0].asset_class"),
        ("[instruments.XYZ]\nprice_step = 1", "instruments.XYZ.asset_class"),
        ('[instruments."BRK.B"]\nprice_step = 1', 'instruments."BRK.B".asset_class'),
        ("[[books]]\nname = 'a'", "books[0].share"),
    ],
)
def test_t39_missing_value_is_refused(place: Place, text: str, key: str) -> None:
    user = place.user(text)
    (problem,) = place.problems()
    assert (problem.where, problem.key) == (f"{user}:2 (user)", key)
    assert problem.text.startswith("is missing")


@pytest.mark.parametrize(
    "content", [b"[feed", b"a = ", b"a = 1\na = 2", b"\xff\xfe", b"a = '\x00'", b'a = "'], ids=repr
)
def test_t40_corrupt_file_is_refused(place: Place, content: bytes) -> None:
    path = place.home / "config.toml"
    path.write_bytes(content)
    (problem,) = place.problems()
    assert problem.where.startswith(str(path))
    assert problem.text.startswith("not valid TOML")


def test_t40_corrupt_file_tells_its_line(place: Place) -> None:
    path = place.user("[feed]\nspeed = 1\nseed =\n")
    (problem,) = place.problems()
    assert problem.where == f"{path}:3"


def test_folder_in_the_place_of_the_file_is_refused(place: Place) -> None:
    (place.home / "config.toml").mkdir()
    (problem,) = place.problems()
    assert "cannot be read" in problem.text


def test_empty_file_changes_nothing(place: Place) -> None:
    before = place.load().settings
    place.user("")
    assert place.load().settings == before


def test_recorded_feed_without_data_is_refused(place: Place) -> None:
    (problem,) = place.problems({"feed.kind": "recorded"})
    assert (problem.where, problem.key) == ("feed.kind", "feed.kind")
    assert "--data" in problem.text


def test_t39_option_without_effect_is_refused(place: Place) -> None:
    (problem,) = place.problems({"feed.data": ["bars.csv"]})
    assert (problem.where, problem.key) == ("--data", "feed.data")
    assert "--feed recorded" in problem.text


def test_the_same_cost_twice_is_refused(place: Place) -> None:
    place.user("[[costs]]\nasset_class = 'crypto'\n[[costs]]\nasset_class = 'crypto'\n")
    (problem,) = place.problems()
    assert "more than one entry for crypto since 1970-01-01" in problem.text


def test_later_stages_are_told_the_place(place: Place) -> None:
    loaded = place.load(assignments=["strategy.params.lookbak=3"])
    error = ConfigError([Problem("", "strategy.params.lookbak", "unknown parameter"), Problem("here", "zzz", "odd")])
    where = [problem.where for problem in error.located(loaded.provenance).problems]
    assert where == ["--set strategy.params.lookbak", "here"]


def test_t39_a_strategy_beside_books_is_refused(place: Place) -> None:
    place.project('[[books]]\nname = "a"\nshare = 1.0\n')
    (problem,) = place.problems(assignments=["strategy.name=breakout"])
    assert problem.key == "strategy.name"
    assert "[[books]]" in problem.text


@pytest.mark.parametrize("key", ["feed.symbols", "feed.data", "sessions_dir"])
def test_t39_text_that_is_no_unicode_is_refused(place: Place, key: str) -> None:
    problems = place.problems(assignments=["feed.kind=recorded", "feed.data=a.csv", f"{key}=\udcff"])
    assert any("no UTF-8" in problem.text for problem in problems)
    str(problems).encode()


@pytest.mark.parametrize(
    "value",
    ["session.duration=1e308", "feed.stale_after=1e308", "instruments.A.quantity_step=1e-12"],
)
def test_t39_a_number_nothing_can_be_reckoned_with_is_refused(place: Place, value: str) -> None:
    assert "of at" in place.problems(assignments=["instruments.A.asset_class=crypto", value])[0].text
