"""No suppressed count can be derived from what is published; each may be anything from zero to the threshold."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from projections.suppression import ALL, OTHER, THRESHOLD, Published, published

small = st.integers(0, 30) | st.integers(0, 3) | st.integers(0, 400)


@st.composite
def tables(draw) -> list[list[int]]:
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    return [[draw(small) for _ in range(width)] for _ in range(height)]


def told(inner: list[list[int]]) -> tuple[Published, list[list[int]]]:
    """Return what is published, and the whole table of the same rows and columns."""
    rows, columns = ([f"{kind}{n}" for n in range(size)] for kind, size in (("r", len(inner)), ("c", len(inner[0]))))
    counts = {(rows[r], columns[c]): inner[r][c] for r, c in product(range(len(rows)), range(len(columns)))}
    shown = published(counts, rows, columns)
    whole = [[0] * len(shown.columns) for _ in shown.rows]
    for (row, column), count in counts.items():
        for r, c in product((row, ALL), (column, ALL)):
            place = [own.index(name if name in own else OTHER) for own, name in ((shown.rows, r), (shown.columns, c))]
            whole[place[0]][place[1]] += count
    return shown, whole


def hidden_of(shown: Published) -> list[tuple[int, int]]:
    return [(r, c) for r, line in enumerate(shown.values) for c, value in enumerate(line) if value is None]


def lines(height: int, width: int):
    """Yield each line of a table as its places, with the sign each has in: counts less their total are nothing."""
    for r in range(height):
        yield {(r, c): -1 if c == width - 1 else 1 for c in range(width)}
    for c in range(width):
        yield {(r, c): -1 if r == height - 1 else 1 for r in range(height)}


def determined(hidden: list[tuple[int, int]], height: int, width: int) -> set[tuple[int, int]]:
    """Return the places whose value follows, by linear algebra, from what is published and the totals."""
    rows = [[Fraction(line.get(place, 0)) for place in hidden] for line in lines(height, width)]
    reduced: list[list[Fraction]] = []
    for column in range(len(hidden)):
        pivot = next((row for row in rows if row[column] and not any(row[:column])), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        pivot = [value / pivot[column] for value in pivot]
        rows = [[a - row[column] * b for a, b in zip(row, pivot, strict=True)] for row in rows]
        reduced = [[a - row[column] * b for a, b in zip(row, pivot, strict=True)] for row in reduced] + [pivot]
    return {hidden[row.index(1)] for row in reduced if sum(map(bool, row)) == 1}


def most(whole: list[list[int]], hidden: list[tuple[int, int]], place: tuple[int, int], direction: int) -> int:
    """Return how far a suppressed count can be moved up (1) or down (-1), by the greatest flow around it.

    Rows and columns are nodes. A count flows from its row to its column; a total flows the other way round, so that
    what flows in flows out everywhere.
    """
    height, width = len(whole), len(whole[0])
    enough = 10_000
    capacity: dict[tuple[str, str], int] = {}
    for r, c in hidden:
        is_back = (r == height - 1) != (c == width - 1)
        start, end = (f"c{c}", f"r{r}") if is_back else (f"r{r}", f"c{c}")
        if (r, c) == place:
            source, sink = (end, start) if direction > 0 else (start, end)
            continue
        capacity[start, end] = enough
        capacity[end, start] = whole[r][c]
    flow = 0
    while (path := _path(capacity, source, sink)) and flow < enough:
        step = min(capacity[edge] for edge in path)
        for a, b in path:
            capacity[a, b] -= step
            capacity[b, a] += step
        flow += step
    return flow


def _path(capacity, source, sink):
    before = {source: source}
    waiting = deque([source])
    while waiting:
        node = waiting.popleft()
        for (a, b), left in capacity.items():
            if a == node and left > 0 and b not in before:
                before[b] = a
                waiting.append(b)
    if sink not in before:
        return None
    path, node = [], sink
    while node != source:
        path.append((before[node], node))
        node = before[node]
    return path[::-1]


@given(tables())
def test_no_suppressed_count_follows_from_what_is_published(inner: list[list[int]]) -> None:
    shown, whole = told(inner)
    hidden = hidden_of(shown)

    assert set() == determined(hidden, len(whole), len(whole[0])) & set(hidden) or _nothing_is_told(shown)


@given(tables())
def test_every_small_count_may_be_zero_or_the_threshold_for_all_that_is_published(inner: list[list[int]]) -> None:
    shown, whole = told(inner)
    hidden = hidden_of(shown)
    if _nothing_is_told(shown):
        return
    for r, c in hidden:
        value = whole[r][c]
        if 0 < value < THRESHOLD:
            assert value + most(whole, hidden, (r, c), 1) >= THRESHOLD
            assert most(whole, hidden, (r, c), -1) >= value


@given(tables())
def test_what_is_told_is_the_count_and_never_a_small_one(inner: list[list[int]]) -> None:
    shown, whole = told(inner)

    for line, counted in zip(shown.values, whole, strict=True):
        for value, true in zip(line, counted, strict=True):
            assert value is None or (value == true and not 0 < value < THRESHOLD)


def _nothing_is_told(shown: Published) -> bool:
    return all(value is None for line in shown.values for value in line)


def test_a_table_without_small_counts_is_told_whole() -> None:
    shown, whole = told([[11, 0], [40, 12]])

    assert whole == shown.values


def test_one_small_count_takes_three_others_with_it_and_the_totals_stay() -> None:
    shown, _ = told([[3, 40], [25, 31]])

    assert [[None, None, 43], [None, None, 56], [28, 71, 99]] == shown.values


def test_rows_of_few_in_all_are_told_together() -> None:
    shown, _ = told([[3, 0], [0, 9], [40, 12]])

    assert (["r2", "other", "all"], ["c0", "c1", "all"]) == (shown.rows, shown.columns)


def test_where_a_table_is_too_small_its_rows_and_columns_are_told_together_and_at_last_nothing_is() -> None:
    assert (["other", "all"], [[12, 12], [12, 12]]) == (told([[3], [9]])[0].rows, told([[3], [9]])[0].values[:2])
    assert [[None, None], [None, None]] == told([[3]])[0].values


def test_the_same_counts_give_the_same_table() -> None:
    inner = [[3, 40, 9], [25, 31, 0], [12, 12, 12]]

    assert told(inner) == told(inner)
