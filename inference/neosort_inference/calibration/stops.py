"""A belt that stands while the camera looks at a board on it, and is inched on in between."""

from __future__ import annotations

from neosort_inference.calibration.procedure import Action, LineAccess

STEP_MM = 60.0  # between two pictures
INCHING_M_PER_S = 0.1
LAID_ANEW = Action(name="laid", title="Take a picture: the board was laid anew")
CAME_ON = Action(name="came-on", title="Take a picture: the board came on with the belt")
LOOKS = (LAID_ANEW, CAME_ON)


class Stops:
    """Looks and steps, where the line's drive can be told; else a person inches the belt and presses.

    ``laid_anew``: the next sighting is of a board that was not seen before. ``trouble``: why there is no picture.
    """

    def __init__(self, line: LineAccess) -> None:
        self.by_itself = False
        self.laid_anew = True
        self.trouble = ""
        self._line = line
        self._asked = False
        self._next_mm: float | None = None  # where to stand again

    @property
    def waits(self) -> bool:
        """Whether a picture was asked for and has not come yet."""
        return self._asked

    def look(self) -> None:
        """Ask for a picture."""
        self.trouble = self._line.look()
        self._asked = not self.trouble

    def sees(self, board: bool) -> bool:
        """Whether a frame is one that was asked for; then the belt goes on, where it can be told."""
        if not self._asked:
            if board and self._next_mm is None and self._line.run_at(0.0):
                self.by_itself = True
                self.look()
            return False
        self._asked = False
        if self.by_itself:
            self._go_on(board)
        return True

    def come_on(self, belt_mm: float) -> None:
        """The belt is there."""
        if self._next_mm is not None and belt_mm >= self._next_mm:
            self._next_mm = None
            self._line.run_at(0.0)
            self.look()

    def _go_on(self, board: bool) -> None:
        """A step as long as the board is there, on to the next one when it is not."""
        if board:
            self._next_mm = self._line.belt_mm + STEP_MM
            self._line.run_at(INCHING_M_PER_S)
        else:
            self.laid_anew = True
            self._line.run_at(self._line.config.belt.speed_m_per_s)
