"""The table reader: what it accepts, what it refuses row by row, and what it refuses as a whole."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
import tracemalloc
import zipfile
from datetime import datetime, time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.importers.tables import TableRow, column_name, read_lines, read_table
from domain.errors import InputRefused

REQUIRED = ("detainer_prepare_date", "detainer_facility")
HEADER = "Detainer Prepare Date,Detainer Facility,Note\n"


def table(tmp_path: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows_of(tmp_path: Path, content: str | bytes) -> list[TableRow]:
    return list(read_table(table(tmp_path, content), required=REQUIRED))


def refusal_of(path: Path) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        list(read_table(path, required=REQUIRED))
    return caught.value


def read_or_refusal(path: Path) -> tuple[list[TableRow], str | None]:
    try:
        return list(read_table(path, required=REQUIRED)), None
    except InputRefused as refusal:
        return [], refusal.code


def outcome(row: TableRow) -> tuple[int, str]:
    return row.number, row.problem.code if row.problem else row.cells["note"]


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("Detainer Prepare Date", "detainer_prepare_date"),
        ("detainer_prepare_date", "detainer_prepare_date"),
        ("  EID DTA ID ", "eid_dta_id"),
        ("Deportation Ordered Yes/No", "deportation_ordered_yes_no"),
        ("bookedAt", "booked_at"),
        ("LAST SEEN RANGE", "last_seen_range"),
    ],
)
def test_raw_and_snake_case_column_names_are_one_column(printed: str, name: str) -> None:
    assert column_name(printed) == name


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_cells_come_as_printed_whatever_separates_them(
    tmp_path: Path, delimiter: str, mark: bytes, ending: str
) -> None:
    lines = [["Detainer Prepare Date", "Detainer Facility", "Note"], ["2026-02-11", " JAIL ", "é"]]
    content = ending.join(delimiter.join(line) for line in lines) + ending

    (row,) = rows_of(tmp_path, mark + content.encode())

    assert row == TableRow(1, {"detainer_prepare_date": "2026-02-11", "detainer_facility": " JAIL ", "note": "é"})


def test_the_header_is_found_under_preamble_rows(tmp_path: Path) -> None:
    preamble = 'ICE FOIA\n\n"Extracted, as of",2026\n"open quote\n'
    assert [outcome(row) for row in rows_of(tmp_path, preamble + HEADER + "a,b,c\n")] == [(1, "c")]


def test_a_header_below_the_first_twenty_rows_is_not_looked_for(tmp_path: Path) -> None:
    assert refusal_of(table(tmp_path, "x\n" * 20 + HEADER + "a,b,c\n")).code == "missing_column"


def test_a_missing_column_is_named_beside_those_found(tmp_path: Path) -> None:
    refusal = refusal_of(table(tmp_path, "Detainer Prepare Date,Facility,Note\na,b,c\n"))

    assert refusal.code == "missing_column"
    assert "no header with detainer_facility " in refusal.what
    assert refusal.what.endswith("detainer_prepare_date, facility, note")


def test_a_required_column_is_found_by_its_letters_alone_and_others_keep_their_names(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, "DETAINERPREPAREDATE;detainer__facility;Note__Two\na;b;c\n")

    assert {"detainer_prepare_date": "a", "detainer_facility": "b", "note__two": "c"} == row.cells


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    refusal = refusal_of(table(tmp_path, HEADER.strip() + ",NOTE\na,b,c,d\n"))
    assert (refusal.code, refusal.what) == ("repeated_column", "the header names a column twice: note")


def test_an_unnamed_column_is_named_by_its_place(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, '"",' + HEADER + "1,a,b,c\n")
    assert row.cells["column_1"] == "1"


def test_broken_rows_are_refused_with_their_number_and_the_rest_is_read(tmp_path: Path) -> None:
    content = HEADER + 'a,b,1\na,b\na,b,c,d\na,b\x00,4\na,"b,5\na,b,6\na,"b"x,7\n\na,b,8\na,b'

    assert [outcome(row) for row in rows_of(tmp_path, content)] == [
        (1, "1"),
        (2, "wrong_cell_count"),
        (3, "wrong_cell_count"),
        (4, "nul_byte"),
        (5, "truncated_row"),
        (6, "6"),
        (7, "bad_quotes"),
        (8, "8"),
        (9, "truncated_row"),
    ]


def test_rows_of_empty_cells_are_skipped_and_not_counted(tmp_path: Path) -> None:
    assert [(1, "1"), (2, "2")] == [outcome(row) for row in rows_of(tmp_path, HEADER + "a,b,1\n,,\n , ,\na,b,2\n,,\n,")]


def test_an_open_quote_does_not_swallow_the_rows_up_to_the_next_quote(tmp_path: Path) -> None:
    content = HEADER + 'a,"b,1\na,b,2\na,"b",3\na,b,4\n'
    assert [outcome(row) for row in rows_of(tmp_path, content)] == [
        (1, "truncated_row"),
        (2, "2"),
        (3, "3"),
        (4, "4"),
    ]


def test_a_quoted_cell_may_hold_line_endings_quotes_and_delimiters(tmp_path: Path) -> None:
    content = HEADER + 'a,b,"one\r\ntwo, ""three"""\na,b,5" nail\na,b,x\u2028y\n'
    assert [outcome(row) for row in rows_of(tmp_path, content)] == [
        (1, 'one\r\ntwo, "three"'),
        (2, '5" nail'),
        (3, "x\u2028y"),
    ]


