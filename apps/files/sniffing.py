"""What a file is, by its content: the name and the claimed type are only hints."""

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"#!AMR", "audio/amr"),
    (8, b"WAVE", "audio/wav"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
)
_OFFICE = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_OLD_OFFICE = {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"}
# Content that a browser would run must never keep its type.
_TEXT = {"text/plain", "text/csv", "text/vcard", "text/x-vcard"}
UNKNOWN = "application/octet-stream"


def type_of(content: bytes, claimed: str = "") -> str:
    """The MIME type that the bytes prove; a claim is believed only for plain text and Office files that fit it."""
    claim = claimed.split(";")[0].strip().lower()
    for offset, magic, mime in _SIGNATURES:
        if content[offset : offset + len(magic)] == magic:
            return mime
    if content[4:8] == b"ftyp":
        return "audio/mp4" if claim in {"audio/mp4", "audio/m4a", "audio/x-m4a"} else "video/mp4"
    if content[:4] == b"PK\x03\x04":
        return claim if claim in _OFFICE else "application/zip"
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return claim if claim in _OLD_OFFICE else UNKNOWN
    if claim in _TEXT and b"\x00" not in content[:4096]:
        return claim
    return UNKNOWN
