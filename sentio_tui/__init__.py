"""A full-screen terminal cockpit for algorithmic trading."""

__version__ = "0.1.0"
