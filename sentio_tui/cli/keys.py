"""`keys`: an Alpaca account's keys in the system's keyring."""

import argparse
import getpass
import sys
from typing import TYPE_CHECKING, Final

from sentio_tui.cli.options import DONE, FAILED, WRONG, Entry, Parser

if TYPE_CHECKING:
    from sentio_tui.alpaca.keys import Keys

_EPILOG: Final = """\
`set` asks for the key id and the secret and does not show the secret; without a terminal it reads them from the
standard input, a line each. No option takes them: other users of a machine see the options of a process. The program
writes them to no file. APCA_API_KEY_ID and APCA_API_SECRET_KEY in the environment win over the keyring.

examples:
  sentio-tui keys set
  pass show alpaca | sentio-tui keys set
  sentio-tui keys show
  sentio-tui keys delete --mode live
"""


def _parser() -> Parser:
    parser = Parser("keys", "Keep the keys of an Alpaca account in the system's keyring.", _EPILOG)
    parser.add_argument("action", choices=("set", "show", "delete"), help="set, show (masked), or delete")
    parser.add_argument("--mode", choices=("paper", "live"), default="paper", help="of which account; default paper")
    return parser


def _keys(arguments: argparse.Namespace) -> int:
    from sentio_tui.alpaca.keys import KeysError, delete_keys, find_keys, keep_keys

    mode = arguments.mode
    try:
        if arguments.action == "show":
            print(f"{mode}: {find_keys(mode)}")
        elif arguments.action == "delete":
            there = delete_keys(mode)
            print(f"{mode}: {'deleted from the keyring' if there else 'the keyring had none'}")
        else:
            given = _asked()
            if given is None:
                print("sentio-tui: give the key id and the secret, a line each", file=sys.stderr)
                return WRONG
            _warn(given, mode)
            keep_keys(mode, given)
            print(f"{mode}: {given.masked} is in the keyring")
    except KeysError as error:
        print(f"sentio-tui: {error}", file=sys.stderr)
        return FAILED
    return DONE


def _asked() -> "Keys | None":
    """None where one of the two is missing. Raises KeysError for keys that cannot be any."""
    from sentio_tui.alpaca.keys import Keys

    try:
        if sys.stdin.isatty():
            key_id, secret = input("Key id: ").strip(), getpass.getpass("Secret (not shown): ").strip()
        else:
            key_id, secret = sys.stdin.readline().strip(), sys.stdin.readline().strip()
    except EOFError:
        return None
    return Keys(key_id, secret) if key_id and secret else None


def _warn(keys: "Keys", mode: str) -> None:
    """Their beginnings are a habit of Alpaca's, not a promise: a warning and no more."""
    other = {"PK": "live", "AK": "paper"}.get(keys.key_id[:2])
    if other == mode:
        print(f"sentio-tui: {keys.masked} does not look like the key id of a {mode} account", file=sys.stderr)


KEYS: Final = Entry(_parser, _keys)
