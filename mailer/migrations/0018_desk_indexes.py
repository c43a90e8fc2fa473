from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# Mail is queued while they are made. What an interrupted attempt left is made anew.
INDEXES = [
    models.Index(condition=models.Q(('trouble__isnull', False)), fields=['trouble', 'created_at'], name='delivery_trouble_day'),
    models.Index(condition=models.Q(('bounced_at__isnull', False)), fields=['bounce_class', 'id'], name='delivery_bounce_class'),
    models.Index(condition=models.Q(('complained_at__isnull', False)), fields=['complained_at'], name='delivery_complained'),
    models.Index(condition=models.Q(('kind', 'mailing'), _negated=True), fields=['kind', 'id'], name='delivery_single_kind'),
    models.Index(condition=models.Q(('kind', 'mailing'), _negated=True), fields=['created_at'], name='delivery_single_day'),
]


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('contacts', '0018_lines_an_import_kept'),
        ('mailer', '0017_names_of_design_fields'),
    ]

    operations = [
        operation
        for index in INDEXES
        for operation in (
            migrations.RunSQL(f'DROP INDEX CONCURRENTLY IF EXISTS {index.name}', migrations.RunSQL.noop),
            AddIndexConcurrently(model_name='delivery', index=index),
        )
    ]
