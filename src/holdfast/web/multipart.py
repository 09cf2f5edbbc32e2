"""A form with one file in it (RFC 7578), read as it comes: the file is never held in memory."""

from __future__ import annotations

from collections.abc import Mapping

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from holdfast.errors import RequestInvalid

_MAX_PARTS = 8
_MAX_FIELD_BYTES = 4096


class FileForm:
    """Takes the bytes of a form, and gives those of its file back.

    Args:
        content_type: The header of the request.
        file_field: The name of the field with the file.
        text_fields: The names of other fields that there may be.

    Attributes:
        file_name: As the client calls it; only to be shown.
        texts: The other fields.

    Raises:
        RequestInvalid: The header names no boundary.
    """

    def __init__(self, content_type: str, file_field: str, text_fields: tuple[str, ...]) -> None:
        self.file_name = ""
        self.texts: dict[str, str] = {}
        self._file_field = file_field
        self._text_fields = text_fields
        self._parts = 0
        self._seen_file = False
        self._complete = False
        self._headers: dict[str, str] = {}
        self._header, self._value = bytearray(), bytearray()
        self._field: str | None = None
        self._text = bytearray()
        self._file: list[bytes] = []
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if not boundary:
            raise RequestInvalid("The form names no boundary between its fields")
        self._parser = _parser(boundary, self)

    def feed(self, data: bytes) -> list[bytes]:
        """Take more of the form; return what of the file was in it.

        Raises:
            RequestInvalid: It is no form, or not one with one file and the fields known.
        """
        self._file = []
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise RequestInvalid(
                "The body is not the form that its header announces",
                hint="Send multipart/form-data, as a browser or `curl --form` does.",
            ) from error
        return self._file

    def finish(self) -> None:
        """Make sure that the form came to its end and had a file.

        Raises:
            RequestInvalid: It did not, or had none.
        """
        if not self._complete:
            raise RequestInvalid("The form was cut off", hint="Send it again.")
        if not self._seen_file:
            raise RequestInvalid(
                f"The form has no field {self._file_field} with a file",
                hint=f"Send the backup as a file in the field {self._file_field}.",
            )

    # What the parser calls

    def on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise RequestInvalid(f"The form has more than {_MAX_PARTS} fields")
        self._headers, self._field = {}, None
        self._text.clear()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        name = self._header.decode("latin-1").lower()
        self._headers[name] = self._value.decode("latin-1")
        self._header.clear()
        self._value.clear()

    def on_headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get("content-disposition", ""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        is_file = b"filename" in options
        known = name == self._file_field if is_file else name in self._text_fields
        if kind != b"form-data" or not known:
            raise RequestInvalid(
                f"The form has a field {name[:100]!r} that is not expected"
                + (" to be a file" if is_file else ""),
                hint=f"Send the backup as a file in the field {self._file_field}.",
            )
        if is_file:
            if self._seen_file:
                raise RequestInvalid("The form has two files", hint="Send one at a time.")
            self._seen_file = True
            self.file_name = options[b"filename"].decode("utf-8", "replace")
        self._field = None if is_file else name

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self._file.append(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > _MAX_FIELD_BYTES:
            raise RequestInvalid(f"The field {self._field} is longer than any it could have")

    def on_part_end(self) -> None:
        if self._field is None:
            return
        if self._field in self.texts:
            raise RequestInvalid(f"The form has the field {self._field} twice")
        try:
            self.texts[self._field] = self._text.decode()
        except UnicodeDecodeError:
            # Not with its reason, which would show what may be a passphrase.
            raise RequestInvalid(f"The field {self._field} is not UTF-8") from None

    def on_end(self) -> None:
        self._complete = True


def _parser(boundary: bytes, form: FileForm) -> MultipartParser:
    names = (
        "on_part_begin",
        "on_header_field",
        "on_header_value",
        "on_header_end",
        "on_headers_finished",
        "on_part_data",
        "on_part_end",
        "on_end",
    )
    callbacks: Mapping[str, object] = {name: getattr(form, name) for name in names}
    try:
        return MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
    except FormParserError as error:
        raise RequestInvalid("The boundary of the form is not one") from error
