"""The containers that a recording may come in, by the names of their ffmpeg demuxers.

A list of what is allowed, because among the hundreds of demuxers there are some that open other files or addresses
(playlists, ``concat``, DASH, SDP), read devices, or make sound out of any text (``sbg``, ``tty``).
"""

from __future__ import annotations

RECORDINGS = (
    *("aa", "aac", "ac3", "aea", "aiff", "amr", "amrnb", "amrwb", "ape", "asf", "ast", "au", "avi", "avr", "boa"),
    *("bonk", "caf", "codec2", "dfpwm", "dhav", "dsf", "dss", "dts", "dtshd", "dv", "eac3", "ea", "epaf", "f4v"),
    *("flac", "flv", "g722", "g726", "g729", "gsm", "gxf", "hca", "iff", "ilbc", "ircam", "ivf", "kux", "latm"),
    *("lc3", "live_flv", "loas", "lvf", "lxf", "matroska", "webm", "mca", "mlp", "mov", "mp4", "m4a", "3gp", "3g2"),
    *("mj2", "mp2", "mp3", "mpc", "mpc8", "mpeg", "mpegts", "mxf", "nistsphere", "nsv", "nut", "nuv", "ogg"),
    *("oma", "osq", "paf", "pva", "pvf", "qcp", "qoa", "rka", "rm", "rso", "sbc", "shn", "sln", "smjpeg", "sox"),
    *("spdif", "svs", "swf", "tak", "truehd", "tta", "ty", "voc", "vqf", "w64", "wav", "wavarc", "wsd", "wtv"),
    *("wv", "wve", "xa", "xwma"),
)
