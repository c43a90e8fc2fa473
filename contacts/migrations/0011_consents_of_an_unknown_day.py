from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("contacts", "0010_who_took_in_whom")]

    operations = [
        migrations.AlterField(
            model_name="consent",
            name="given_at",
            field=models.DateTimeField(
                blank=True,
                db_default=Now(),
                help_text="Empty: the day is not known, because the file that brought it does not say.",
                null=True,
                verbose_name="given at",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(("given_at__isnull", False), ("from_import__isnull", False), _connector="OR"),
                name="only_a_file_knows_no_day",
            ),
        ),
    ]
