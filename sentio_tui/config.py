"""The configuration, from its layers to `Settings`. Strict: every problem is listed, each with its place and key.

Layers, the later wins:

1. the packaged `config.toml`
2. the user's `config.toml` (in the user's configuration folder)
3. the project's `./config.toml`
4. files given by `--config`
5. environment variables `SENTIO_SECTION__KEY` (two underscores between levels)
6. options of the command line, then `--set key=value`

Tables merge key by key; lists replace. `[profiles.NAME]` has the shape of the whole configuration. The chosen profile's
values stand just above the plain values of the file they are in: they win over the plain values of that file and of
the files before it, and lose to later files, to the environment and to options.

Relative paths in a file are relative to its folder; anywhere else they are relative to the working directory.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec
import tomli
from msgspec import Struct
from msgspec.structs import replace

from sentio_tui import paths
from sentio_tui.config_alerts import contradictions as alert_contradictions
from sentio_tui.config_values import (
    Leaf,
    Node,
    Problem,
    Reader,
    Text,
    flatten,
    known_keys,
    missing,
    near,
    plain,
    sources,
)
from sentio_tui.settings import ALERT_VARIABLES, Settings
from sentio_tui.toml_lines import KeyPath, join_key, key_lines, line_of, split_key

__all__ = ["ConfigError", "Loaded", "Problem", "load", "values"]

_PREFIX: Final = "SENTIO_"
_REAL_MONEY: Final = "api.alpaca.markets"
"""Where Alpaca trades accounts with real money."""


class ConfigError(Exception):
    """The configuration cannot be used. `str()` lists every problem, one a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems: tuple[Problem, ...] = tuple(problems)

    def __str__(self) -> str:
        count = len(self.problems)
        title = "The configuration has a problem:" if count == 1 else f"The configuration has {count} problems:"
        return "\n".join([title, *(f"  {problem}" for problem in self.problems)])

    def located(self, provenance: Mapping[str, str]) -> "ConfigError":
        """The same, with the place of each key: for problems found where only the effective values are known."""
        return ConfigError(
            [replace(problem, where=_nearest(problem.key, provenance) or problem.where) for problem in self.problems]
        )


class Loaded(Struct, frozen=True):
    """The effective configuration.

    `provenance` says of each key where its value came from: "config.toml:12 (packaged)", "SENTIO_FEED__SPEED",
    "--speed", "default". Its keys are in the order of `Settings`; entries of tables of tables read `costs[0].since`.
    `profile` is the profile in force, empty for none; `files` are those that were read.
    """

    settings: Settings
    provenance: dict[str, str]
    profile: str
    files: tuple[Path, ...]


def values(settings: Settings) -> dict[str, object]:
    """Every single value by its dotted key: the keys of `Loaded.provenance`, in its order."""
    return {join_key(path): value for path, value in flatten(settings)}


class _Plain(Settings, frozen=True):
    """What the environment and options may set."""

    profile: str = ""


class _File(_Plain, frozen=True):
    """What a file may hold."""

    profiles: dict[str, Settings] = msgspec.field(default_factory=dict)


class _Layer(NamedTuple):
    kind: str
    path: Path


def load(
    options: Mapping[str, object] | None = None,
    *,
    names: Mapping[str, str] | None = None,
    assignments: Iterable[str] = (),
    config_files: Sequence[Path] = (),
    profile: str | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user_dir: Path | None = None,
) -> Loaded:
    """Read every layer and make `Settings` of them. Raises ConfigError.

    `options` are by dotted key; texts are read as TOML values where the setting is no text. `names` says what the
    person wrote for such a key ("--speed"). `assignments` are `key=value` texts. `environ`, `cwd` and `user_dir` (the
    user's configuration folder) default to those of the process.
    """
    environ = os.environ if environ is None else environ
    cwd = cwd or Path.cwd()
    problems: list[Problem] = []
    files = [
        (layer, node)
        for layer in _layers(config_files, cwd, user_dir or paths.user_config_dir(), problems)
        if (node := _read_file(layer, cwd, problems)) is not None
    ]
    tree: dict[str, Node] = {}
    for _, node in files:
        _merge(tree, node)
    given = [
        *_environment(environ, tree, problems),
        *_options(options or {}, names or {}, problems),
        *_assignments(assignments, problems),
    ]
    for node in given:
        _merge(tree, node)
    chosen = _chosen_profile(tree, profile, [layer.path for layer, _ in files], problems)
    effective: dict[str, Node] = {}
    for _, node in files:
        _merge(effective, node)
        profiles = node.get("profiles")
        overlay = profiles.get(chosen) if isinstance(profiles, dict) else None
        if isinstance(overlay, dict):
            _merge(effective, overlay)
    for node in given:
        _merge(effective, node)
    effective.pop("profile", None)
    effective.pop("profiles", None)
    known = {join_key(path): where for path, where in sources(effective)}
    for path, words in missing(effective, Settings):
        key = join_key(path)
        problems.append(Problem(_nearest(key, known), key, f"is missing; it must be {words}"))
    if problems:
        raise ConfigError(problems)
    settings = msgspec.convert(plain(effective), Settings)
    provenance = {key: known.get(key, "default") for key in values(settings)}
    if settings.feed.kind == "recorded" and _is_packaged(provenance["feed.symbols"]):
        settings = replace(settings, feed=replace(settings.feed, symbols=()))
        provenance["feed.symbols"] = "all in the data"
    if contradictions := list(_contradictions(settings, provenance)):
        raise ConfigError(contradictions).located(provenance)
    return Loaded(settings, provenance, chosen, tuple(layer.path for layer, _ in files))


