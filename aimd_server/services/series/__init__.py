"""Series of metrics, and the journals that they come from: appended to, read, plotted, and put away.

Doors for the rest of the server: `appending` takes bytes, `chunking` turns what has gathered into columns, `totals`
says what lists show of each metric, `plotting` reduces series to what a plot needs, `sealing` moves columns into
objects.

Words, here, in `aimd_server.columns` and in the stores below:

- **journal**: a file of a trial that only grows: `metrics`, `stdout.log`.
- **segments**: the file that says which points were superseded; `effective` asks it, and what counts is **effective**.
- **series**: the points of one metrics type in a trial's journal.
- **part**: bytes that one request appends to a journal. It is kept as a row, packed as it came.
- **tail**: the newest parts of a journal, which are not columns yet.
- **span**: up to 4,096 complete lines that leave the tail together. Its **recipe** says how they are rendered from
  columns, byte for byte; a span that does not come back the same has no recipe, and is kept as its bytes.
- **chunk**: the points of one metrics type in a span: a **column** for each metric, and for step, epoch and time.
- **rollup**: what a plot needs to know of some points in a row: least, greatest, sum, how many are finite. There is
  one for each 64 points of a chunk, and one for the whole of it.
- **block**: 1 MiB of a journal, whose SHA-256 is kept: the digest of a file is made of those of its blocks.
- **object**: bytes in the blob store that hold the columns and recipes of many spans, which are **sealed** then.
- **totals**: count, last, least, greatest and mean of a metric. `aimd_core.reading.totals` adds them up, here as
  everywhere.
"""
