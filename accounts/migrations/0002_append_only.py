"""Makes this room's rows of judgement append-only in the database itself."""

from django.db import migrations

from accounts.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [protect("accounts_auditevent")]
