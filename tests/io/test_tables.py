"""Tables as pepseq, R and spreadsheets write them; and what is no table."""

import io
import zipfile

import pytest

from pepseq.errors import InputError, SettingsError
from pepseq.io.tables import check_table_name, read_columns, read_rows, read_table

PLAIN = "a\tb\nx1\ty 1\nx2\ty2\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="t.tsv"):
        content = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def workbook(inside="xl/workbook.xml"):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(inside, "<x/>")
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-be").join([b"\xfe\xff", b""]),
        PLAIN.rstrip("\n") + "\n\t\n\n",
        PLAIN.replace("\t", ","),
        PLAIN.replace("\t", ";"),
        PLAIN.replace("\t", ";").replace("y2", '"y2"').encode("utf-8-sig"),
        '"a"\t"b"\n"1"\t"x1"\t"y 1"\n"2"\t"x2"\t"y2"\n',  # R's write.table
        '""\t"a"\t"b"\n"1"\t"x1"\t"y 1"\n"2"\t"x2"\t"y2"\n',  # with col.names=NA
        '"a" "b"\n"one" "x1" "y 1"\n"two" "x2" "y2"\n',  # with its default separator
        "a\tb\n1\tx1\ty 1\n2\tx2\ty2\n",  # with quote=FALSE
        'note,a,b\n"say ""hi"", there; or\tnot",x1,y 1\n,x2,y2\n',
    ],
)
def test_tables_of_every_form_are_read_alike(write, content):
    rows = list(read_table(write(content), ("a", "b")))
    assert [cells for _, cells in rows] == [["x1", "y 1"], ["x2", "y2"]]
    assert [line for line, _ in rows] == [2, 3]


def test_quotes_within_a_cell_are_kept(write):
    path = write('a\tb\n5" tail\t"x" of y\n"a";"b"\t"""q"""\n')
    assert [list(row.values()) for row in read_rows(path)] == [
        ['5" tail', '"x" of y'],
        ['"a";"b"', '"q"'],
    ]


def test_bytes_that_are_not_utf_8_are_kept(write):
    ((_, (cell,)),) = read_table(write(b"a;n\ncaf\xe9;1\n"), ("a",))
    assert cell.encode("utf-8", "surrogateescape") == b"caf\xe9"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\nx\ty\t\n", ":2: expected 2 cells as in the header, found 3"),
        ("a\tb\nx\ty\tz\n", ":2: expected 2 cells as in the header, found 3: 'x y z'"),
        ("a\tb\nx1\ty1\n\nx2\n", ":4: expected 2 cells"),
        ("a\tb\nx\t \n", ":2: the cell of b is empty"),
        ("a,c\nx,y\n", ":1: expected one column b in the header of the table, found 'a c'"),
        (b"a\tb\nx\0\ty\n", ":2: expected text, found binary data"),
        (PLAIN.encode("utf-16-le"), ":1: expected text, found binary data"),
        (b"PAR1\0\0", ": this is Parquet, not text"),
        (workbook("data.txt"), ": this is a zip archive"),
        (workbook(), ": this is an Excel workbook, not text; save it as CSV, in a spread"),
        (b"\xd0\xcf\x11\xe0\0\0", "soffice --headless --convert-to csv "),
    ],
)
def test_a_faulty_table_is_refused(write, content, message):
    path = write(content)
    with pytest.raises(InputError) as error:
        list(read_table(path, ("a", "b")))
    assert str(error.value).startswith(str(path)) and message in str(error.value)
    assert str(error.value).isprintable()


def test_columns_are_read_from_any_file(write):
    assert read_columns(write('"a","b c"\n')) == ("a", "b c")
    assert read_columns(write(PLAIN.encode("utf-16"))) == ("a", "b")
    assert read_columns(write(workbook())) == read_columns(write(b"\1\0\2\n")) == ()


@pytest.mark.parametrize("name", ["t", "t.tsv", "t.txt.gz", "-", "csv", "a.csv/t.tsv", "t.tab"])
def test_names_of_tables_are_accepted(name):
    check_table_name(name)


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("y.xlsx", "an Excel workbook; use y.tsv"),
        ("x/y.CSV.gz", "CSV; use x/y.tsv.gz"),
        ("y.parquet", "Parquet; use y.tsv"),
    ],
)
def test_names_of_other_formats_are_refused(name, better):
    with pytest.raises(SettingsError, match=better):
        check_table_name(name)


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "r.fasta", "-o", "o.fasta", "--table", "t.xlsx"),
        ("merge", "s.fasta", "-o", "o.fasta", "--table", "t.xlsx"),
        ("lookup", "r.fasta", "--reference", "r.fasta", "--readout", "K", "-o", "t.xlsx"),
        ("score", "a.pdb", "b.pdb", "-o", "t.xlsx"),
        ("pair", "a.fasta", "b.fasta", "-o", "t.xlsx"),
    ],
)
def test_every_command_refuses_names_of_other_formats(run, arguments):
    done = run(*arguments)
    assert done.code == 2 and done.err.rstrip().endswith("an Excel workbook; use t.tsv")
