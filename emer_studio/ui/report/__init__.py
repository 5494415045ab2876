"""The report page: write a report and read it."""
