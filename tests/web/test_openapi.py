"""The description of the API: every route is in it, and what is answered is as described."""

from typing import Any

import jsonschema
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from starlette.types import ASGIApp

from sentio_tui.web.app import ROUTES, Options, application
from sentio_tui.web.messages import Watch
from sentio_tui.web.openapi import description
from tests.web.recordings import Growing
from tests.web.sample import sample

HERE = {"Host": "localhost"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    growing = Growing(tmp_path_factory.mktemp("sessions"))
    growing.write()
    return application(Options(growing.path.parent))


@pytest.fixture(scope="module")
def api(app: ASGIApp) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=HERE)


described = schemathesis.pytest.from_fixture("api")


@described.exclude(path="/api/events").parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(headers=HERE)


def test_every_route_is_described_and_nothing_else() -> None:
    assert set(description()["paths"]) == set(ROUTES.values())
    assert all(set(path) == {"get"} for path in description()["paths"].values())


def test_messages_are_as_described() -> None:
    told = description()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **told["paths"]["/api/events"]["get"]["x-messages"]["sent"],
        "components": told["components"],
    }
    validator = jsonschema.Draft202012Validator(schema)
    kinds = set()
    for message in sample(updates=6):
        decoded = msgspec.json.decode(message)
        validator.validate(decoded)
        kinds.add(decoded["type"])
    assert kinds == {"hello", "sessions", "reading", "session", "update", "beat", "problem"}


def test_what_a_page_may_say_is_described() -> None:
    said = description()["paths"]["/api/events"]["get"]["x-messages"]["received"]
    assert said == {"$ref": f"#/components/schemas/{Watch.__name__}"}
