"""One INI file on disk, read and written safely; knows nothing of sessions."""
