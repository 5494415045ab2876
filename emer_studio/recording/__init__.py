"""XDF and video writers, the recorder, the reader and the check."""
