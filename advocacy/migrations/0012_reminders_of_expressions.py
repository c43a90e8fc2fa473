from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("advocacy", "0011_forms_in_packs"),
    ]

    operations = [
        migrations.AddField(
            model_name="expression",
            name="corrections",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="How often the address was corrected before the confirmation.",
            ),
        ),
        migrations.AddField(
            model_name="expression",
            name="reminded_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
