"""What all tests share."""

from hypothesis import settings

# Two slow cores in parallel: a time limit for one example would measure the machine.
settings.register_profile("sentio", deadline=None)
settings.load_profile("sentio")
