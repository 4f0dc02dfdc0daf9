"""What pathology leaves open, kept with each release; the versions there are have none."""

from django.db import migrations, models

from accounts.append_only import protect, unprotect


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0006_discussion'),
    ]

    operations = [
        unprotect('annotation_referencestandard'),
        migrations.AddField(
            model_name='referencestandard',
            name='identifiability',
            field=models.JSONField(blank=True, help_text='Per patient what the pathology report leaves open; empty in versions from before it was kept.', null=True),
        ),
        protect('annotation_referencestandard'),
    ]
