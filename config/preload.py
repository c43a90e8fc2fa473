"""What web, workers and beat have in common, imported once for all of them by `make run`."""

from importlib import import_module

import django

MODULES = (
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.prefork",
    "config.urls",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "kombu.transport.redis",
)

django.setup()
for module in MODULES:
    import_module(module)
