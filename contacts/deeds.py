"""What staff do with people, lists, segments and imports, as the log of staff acts keeps it (`accounts.audit`)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import audit
from contacts import fields


@audit.kept
class Did(models.TextChoices):
    CHANGED_FIELDS = "contacts.changed_fields", _("Changed: %(fields)s.")
    TAKEN_OFF = "contacts.taken_off", _("Taken off the list “%(list)s”.")
    PUT_ON = "contacts.put_on", _("Put on the list “%(list)s”.")
    MERGED = "contacts.merged", _("Made one with contact %(gone)s.")
    COPIED = "contacts.copied", _("Begun with a copy.")
    EXPORTED = "contacts.exported", _("Took contacts as %(format)s.")
    EXPORTED_OTHERS = "contacts.exported_others", _("Took %(what)s as %(format)s.")
    EXPORT_ASKED = "contacts.export_asked", _("Asked to take %(people)s people away.")
    EXPORT_APPROVED = "contacts.export_approved", _("Approved the export.")
    EXPORT_REFUSED = "contacts.export_refused", _("Refused the export.")
    FILE_BROUGHT = "contacts.file_brought", _("Brought a file.")
    FILE_CHECKED = "contacts.file_checked", _("Had the file checked.")
    IMPORT_RUN = "contacts.import_run", _("Ran it.")
    IMPORT_STOPPED = "contacts.import_stopped", _("Stopped it.")
    IMPORT_RESUMED = "contacts.import_resumed", _("Let it go on.")
    IMPORT_DISCARDED = "contacts.import_discarded", _("Threw it away.")
    CHECK_STOPPED = "contacts.check_stopped", _("Called the check off.")
    IMPORT_UNDONE = "contacts.import_undone", _("Had it undone.")
    REJECTED_TAKEN = "contacts.rejected_taken", _("Took the rejected rows as a file.")
    RESULT_TAKEN = "contacts.result_taken", _("Took the result as a file.")


@audit.says("fields")
def _labels(names: Sequence[str]) -> str:
    # Asked only where one is named: the log says this once for each of its rows.
    own = fields.attribute_names() if any(name.startswith(fields.ATTRIBUTE) for name in names) else {}
    return gettext(", ").join(fields.field_label(name, own) for name in names)
