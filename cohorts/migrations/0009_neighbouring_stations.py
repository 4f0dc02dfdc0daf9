from django.db import migrations, models

from accounts.append_only import protect, unprotect


class Migration(migrations.Migration):

    dependencies = [
        ('cohorts', '0008_pull_options'),
    ]

    operations = [
        unprotect('cohorts_candidatedecision'),
        migrations.AddField(
            model_name='candidatedecision',
            name='runs_key',
            field=models.CharField(blank=True, help_text='Of a station: blob of its mask where it was changed.', max_length=64),
        ),
        migrations.AddField(
            model_name='node',
            name='neighbouring_station',
            field=models.JSONField(blank=True, help_text='NeighbouringStation.to_dict(); unknown where null.', null=True),
        ),
        protect('cohorts_candidatedecision'),
    ]
