"""Strategies: bars in, a signal out. One file each; `registry` finds them by name, other packages' included."""
