"""Where bars come from: the feed's protocol, simulated and recorded markets, and playing them at a speed."""
