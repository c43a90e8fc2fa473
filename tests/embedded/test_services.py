import pytest


def test_the_suite_runs_on_postgresql_with_the_same_order_of_letters_everywhere(db):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 'Z' < 'a', version()")
        assert cursor.fetchone()[0] is True


@pytest.mark.processes
def test_a_live_worker_starts_and_dies(live_worker):
    live_worker.kill()
