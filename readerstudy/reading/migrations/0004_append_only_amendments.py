"""Makes amendments of an analysis plan append-only in the database itself."""

from django.db import migrations

from accounts.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("reading", "0003_plan_amendment")]

    operations = [protect("reading_planamendment")]