def _is_packaged(origin: str) -> bool:
    """Whether a value is our own choice and nobody asked for it."""
    return origin == "default" or "(packaged" in origin


def _layers(extra: Sequence[Path], cwd: Path, user_dir: Path, problems: list[Problem]) -> list[_Layer]:
    packaged = paths.packaged_config()
    layers = [_Layer("packaged", packaged)]
    for kind, path in (("user", user_dir / "config.toml"), ("project", cwd / "config.toml")):
        if path.exists() and not any(path.samefile(layer.path) for layer in layers):
            layers.append(_Layer(kind, path))
    for path in extra:
        path = cwd / path.expanduser()
        if path.is_file():
            layers.append(_Layer("--config", path))
        else:
            problems.append(Problem(str(path), "", "no such file (given by --config)"))
    return layers


def _read_file(layer: _Layer, cwd: Path, problems: list[Problem]) -> dict[str, Node] | None:
    shown = _shown(layer, cwd)
    try:
        text = layer.path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        problems.append(Problem(f"{shown}:{error.lineno}", "", f"not valid TOML: {error.msg} (column {error.colno})"))
        return None
    except UnicodeDecodeError as error:
        problems.append(Problem(shown, "", f"not valid TOML: not UTF-8 at byte {error.start}"))
        return None
    except OSError as error:
        problems.append(Problem(shown, "", f"cannot be read: {error.strerror or error}"))
        return None
    lines = key_lines(text)

    def where(path: KeyPath) -> str:
        line = line_of(path, lines)
        note = f"{layer.kind}, profile {path[1]}" if path[0] == "profiles" and len(path) > 1 else layer.kind
        return f"{shown}:{line} ({note})" if line else f"{shown} ({note})"

    base = layer.path.parent
    node = Reader(problems, where, None if base == cwd else base).read(document, _File, ())
    return node if isinstance(node, dict) else None


def _shown(layer: _Layer, cwd: Path) -> str:
    if layer.kind == "packaged":
        return layer.path.name
    try:
        return str(layer.path.relative_to(cwd))
    except ValueError:
        return str(layer.path)


def _environment(environ: Mapping[str, str], tree: dict[str, Node], problems: list[Problem]) -> list[dict[str, Node]]:
    nodes = []
    for name in sorted(environ):
        if not name.startswith(_PREFIX) or name in ALERT_VARIABLES:
            continue
        path = _spelled(name.removeprefix(_PREFIX).lower().split("__"), tree)
        if not _exists(path):
            variables = [_PREFIX + key.upper().replace(".", "__") for key in known_keys(_Plain)]
            problems.append(Problem(name, "", f"names no setting{near(name, variables)}"))
            continue
        nodes.append(_single(path, Text(environ[name]), name, problems))
    return nodes


def _exists(path: Sequence[str]) -> bool:
    """Whether a path of a variable begins with a setting; what stands below a free table is the reader's to judge."""
    keys = known_keys(_Plain)
    dotted = ".".join(path)
    return any(dotted == key or dotted.startswith(f"{key}.") or key.startswith(f"{dotted}.") for key in keys)


def _spelled(parts: Sequence[str], tree: Node | None) -> list[str]:
    """A variable's path in the spelling of the files: case and dashes are lost in a variable's name."""
    path = []
    for part in parts:
        names = list(tree) if isinstance(tree, dict) else []
        part = next((name for name in names if name.lower().replace("-", "_") == part), part)
        tree = tree.get(part) if isinstance(tree, dict) else None
        path.append(part)
    return path


