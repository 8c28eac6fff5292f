"""Targets: one bump an item, cells that answer for the right item, silence where nothing can be known."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neosort_training.targets import render_targets


def targets(boxes, visible=None, size=(128, 160)):
    boxes = np.array(boxes, dtype=float).reshape(-1, 4)
    share = np.ones(len(boxes), dtype=np.float32) if visible is None else np.array(visible, dtype=np.float32)
    return render_targets(boxes, share, size, 0.1)


def test_centre_cell_is_one_and_answers():
    found = targets([[40, 60, 80, 120]])  # centre (60, 90) px: cell (7, 11)
    assert found.heat.shape == (16, 20)
    assert found.heat[7, 11] == 1.0
    assert (found.heat == 1.0).sum() == 1
    assert set(zip(found.row.tolist(), found.col.tolist(), strict=True)) == {
        (7, 11),
        (6, 11),
        (8, 11),
        (7, 10),
        (7, 12),
    }
    assert (found.heat_weight == 1).all()


def test_bump_is_wider_where_the_item_is_longer():
    heat = targets([[8, 76, 120, 84]]).heat
    assert heat[10, 10] > heat[8, 12]


def test_small_item_answers_with_its_centre_alone():
    found = targets([[60, 90, 64, 94]])
    assert (found.row.tolist(), found.col.tolist()) == ([7], [11])


def test_item_centred_outside_is_neither_right_nor_wrong():
    found = targets([[-60, 40, 20, 80]])
    assert found.items == 0
    assert not found.heat.any()
    assert (found.heat_weight[:3, 5:10] == 0).all()
    assert (found.heat_weight[3:] == 1).all()
    assert len(found.item) == 0


def test_hidden_item_is_not_asked_for_but_a_visible_one_on_it_is():
    found = targets([[20, 20, 100, 100], [56, 56, 64, 64]], visible=[0.05, 1.0])
    assert found.items == 1
    assert found.heat_weight[7, 7] == 1
    assert found.heat_weight[3, 3] == 0
    assert set(found.item.tolist()) == {1}


def test_smaller_item_keeps_its_centre_against_a_larger_neighbour():
    found = targets([[0, 0, 120, 120], [64, 56, 76, 68]])  # centres in cells (7, 7) and (8, 7)
    owner = {(row, col): item for item, row, col in zip(found.item, found.row, found.col, strict=True)}
    assert owner[7, 7] == 0
    assert owner[8, 7] == 1


@given(
    boxes=st.lists(st.tuples(st.floats(-50, 170), st.floats(-50, 200), st.floats(3, 90), st.floats(3, 90)), max_size=6)
)
def test_every_answering_cell_lies_in_the_window_and_answers_once(boxes):
    array = np.array([[a, c, a + h, c + w] for a, c, h, w in boxes]).reshape(-1, 4)
    found = targets(array)
    cells = list(zip(found.row.tolist(), found.col.tolist(), strict=True))
    assert len(set(cells)) == len(cells)
    assert all(0 <= row < 16 and 0 <= col < 20 for row, col in cells)
    assert found.heat.max(initial=0) <= 1.0
    assert (found.heat == 1.0).sum() <= found.items
