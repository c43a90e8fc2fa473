"""What forbids mail to somebody waits, at its commit, for windows of a mailing that are just being checked.

A table is locked instead of an address: a window of a hundred or a thousand people takes one lock, whatever its size.
ROW EXCLUSIVE (who forbids) and SHARE (who is about to ask) exclude each other, but neither excludes its own kind. The
triggers are deferred, so the lock is held for the moment of the commit and not for a whole batch of an import.
See docs/decisions/0012-a-gate-before-each-window.md.
"""

from django.db import migrations

GATE = """
CREATE TABLE contacts_gate ();
CREATE FUNCTION contacts_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE contacts_gate IN ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER contacts_gate_suppressed AFTER INSERT OR UPDATE ON contacts_suppression
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION contacts_gate();
CREATE CONSTRAINT TRIGGER contacts_gate_left AFTER UPDATE ON contacts_subscription
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.status = 'confirmed' AND (NEW.status <> 'confirmed' OR NEW.contact_id <> OLD.contact_id
        OR NEW.mailing_list_id <> OLD.mailing_list_id))
    EXECUTE FUNCTION contacts_gate();
CREATE CONSTRAINT TRIGGER contacts_gate_removed AFTER DELETE ON contacts_subscription
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.status = 'confirmed') EXECUTE FUNCTION contacts_gate();
CREATE CONSTRAINT TRIGGER contacts_gate_gone AFTER DELETE ON contacts_contact
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION contacts_gate();
CREATE CONSTRAINT TRIGGER contacts_gate_paused AFTER UPDATE ON contacts_contact
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.paused_until IS DISTINCT FROM OLD.paused_until AND NEW.paused_until IS NOT NULL)
    EXECUTE FUNCTION contacts_gate();
"""
BACK = """
DROP TRIGGER contacts_gate_paused ON contacts_contact;
DROP TRIGGER contacts_gate_gone ON contacts_contact;
DROP TRIGGER contacts_gate_removed ON contacts_subscription;
DROP TRIGGER contacts_gate_left ON contacts_subscription;
DROP TRIGGER contacts_gate_suppressed ON contacts_suppression;
DROP FUNCTION contacts_gate();
DROP TABLE contacts_gate;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0012_exports_of_what"),
    ]

    operations = [
        migrations.RunSQL(GATE, BACK),
    ]
