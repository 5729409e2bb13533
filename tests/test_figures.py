import io
from itertools import pairwise

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from PIL import Image

from nstlib import figures
from nstlib.errors import ShapeError


def drawn(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer)


def test_pictures_with_titles_become_one_figure(rng):
    image = torch.rand(1, 3, 8, 12, generator=rng)
    figure = figures.show_images({"one": image, "two": image[0], "three": image}, columns=2)
    assert [ax.get_title() for ax in figure.axes if ax.images] == ["one", "two", "three"]
    assert drawn(figure).width == pytest.approx(520, abs=5)


def test_a_feature_map_with_a_batch_axis_is_refused_with_the_way_out():
    with pytest.raises(ShapeError, match=r"maps of shape \(H, W\), got \(4, 5, 6\).*features\[0\]"):
        figures.show_maps(torch.zeros(2, 4, 5, 6))


def test_what_is_not_a_picture_is_refused():
    with pytest.raises(ShapeError, match=r"A picture has shape \(1, 3, H, W\) or \(3, H, W\), got \(4, 8, 8\)"):
        figures.show_images([torch.zeros(4, 8, 8)])


def test_matrices_share_one_scale(rng):
    small, large = torch.rand(1, 4, 4, generator=rng), 9 * torch.rand(4, 4, generator=rng)
    figure = figures.show_matrices({"small": small, "large": large})
    limits = {ax.images[0].get_clim() for ax in figure.axes if ax.images}
    assert limits == {(0, float(large.max()))}


def test_curves_are_told_apart_by_dashes_as_well_as_colors():
    figure = figures.plot_curves({"a": [3, 2, 1], "b": ([0, 5], [2, 1])})
    lines = figure.axes[0].get_lines()
    assert len({line.get_linestyle() for line in lines}) == 2
    assert [line.get_label() for line in lines] == ["a", "b"]


def test_a_logarithmic_horizontal_axis_has_plain_numbers_that_do_not_collide():
    figure = figures.plot_curves({"power": ([0.008, 0.5], [100, 1])}, log_x=True)
    figure.draw_without_rendering()
    axis = figure.axes[0].xaxis
    low, high = figure.axes[0].get_xlim()
    ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
    shown = [label.get_text() for place, label in ticks if low <= place <= high]
    assert shown == ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5"]
    assert {label.get_text() for label in axis.get_minorticklabels()} <= {""}


def test_bars_stand_in_groups():
    figure = figures.plot_bars({"x": {"l1": 1.0, "l2": 2.0}, "y": {"l1": 3.0, "l2": 4.0}})
    assert [patch.get_height() for patch in figure.axes[0].patches] == [1, 2, 3, 4]


def test_numbers_stand_on_their_squares_in_ink_that_can_be_read():
    figure = figures.show_numbers(
        {"pixels": torch.tensor([[0.0, 255.0, 200.0]]), "kernel": torch.tensor([[0.25], [-1]])}
    )
    pixels, kernel = figure.axes
    assert [text.get_text() for text in pixels.texts] == ["0", "255", "200"]
    assert [text.get_color() for text in pixels.texts] == ["white", "black", "black"]
    assert [text.get_text() for text in kernel.texts] == ["0.25", "-1"]
    assert drawn(figure).width > 100


def test_zero_is_white_in_a_table_with_negative_numbers_and_black_in_others():
    figure = figures.show_numbers({"signed": torch.tensor([[0.0, -1.0]]), "not": torch.tensor([[0.0, 1.0]])})
    signed, other = (ax.images[0].get_array()[0, 0, :3] for ax in figure.axes)
    assert signed.min() > 0.95
    assert other.max() == 0


def test_the_same_number_has_the_same_gray_in_all_tables_with_one_top():
    figure = figures.show_numbers({"a": torch.tensor([[10.0]]), "b": torch.tensor([[10.0, 90.0]])}, top=100)
    one, other = (ax.images[0].get_array()[0, 0, 0] for ax in figure.axes)
    assert one == other


def test_fields_are_drawn_around_whole_pixels(rng):
    figure = figures.show_fields(torch.rand(1, 3, 20, 30, generator=rng), {"a": (2, 5, 3, 10), "b": (0, 20, 0, 30)})
    outlines = [patch for patch in figure.axes[0].patches if patch.get_label()]
    assert [patch.get_label() for patch in outlines] == ["a", "b"]
    assert outlines[0].get_bbox().extents.tolist() == [2.5, 1.5, 9.5, 4.5]
    assert len({patch.get_linestyle() for patch in outlines}) == 2


