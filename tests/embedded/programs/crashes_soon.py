"""Gets ready, and then ends by itself."""

import sys
import time

print("ready")
time.sleep(0.3)
print("the disk is full")
sys.exit(3)
