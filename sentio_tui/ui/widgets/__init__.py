"""Widgets that draw whole lines, cheap enough for live figures."""
