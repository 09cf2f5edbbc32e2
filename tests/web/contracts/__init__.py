"""Tests of the contracts: each beside an application that has it."""
