"""Reading a feed's bytes: in a process of its own, whose memory and time are bounded.

``python -m playhead.podcasts.parsing PARENT_PID`` reads a line of JSON, ``{"url", "content_type"}``, and the bytes of
the feed; it writes JSON: what :class:`playhead.podcasts.polling.entries.FeedDocument` holds, or ``{"refused": why}``.
Whatever a feed does to its reader, it costs this poll alone.
"""
