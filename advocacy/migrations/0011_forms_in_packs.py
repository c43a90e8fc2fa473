import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("advocacy", "0010_lists_of_consents"),
    ]

    operations = [
        migrations.AddField(
            model_name="resourcepack",
            name="holds_forms",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=48),
                db_default=models.Value(
                    [],
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=48), size=None
                    ),
                ),
                default=list,
                size=None,
            ),
        ),
    ]
