"""Spreadsheets on their way into the address book."""
