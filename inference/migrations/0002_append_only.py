"""Makes this room's rows of judgement append-only in the database itself."""

from django.db import migrations

from accounts.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("inference", "0001_initial")]

    operations = [
        protect("inference_prediction", "inference_trainingdataset", "inference_attributionmap")
    ]
