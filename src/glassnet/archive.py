"""The ``.glass`` file: a manifest and named arrays as bytes, and back. docs/format.md is its specification.

    local header, glassnet.json         {"format":1,"manifest":{...},"weights_sha256":"..."}, canonical
    local header, weights.safetensors   length, canonical header, the arrays one after the other
    central directory, end record       archive comment: sha256: and the SHA-256 of glassnet.json

There is exactly one way to write a given manifest and arrays, and :func:`unpack` uses it: it takes from
the bytes as little as it can (two lengths, the JSON, names, dtypes and shapes), writes what it understood
again, and refuses a file that differs in a single bit. Offsets, checksums, flags, duplicates and the
other ways in which a zip can mean two things are therefore never interpreted, only compared.

    >>> data = pack({"task": "regression"}, {"0.weight": np.ones((1, 2), np.float32)})
    >>> unpack(data, "rides.glass").manifest
    {'task': 'regression'}
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import FormatError, did_you_mean, message

FORMAT = 1
JSON_LIMIT = 64 << 20  # bytes of glassnet.json
JSON_VALUES_LIMIT = 1 << 22  # of its bytes, how many may be [ { or ,
JSON_DEPTH_LIMIT = 64
WEIGHTS_LIMIT = 2 << 30  # bytes of weights.safetensors
ARRAYS_LIMIT = 4096
NAME_LIMIT = 512  # characters in the name of an array
DIMENSIONS_LIMIT = 8
DTYPES = {"BOOL": "|b1", "F32": "<f4", "F64": "<f8", "I64": "<i8", "U8": "|u1"}

_JSON, _WEIGHTS = b"glassnet.json", b"weights.safetensors"
_LOCAL = struct.Struct("<4s5H3I2H")  # signature .. sizes, length of the name, length of extra
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_SHA_TEXT, _COMMENT_LENGTH = b"sha256:", 71
_TAIL_LENGTH = 2 * _CENTRAL.size + len(_JSON) + len(_WEIGHTS) + _END.size + _COMMENT_LENGTH
_VERSION, _DATE, _UNIX_FILE = 10, 0x0021, 0o100644 << 16  # zip 1.0; 1980-01-01; -rw-r--r--
_JSON_AT = _LOCAL.size + len(_JSON)
_FILE_LIMIT = JSON_LIMIT + WEIGHTS_LIMIT + 1024
_FRESH_COPY = "save the model again, or take a fresh copy of the file"
_OURS = "give a file that Model.save wrote"
_CHANGED = "it was damaged, or changed by another program; " + _FRESH_COPY


@dataclass(frozen=True)
class Contents:
    """What a ``.glass`` file holds: a JSON object, and arrays by name, in the order of their names."""

    manifest: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def pack(manifest: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Write a manifest and named arrays as the bytes of a ``.glass`` file.

    The same content gives the same bytes, whatever the order of the dictionaries. Tuples are written as
    lists, arrays in C order and little-endian.

    Raises:
        FormatError: the manifest is not plain JSON (finite numbers, 64-bit integers, text keys), an array
            has another dtype than bool, uint8, int64, float32 or float64 or is not finite, or a limit
            is exceeded.
    """
    return b"".join(_parts(manifest, arrays, "the .glass file to write"))


def unpack(data: bytes, name: str) -> Contents:
    """Read the bytes of a ``.glass`` file; ``name`` is the file's name, for messages.

    The arrays are fresh, writable and in C order. No code is run, nothing is imported or extracted.

    Raises:
        FormatError: the bytes are anything but what :func:`pack` writes.
    """
    json_bytes = _json_member(data, name)
    document = _document(json_bytes, name)
    weights_at = _JSON_AT + len(json_bytes) + _LOCAL.size + len(_WEIGHTS)
    weights = memoryview(data)[weights_at : max(weights_at, len(data) - _TAIL_LENGTH)]
    if hashlib.sha256(weights).hexdigest() != document.get("weights_sha256"):
        _refuse(name, "must hold the weights that it was saved with", "their SHA-256 differs", _CHANGED)
    arrays = _read_weights(weights, name)
    if b"".join(_parts(document["manifest"], arrays, name)) != data:
        _refuse(name, "must be exactly what Glassnet writes", "some of its bytes differ", _CHANGED)
    fresh = {key: each.astype(each.dtype.newbyteorder("=")) for key, each in sorted(arrays.items())}
    return Contents(document["manifest"], fresh)


