"""A service with accounts of its own links them: once, with their history, and the old password retires."""

from __future__ import annotations

from pathlib import Path

import pytest

from dancu.demo.relying_parties import stock
from dancu.demo.relying_parties.config import Config, read, write
from dancu.demo.relying_parties.customers import Customers


@pytest.fixture
def customers(tmp_path: Path) -> Customers:
    made = Customers(tmp_path / "customers.db")
    for number, name, since in (("A1", "Hoà", "2014-01-01"), ("A2", "Hoa", "2019-01-01"), ("B1", "Minh", "2012-01-01")):
        made.add(number, name, "1990-04-12", "049190012345", since, f"secret-{number}", [("2026-09", 10, 100)])
    made.keep_matches([
        {"ref": "A1", "outcome": "matched", "sub": "s-hoa"}, {"ref": "A2", "outcome": "matched", "sub": "s-hoa"},
        {"ref": "B1", "outcome": "ambiguous"},
    ])  # fmt: skip
    return made


def test_matched_accounts_become_one_at_the_first_sign_in_and_the_history_stays(customers):
    assert customers.to_match() == []
    accounts = customers.link_expected("s-hoa")
    assert [(a.customer_no, a.merged_into, a.retired) for a in accounts] == [("A1", None, True), ("A2", "A1", True)]
    assert [b.customer_no for b in customers.bills([a.customer_no for a in accounts])] == ["A1", "A2"]
    assert customers.link_expected("s-hoa") == accounts
    assert not customers.check("A1", "secret-A1")


def test_what_is_not_certain_is_proved_once_by_its_old_password(customers):
    assert customers.link_expected("s-minh") == []
    assert customers.link_proved("s-minh", "B1", "wrong") == []
    assert [a.customer_no for a in customers.link_proved("s-minh", "B1", "secret-B1")] == ["B1"]
    assert customers.retired("B1")
    assert customers.link_proved("s-other", "B1", "secret-B1") == []
    assert [a.sub for a in customers.of("s-minh")] == ["s-minh"]


def test_a_linked_account_is_nobody_elses(customers):
    customers.link_expected("s-hoa")
    assert customers.link_proved("s-thief", "A1", "secret-A1") == []
    assert customers.of("s-thief") == []


def test_proving_one_more_merges_it_into_the_oldest(customers):
    customers.link_expected("s-hoa")
    accounts = customers.link_proved("s-hoa", "B1", "secret-B1")
    assert [(a.customer_no, a.merged_into) for a in accounts] == [("B1", None), ("A1", "B1"), ("A2", "B1")]


def test_unknown_accounts_have_no_password(customers):
    for number, password in (("X", ""), ("X", "secret"), ("A1", "")):
        assert not customers.check(number, password)
    assert customers.check("A1", "secret-A1")


def test_the_stock_is_filled_once(tmp_path):
    stock.fill(tmp_path)
    customers = Customers(tmp_path / "customers.db")
    assert len(customers.to_match()) == 7
    customers.keep_matches([{"ref": "PC05001234", "outcome": "matched", "sub": "s"}])
    stock.fill(tmp_path)
    assert len(customers.to_match()) == 6


def test_what_the_service_was_given_is_its_own_to_read(tmp_path):
    made = Config("portal", "http://localhost:1", "http://localhost:2", "c", key={"kty": "EC"})
    assert read(tmp_path) is None
    write(tmp_path, made)
    assert read(tmp_path) == made
    assert (tmp_path / "client.json").stat().st_mode & 0o077 == 0
    assert made.port == 2
    assert "EC" not in repr(made)
