"""Why an annotator lets a finding of the rules stand; append-only."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from accounts.append_only import protect


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0004_label_details'),
    ]

    operations = [
        migrations.CreateModel(
            name='FindingReason',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_id', models.UUIDField(unique=True)),
                ('code', models.CharField(choices=[('B1', 'B1'), ('B2', 'B2'), ('B3', 'B3'), ('B4', 'B4'), ('B5', 'B5'), ('B6', 'B6'), ('B8', 'B8'), ('W1', 'W1'), ('W2', 'W2'), ('W3', 'W3'), ('W4', 'W4'), ('W5', 'W5'), ('W6', 'W6'), ('W7', 'W7'), ('W8', 'W8')], max_length=2)),
                ('sentence', models.TextField()),
                ('reason', models.TextField(validators=[django.core.validators.MaxLengthValidator(2000)])),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('labelling', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reasons', to='annotation.labelling')),
            ],
        ),
        protect('annotation_findingreason'),
    ]