def read_archive(path: str | Path) -> Contents:
    """Read a ``.glass`` file; its size is checked before a byte is read.

    Raises:
        FormatError: there is no such file, it cannot be read, or see :func:`unpack`.
    """
    path = Path(path)
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                _refuse(str(path), "must be a file", "it is a device or a pipe", _OURS)
            if found.st_size > _FILE_LIMIT:
                _refuse(str(path), f"must have at most {_FILE_LIMIT} bytes", f"{found.st_size} bytes", _OURS)
            data = file.read(found.st_size + 1)
    except (OSError, ValueError) as error:
        _refuse(str(path), "must be a file that can be read", *_why_unreadable(path, error))
    return unpack(data, str(path))


def _parts(manifest: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], name: str) -> Iterator[bytes]:
    weights = list(_weights_parts(arrays, name))
    digest, crc, size = hashlib.sha256(), 0, 0
    for part in weights:
        digest.update(part)
        crc, size = zlib.crc32(part, crc), size + len(part)
    document = {"format": FORMAT, "manifest": dict(manifest), "weights_sha256": digest.hexdigest()}
    json_bytes = _canonical(document, name)
    _check_json_size(json_bytes, name)
    json_sums = zlib.crc32(json_bytes), len(json_bytes)
    yield _local(_JSON, *json_sums)
    yield json_bytes
    weights_start = _JSON_AT + len(json_bytes)
    yield _local(_WEIGHTS, crc, size)
    yield from weights
    directory = _central(_JSON, *json_sums, 0) + _central(_WEIGHTS, crc, size, weights_start)
    directory_at = weights_start + _LOCAL.size + len(_WEIGHTS) + size
    comment = _SHA_TEXT + hashlib.sha256(json_bytes).hexdigest().encode()
    end = _END.pack(b"PK\5\6", 0, 0, 2, 2, len(directory), directory_at, len(comment))
    yield directory + end + comment


def _local(name: bytes, crc: int, size: int) -> bytes:
    return _LOCAL.pack(b"PK\3\4", _VERSION, 0, 0, 0, _DATE, crc, size, size, len(name), 0) + name


def _central(name: bytes, crc: int, size: int, at: int) -> bytes:
    made_by = 3 << 8 | _VERSION  # on Unix, whatever the machine
    fields = (made_by, _VERSION, 0, 0, 0, _DATE, crc, size, size, len(name), 0, 0, 0, 0, _UNIX_FILE, at)
    return _CENTRAL.pack(b"PK\1\2", *fields) + name


def _json_member(data: bytes, name: str) -> bytes:
    if data[:4] != b"PK\3\4" or data[_LOCAL.size : _JSON_AT] != _JSON:
        _refuse(name, "must be a .glass file", f"it looks like {_looks_like(data)}", _OURS)
    size = int.from_bytes(data[18:22], "little")
    json_bytes = data[_JSON_AT : _JSON_AT + size]
    if len(json_bytes) < size or not data[-_COMMENT_LENGTH:].startswith(_SHA_TEXT):
        _refuse(name, "must end with a SHA-256", "it is cut short, or something follows", _FRESH_COPY)
    if not data.endswith(hashlib.sha256(json_bytes).hexdigest().encode()):
        _refuse(name, "must hold the glassnet.json that it was saved with", "the SHA-256 differs", _CHANGED)
    return json_bytes


_LOOKS: tuple[tuple[bytes, str], ...] = (
    (b"PK\3\4", "a zip archive of another kind"),
    (b"\x80", "a pickle, perhaps an old PyTorch checkpoint (never loaded: a pickle can run code)"),
    (b"\x89HDF", "an HDF5 file, perhaps Keras weights"),
    (b"\x1f\x8b", "a gzip file"),
)


def _looks_like(data: bytes) -> str:
    if not data:
        return "an empty file"
    if data[:4] == b"PK\3\4" and b"data.pkl" in data[:1024]:
        return "a PyTorch checkpoint (never loaded: it holds a pickle, which can run code)"
    if data[:4] == b"PK\3\4" and _JSON in data[:1024]:
        return "a .glass file that another program packed again"
    if data[8:9] == b"{" and int.from_bytes(data[:8], "little") < len(data):
        return "bare safetensors weights"
    for start, words in _LOOKS:
        if data.startswith(start):
            return words
    return "unknown bytes" if b"\0" in data[:1024] else "text"