def test_a_line_of_many_megabytes_is_refused_without_being_held_in_memory(tmp_path: Path) -> None:
    # 64 MiB without a line ending: the same code path as two gigabytes
    path = table(tmp_path, HEADER + "a,b,1\na,b,")
    with path.open("ab") as file:
        file.writelines([b"x" * (1 << 20)] * 64)
        file.write(b"\na,b,3\n")

    tracemalloc.start()
    rows = [outcome(row) for row in read_table(path, required=REQUIRED)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert rows == [(1, "1"), (2, "line_too_long"), (3, "3")]
    assert peak < 8 * 1024 * 1024


def test_a_first_line_too_long_to_be_a_header_is_refused(tmp_path: Path) -> None:
    assert refusal_of(table(tmp_path, b"x" * (2 << 20))).code == "line_too_long"


def test_the_wrong_encoding_is_refused_before_the_first_row_with_its_place(tmp_path: Path) -> None:
    path = table(tmp_path, (HEADER + "a,b,c\na,b,caf\xe9\n").encode("latin-1"))

    with pytest.raises(InputRefused) as caught:
        read_table(path, required=REQUIRED)

    assert caught.value.code == "wrong_encoding"
    assert caught.value.where == f"{path}, line 3, byte {len(HEADER) + 13}"


@pytest.mark.parametrize("cut", range(1, 4))
def test_a_character_across_two_chunks_is_no_wrong_encoding(tmp_path: Path, cut: int) -> None:
    wide = HEADER + "a,b,y\n" * (((1 << 20) - len(HEADER)) // 6)
    wide += "a" * ((1 << 20) - len(wide.encode()) - cut) + "\U0001f600,b,z\n"

    assert outcome(rows_of(tmp_path, wide)[-1])[1] == "z"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named_as_such(tmp_path: Path, encoding: str) -> None:
    refusal = refusal_of(table(tmp_path, (HEADER + "a,b,c\n").encode(encoding)))
    assert (refusal.code, refusal.what) == ("wrong_encoding", "the file is in UTF-16")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \r\n\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal_of(table(tmp_path, content)).code == "empty_file"


def test_a_directory_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    assert refusal_of(tmp_path).code == "not_a_file"
    assert refusal_of(tmp_path / "none.csv").code == "file_not_found"


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, HEADER)
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may read everything
    try:
        assert refusal_of(path).code == "file_unreadable"
    finally:
        os.seteuid(user)


def test_binary_files_are_no_tables(tmp_path: Path) -> None:
    database = tmp_path / "ledger.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.csv", HEADER)
    cut = table(tmp_path, workbook_bytes([[["Detainer Prepare Date", "Detainer Facility"], ["a", "b"]]])[:-200])
    junk = table(tmp_path, bytes(range(256)) * 8, "junk.csv")
    zeros = table(tmp_path, bytes(5000), "zeros.csv")

    for path in (database, archive, cut, junk, zeros):
        assert refusal_of(path).code == "not_a_table", path.name