def test_a_colored_map_is_enlarged_without_smoothing():
    colored = figures.color_map(torch.tensor([[0.0, 1.0, 2.0], [0.0, 0.0, 0.0]]), 20, 30)
    assert colored.shape == (3, 20, 30)
    assert len(colored.flatten(1).unique(dim=1).T) == 3
    assert colored[:, 0, 29].sum() > colored[:, 0, 15].sum() > colored[:, 19, 0].sum()


def test_a_map_of_zeros_is_dark_and_no_error():
    assert figures.color_map(torch.zeros(4, 4), 8, 8).mean() < 0.3


def test_strips_stand_in_one_column_each_with_its_name(rng):
    strips = {"epoch 0": torch.rand(1, 3, 9, 60, generator=rng), "epoch 32": torch.rand(1, 3, 9, 60, generator=rng)}
    figure = figures.show_strips(strips)
    assert [ax.get_ylabel() for ax in figure.axes] == ["epoch 0", "epoch 32"]
    assert {ax.images[0].get_array().shape for ax in figure.axes} == {(9, 60, 3)}


def test_strips_never_exceed_the_books_column(rng):
    figure = figures.show_strips({"wide": torch.rand(1, 3, 9, 900, generator=rng)})
    assert figure.get_size_inches()[0] == pytest.approx(figures.WIDTH)


def test_epochs_are_evenly_spaced_and_runs_become_a_mean_with_a_band():
    figure = figures.plot_epochs({"a": [[1, 2, 3], [3, 4, 9]], "b": [[0, 0, 0]]}, [0, 1, 16], ylabel="similarity")
    (ax,) = figure.axes
    assert [line.get_ydata().tolist() for line in ax.get_lines()] == [[2, 3, 6], [0, 0, 0]]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "16"]
    assert ax.get_xticks().tolist() == [0, 1, 2]
    assert len(ax.collections) == 2


def test_every_run_is_a_dot_in_its_groups_row():
    figure = figures.plot_runs({"one": [70, 75, 80], "two": [60, 61, 62]}, xlabel="%")
    (ax,) = figure.axes
    dots = [line for line in ax.get_lines() if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in dots] == [
        [70, 75, 80],
        [60, 61, 62],
    ]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two"]


def test_patches_of_all_sizes_stand_in_their_places_on_white(rng):
    patches = [torch.zeros(1, 3, 4, 4), torch.zeros(3, 2, 4), torch.full((3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)]
    figure = figures.show_patches({"seen": patches, "nothing": []})
    sheet = figure.axes[0].images[0].get_array()
    assert [ax.get_title() for ax in figure.axes if ax.images] == ["seen", "nothing"]
    assert sheet.shape == (15, 15, 3)
    assert sheet[0, 5].tolist() == [0, 0, 0]
    assert sheet[2, 5].tolist() == [1, 1, 1]
    assert sheet[5, 0].tolist() == [0, 0, 0]
    assert drawn(figure).width == pytest.approx(600, abs=5)


def test_panels_share_their_scale_and_have_one_legend():
    curves = {"shallow": ([0, 1], [0.0, 3.0]), "deep": ([0, 1], [0.0, 1.0])}
    figure = figures.plot_panels({"shift": curves, "angle": {name: (x, [0, 7]) for name, (x, _) in curves.items()}})
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["shallow", "deep"]
    assert [ax.get_xlabel() for ax in figure.axes] == ["shift", "angle"]


def test_maps_show_each_picture_at_its_place_and_each_way_from_start_to_end(rng):
    pictures = {name: torch.rand(1, 3, 6, 9, generator=rng) for name in ("cat", "mosaic")}
    places = {"cat": torch.tensor([0.0, 1.0]), "mosaic": torch.tensor([4.0, 3.0])}
    way = torch.tensor([[0.0, 1.0], [1.0, 2.0], [6.0, 2.0]])
    figure = figures.plot_maps({"scenes": (places, {"classic": way}), "textures": (places, {"classic": way})}, pictures)
    assert [ax.get_title() for ax in figure.axes] == ["scenes", "textures"]
    ax = figure.axes[0]
    assert [tuple(box.xy) for box in ax.artists] == [(0, 1), (4, 3)]
    assert ax.get_lines()[0].get_xydata().tolist() == way.tolist()
    assert ax.get_lines()[1].get_xydata().tolist() == [[6, 2]]
    assert ax.get_xlim()[0] < 0
    assert ax.get_xlim()[1] > 6
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["classic"]
    assert drawn(figure).width == pytest.approx(800, abs=5)


# --- cards --------------------------------------------------------------------------------------------------------------


def card(title="A card", height=20, texts=None, **plot):
    pictures = {name: (torch.full((1, 3, height, 30), 0.5), "by me") for name in ("result", "content", "style")}
    return figures.draw_card(title, pictures, texts or {"Made": ["by hand"]}, **plot)


def test_a_card_is_as_wide_as_any_other_and_as_high_as_its_texts_need():
    short, long = card(), card(texts={"Made": ["word " * 200]})
    assert short.get_figwidth() == long.get_figwidth()
    assert long.get_figheight() > short.get_figheight() + 1


def test_no_text_of_a_card_leaves_its_column_or_meets_another():
    figure = card("W" * 60, texts={"Words": ["m" * 300, "mm " * 100, "short", "a $ and a $ \\ are no formula"]})
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.texts]
    edge = figure.bbox.x1 - 0.15 * figure.dpi  # the margin, but for rounding
    assert all(box.x0 >= 0 and box.x1 <= edge and box.y0 >= 0 and box.y1 <= figure.bbox.y1 for box in boxes)
    written = [text.get_text() for text in figure.texts]
    assert "a $ and a $ \\ are no formula" in written
    assert "".join(line for line in written if set(line) == {"m"}) == "m" * 300
    left = sorted((box for box in boxes if box.x0 < figure.bbox.x1 / 3), key=lambda box: -box.y0)
    assert all(below.y1 <= above.y1 - 4 for above, below in pairwise(left))


