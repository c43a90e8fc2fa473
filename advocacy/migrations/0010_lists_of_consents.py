from django.db import migrations, models
from django.db.models.deletion import SET_NULL
from django.utils import timezone


def keep_the_lists_that_are_named(apps, schema_editor):
    """Give what waits for a confirmation the list its consent names, if that is still the one that is offered.

    Where the words name another list than the one of today they were read for that other one: it stays unknown, and
    the confirmation puts nobody on any. Safe to repeat.
    """
    Submission = apps.get_model("advocacy", "Submission")
    waiting = Submission.objects.filter(confirmed_at=None, expires_at__gt=timezone.now()).order_by("pk")
    news = waiting.filter(wants_newsletter=True, campaign__mailing_list__isnull=False)
    for submission in news.select_related("campaign__mailing_list").iterator(chunk_size=500):
        offered = submission.campaign.mailing_list
        if _names(submission.newsletter_consent_text, offered):
            Submission.objects.filter(pk=submission.pk).update(newsletter_list=offered)
    member_news = waiting.filter(wants_member_news=True, membership__mailing_list__isnull=False)
    found = member_news.select_related("membership__mailing_list", "membership__organisation")
    for submission in found.iterator(chunk_size=500):
        offered, words = submission.membership.mailing_list, submission.member_consent_text
        if _names(words, offered) and submission.membership.organisation.name in words:
            Submission.objects.filter(pk=submission.pk).update(member_list=offered)


def _names(words, mailing_list):
    called = [mailing_list.name, *(text.get("name") for text in mailing_list.texts.values())]
    return any(name in words for name in called if name)


class Migration(migrations.Migration):
    dependencies = [
        ("advocacy", "0009_names_of_campaigns"),
        ("contacts", "0017_consent_to_expressions"),
    ]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="member_list",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=SET_NULL, related_name="+", to="contacts.mailinglist"
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="newsletter_list",
            field=models.ForeignKey(
                blank=True,
                help_text="The one the consent names. Gone: nobody is put on another.",
                null=True,
                on_delete=SET_NULL,
                related_name="+",
                to="contacts.mailinglist",
                verbose_name="mailing list",
            ),
        ),
        migrations.RunPython(keep_the_lists_that_are_named, migrations.RunPython.noop, elidable=True),
    ]
