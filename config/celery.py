"""The Celery application. Tasks carry ids and wake workers; the rows in PostgreSQL are the queue."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# The web process and `manage.py check` look at the pages; a worker need not load them all for it.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("epistle")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
