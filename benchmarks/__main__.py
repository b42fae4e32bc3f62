"""`python -m benchmarks [NAME ...] [--quick]`: measure, and print one table."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks import alerts, browsers, disk, ensemble, listing, memory, screen, seeking, throughput, viewers, wire
from benchmarks.table import FULL, QUICK, Benchmark, Result, table

BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "throughput": throughput.throughput,
    "ensemble": ensemble.ensemble,
    "session": disk.session_with_journal,
    "append": disk.durable_append,
    "recovery": disk.recovery,
    "seeking": seeking.seeking,
    "replaying": seeking.replaying,
    "listing": listing.listing_sessions,
    "big-session": listing.big_session,
    "first-frame": screen.first_frame,
    "dashboard": screen.dashboard,
    "key-to-paint": screen.key_to_paint,
    "viewers": viewers.viewers,
    "browsers": browsers.browsers,
    "wire": wire.wire,
    "alerts": alerts.alerts,
    "memory": memory.memory,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the named benchmarks, or all; the exit code is 0 whatever the figures are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the budgets of the design.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all if none is given")
    parser.add_argument("--quick", action="store_true", help="about a second each: shows that it works, not how fast")
    arguments = parser.parse_args(argv)
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    results: list[Result] = []
    for name in arguments.names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results.extend(BENCHMARKS[name](QUICK if arguments.quick else FULL))
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