def workbook_bytes(sheets: list[list[list[object]]], number_format: str = "yyyy-mm-dd") -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for index, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {index + 1}")
        for row in rows:
            sheet.append(row)
        for cell in (cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, datetime)):
            cell.number_format = number_format
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_sheets_of_a_workbook_are_stacked_and_their_preambles_skipped(tmp_path: Path) -> None:
    preamble: list[list[object]] = [["U.S. Immigration and Customs Enforcement"], [], ["as of", "2026"]]
    header: list[object] = ["Detainer Prepare Date", "Detainer Facility", "Note"]
    first = [*preamble, header, ["2026-02-11", "X", 1], [None, None, None], [None, " "], ["2026-02-12", "Y", 2.0]]
    second = [header, ["2026-02-13", "Z"], ["2026-02-14", "Z", "n", "extra"]]
    content = workbook_bytes([first, second, [["only notes"]]])

    rows = rows_of(tmp_path, content)

    assert [outcome(row) for row in rows] == [
        (1, "1"),
        (2, "2"),
        (3, ""),
        (4, "wrong_cell_count"),
        (5, "sheet_without_header"),
    ]


def test_a_workbook_without_the_header_on_any_sheet_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, workbook_bytes([[["Facility"], ["x"]], [["other"]]]))
    assert refusal_of(path).code == "missing_column"


@pytest.mark.parametrize(
    ("value", "number_format", "printed"),
    [
        (datetime(2026, 2, 11), "mm/dd/yyyy", "2026-02-11"),  # noqa: DTZ001
        (datetime(2026, 2, 11), "yyyy-mm-dd hh:mm", "2026-02-11 00:00:00"),  # noqa: DTZ001
        (datetime(2026, 2, 11, 14, 30), "yyyy-mm-dd", "2026-02-11 14:30:00"),  # noqa: DTZ001
        (time(14, 30), "General", "14:30:00"),
        (27, "General", "27"),
        (1.5, "General", "1.5"),
        (True, "General", "TRUE"),
    ],
)
def test_a_date_cell_never_becomes_a_midnight(tmp_path: Path, value: object, number_format: str, printed: str) -> None:
    header: list[object] = ["Detainer Prepare Date", "Detainer Facility"]
    (row,) = rows_of(tmp_path, workbook_bytes([[header, [value, "X"]]], number_format))
    assert row.cells["detainer_prepare_date"] == printed


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=12)


@given(st.lists(st.tuples(CELL, CELL, CELL).filter(any), max_size=8), st.sampled_from([",", "\t", ";"]))
def test_whatever_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], delimiter: str
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("Detainer Prepare Date", "Detainer Facility", "Note"), *rows])
    path = tmp_path_factory.getbasetemp() / "law.csv"
    path.write_bytes(stream.getvalue().encode())

    read = list(read_table(path, required=REQUIRED))

    assert [tuple(row.cells.values()) for row in read] == rows
    assert [row.number for row in read] == list(range(1, len(rows) + 1))


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_in_another_way(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(HEADER.encode() * 4 + tail)
    rows, refused = read_or_refusal(path)
    assert refused in {None, "wrong_encoding", "not_a_table"}
    assert all(bool(row.cells) != bool(row.problem) for row in rows)


@given(st.data())
def test_a_damaged_workbook_is_refused_in_our_own_words(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(DAMAGEABLE)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.xlsx"
    path.write_bytes(content)
    assert read_or_refusal(path)[1] in {None, "not_a_table", "missing_column", "workbook_too_large"}


DAMAGEABLE = workbook_bytes([[["Detainer Prepare Date", "Detainer Facility"], *[["2026-02-11", "X"]] * 5]])


def test_lines_come_without_their_ending_and_too_long_ones_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, b"\xef\xbb\xbf{}\n\r\n[1]\r\n" + b"x" * (2 << 20) + b"\nlast")

    lines = list(read_lines(path))

    assert [(line.number, line.raw) for line in lines] == [
        (1, b"{}"),
        (2, b""),
        (3, b"[1]"),
        (4, b""),
        (5, b"last"),
    ]
    assert [line.problem.code for line in lines if line.problem] == ["line_too_long"]


def test_lines_are_not_looked_for_in_a_directory_or_an_empty_file(tmp_path: Path) -> None:
    for path, code in ((tmp_path, "not_a_file"), (table(tmp_path, b""), "empty_file")):
        with pytest.raises(InputRefused) as caught:
            read_lines(path)
        assert caught.value.code == code
