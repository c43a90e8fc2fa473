"""`make clean`: remove the local data, but never under servers that run.

Standard library only, so that it works where the environment is broken or gone.
"""

import os
import shutil

from .errors import EmbeddedError
from .state import checkout_state


def clean() -> None:
    """Remove the state folder with the databases in it. Safe to repeat.

    Servers that a killed owner left behind are stopped first. Raises EmbeddedError if the service, or a management
    command with servers of its own, runs from the folder; nothing has been removed then.
    """
    state = checkout_state()
    if not state.folder.exists():
        return
    with state.lock("`make clean`") as ours:
        if not ours:
            raise EmbeddedError(
                f"Epistle is running from this folder ({state.owner()}): its data cannot be removed now.\n"
                "Stop it there with Ctrl-C, or wait for the command to end, and try again."
            )
        if "EPISTLE_STATE" in os.environ:
            # Somebody else's choice of a folder: what is in it may not all be ours.
            raise EmbeddedError(
                f"EPISTLE_STATE is set: remove {state.folder} yourself if you want its data gone."
            )
        shutil.rmtree(state.folder)
