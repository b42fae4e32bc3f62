"""Alpaca's published description of its API, where it is at hand beside this repository."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft4Validator, FormatChecker

FOLDER: Final = Path(__file__).parents[3] / "shared" / "spec" / "alpaca-openapi"
TRADING: Final = "trading-api.json"
DATA: Final = "market-data-api.json"


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


_FORMATS: Final = FormatChecker()
_FORMATS.checks("date-time", raises=ValueError)(_is_time)


def check(body: object, file: str, path: str, method: str = "get", status: str = "200") -> None:
    """That a body is what the description says of an answer. Skips where the description is missing."""
    if not FOLDER.is_dir():
        pytest.skip(f"{FOLDER} is not there: bodies are not checked against Alpaca's published description")
    answer = _described(file)["paths"][path][method]["responses"][status]
    if "$ref" in answer:
        answer = _described(file)["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    schema = answer["content"]["application/json"]["schema"]
    whole = schema | {"components": _described(file)["components"]}
    validator = Draft4Validator(whole, format_checker=_FORMATS)
    problems = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(body)]
    assert not problems, f"{method} {path}: " + "; ".join(problems[:5])


def unknown_fields(body: Mapping[str, object], file: str, schema: str) -> set[str]:
    """Names that the description does not have."""
    if not FOLDER.is_dir():
        pytest.skip(f"{FOLDER} is not there: bodies are not checked against Alpaca's published description")
    return set(body) - set(_described(file)["components"]["schemas"][schema]["properties"])


@lru_cache
def _described(file: str) -> Any:
    return _with_nulls(json.loads((FOLDER / file).read_text(encoding="utf-8")))


def _with_nulls(part: Any) -> Any:
    """OpenAPI 3.0 marks what may be null by a word of its own; JSON Schema has a type for it. And the description's
    own alternatives overlap (a fill is also a non-trade activity), so one of them is any of them."""
    if isinstance(part, list):
        return [_with_nulls(each) for each in part]
    if not isinstance(part, dict):
        return part
    plain = {name: _with_nulls(value) for name, value in part.items()}
    if "oneOf" in plain:
        plain["anyOf"] = plain.pop("oneOf")
    if plain.pop("nullable", False) is True:
        return {"anyOf": [plain, {"type": "null"}]}
    return plain
