"""Tests of the reservation package."""
