"""The budgets of the design, measured: `python -m benchmarks`, or `make bench`."""
