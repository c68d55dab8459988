"""Tests of the device half."""
