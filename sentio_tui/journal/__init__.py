"""What a session leaves on disk: the file of events, the summary document, the lock; and the catalogue of them."""
