import format_cells
import pytest

PAGE = "# A chapter\n\n```{code-cell} python\n---\ntags: [hide-input]\n---\n%s\n```\n\nIts end.\n"


@pytest.fixture
def chapter(tmp_path):
    (tmp_path / "book").mkdir()
    return tmp_path / "book" / "01_images.md"


def run(chapter, *arguments):
    return format_cells.main(arguments, chapter.parent.parent)


def test_code_is_broken_at_80_columns_and_the_rest_of_the_page_stays(chapter):
    call = f"figures.show_images({', '.join(f'picture_{number}' for number in range(6))}, columns=3)"
    chapter.write_text(PAGE % call, encoding="utf-8")
    assert run(chapter) == 0
    before, _, after = chapter.read_text(encoding="utf-8").partition("figures.")
    assert (PAGE % "\0").split("\0") == [before, after[after.index("\n```") :]]
    assert max(map(len, after.splitlines())) <= 80
    assert run(chapter, "--check") == 0


def test_what_is_out_of_form_is_named_and_left_as_it_is(chapter, capsys):
    chapter.write_text(text := PAGE % "x = [1,2]", encoding="utf-8")
    assert run(chapter, "--check") == 1
    assert chapter.read_text(encoding="utf-8") == text
    assert "book/01_images.md: cells out of form; python tools/format_cells.py writes" in capsys.readouterr().out


def test_a_text_that_is_too_wide_is_named_with_its_line(chapter, capsys):
    chapter.write_text(PAGE % f'x = 1\ny = "{"a" * 80}"', encoding="utf-8")
    assert run(chapter) == 1
    assert capsys.readouterr().out.startswith("book/01_images.md:8: 86 columns: y =")
