"""News for upper apps, sent after the commit."""

from django.dispatch import Signal

# sender=Import, import_id=int: an import is done, failed or undone; mailer tells the person who started it.
import_settled = Signal()
