"""The screen. It knows a `Session` and nothing else of the program's inside."""
