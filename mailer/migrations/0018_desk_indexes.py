from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0018_lines_an_import_kept'),
        ('mailer', '0017_names_of_design_fields'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('trouble__isnull', False)), fields=['trouble', 'created_at'], name='delivery_trouble_day'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('bounced_at__isnull', False)), fields=['bounce_class', 'id'], name='delivery_bounce_class'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('complained_at__isnull', False)), fields=['complained_at'], name='delivery_complained'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('kind', 'mailing'), _negated=True), fields=['kind', 'id'], name='delivery_single_kind'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('kind', 'mailing'), _negated=True), fields=['created_at'], name='delivery_single_day'),
        ),
    ]
