"""From orders to fills: the broker's protocol, the cost schedule, and the paper broker."""
