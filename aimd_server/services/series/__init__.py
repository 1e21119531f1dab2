"""Series of metrics and the journals that they come from: append, read, plot and seal.

The rest of the server uses these modules: `appending` takes bytes, `folding` adds their lines to the totals that lists
show, `chunking` turns the tail into columns, `plotting` reduces series for plots, `sealing` moves columns to objects.

Terms, also in `aimd_server.columns` and in the stores:

- **journal**: a file of a trial that only grows: `metrics`, `stdout.log`.
- **segments**: the file that says which points are superseded. What counts is **effective**, see `effective`.
- **series**: the points of one metrics type in a trial's journal.
- **part**: bytes that one request appends to a journal, stored as a row in the form in which they came.
- **tail**: the newest parts of a journal, which are not columns yet.
- **span**: up to 4,096 complete lines that leave the tail together. Its **recipe** says how they are rendered from
  columns, byte for byte. A span that does not come back the same has no recipe and is stored as its bytes.
- **chunk**: the points of one metrics type in a span: a **column** for each metric, and for step, epoch and time.
- **rollup**: a summary of consecutive points: minimum, maximum, sum and number of finite values. There is one for each
  64 points of a chunk, and one for the whole chunk.
- **block**: 1 MiB of a journal, whose SHA-256 is stored. The digest of a file is computed from its blocks' digests.
- **object**: bytes in the object store with the columns and recipes of many spans, which are then **sealed**.
- **totals**: count, last, minimum, maximum and mean of a metric, computed by `aimd_core.reading.totals`.
- **stale**: of a journal with complete lines that the totals lack. To **fold** is to add them, many at a time.
"""
