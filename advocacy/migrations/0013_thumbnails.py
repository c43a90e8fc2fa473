from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('advocacy', '0012_reminders_of_expressions'),
    ]

    operations = [
        migrations.AddField(
            model_name='resource',
            name='thumbnail',
            field=models.FileField(blank=True, editable=False, max_length=200, upload_to='thumbnails/'),
        ),
        migrations.AddField(
            model_name='resource',
            name='thumbnail_height',
            field=models.PositiveSmallIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='resource',
            name='thumbnail_of',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text='Content of the file it was drawn of, also where none could be drawn.', max_length=64),
        ),
        migrations.AddField(
            model_name='resource',
            name='thumbnail_width',
            field=models.PositiveSmallIntegerField(blank=True, editable=False, null=True),
        ),
    ]
