from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_reasons'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='user',
            options={'verbose_name': 'member of staff', 'verbose_name_plural': 'staff'},
        ),
    ]
