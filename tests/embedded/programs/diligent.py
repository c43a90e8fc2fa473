"""Says its number and its child's, and that it is ready; asked to stop, it finishes its work first."""

import os
import signal
import subprocess
import sys
import time
from types import FrameType


def finish(number: int, frame: FrameType | None) -> None:
    time.sleep(0.3)
    print("work finished")
    sys.exit()


child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
signal.signal(signal.SIGTERM, finish)
print("pids", os.getpid(), child.pid)
print("ready")
while True:
    time.sleep(600)
