"""Codes: values to bytes to text and QR, and back."""
