"""The portal's own settings on a throw-away data directory; set before Django reads them, unlike a conftest."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("WATCHBILL_DATA_DIR", tempfile.mkdtemp(prefix="watchbill-test-"))
os.environ.setdefault("WATCHBILL_STATIC_FROM_SOURCE", "on")

from portal.settings import *  # noqa: F403

os.makedirs(STATIC_ROOT, exist_ok=True)  # noqa: F405 (else whitenoise warns at every client)
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, as in real life: threads and processes with connections of their own see it, locks are real ones.
    # What a power cut leaves is not asked here: the tests with processes start the portal on its own settings.
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(os.environ["WATCHBILL_DATA_DIR"], "test.sqlite3")}  # noqa: F405
