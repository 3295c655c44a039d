"""Audits of whole folders: every file is audited, told why not, or counted as passed over; and the counts add up."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import perfrules as pr
from perfrules.cli.commands import perfrules as commands
from perfrules.findings import RecordError
from perfrules.formats import write_template
from perfrules.procedures.auditing import audit_batch
from perfrules.procedures.folders import FolderAudit, audit_folder

EXAMPLES = Path(__file__).parent.parent / "examples"
FORM = "mof.self-evaluation"


def run(*words: str | Path) -> tuple[int, str]:
    """A command's exit code and what it prints."""
    result = CliRunner().invoke(commands, [str(word) for word in words], prog_name="perfrules")
    return result.exit_code, result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forms in two folders, one file that is no JSON, one without headings, a blank workbook, and files to pass over."""
    inner = tmp_path / "各单位" / "甲"
    inner.mkdir(parents=True)
    for name in ("case-01.json", "case-02.json", "case-08.json"):
        shutil.copy(EXAMPLES / name, inner / name)
    shutil.copy(EXAMPLES / "case-03.json", tmp_path / "自评表.JSON")
    (tmp_path / "坏.json").write_text("{", encoding="utf-8")
    (tmp_path / "无表头.csv").write_text("1,2\n3,4\n", encoding="utf-8")
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    write_template(pr.scheme(FORM), tmp_path / "空表.xlsx")
    (tmp_path / "~$空表.xlsx").write_bytes(b"\0")
    (tmp_path / "说明.docx").write_bytes(b"\0")
    (tmp_path / ".隐藏.json").write_text("{", encoding="utf-8")
    return tmp_path


def adds_up(made: FolderAudit) -> bool:
    """Whether files, forms and items are each counted once, in the whole, by file and by kind."""
    count = made.count
    files = count["files"] == count["read"] + count["unreadable"] + count["passed_over"]
    forms = count["forms"] == count["foot"] + count["do_not_foot"] + count["set_aside"]
    by_file = (
        all(count[w] == sum(each.count[w] for each in made.files) for w in made.files[0].count) if made.files else True
    )
    items = count["items"] == sum(f.times for f in made.faults if f.met_in == "form")
    told = sum(f.times for f in made.faults) == sum(1 for each in made.files for _ in each.told())
    return files and forms and by_file and items and told


def test_every_file_is_audited_told_or_passed_over(folder: Path) -> None:
    """Whatever one file is like, the others are audited as they would be alone; hidden files are not looked at."""
    scheme = pr.scheme(FORM)
    made = audit_folder(scheme, folder)
    assert adds_up(made)
    unreadable = {each.file: {f.name for f in each.findings} for each in made.files if not each.readable}
    assert unreadable.keys() == {"坏.json", "坏.xlsx", "无表头.csv"}
    assert unreadable["坏.json"] == {"broken-json"}
    assert set(made.passed_over) == {"~$空表.xlsx", "说明.docx"}
    (one,) = [each for each in made.files if each.file == "各单位/甲/case-02.json"]
    alone = audit_batch(scheme, pr_read(folder / one.file, scheme))
    assert [a.as_json() for a in one.audits] == [a.as_json() for a in alone]
    assert not made.agrees


def pr_read(path: Path, scheme: pr.Scheme):  # type: ignore[no-untyped-def]
    """The records of a file."""
    from perfrules.formats import read_records

    return read_records(path, scheme)


def test_kinds_of_fault_are_those_of_the_items(folder: Path) -> None:
    """A kind of fault is counted once for each item that is of it, in as many forms and files as have it."""
    made = audit_folder(pr.scheme(FORM), folder)
    items = Counter((i.name, i.severity) for each in made.files for a in each.audits for i in a.items)
    assert {(f.name, f.severity): f.times for f in made.faults if f.met_in == "form"} == items
    for fault in made.faults:
        assert fault.forms <= made.count["forms"]
        assert fault.files <= made.count["read"] + made.count["unreadable"]
    graves = [f.severity for f in made.faults if f.met_in == "form"]
    assert graves == sorted(graves, key=["error", "warning", "remark"].index)


@settings(max_examples=10, deadline=None)
@given(files=st.lists(st.sampled_from(["case-01.json", "case-02.json", "case-04.json", "bad", "other"]), max_size=6))
def test_counts_add_up_in_any_folder(files: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of so many files, each is one of read, unreadable and passed over; of so many forms, each foots, does not, or is aside."""
    folder = tmp_path_factory.mktemp("表")
    for number, name in enumerate(files):
        if name == "bad":
            (folder / f"{number}.csv").write_bytes(b"\xff\xfe\x00")
        elif name == "other":
            (folder / f"{number}.md").write_text("# 表", encoding="utf-8")
        else:
            shutil.copy(EXAMPLES / name, folder / f"{number}.json")
    made = audit_folder(pr.scheme(FORM), folder)
    assert adds_up(made)
    assert made.count["unreadable"] == files.count("bad")
    assert made.count["passed_over"] == files.count("other")
    assert made.count["files"] == len(files)


