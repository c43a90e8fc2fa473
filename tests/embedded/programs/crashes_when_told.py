"""Gets ready; at SIGUSR1 it ends by itself, as a program with a fault does."""

import os
import signal
import sys
import time
from types import FrameType


def fail(number: int, frame: FrameType | None) -> None:
    print("the disk is full")
    sys.exit(3)


signal.signal(signal.SIGUSR1, fail)
print("pids", os.getpid())
print("ready")
while True:
    time.sleep(600)
