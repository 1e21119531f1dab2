"""Words that both ends of the HTTP API spell alike, ours and deployed ones. See docs/reference/http-api.md.

How much one request may carry is in `limits`.
"""

SERVER_PATH = "/t9k/experiment/server"  # which an address of a server usually ends in
V1_PATH, V2_PATH = "/apis/v1", "/apis/v2"  # below it
COLUMNS_TYPE, COLUMNS_MAGIC = "application/vnd.aimd.columns", b"AIMDCOL1"  # points as columns of numbers

# What a server of version 2 may offer, as told by `GET /info`; clients ask for these before they use them.
CONTENTS, MEDIA, PRESIGNED, QUERY = "contents", "media", "presigned", "query"
CONTENT_BATCHES = "content_batches"  # many small contents in one answer
LONG_BODIES = "long_bodies"  # of contents: longer than a part