def _document(json_bytes: bytes, name: str) -> dict[str, Any]:
    document = _parse(json_bytes, name, "glassnet.json")
    if document.get("format") != FORMAT:
        must = f"must have format {FORMAT}, the one that this Glassnet reads"
        _refuse(name, must, f"format={_short(document.get('format'))}", "update glassnet")
    if not isinstance(document.get("manifest"), dict):
        _refuse(name, "must hold a manifest, a JSON object", "it has none", _CHANGED)
    return document


def _parse(json_bytes: bytes, name: str, where: str) -> dict[str, Any]:
    """Read a JSON object; values are counted before the parse, which takes up to 100 bytes for each."""
    _check_json_size(json_bytes, name)
    try:
        value = json.loads(json_bytes.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        _refuse(name, f"must hold a readable {where}", _short(str(error)), _CHANGED)
    _check_json(value, name)
    if not isinstance(value, dict):
        _refuse(name, f"must hold a JSON object in {where}", f"a {type(value).__name__}", _CHANGED)
    return value


def _canonical(value: object, name: str) -> bytes:
    _check_json(value, name)
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except UnicodeEncodeError:
        _refuse(name, "must hold text that UTF-8 can write", "a lone surrogate", "correct that text")


def _check_json(value: object, name: str, depth: int = 0) -> None:
    """Check that JSON gives a value back as it was: types, keys, ranges and depth."""
    if depth == JSON_DEPTH_LIMIT and isinstance(value, dict | list | tuple):
        _refuse(name, f"must nest at most {JSON_DEPTH_LIMIT} levels of JSON", "it nests more", "flatten it")
    if isinstance(value, dict):
        for key, each in value.items():
            if not isinstance(key, str):
                _refuse(name, "must have text as JSON keys", _short(key), "write the key as text")
            _check_json(each, name, depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            _check_json(each, name, depth + 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            _refuse(name, "must hold finite numbers in JSON", _short(value), "write null instead")
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            _refuse(name, "must hold integers of at most 64 bits", "a larger one", "write it as text")
    elif value is not None and not isinstance(value, str):
        found = f"a {type(value).__name__}"
        _refuse(name, "must hold plain JSON values", found, "convert it to text, numbers or lists")


def _check_json_size(json_bytes: bytes, name: str) -> None:
    if len(json_bytes) > JSON_LIMIT:
        found = f"{len(json_bytes)} bytes"
        _refuse(name, f"must have a glassnet.json of at most {JSON_LIMIT} bytes", found, "store less in it")
    values = sum(json_bytes.count(each) for each in (b"[", b"{", b","))
    if values > JSON_VALUES_LIMIT:
        must = f"must have at most {JSON_VALUES_LIMIT} of the characters [ {{ , in glassnet.json"
        _refuse(name, must, f"{values} of them", "store less in it")


def _weights_parts(arrays: Mapping[str, NDArray[Any]], name: str) -> Iterator[bytes]:
    """Yield the header, then each array's bytes; wide dtypes first, so that each array is aligned."""
    if len(arrays) > ARRAYS_LIMIT:
        _refuse(name, f"must hold at most {ARRAYS_LIMIT} arrays", str(len(arrays)), "join some of them")
    entries: dict[str, dict[str, Any]] = {}
    pieces: list[bytes] = []
    at = 0
    codes = {key: _dtype_code(key, array, name) for key, array in arrays.items()}
    for key, code in sorted(codes.items(), key=lambda item: (-np.dtype(DTYPES[item[1]]).itemsize, item[0])):
        array = arrays[key]
        piece = array.astype(DTYPES[code], copy=False).tobytes(order="C")
        entries[key] = {"data_offsets": [at, at + len(piece)], "dtype": code, "shape": list(array.shape)}
        pieces.append(piece)
        at += len(piece)
    header = _canonical(entries, name)
    header += b" " * (-len(header) % 8)
    if 8 + len(header) + at > WEIGHTS_LIMIT:
        _refuse(name, f"must have weights of at most {WEIGHTS_LIMIT} bytes", f"{at} bytes", "make it smaller")
    yield len(header).to_bytes(8, "little") + header
    yield from pieces


def _dtype_code(key: str, array: NDArray[Any], name: str) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= NAME_LIMIT or key == "__metadata__":
        must = f"must name each array with 1 to {NAME_LIMIT} characters, other than __metadata__"
        _refuse(name, must, _short(key), "choose another name")
    if array.ndim > DIMENSIONS_LIMIT:
        must = f"must hold arrays of at most {DIMENSIONS_LIMIT} dimensions"
        _refuse(name, must, f"{_short(key)} has {array.ndim}", "reshape it")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        found = f"{_short(key)} holds NaN or infinity"
        _refuse(name, "must hold finite weights", found, "train again with a lower lr")
    for code, dtype in DTYPES.items():
        if array.dtype.newbyteorder("<") == np.dtype(dtype):
            return code
    must = "must hold arrays of bool, uint8, int64, float32 or float64"
    _refuse(name, must, f"{_short(key)} is {array.dtype}", "convert it")


def _read_weights(weights: memoryview, name: str) -> dict[str, NDArray[Any]]:
    """Read arrays as views of ``weights``, laid out as :func:`_weights_parts` does; offsets are not read."""
    size = int.from_bytes(weights[:8], "little")
    if size > min(len(weights) - 8, ARRAYS_LIMIT * 8 * NAME_LIMIT):
        _refuse(name, "must hold a header of the weights", f"a length of {size} bytes", _CHANGED)
    header = _parse(bytes(weights[8 : 8 + size]), name, "header of the weights")
    if len(header) > ARRAYS_LIMIT:
        _refuse(name, f"must hold at most {ARRAYS_LIMIT} arrays", str(len(header)), _CHANGED)
    layout = [(key, *_read_entry(key, entry, name)) for key, entry in header.items()]
    arrays: dict[str, NDArray[Any]] = {}
    rest = weights[8 + size :]
    for key, dtype, shape in sorted(layout, key=lambda item: (-item[1].itemsize, item[0])):
        length = math.prod(shape) * dtype.itemsize
        piece, rest = rest[:length], rest[length:]
        if len(piece) < length:
            _refuse(name, f"must hold {length} bytes of {_short(key)}", f"{len(piece)} bytes", _CHANGED)
        if dtype.kind == "b" and np.frombuffer(piece, np.uint8).max(initial=0) > 1:
            _refuse(name, f"must hold 0 or 1 as the bools of {_short(key)}", "a byte above 1", _CHANGED)
        arrays[key] = np.frombuffer(piece, dtype).reshape(shape)
    return arrays


def _read_entry(key: str, entry: object, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    code = entry.get("dtype") if isinstance(entry, dict) else None
    shape = entry.get("shape") if isinstance(entry, dict) else None
    if not isinstance(code, str) or code not in DTYPES:
        found = f"{_short(key)} is {_short(code)}"
        _refuse(name, f"must hold arrays of {', '.join(DTYPES)}", found, _CHANGED)
    if not isinstance(shape, list) or len(shape) > DIMENSIONS_LIMIT or not all(map(_is_count, shape)):
        must = f"must hold shapes of at most {DIMENSIONS_LIMIT} whole numbers"
        _refuse(name, must, f"{_short(key)}: {_short(shape)}", _CHANGED)
    if math.prod(max(each, 1) for each in shape) > WEIGHTS_LIMIT:
        must = f"must hold arrays of at most {WEIGHTS_LIMIT} bytes"
        _refuse(name, must, f"{_short(key)}: {_short(shape)}", _CHANGED)
    return np.dtype(DTYPES[code]), tuple(shape)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe must not block the open


def _why_unreadable(path: Path, error: Exception) -> tuple[str, str]:
    if isinstance(error, IsADirectoryError | PermissionError) and path.is_dir():
        return "it is a folder", f"give the file, such as {path / 'model.glass'}"
    if isinstance(error, FileNotFoundError):
        beside = sorted(each.name for each in path.parent.glob("*.glass"))[:1000]
        return "there is no such file", did_you_mean(path.name, beside)
    return str(getattr(error, "strerror", None) or error), _OURS


def _short(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _refuse(name: str, must: str, however: str, do: str) -> NoReturn:
    raise FormatError(message(f"{name} {must}", however, do))
