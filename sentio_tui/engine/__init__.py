"""The deterministic core: inputs in, events out, and the state as the fold of the events."""
