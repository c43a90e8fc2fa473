"""A supervised run of tiny programs: `python -m tests.embedded.tiny_run STATE copied|loaded NAME=PROGRAM …`.

The programs are modules of `tests.embedded.programs`, started as copies of the supervisor or each by itself. Says "all ready" when each program has printed "ready", and "ended" after an ordered stop.
"""

import os
import sys
from pathlib import Path

from embedded.errors import EmbeddedError
from embedded.state import State
from embedded.supervisor import Stopped, StopSignals, Supervisor, say


def main() -> None:
    state = State(Path(sys.argv[1]))
    with StopSignals() as signals, state.lock("a tiny run") as ours:
        if not ours:
            sys.exit(f"held by {state.owner()}")
        with Supervisor(state, signals, dict(os.environ)) as supervisor:
            if sys.argv[2] == "copied":
                supervisor.preload("json")
            for argument in sys.argv[3:]:
                name, _, program = argument.partition("=")
                supervisor.start(
                    name,
                    *("-m", f"tests.embedded.programs.{program}"),
                    ready_line="ready",
                    stop_last=name == "last",
                    preloaded=True,
                )
            try:
                supervisor.wait_until_ready(30)
                say("all ready")
                supervisor.watch()
            except Stopped:
                pass
            except EmbeddedError as error:
                sys.exit(str(error))
        say("ended")


if __name__ == "__main__":
    main()
