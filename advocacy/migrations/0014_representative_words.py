import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('advocacy', '0013_thumbnails'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='person',
            options={'ordering': ['sort_name', 'name'], 'permissions': [('export_person', 'Can export people')], 'verbose_name': 'representative', 'verbose_name_plural': 'representatives'},
        ),
        migrations.AlterField(
            model_name='contactroute',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='routes', to='advocacy.person', verbose_name='representative'),
        ),
        migrations.AlterField(
            model_name='letter',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='letters', to='advocacy.person', verbose_name='representative'),
        ),
        migrations.AlterField(
            model_name='targetrule',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='advocacy.person', verbose_name='representative'),
        ),
    ]
