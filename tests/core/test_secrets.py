"""Stored secrets: sealed, opened by any key of the list, never derived from SECRET_KEY (A98)."""

from __future__ import annotations

import json

import pytest
from django.db import connection, models
from pytest_django.fixtures import Settings

from core import secrets
from core.models import StoredSecret


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    settings.FIELD_KEYS = ["first key"]


def test_a_sealed_text_opens_and_does_not_show_itself() -> None:
    sealed = secrets.encrypt("hunter2 – ünïcode")
    assert "hunter2" not in sealed
    assert secrets.decrypt(sealed) == "hunter2 – ünïcode"
    assert secrets.encrypt("x") != secrets.encrypt("x")


def test_keys_rotate(settings: Settings) -> None:
    """A98: the new key stands first and encrypts; the old one goes on opening what it sealed."""
    old = secrets.encrypt("hunter2")
    settings.FIELD_KEYS = ["second key", "first key"]
    assert secrets.decrypt(old) == "hunter2"
    new = secrets.encrypt("hunter2")
    settings.FIELD_KEYS = ["second key"]
    assert secrets.decrypt(new) == "hunter2"
    with pytest.raises(ValueError, match="FIELD_KEYS"):
        secrets.decrypt(old)


@pytest.mark.parametrize("sealed", ["", "rubbish", "gAAAAA==", "ü", "\ud83d"])
def test_rubbish_does_not_open(sealed: str) -> None:
    with pytest.raises(ValueError):
        secrets.decrypt(sealed)


def test_another_secret_key_changes_nothing(settings: Settings) -> None:
    sealed = secrets.encrypt("hunter2")
    settings.SECRET_KEY = "another " * 10
    assert secrets.decrypt(sealed) == "hunter2"


@pytest.mark.django_db
def test_a_dump_of_the_database_shows_no_secret() -> None:
    """A98: what stands in the row is sealed."""
    StoredSecret.objects.create(name="vapid", sealed=secrets.encrypt("very private"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed FROM core_storedsecret")
        row = cursor.fetchone()
    assert "very private" not in row[0]


def test_the_json_field_seals_on_the_way_in_and_opens_on_the_way_out() -> None:
    field: models.Field[object, object] = secrets.EncryptedJSONField()
    sealed = field.get_prep_value({"auth_token": "t0p", "n": [1, None]})
    assert isinstance(sealed, str)
    assert "t0p" not in sealed
    assert json.loads(secrets.decrypt(sealed)) == {"auth_token": "t0p", "n": [1, None]}
    assert secrets.EncryptedJSONField().from_db_value(sealed, None, None) == {"auth_token": "t0p", "n": [1, None]}
    assert field.get_prep_value(None) is None
    assert secrets.EncryptedJSONField().from_db_value(None, None, None) is None
