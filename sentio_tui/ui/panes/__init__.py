"""The six panes of the cockpit."""
