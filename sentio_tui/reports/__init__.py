"""What a session came to, as a file for people and for other programs."""
