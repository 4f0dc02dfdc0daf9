"""The WSGI door: refuses to serve on an unsafe database."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readerstudy.settings")
application = get_wsgi_application()

from accounts.database_safety import refuse_unsafe_database  # noqa: E402 - needs the app registry

refuse_unsafe_database()
