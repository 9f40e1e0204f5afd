from skrytka.protocol.oauth.metadata import metadata


def test_every_endpoint_is_below_the_issuer() -> None:
    document = metadata("https://mail.example.org")
    places = [value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(places) == 7
    assert all(place.startswith("https://mail.example.org/") for place in places)
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
