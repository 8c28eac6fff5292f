"""How long to expose: found from what a sheet's levels say, whatever the camera's response, and within its limits."""

import pytest

from neosort_inference.calibration.exposure import AIM, MOST_STEPS, ExposureSearch, SheetSeen

pytestmark = pytest.mark.computes


class Sheet:
    """What a camera shows of it: levels go with some power of the exposure, and end at 255."""

    def __init__(self, right_us, power, brightest_to_mean=1.15):
        self.right_us, self.power, self.uneven = right_us, power, brightest_to_mean

    def at(self, exposure_us):
        level = AIM * (exposure_us / self.right_us) ** self.power
        clipped = 1.0 if level > 255 * self.uneven else 0.3 if level >= 255 else 0.0
        return SheetSeen(
            mean=min(level, 255.0) / (self.uneven if level < 255 else 1.0), brightest=level, clipped=clipped
        )


def searched(sheet, begin_us, longest_us=5000.0):
    search = ExposureSearch(begin_us, 10.0, longest_us)
    steps = 0
    while search.next_us(sheet.at(search.exposure_us)) is not None:
        steps += 1
    return search, steps


@pytest.mark.parametrize("power", [0.4, 0.5, 1.0])
@pytest.mark.parametrize("begin_us", [40.0, 150.0, 900.0, 4000.0])
def test_the_right_exposure_is_found_whatever_the_response(power, begin_us):
    sheet = Sheet(400.0, power)
    search, steps = searched(sheet, begin_us)
    assert sheet.at(search.exposure_us).good
    assert steps < MOST_STEPS
    assert 0.75 < search.exposure_us / 400.0 < 1.1


def test_what_is_good_already_is_left_alone():
    search, steps = searched(Sheet(400.0, 0.5), 300.0)
    assert (steps, search.exposure_us, search.searching) == (0, 300.0, False)


def test_no_longer_than_the_travel_allows_and_no_shorter_than_the_camera():
    search, _ = searched(Sheet(2000.0, 0.5), 100.0, longest_us=600.0)
    assert search.exposure_us == 600.0
    search, _ = searched(Sheet(1.0, 0.5), 100.0)
    assert search.exposure_us == 10.0
