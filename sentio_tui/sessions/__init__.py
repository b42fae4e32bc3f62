"""Sessions: what the screen knows, of whichever kind, and how one is put together from the configuration."""
