"""What the Alpaca feed and the Alpaca broker both need: keys, REST, streams, and the checks before a session.

alpaca-py is imported inside functions alone: it takes a third of a second, which the first frame does not have.
Everything it gives is raw data; its models lose orders with values they do not know.
"""
