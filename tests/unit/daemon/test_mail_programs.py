from skrytka.daemon.deliveries import Base
from skrytka.daemon.mail_programs import mail_programs


def test_a_front_has_all_that_programs_log_in_with_and_asks_for_no_key(base: Base) -> None:
    made = mail_programs(base)
    assert made.bearers is None
    assert made.apps is not None
