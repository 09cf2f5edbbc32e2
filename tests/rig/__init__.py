"""The test rig: faults, crashes, time, misbehaving tools and what must be restorable after."""
