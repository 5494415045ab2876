"""The report a lab can send on: one self-contained HTML file."""
