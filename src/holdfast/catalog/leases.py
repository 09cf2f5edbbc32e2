"""When a lease has ended, although clocks are set and machines sleep (R43).

A lease is a time on the wall clock, as several machines must agree on it. A clock that is set
forward makes every lease look ended, so for a while after that none counts as ended: who is
alive renews within that while. One that is set back makes a lease look endless, so none may
run for longer than its length from now.
"""

from __future__ import annotations

from holdfast.clock import Clock

_STEP_S = 5.0
"""Wall and monotonic clock drift apart by less than this between two looks."""
DOUBT_S = 60.0
"""How long no lease counts as ended after the clock was set; longer than any heartbeat."""


class LeaseClock:
    """Notices when the wall clock was set forward.

    Args:
        clock: Its monotonic time does not follow the wall clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_s = self._offset()
        self._doubt_until_s = float("-inf")

    @property
    def in_doubt(self) -> bool:
        """Whether the clock was set forward a short while ago, so that no lease has ended."""
        offset_s = self._offset()
        if offset_s - self._offset_s > _STEP_S:
            self._doubt_until_s = self._clock.monotonic_s() + DOUBT_S
        self._offset_s = offset_s
        return self._clock.monotonic_s() < self._doubt_until_s

    def _offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic_s()
