"""Tells a person of what happens in a session, wherever that person is."""
