from skrytka.model.settings import Submission
from skrytka.servers.submission_deps import SubmissionDeps


def test_the_check_of_from_is_on_unless_it_is_switched_off() -> None:
    assert "settings" in SubmissionDeps.__dataclass_fields__
    assert Submission().is_from_checked
