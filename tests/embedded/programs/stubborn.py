"""Does not end when it is asked to."""

import os
import signal
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("pids", os.getpid())
print("ready")
while True:
    time.sleep(600)
