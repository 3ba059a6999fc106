#!/usr/bin/env python
"""Command line of the portal: `manage.py up` starts all of it."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if sys.argv[1:2] == ["demo"]:  # the demo never touches the portal's own data
        os.environ.setdefault("WATCHBILL_DATA_DIR", "var-demo")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
