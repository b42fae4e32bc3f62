"""The vocabulary of the program: frozen structs, no I/O, no imports from other rooms.

Times are `Millis`: whole milliseconds since 1970-01-01T00:00Z. Prices and cash are in the account's currency,
quantities in units of the instrument, rates and returns are fractions (0.01 is one percent).
"""
