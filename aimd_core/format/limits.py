"""How much one request may carry: what a server takes at most, and so what a client sends at once.

A server of version 2 names its own limits in `GET /info`; a newer or older one may have others, and refuses by them.
"""

PART_BYTES = 8 << 20  # of a file, before and after unpacking
MAX_CHANGES = 10_000  # files of a trial, or objects of an artifact, in one request
MAX_DIGESTS = 10_000  # contents in one question
MAX_SMALL = 5_000  # contents in one body

V1_FORM_BYTES = 100 << 20  # version 1: an object in a form; a larger one is sent in parts
V1_MAX_PARTS = 10_000
