"""PostgreSQL and Valkey for a laptop, from Python wheels, and the supervisor behind `make run`.

Production brings its own servers by DATABASE_URL and REDIS_URL and never needs this package; it
imports nothing of Django. Why it is built this way: docs/decisions/0002-embedded-services.md.
"""
