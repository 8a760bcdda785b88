from __future__ import annotations

import errno
import io


class MediaFile(io.FileIO):
    """A file that answers a hostile header's jump to before its start as what it is, not as a failing disk."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """As any file's.

        Raises:
            ValueError: there is no such place in it.
        """
        try:
            return super().seek(offset, whence)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            message = "no such place in the file"
            raise ValueError(message) from error
