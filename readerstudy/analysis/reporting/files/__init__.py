"""Analysis room: files a statistician checks a report with, made from results alone (pure)."""