def test_audit_of_a_folder(folder: Path) -> None:
    """`perfrules audit SCHEME FOLDER` prints a line a file and a line a kind of fault; `--findings` every item too."""
    code, text = run("audit", FORM, folder)
    assert code == 1
    made = audit_folder(pr.scheme(FORM), folder)
    for each in made.files:
        assert each.file in text
    for fault in made.faults:
        assert fault.name in text
    count = made.count
    assert f"共 {count['files']} 个文件：读了 {count['read']}，读不了 3，略过 2。" in text
    assert "passed over 2" in run("audit", FORM, folder, "--lang", "en")[1]
    every = run("audit", FORM, folder, "--findings")[1]
    assert every.count("\n") > text.count("\n") + count["items"]
    code, text = run("audit", FORM, folder, "--format", "json")
    data = json.loads(text)
    assert (code, data["count"]) == (1, count)
    assert {f["file"] for f in data["files"]} == {each.file for each in made.files}


def test_a_folder_in_which_all_foots(tmp_path: Path) -> None:
    """Where every form foots the exit code is 0, and 1 with `--strict` for remarks; an empty folder is usage."""
    shutil.copy(EXAMPLES / "case-03.json", tmp_path / "a.json")
    assert run("audit", FORM, tmp_path)[0] == 0
    assert run("audit", FORM, tmp_path, "--strict")[0] == 1
    (tmp_path / "a.json").unlink()
    assert run("audit", FORM, tmp_path)[0] == 2


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """A folder that is not there is told as a file that is not there."""
    assert run("audit", FORM, tmp_path / "none")[0] == 2
    with pytest.raises(RecordError):
        audit_folder(pr.scheme(FORM), tmp_path / "none")


def test_a_record_in_two_files_is_told(tmp_path: Path) -> None:
    """A record that two files have is audited in both, and told with the second; places in a file are no ids."""
    for name in ("a.json", "b.json", "丙.json"):
        shutil.copy(EXAMPLES / ("case-01.json" if name != "丙.json" else "case-03.json"), tmp_path / name)
    for name in ("无名一.csv", "无名二.csv"):
        (tmp_path / name).write_text("一级指标,三级指标,分值\n产出,道路,10\n", encoding="utf-8")
    made = audit_folder(pr.scheme(FORM), tmp_path)
    told = [(each.file, f.seen) for each in made.files for f in each.findings if f.name == "record-in-several-files"]
    (one,) = pr_read(tmp_path / "a.json", pr.scheme(FORM)).records
    assert told == [("b.json", {"id": one.id, "files": "a.json"})]
    assert adds_up(made)
    (fault,) = [f for f in made.faults if f.name == "record-in-several-files"]
    assert (fault.times, fault.forms, fault.files) == (1, 1, 1)
    assert "b.json: warning record-in-several-files" in run("audit", FORM, tmp_path)[1]
    (tmp_path / "b.json").unlink()
    assert "record-in-several-files" not in run("audit", FORM, tmp_path)[1]
