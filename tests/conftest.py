"""What all tests share."""

from hypothesis import settings

from tests.exchange.fixtures import exchange, threaded_exchange

__all__ = ["exchange", "threaded_exchange"]

# Two slow cores in parallel: a time limit for one example would measure the machine.
settings.register_profile("sentio", deadline=None)
settings.load_profile("sentio")
