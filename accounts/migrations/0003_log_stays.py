from django.db import migrations

# What staff did stays written (RELIABILITY A12). One change is let through, and only where the transaction says that
# it erases a person: the name of the row becomes its number, the sentence becomes empty.
STAYS = """
CREATE FUNCTION accounts_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('epistle.erasing', true) = 'on'
        AND NEW.object_repr = '#' || OLD.object_id AND NEW.change_message = ''
        AND to_jsonb(NEW) - ARRAY['object_repr', 'change_message']
            = to_jsonb(OLD) - ARRAY['object_repr', 'change_message']
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what staff did stays written: no % of django_admin_log', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER accounts_log_stays BEFORE UPDATE OR DELETE ON django_admin_log
    FOR EACH ROW EXECUTE FUNCTION accounts_log_stays();
CREATE TRIGGER accounts_log_stays_whole BEFORE TRUNCATE ON django_admin_log
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_log_stays();
"""
BACK = """
DROP TRIGGER accounts_log_stays_whole ON django_admin_log;
DROP TRIGGER accounts_log_stays ON django_admin_log;
DROP FUNCTION accounts_log_stays();
"""


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0002_sessions_and_language"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [migrations.RunSQL(STAYS, BACK)]
