"""`python -m sentio_tui` is `sentio-tui`."""

import sys

from sentio_tui.cli import main

sys.exit(main())
