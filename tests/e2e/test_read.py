"""`ecomdata read`: what is in a file, for people and for scripts."""

from pathlib import Path

from command_line import Project

FILE = "id;name\n1;'Ann; B.'\n2;'Bob\n3;'Cid'\n" + "4;'Dan'\n" * 10


def test_read_gives_the_python_functions_answer_as_json(tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text(FILE, "utf-8")
    document = Project(tmp_path)("read", "some.csv", "--json").document
    assert document == {
        "dialect": {
            "encoding": "utf-8",
            "delimiter": ";",
            "quote": "'",
            "line_end": "\n",
            "header": ["id", "name"],
            "header_line": 1,
            "header_lines": 1,
            "escape": "'",
        },
        "header": ["id", "name"],
        "records": [["1", "Ann; B."], ["2", "'Bob"], ["3", "Cid"], *[["4", "Dan"]] * 10],
        "further_tables": [],
        "rejects": [],
    }


def test_read_says_how_the_file_is_written_and_how_much_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text(FILE, "utf-8")
    said = Project(tmp_path)("read", "some.csv").out
    assert "some.csv: utf-8 ; LF quote ', header in line 1" in said
    assert "13 records, 0 rejects" in said


def test_what_is_said_of_the_file_holds(tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text("a\tb;c\n1\t2;3\n", "utf-8")
    project = Project(tmp_path)
    assert project("read", "some.csv", "--json", "--delimiter", "tab").document["records"] == [
        ["1", "2;3"]
    ]
    assert project("read", "some.csv", "--json", "--header-line", "0").document["header"] == []
    project("read", "some.csv", "--encoding", "none-such", code=2)


def test_load_reads_a_file_as_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(
        "a note\nid#name#category#price\n1#^A # B^#x#2.50\n", "utf-8"
    )
    words = ("load", "products.csv", "--dry-run", "--json", "--delimiter", "#", "--quote", "^")
    [file] = Project(tmp_path)(*words, "--header-line", "2").document["files"]
    assert (file["dialect"]["delimiter"], file["dialect"]["quote"]) == ("#", "^")
    assert (file["dialect"]["header_line"], file["rows_loaded"]) == (2, 1)
