"""model/secret.py."""

import copy
import json

import pytest

from skrytka.model.secret import Secret


def test_a_secret_does_not_print_compare_hash_or_serialise() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret!r} {secret} {[secret]}"
    with pytest.raises(TypeError):
        _ = secret == Secret("hunter2")
    with pytest.raises(TypeError):
        hash(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)


def test_a_secret_is_revealed_on_purpose_only() -> None:
    assert Secret("ż").reveal() == "ż".encode()
    assert len(Secret(b"abc")) == 3
