"""How much one request of version 2 may carry: what a server takes at most, and so what a client sends at once.

A server names its own limits in `GET /info`; one of another version may have others, and refuses by them.
"""

PART_BYTES = 8 << 20  # of a file, before and after unpacking
MAX_CHANGES = 10_000  # files of a trial, or objects of an artifact, in one request
MAX_DIGESTS = 10_000  # contents in one question
MAX_SMALL = 5_000  # contents in one body
