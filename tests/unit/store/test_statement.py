"""Statements: text, names, values."""

from skrytka.store.statement import Statement


def test_a_statement_knows_its_parameters_in_order_and_once() -> None:
    statement = Statement("UPDATE t SET a = :a, b = CAST(:b AS BIGINT)\n   WHERE c = :a AND d = 'x'")
    assert statement.names == ("a", "b")
    assert statement.sql == "UPDATE t SET a = :a, b = CAST(:b AS BIGINT) WHERE c = :a AND d = 'x'"


def test_a_cast_of_postgres_is_no_parameter() -> None:
    assert Statement("SELECT x::text FROM t WHERE y = :y").names == ("y",)


def test_calling_it_binds_values() -> None:
    statement = Statement("SELECT :a")
    assert statement(a=1) == (statement, {"a": 1})
    assert "SELECT" in repr(statement)
