"""`python -m embedded run` and `python -m embedded clean`: what `make run` and `make clean` call."""

import argparse
import sys

from .errors import EmbeddedError


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m embedded")
    commands = parser.add_subparsers(required=True, dest="command")
    run_command = commands.add_parser("run", help="run the whole service until Ctrl-C")
    run_command.add_argument(
        "--stop-with-parent", action="store_true", help="stop as well when the process that started this ends"
    )
    commands.add_parser("clean", help="remove the local data, unless the service is running")
    options = parser.parse_args()
    try:
        if options.command == "clean":
            from .clean import clean

            clean()
        else:
            from .run import run  # needs the environment, which `clean` may find gone

            run(stop_with_parent=options.stop_with_parent)
    except EmbeddedError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:  # the third Ctrl-C
        sys.exit("Broken off.")


if __name__ == "__main__":
    main()
