"""A local exchange that speaks Alpaca's protocols, for tests and for watching the cockpit without the internet.

`FakeClock` is its time, `Market` its prices, `FakeExchange` its account, orders and matching: pure and seeded, no I/O.
`FakeAlpaca` serves them over REST and websockets on one port of 127.0.0.1, and `Faults` make it misbehave as the real
one does. What it says is proved against Alpaca's published description and alpaca-py's models; what nobody outside
Alpaca knows stays an assumption.
"""
