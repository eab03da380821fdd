"""The command line at another time: `python run_encee.py 2026-11-22T17:00:00Z refresh dev`; the clock stands still."""

import sys
from datetime import datetime

from encee.cli.app import main

now = datetime.fromisoformat(sys.argv[1])
sys.exit(main(sys.argv[2:], clock=lambda: now))
