"""What the terminal application, the SDK and the server share: trials on disk, configuration, HTTP, upload.

Nothing here depends on a terminal or a web framework. Importing the package costs nothing; each module imports what it
needs.
"""
