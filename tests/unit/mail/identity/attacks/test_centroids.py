from skrytka.mail.identity.attacks.centroids import CENTROIDS


def test_each_country_has_a_middle_on_the_globe() -> None:
    assert len(CENTROIDS) > 230
    for code, (latitude, longitude) in CENTROIDS.items():
        assert len(code) == 2
        assert code.isupper()
        assert -90 <= latitude <= 90
        assert -180 <= longitude <= 180
