from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0021_more_names_at_the_desk"),
    ]

    operations = [
        migrations.AddField(
            model_name="exportrequest",
            name="purpose",
            field=models.CharField(blank=True, max_length=300),
        ),
    ]
