"""A receiver for each test, and no proxy between it and the test."""

from collections.abc import Iterator

import pytest

from tests.alerts.receiving import Receiver, receiver


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with receiver() as kept:
        yield kept
