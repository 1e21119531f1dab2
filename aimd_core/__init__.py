"""What the terminal application, the SDK and the server share: trials on disk, configuration, HTTP, upload.

Nothing here knows a terminal or a web framework. Importing this package costs nothing; each module
imports what it needs, and says what it promises.
"""