def _options(
    options: Mapping[str, object], names: Mapping[str, str], problems: list[Problem]
) -> Iterable[dict[str, Node]]:
    for key, value in options.items():
        given = Text(value) if isinstance(value, str) else value
        yield _single(split_key(key), given, names.get(key, key), problems)


def _assignments(assignments: Iterable[str], problems: list[Problem]) -> Iterable[dict[str, Node]]:
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        key = key.strip()
        try:
            path = split_key(key)
        except ValueError:
            path = ()
        if not equals or not path:
            problems.append(Problem(f"--set {assignment}", "", "must read key=value, such as feed.speed=60"))
            continue
        yield _single(path, Text(value.strip()), f"--set {key}", problems)


def _single(path: Sequence[str], value: object, where: str, problems: list[Problem]) -> dict[str, Node]:
    for part in reversed(path):
        value = {part: value}
    node = Reader(problems, lambda _: where, None).read(value, _Plain, ())
    return node if isinstance(node, dict) else {}


def _chosen_profile(tree: dict[str, Node], given: str | None, files: Sequence[Path], problems: list[Problem]) -> str:
    leaf = tree.get("profile")
    name, where = ("", "default")
    if given is not None:
        name, where = given, "--profile"
    elif isinstance(leaf, Leaf) and isinstance(leaf.value, str):
        name, where = leaf.value, leaf.where
    profiles = tree.get("profiles")
    known = list(profiles) if isinstance(profiles, dict) else []
    unread = any(problem.text.startswith(("not valid TOML", "cannot be read")) for problem in problems)
    if name and name not in known and not unread:
        listed = ", ".join(sorted(known)) or "none"
        problems.append(
            Problem(where, "profile", f'there is no profile "{name}"{near(name, known)}; known profiles: {listed}')
        )
    return name


def _merge(base: dict[str, Node], overlay: Mapping[str, Node]) -> None:
    for key, node in overlay.items():
        old = base.get(key)
        if isinstance(node, dict):
            merged = dict(old) if isinstance(old, dict) else {}
            _merge(merged, node)
            base[key] = merged
        else:
            base[key] = node


def _nearest(key: str, provenance: Mapping[str, str]) -> str:
    """The place of a key, or of the nearest one that holds it or is held by it."""
    while key:
        inside = [
            where for known, where in provenance.items() if known == key or known.startswith((f"{key}.", f"{key}["))
        ]
        if inside:
            return inside[0]
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return ""


def _contradictions(settings: Settings, provenance: Mapping[str, str]) -> Iterable[Problem]:
    """What each value allows, but not all of them together. The parts of a session check what is theirs."""
    feed = settings.feed
    if feed.kind == "recorded" and not feed.data:
        yield Problem("", "feed.kind", "a recorded feed needs its files: give --data FILE or feed.data")
    if feed.kind == "simulated":
        for key in ("feed.data", "feed.date", "feed.data_symbol"):
            if provenance[key].startswith("--"):
                yield Problem("", key, "is of a recorded feed, but the feed is simulated; add --feed recorded")
    if feed.kind == "alpaca":
        for key in ("feed.data", "feed.date", "feed.data_symbol", "feed.seed", "feed.speed"):
            if provenance[key].startswith("--") and not (key == "feed.speed" and feed.speed == 1.0):
                yield Problem("", key, "has no effect on the market of now; leave it out")
    if settings.broker.kind == "alpaca" and not _is_packaged(provenance["session.capital"]):
        text = (
            "has no effect on an account, which is traded with all that is in it: leave it out. To trade with a part,"
            " give the books less than all of it ([[books]] share)"
        )
        yield Problem("", "session.capital", text)
    if settings.books:
        for key, where in provenance.items():
            if key.startswith(("strategy.", "machine.")) and where.startswith("--"):
                yield Problem("", key, "has no effect: the strategies are those of [[books]]")
    at = settings.broker.alpaca
    if at.mode == "paper" and (urlsplit(at.url).hostname or "").rstrip(".") == _REAL_MONEY:
        text = 'is where real money is traded: leave it empty, or set the mode to "live"'
        yield Problem("", "broker.alpaca.url", text)
    yield from alert_contradictions(settings.alerts, settings.mail)
    entries = Counter((entry.asset_class, entry.since) for entry in settings.costs)
    for (asset_class, since), count in entries.items():
        if count > 1:
            yield Problem("", "costs", f"more than one entry for {asset_class} since {since}")
