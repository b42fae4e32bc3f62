"""State machines: a signal and the holdings in, the holdings wanted out, with the reason."""
