from collections import defaultdict

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.utils import timezone

# Apart from the migration that adds the columns: each step here ends by itself, and holds no lock on the table that
# would keep people from writing. What an interrupted attempt left is made anew.
AT_ONCE = 500
INDEXES = [
    models.Index(condition=models.Q(('newsletter_list__isnull', False)), fields=['newsletter_list'], name='submission_newsletter_list'),
    models.Index(condition=models.Q(('member_list__isnull', False)), fields=['member_list'], name='submission_member_list'),
]


def keep_the_lists_that_are_named(apps, schema_editor):
    """Give what waits for a confirmation the list its consent names, if that is still the one that is offered.

    Where the words name another list than the one of today they were read for that other one: it stays unknown, and
    the confirmation puts nobody on any. Safe to repeat.
    """
    Submission = apps.get_model("advocacy", "Submission")
    waiting = Submission.objects.filter(confirmed_at=None, expires_at__gt=timezone.now())
    news = waiting.filter(wants_newsletter=True, newsletter_list=None, campaign__mailing_list__isnull=False)
    for batch in _batches(news.select_related("campaign__mailing_list")):
        named = defaultdict(list)
        for submission in batch:
            offered = submission.campaign.mailing_list
            if _names(submission.newsletter_consent_text, offered):
                named[offered.pk].append(submission.pk)
        for offered, keys in named.items():
            waiting.filter(pk__in=keys, newsletter_list=None).update(newsletter_list=offered)
    member_news = waiting.filter(wants_member_news=True, member_list=None, membership__mailing_list__isnull=False)
    for batch in _batches(member_news.select_related("membership__mailing_list", "membership__organisation")):
        named = defaultdict(list)
        for submission in batch:
            offered, words = submission.membership.mailing_list, submission.member_consent_text
            if _names(words, offered) and submission.membership.organisation.name in words:
                named[offered.pk].append(submission.pk)
        for offered, keys in named.items():
            waiting.filter(pk__in=keys, member_list=None).update(member_list=offered)


def _batches(rows):
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield batch
        last = batch[-1].pk


def _names(words, mailing_list):
    called = [mailing_list.name, *(text.get("name") for text in mailing_list.texts.values())]
    return any(name in words for name in called if name)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ("advocacy", "0015_thumbnails_beside_the_release_before"),
    ]

    operations = [
        migrations.RunPython(keep_the_lists_that_are_named, migrations.RunPython.noop, elidable=True),
        *(
            operation
            for index in INDEXES
            for operation in (
                migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop),
                AddIndexConcurrently(model_name="submission", index=index),
            )
        ),
    ]
