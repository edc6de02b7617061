"""The keep policy: grammar, dates, order; checked against plain sorting."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.dates import MISSING, parse
from dedup.errors import UsageError
from dedup.keep import GRAMMAR, Policy
from dedup.model import Column, Texts


def column(*values: str | None) -> Column:
    return Column(
        Texts.from_strings([value or "" for value in values]),
        np.array([value is not None for value in values], np.bool_),
    )


def micros(text: str) -> int:
    delta = datetime.fromisoformat(text).astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return delta // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2024-05-01", "2024-05-01T00:00:00+00:00"),
        (" 20240501 ", "2024-05-01T00:00:00+00:00"),
        ("2024-05-01T08:30", "2024-05-01T08:30:00+00:00"),
        ("2024-05-01 08:30:15", "2024-05-01T08:30:15+00:00"),
        ("2024-05-01T08:30:15.25Z", "2024-05-01T08:30:15.250000+00:00"),
        ("2024-05-01T08:30:15,123456789Z", "2024-05-01T08:30:15.123456+00:00"),
        ("2024-05-01T08:30:15+0530", "2024-05-01T03:00:15+00:00"),
        ("2024-05-01T00:30:15-02", "2024-05-01T02:30:15+00:00"),
        ("20240501T083015Z", "2024-05-01T08:30:15+00:00"),
        ("2024-05-01 10:00:00 UTC", "2024-05-01T10:00:00+00:00"),
        ("1714521600", "2024-05-01T00:00:00+00:00"),
        (" 1714521600\n", "2024-05-01T00:00:00+00:00"),
        ("1714521600.5", "2024-05-01T00:00:00.500000+00:00"),
        ("1.7145216e9", "2024-05-01T00:00:00+00:00"),
        ("1714521600000", "2024-05-01T00:00:00+00:00"),
        ("-86400", "1969-12-31T00:00:00+00:00"),
        ("2024-W05-3", "2024-01-31T00:00:00+00:00"),
        ("0001-01-01", "0001-01-01T00:00:00+00:00"),
    ],
)
def test_dates_of_all_forms(text: str, same: str) -> None:
    assert parse(column(text)).tolist() == [micros(same)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2024-02-30",
        "2024-13-01",
        "2024-00-10",
        "2024-05-01T25:00",
        "2024-05-01T08:30+99:00",
        "1e400",
        "9" * 30,
    ],
)
def test_what_is_no_date_is_missing(text: str) -> None:
    assert parse(column(text)).tolist() == [MISSING]


def test_a_field_that_is_not_there_is_missing() -> None:
    assert parse(column(None, "2024-05-01")).tolist() == [MISSING, micros("2024-05-01T00:00:00+00:00")]
    assert parse(column()).tolist() == []


ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DATES = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.one_of(st.none(), ZONES))


@given(st.lists(DATES))
def test_dates_agree_with_the_standard_library(dates: list[datetime]) -> None:
    expected = [micros((date if date.tzinfo else date.replace(tzinfo=UTC)).isoformat()) for date in dates]
    assert parse(column(*(date.isoformat() for date in dates))).tolist() == expected


@given(st.lists(st.text("0123456789-+.,:eETZW \t\n\r\f", max_size=30) | st.text(max_size=9)))
def test_any_text_is_a_date_or_none(texts: list[str]) -> None:
    assert len(parse(column(*texts))) == len(texts)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("newest", '"newest"'),
        ("first,", '""'),
        ("", '""'),
        ("earliest", '"earliest"'),
        ("latest: ", '"latest:"'),
        ("longest:title", '"longest:title"'),
        ("source:A>>B", '"source:A>>B"'),
        ("source:A>A", '"source:A>A"'),
    ],
)
def test_a_rule_that_cannot_be_read_is_named(text: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        Policy.parse(text, "site")
    assert named in caught.value.message
    assert caught.value.hint


def test_an_unknown_rule_lists_the_grammar() -> None:
    with pytest.raises(UsageError) as caught:
        Policy.parse("first,newest")
    assert caught.value.hint == GRAMMAR


def test_sources_need_their_field() -> None:
    with pytest.raises(UsageError, match="needs to know the source") as caught:
        Policy.parse("source:Reuters")
    assert "--source-field" in caught.value.hint


def test_fields_are_those_of_the_rules_each_once() -> None:
    policy = Policy.parse("source:A>B, earliest:date ,latest:date,longest", "site")
    assert policy.fields() == ("site", "date")


def order(
    text: str, columns: list[Column], tokens: list[int], digest: list[tuple[int, int]], ids: list[str]
) -> list[int]:
    policy = Policy.parse(text, "site")
    digests = np.array(digest, np.uint64).reshape(-1, 2)
    lengths = np.array(tokens, np.uint32)
    positions: list[int] = policy.order(
        policy.values(columns), lengths, digests, Texts.from_strings(ids)
    ).tolist()
    return positions


SAME = [(7, 7)] * 3
ABC = ["a", "b", "c"]


def test_dates_missing_come_last_both_ways() -> None:
    dates = column(None, "2024-05-02", "2024-05-01")
    assert order("earliest:date", [dates], [1, 1, 1], SAME, ABC) == [2, 1, 0]
    assert order("latest:date", [dates], [1, 1, 1], SAME, ABC) == [1, 2, 0]


def test_sources_in_the_order_given_others_last() -> None:
    sites = column("Blog", "AP", "Reuters")
    assert order("source:Reuters > AP", [sites], [1, 1, 1], SAME, ABC) == [2, 1, 0]


def test_missing_values_are_counted_by_field() -> None:
    policy = Policy.parse("source:AP,earliest:date", "site")
    values = policy.values([column("AP", "Blog", None), column("2024-05-01", "soon", "2024-05-01")])
    assert policy.missing(values) == {"site": 2, "date": 1}


def test_ties_go_by_id_in_byte_order_then_position() -> None:
    assert order("longest", [], [5, 5, 5], SAME, ["é", "z", "z"]) == [1, 2, 0]


@given(st.data())
def test_order_is_that_of_plain_sorting(data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 12))

    def draw(values: st.SearchStrategy[Any]) -> list[Any]:
        return data.draw(st.lists(values, min_size=n, max_size=n))

    tokens, ids = draw(st.integers(0, 2)), draw(st.text("ab\u00e9\U0001f600\0", max_size=2))
    digest = draw(st.tuples(st.sampled_from([0, 2**64 - 1]), st.integers(0, 1)))
    days, sites = draw(st.sampled_from([None, 1, 2])), draw(st.sampled_from([None, "A", "B", "C"]))
    keys: dict[str, Callable[[int], int]] = {
        "first": lambda i: i,
        "last": lambda i: -i,
        "longest": lambda i: -tokens[i],
        "shortest": lambda i: tokens[i],
        "earliest:day": lambda i: days[i] or 9,
        "latest:day": lambda i: -(days[i] or -9),
        "source:B>A": lambda i: {"B": 0, "A": 1}.get(sites[i], 2),
    }
    rules = data.draw(st.lists(st.sampled_from(sorted(keys)), min_size=1, max_size=3))
    columns = {"day": column(*(day and f"2024-05-0{day}" for day in days)), "site": column(*sites)}
    policy = Policy.parse(",".join(rules), "site")
    expected = sorted(
        range(n), key=lambda i: (*(keys[rule](i) for rule in rules), digest[i], ids[i].encode(), i)
    )
    assert order(policy.text, [columns[f] for f in policy.fields()], tokens, digest, ids) == expected


ranks = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=8)


@given(ranks)
def test_the_rule_that_decides_is_the_first_that_tells_two_apart(documents: list[tuple[int, int]]) -> None:
    policy = Policy.parse("earliest:day,longest")
    days, tokens = (np.array(column) for column in zip(*documents, strict=True))
    n = len(documents)
    one, other = (grid.ravel() for grid in np.meshgrid(np.arange(n), np.arange(n)))
    found = policy.deciding(one, other, [days.astype(np.int64)], tokens.astype(np.uint32))
    for i, j, rule in zip(one.tolist(), other.tolist(), found.tolist(), strict=True):
        differs = [a != b for a, b in zip(documents[i], documents[j], strict=True)]
        assert rule == (differs.index(True) if any(differs) else 2)
