"""Facts about markets: when they are open, and what makes a bar a bad one."""
