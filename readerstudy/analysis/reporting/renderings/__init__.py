"""Analysis room: one document written as PDF, DOCX, XLSX and HTML (pure)."""
