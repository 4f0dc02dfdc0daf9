"""cohorts.tables: CSV and XLSX tables from outside, read in a child process (pure: no Django)."""
