"""`python -m embedded run`: what `make run` calls."""

import argparse
import sys

from .errors import EmbeddedError
from .run import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m embedded")
    commands = parser.add_subparsers(required=True)
    run_command = commands.add_parser("run", help="run the whole service until Ctrl-C")
    run_command.add_argument(
        "--stop-with-parent", action="store_true", help="stop as well when the process that started this ends"
    )
    options = parser.parse_args()
    try:
        run(stop_with_parent=options.stop_with_parent)
    except EmbeddedError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:  # the third Ctrl-C
        sys.exit("Broken off.")


if __name__ == "__main__":
    main()
