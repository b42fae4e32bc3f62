"""Where tests find things, and settings to start from."""

from pathlib import Path

import pytest

from sentio_tui.settings import (
    BrokerSettings,
    CostSettings,
    FeedSettings,
    SessionSettings,
    Settings,
    StrategySettings,
)

DATA = Path(__file__).parents[3] / "shared" / "data"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real bars is not beside the checkout")


def simulated(minutes: float = 120.0, *, seed: int = 18, speed: float = 0.0, strategy: str = "momentum") -> Settings:
    """A short session on the simulated market, trading often."""
    return Settings(
        session=SessionSettings(duration=minutes),
        feed=FeedSettings(speed=speed, seed=seed),
        strategy=StrategySettings(name=strategy, preset="aggressive"),
        broker=BrokerSettings(slippage=0.001),
        costs=(CostSettings("crypto", commission_rate=0.006),),
    )


def recorded(*names: str, strategy: str = "mean_reversion", symbols: tuple[str, ...] = ()) -> Settings:
    """A session over real bars, as fast as possible."""
    return Settings(
        feed=FeedSettings(kind="recorded", speed=0.0, data=tuple(str(DATA / name) for name in names), symbols=symbols),
        strategy=StrategySettings(name=strategy),
        costs=(CostSettings("crypto", commission_rate=0.006), CostSettings("equity")),
    )