def test_a_tall_picture_of_a_card_is_no_higher_than_the_card_is_wide():
    figure = card(height=300)
    box = figure.axes[0].get_position()
    across, down = box.width * figure.get_figwidth(), box.height * figure.get_figheight()
    assert down == pytest.approx(figure.get_figwidth() - 0.36)
    assert across / down == pytest.approx(30 / 300)


def test_a_card_has_a_plot_where_there_are_curves():
    assert len(card().axes) == len(card(curves={}).axes) == 3
    figure = card(curves={"mine": ([0.1, 0.5], [0.3, 0.6])}, axes=("x", "y"), point=(0.1, 0.3))
    plot = figure.axes[3]
    assert (plot.get_xlabel(), plot.get_xscale()) == ("x", "log")
    assert [text.get_text() for text in plot.get_legend().get_texts()] == ["mine", "this card"]


TABLE = {"cat": {"SSIM": 0.5, "steps": 40}, "a < b": {"SSIM": torch.tensor(0.251), "steps": 9}}


def test_a_table_is_aligned_in_a_terminal_and_drawn_on_a_page():
    table = figures.show_table(TABLE, best={"SSIM": max})
    assert repr(table).splitlines() == ["       SSIM  steps", "cat    0.50     40", "a < b  0.25      9"]
    page = BeautifulSoup(table._repr_html_(), "html.parser")
    assert [cell.text for cell in page.select("thead th[scope=col]")] == ["SSIM", "steps"]
    assert [[cell.text for cell in row.select("th, td")] for row in page.select("tbody tr")] == [
        ["cat", "0.50", "40"],
        ["a < b", "0.25", "9"],
    ]
    assert [cell.text for cell in page.select("strong")] == ["0.50"]


def test_words_begin_at_the_left_and_numbers_end_at_the_right():
    rows = {
        "a": {"seen": "an eye", "count": "7 of 9", "by": "-"},
        "b": {"seen": "conv1", "count": "12", "by": "over 3"},
    }
    table = figures.show_table(rows)
    assert table.words == {"seen"}
    assert repr(table).splitlines() == [
        "   seen     count      by",
        "a  an eye  7 of 9       -",
        "b  conv1       12  over 3",
    ]
    page = BeautifulSoup(table._repr_html_(), "html.parser")
    assert [cell.text for cell in page.select(".words")] == ["seen", "an eye", "conv1"]


def test_floats_of_every_kind_are_rounded_and_signed_and_nothing_else_is():
    cells = {"float": 1.0, "NumPy": np.float32(-0.126), "torch": torch.tensor(0.0), "whole": 3, "words": "7 of 9"}
    said = repr(figures.show_table({"row": cells}, signed=True)).splitlines()[1].split()
    assert said == ["row", "+1.00", "-0.13", "+0.00", "3", "7", "of", "9"]


def test_what_is_marked_are_all_that_look_the_best():
    table = figures.show_table({"a": {"x": 0.501}, "b": {"x": 0.499}, "c": {"x": 0.9}}, best={"x": min})
    assert table.marked == {("a", "x"), ("b", "x")}


def test_rows_of_different_columns_are_no_table():
    with pytest.raises(ShapeError, match=r"same columns in each row: SSIM, steps\. The row flower has SSIM\."):
        figures.show_table({**TABLE, "flower": {"SSIM": 1.0}})
    with pytest.raises(ShapeError, match="at least one row"):
        figures.show_table({})
