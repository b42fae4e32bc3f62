"""Real money without a screen: nobody can be asked, so the account is named on the command line."""

import argparse
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from sentio_tui.sessions.permit import LiveAccount, Permit

_SHOWN = 4
"""Last characters of an account's number that are shown."""


def unattended(arguments: argparse.Namespace, log: TextIO) -> "Permit":
    """The permission for a session that nobody looks at; what is done for it is told to `log`. Raises NotPermitted
    where real money is permitted and no account is named."""
    from sentio_tui.sessions.permit import NotPermitted, Permit

    number: str | None = arguments.account
    if arguments.live and number is None:
        raise NotPermitted(
            "--live without a screen also needs --account NUMBER, the number of the account with real money that is"
            " meant: there is nobody to ask"
        )

    def against(account: "LiveAccount") -> str:
        if account.number == number:
            return ""
        return f"--account {number} is not the account that the keys open, which ends in {account.number[-_SHOWN:]}"

    def tell(step: str) -> None:
        print(step, file=log, flush=True)

    return Permit(arguments.live, tell, lambda text: tell(f"Warning: {text}"), against)
