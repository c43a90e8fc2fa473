"""What the world reports of deliveries: kept as it came (`keeping`), then brought home in batches (`applying`).

The result depends on the set of reports only (invariant I5): each date is the earliest report of its kind, so
order, repeats and shuffling change nothing. A report for a delivery we do not know yet is parked, never dropped.
"""

from mailer.tracking.applying import apply_all, attend
from mailer.tracking.counting import ADD_CHANGES
from mailer.tracking.keeping import RAW_DAYS, Report, empty_old_raw, keep, store
from mailer.tracking.proving import settle_proven

__all__ = [
    "ADD_CHANGES",
    "RAW_DAYS",
    "Report",
    "apply_all",
    "attend",
    "empty_old_raw",
    "keep",
    "settle_proven",
    "store",
]
