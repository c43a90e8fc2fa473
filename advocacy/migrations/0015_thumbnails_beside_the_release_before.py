from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("advocacy", "0014_representative_words"),
    ]

    operations = [
        migrations.AlterField(
            model_name="resource",
            name="thumbnail",
            field=models.FileField(
                blank=True, db_default="", default="", editable=False, max_length=200, upload_to="thumbnails/"
            ),
        ),
    ]
