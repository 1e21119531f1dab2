"""Reports: notes in Markdown with views of trials embedded, and the one HTML file that such a report becomes."""
