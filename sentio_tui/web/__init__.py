"""The dashboard: a session seen from a browser. It watches and never trades."""
