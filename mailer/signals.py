"""The one signal by which mailer tells the apps above it what became of a delivery."""

from django.dispatch import Signal

# Sent after commit with `delivery` and `change`, one of: sent, failed, suppressed, cancelled, unknown,
# delivered, bounced, complained. May come more than once for one change: a receiver must bear repeats.
delivery_settled = Signal()
