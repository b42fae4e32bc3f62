"""The cockpit's screen, and the dialogs and help in front of it."""
