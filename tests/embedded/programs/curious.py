"""Says which files it holds open beside its input and output."""

import time
from pathlib import Path

for entry in Path("/proc/self/fd").iterdir():
    if int(entry.name) > 2:
        try:
            print("open:", entry.readlink())
        except OSError:
            continue  # the listing's own
print("ready")
time.sleep(600)
