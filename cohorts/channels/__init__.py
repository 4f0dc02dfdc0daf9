"""Ways by which files come in without a browser: a watched folder, an archive, a receiver.

Pure: nothing here knows Django. Each brings complete folders; ``cohorts.services.deliveries`` hands
them to intake exactly once.
"""
