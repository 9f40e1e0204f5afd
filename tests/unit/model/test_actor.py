from skrytka.model.actor import LOCAL_ROOT, AccessRole, Grant, local_actor


def test_who_has_the_machine_has_everything_under_his_own_name() -> None:
    assert local_actor("local skrytka").grants == LOCAL_ROOT.grants == (Grant(AccessRole.SYSTEM_ADMIN),)
    assert local_actor("local skrytka").name == "local skrytka"
    assert local_actor("x").is_local
