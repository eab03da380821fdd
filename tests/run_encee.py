"""Run the command line with a stopped clock: `python run_encee.py 2026-11-22T17:00:00Z refresh dev`."""

import sys
from datetime import datetime

from encee.cli.app import main

now = datetime.fromisoformat(sys.argv[1])
sys.exit(main(sys.argv[2:], clock=lambda: now))
