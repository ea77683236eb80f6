"""Limits hold over any pattern of requests, and their memory is bounded."""

from hypothesis import given
from hypothesis import strategies as st

from dancu.kit.limits import Rate, TokenBuckets


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(0, 5), max_size=80), st.floats(0.1, 10), st.integers(1, 10))
def test_never_more_than_burst_plus_rate(pauses, per_second, burst):
    clock = Clock()
    buckets = TokenBuckets(Rate(per_second, burst), clock=clock)
    start, allowed = clock.now, 0
    for pause in pauses:
        clock.now += pause
        allowed += buckets.take("x") == 0.0
        assert allowed <= burst + per_second * (clock.now - start) + 1e-6


@given(st.integers(1, 20), st.floats(0.1, 50))
def test_who_waits_as_told_gets_in(burst, per_second):
    clock = Clock()
    buckets = TokenBuckets(Rate(per_second, burst), clock=clock)
    while not (wait := buckets.take("x")):
        pass
    clock.now += wait * 1.0001
    assert buckets.take("x") == 0.0


def test_keys_do_not_share_and_memory_is_bounded():
    buckets = TokenBuckets(Rate(1, 1), capacity=100, clock=Clock())
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0
    assert buckets.take("b") == 0.0
    for n in range(1000):
        buckets.take(n)
    assert len(buckets) == 100


def test_rate_zero_is_unlimited_and_keeps_nothing():
    buckets = TokenBuckets(Rate(0, 0))
    assert all(buckets.take(n) == 0.0 for n in range(10))
    assert len(buckets) == 0
