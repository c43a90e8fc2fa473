from django.db import migrations

# As the log itself: not even all of them at once.
WHOLE = """
CREATE TRIGGER accounts_reason_stays_whole BEFORE TRUNCATE ON accounts_reason
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_reason_stays();
"""
BACK = "DROP TRIGGER accounts_reason_stays_whole ON accounts_reason;"


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0008_name_of_the_first_day"),
    ]

    operations = [migrations.RunSQL(WHOLE, BACK)]
