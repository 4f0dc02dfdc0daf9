"""Datasets of studies that were read elsewhere: no study, a title of their own."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.append_only import protect, unprotect

TABLE = "analysis_analysisdataset"


class Migration(migrations.Migration):
    dependencies = [
        ("analysis", "0003_power_simulation"),
        ("reading", "0001_initial"),
    ]

    operations = [
        unprotect(TABLE),
        migrations.AddField(
            model_name="analysisdataset",
            name="title",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Of imported data; blank where a study has one.",
                max_length=200,
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="analysisdataset",
            name="study",
            field=models.ForeignKey(
                blank=True,
                help_text="None for data read elsewhere and imported.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="reading.study",
            ),
        ),
        protect(TABLE),
    ]
