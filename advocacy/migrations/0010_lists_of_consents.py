from django.db import migrations, models
from django.db.models.deletion import SET_NULL


class Migration(migrations.Migration):
    """The columns alone, which takes a moment; 0016 fills them and makes their indexes while people write."""

    dependencies = [
        ("advocacy", "0009_names_of_campaigns"),
        ("contacts", "0017_consent_to_expressions"),
    ]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="member_list",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=SET_NULL,
                related_name="+",
                to="contacts.mailinglist",
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="newsletter_list",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The one the consent names. Gone: nobody is put on another.",
                null=True,
                on_delete=SET_NULL,
                related_name="+",
                to="contacts.mailinglist",
                verbose_name="mailing list",
            ),
        ),
    ]
