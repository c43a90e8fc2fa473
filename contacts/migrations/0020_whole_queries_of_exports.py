from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0019_second_person_for_exports"),
    ]

    operations = [
        migrations.AlterField(
            model_name="exportrequest",
            name="query",
            field=models.CharField(blank=True, max_length=4000),
        ),
    ]
