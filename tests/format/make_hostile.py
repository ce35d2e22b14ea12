"""Hostile ``.glass`` files, written by a second implementation of docs/format.md that can also lie.

``cases()`` gives them all by name, with the words that the refusal must contain; run as a script it writes
one of each kind to ``hostile/``, where other readers of the format can find them.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).with_name("hostile")
JSON, WEIGHTS = b"glassnet.json", b"weights.safetensors"
Entry = dict[str, int | bytes]
IN_FOLDER = (
    *("pickle", "pytorch", "packed_again", "truncated", "appended", "path", "same_member_twice"),
    *("encrypted", "zip64", "directory_disagrees", "hidden_between", "wrong_crc"),
    *("newer_format", "more_keys", "json_key_twice", "json_nan", "json_deep"),
    *("weights_huge_header", "weights_overlap", "weights_hole", "weights_negative", "weights_huge_shape"),
    *("weights_object_dtype", "weights_nan"),
)


def weights(header: object = None, body: bytes | None = None, length: int | None = None) -> bytes:
    """Write safetensors: two float32 numbers named ``w``, or whatever is asked for."""
    plain = {"w": {"data_offsets": [0, 8], "dtype": "F32", "shape": [2]}}
    text = header if isinstance(header, bytes) else canonical(plain if header is None else header)
    text += b" " * (-len(text) % 8)
    body = struct.pack("<2f", 1.5, -2.0) if body is None else body
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def canonical(value: object) -> bytes:
    """Write JSON as the format wants it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def document(data: bytes, manifest: object = None, **changes: object) -> bytes:
    """Write the glassnet.json that belongs to these weights; a change to ``...`` leaves a key out."""
    digest = hashlib.sha256(data).hexdigest()
    manifest = {"task": "regression"} if manifest is None else manifest
    values = {"format": 1, "manifest": manifest, "weights_sha256": digest, **changes}
    return canonical({key: value for key, value in values.items() if value is not ...})


def local(entry: Entry) -> bytes:
    """Write the local header of a member."""
    fields = [entry[key] for key in ("needs", "flags", "method", "time", "date", "crc", "packed", "size")]
    name, extra = entry["name"], entry["extra"]
    return struct.pack("<4s5H3I2H", b"PK\3\4", *fields, len(name), len(extra)) + name + extra


def central(entry: Entry) -> bytes:
    """Write the directory's entry of a member."""
    fields = [entry[key] for key in ("needs", "flags", "method", "time", "date", "crc", "packed", "size")]
    name, extra = entry["name"], entry["extra"]
    rest = (len(name), len(extra), 0, 0, 0, entry["attributes"], entry["at"])
    return struct.pack("<4s6H3I5H2I", b"PK\1\2", 0x030A, *fields, *rest) + name + extra


def member(name: bytes, data: bytes, at: int, changes: Entry | None) -> Entry:
    """Describe a member truthfully, but for the changes."""
    plain: Entry = {"needs": 10, "flags": 0, "method": 0, "time": 0, "date": 0x21, "extra": b"", "at": at}
    sums: Entry = {"crc": zlib.crc32(data), "packed": len(data), "size": len(data), "name": name}
    return {**plain, **sums, "attributes": 0o100644 << 16, **(changes or {})}


def glass(
    data: bytes | None = None,
    text: bytes | None = None,
    *,
    first: Entry | None = None,
    second: Entry | None = None,
    listed_second: Entry | None = None,
    more: tuple[tuple[bytes, bytes], ...] = (),
    between: bytes = b"",
    end: tuple[int, ...] | None = None,
    comment: bytes | None = None,
) -> bytes:
    """Write a file around these weights and this JSON; every digest is right unless a change is asked for."""
    data = weights() if data is None else data
    text = document(data) if text is None else text
    written, directory = b"", b""
    plan = [(JSON, text, first, first), (WEIGHTS, data, second, listed_second or second)]
    for name, content, changes, listed in [*plan, *((name, content, None, None) for name, content in more)]:
        at = len(written)
        written += local(member(name, content, at, changes)) + content
        directory += central(member(name, content, at, listed))
    written += between
    comment = b"sha256:" + hashlib.sha256(text).hexdigest().encode() if comment is None else comment
    count = 2 + len(more)
    fields = end or (0, 0, count, count, len(directory), len(written))
    return written + directory + struct.pack("<4s4H2IH", b"PK\5\6", *fields, len(comment)) + comment


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Write an ordinary zip, as another program would."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            archive.writestr(info, content, method)
    return file.getvalue()


class Exploit:
    """Unpickled, this would end the process."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return exec, ("raise SystemExit('a pickle was run')",)


def other_files() -> dict[str, tuple[bytes, str]]:
    """Be another file, or a whole one with something missing or added."""
    good, plain = glass(), {"glassnet.json": document(weights()), "weights.safetensors": weights()}
    differs = "SHA-256"
    return {
        "empty": (b"", "an empty file"),
        "text": (b"hello", "looks like text"),
        "pickle": (pickle.dumps(Exploit(), 4), "a pickle"),
        "pytorch": (zipped({"net/data.pkl": pickle.dumps(Exploit(), 4)}), "a PyTorch checkpoint"),
        "safetensors": (weights(), "bare safetensors"),
        "other_zip": (zipped({"a.txt": b"a"}), "a zip archive of another kind"),
        "packed_again": (zipped(dict(reversed(plain.items()))), "packed again"),
        "compressed": (zipped(plain, zipfile.ZIP_DEFLATED), "must end with"),
        "truncated": (good[:-100], "cut short"),
        "appended": (good + b"\0", "something follows"),
        "prepended": (b"\0" + good, "unknown bytes"),
        "two_files": (good + glass(text=document(weights(), {"task": "other"})), differs),
    }


def containers() -> dict[str, tuple[bytes, str]]:
    """Lie in the zip."""
    good = glass()
    directory = (0, 0, 2, 2, 124, len(good) - 217)
    zip64 = {"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF, "extra": struct.pack("<2H2Q", 1, 16, 72, 72)}
    exact, differs = "exactly what Glassnet writes", "SHA-256"
    return {
        "path": (glass(more=((b"../../.bashrc", b"evil"),)), differs),
        "extra_member": (glass(more=((b"model.py", b"evil"),)), differs),
        "same_member_twice": (glass(more=((WEIGHTS, weights()),)), differs),
        "hidden_between": (glass(between=b"evil"), differs),
        "swapped_names": (
            glass(first={"name": b"weights.json!"}, second={"name": b"glassnet.json"}),
            "looks",
        ),
        "encrypted": (glass(second={"flags": 1}), exact),
        "claims_deflated": (glass(second={"method": 8}), exact),
        "zip64": (glass(second=zip64), differs),
        "directory_disagrees": (glass(listed_second={"size": 4, "packed": 4}), exact),
        "directory_renames": (glass(listed_second={"name": b"../../.bash_profile"}), exact),
        "overlapping_members": (glass(listed_second={"at": 0}), exact),
        "wrong_crc": (glass(second={"crc": 0}), exact),
        "symbolic_link": (glass(listed_second={"attributes": 0o120777 << 16}), exact),
        "later_date": (glass(first={"date": 0x22}), exact),
        "extra_field": (glass(first={"extra": b"ab\0\0"}), differs),
        "huge_json_size": (glass(first={"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF}), "must end with"),
        "small_json_size": (glass(first={"size": 5, "packed": 5}), differs),
        "thousand_entries": (glass(end=(0, 0, 1000, 1000, *directory[4:])), exact),
        "directory_elsewhere": (glass(end=(*directory[:5], 0xFFFFFFFF)), exact),
        "other_comment": (glass(comment=b"hello"), "must end with"),
        "wrong_digest": (glass(comment=b"sha256:" + b"0" * 64), differs),
        "capital_digest": (good[:-64] + good[-64:].upper(), differs),
    }


def jsons() -> dict[str, tuple[bytes, str]]:
    """Lie in glassnet.json, with the right digests."""
    data, text = weights(), document(weights())
    raw: dict[str, tuple[bytes, str]] = {
        "json_spaces": (text.replace(b":", b": "), "exactly"),
        "json_order": (b'{"manifest":{},' + document(data, manifest=...)[1:], "exactly"),
        "json_key_twice": (b'{"format":1,' + text[1:], "exactly"),
        "json_escapes": (text.replace(b"regression", b"\\u0072egression"), "exactly"),
        "json_byte_order_mark": (b"\xef\xbb\xbf" + text, "readable glassnet.json"),
        "json_utf16": (text.decode().encode("utf-16-le"), "readable glassnet.json"),
        "json_not_utf8": (text.replace(b"regression", b"\xff"), "readable glassnet.json"),
        "json_surrogate": (text.replace(b"regression", b"\\ud800"), "UTF-8"),
        "json_nan": (text.replace(b'"regression"', b"NaN"), "finite"),
        "json_infinity": (text.replace(b'"regression"', b"1e999"), "finite"),
        "json_float_spelling": (text.replace(b'"regression"', b"1.50"), "exactly"),
        "json_integer_64": (text.replace(b'"regression"', b"9223372036854775808"), "64 bits"),
        "json_integer_long": (text.replace(b'"regression"', b"9" * 5000), "readable"),
        "json_deep": (text.replace(b'"regression"', b"[" * 63 + b"]" * 63), "64 levels"),
        "json_very_deep": (text.replace(b'"regression"', b"[" * 99999 + b"]" * 99999), "must"),
        "json_many": (text.replace(b'"regression"', b"[" + b"0," * (1 << 22) + b"0]"), "characters [ { ,"),
        "json_list": (b"[]", "a JSON object"),
        "json_nothing": (b"", "readable"),
        "newer_format": (document(data, format=2), "update glassnet"),
        "boolean_format": (document(data, format=True), "exactly"),
        "float_format": (document(data, format=1.0), "exactly"),
        "nested_format": (document(data, format=[[[1]]]), "update glassnet"),
        "no_format": (document(data, format=...), "update glassnet"),
        "no_manifest": (document(data, manifest=...), "must hold a manifest"),
        "manifest_list": (document(data, manifest=[1]), "must hold a manifest"),
        "more_keys": (document(data, code="import os"), "exactly"),
        "wrong_weights_digest": (
            document(data, weights_sha256="0" * 64),
            "the weights that it was saved with",
        ),
        "no_weights_digest": (document(data, weights_sha256=...), "the weights that it was saved with"),
    }
    return {name: (glass(data, text), words) for name, (text, words) in raw.items()}


def one(
    shape: object = (2,), dtype: object = "F32", offsets: object = (0, 8), **more: object
) -> dict[str, object]:
    """Describe one array in the header of the weights."""
    return {"data_offsets": offsets, "dtype": dtype, "shape": shape, **more}


def headers() -> dict[str, tuple[bytes, str]]:
    """Lie in the header of the weights, with the right digests."""
    two, sixteen = {"a": one(), "b": one(offsets=(8, 16))}, bytes(16)
    raw: dict[str, tuple[bytes, str]] = {
        "weights_nothing": (b"", "header of the weights"),
        "weights_huge_header": (weights(length=2**63), "header of the weights"),
        "weights_long_header": (weights(length=1000), "header of the weights"),
        "weights_short_header": (weights(length=8), "readable header"),
        "weights_deep_header": (weights(b'{"w":' + b"[" * 5000 + b"]" * 5000 + b"}"), "must"),
        "weights_header_list": (weights([]), "a JSON object"),
        "weights_header_spaces": (
            weights(b' {"w":{"data_offsets":[0,8],"dtype":"F32","shape":[2]}}'),
            "exactly",
        ),
        "weights_overlap": (weights({**two, "b": one()}, sixteen), "exactly"),
        "weights_swapped": (weights({"a": one(offsets=(8, 16)), "b": one()}, sixteen), "exactly"),
        "weights_hole": (weights({**two, "b": one(offsets=(12, 20))}, bytes(20)), "exactly"),
        "weights_negative": (weights({"w": one(offsets=(-8, 0))}), "exactly"),
        "weights_after": (weights(body=bytes(12)), "exactly"),
        "weights_missing": (weights(body=bytes(4)), "must hold 8 bytes"),
        "weights_metadata": (weights({"w": one(), "__metadata__": {"a": "b"}}), "must hold arrays of"),
        "weights_more_keys": (weights({"w": one(path="/etc/passwd")}), "exactly"),
        "weights_twice": (weights(b'{"w":%s,"w":%s}' % ((canonical(one()),) * 2)), "exactly"),
        "weights_no_name": (weights({"": one()}), "1 to 512 characters"),
        "weights_long_name": (weights({"w" * 513: one()}), "1 to 512 characters"),
    }
    return {name: (glass(data), words) for name, (data, words) in raw.items()}


def arrays() -> dict[str, tuple[bytes, str]]:
    """Lie in the description or in the bytes of an array, with the right digests."""
    raw: dict[str, tuple[bytes, str]] = {
        "weights_huge_shape": (weights({"w": one(shape=(2**62, 2**62))}), "must hold arrays of at most"),
        "weights_zero_times_huge": (weights({"w": one(shape=(0, 2**62, 4))}), "must hold arrays of at most"),
        "weights_large_shape": (weights({"w": one(shape=(2**30,))}), "must hold 4294967296 bytes"),
        "weights_negative_shape": (weights({"w": one(shape=(-2, -1))}), "must hold shapes"),
        "weights_float_shape": (weights({"w": one(shape=(2.0,))}), "must hold shapes"),
        "weights_boolean_shape": (weights({"w": one(shape=(2, True))}), "must hold shapes"),
        "weights_text_shape": (weights({"w": one(shape="2")}), "must hold shapes"),
        "weights_nested_shape": (weights({"w": one(shape=[[[2]]])}), "must hold shapes"),
        "weights_nine_dimensions": (weights({"w": one(shape=(2, *[1] * 8))}), "must hold shapes"),
        "weights_other_dtype": (weights({"w": one(dtype="F16", shape=(4,))}), "must hold arrays of"),
        "weights_object_dtype": (weights({"w": one(dtype="O", shape=(1,))}), "must hold arrays of"),
        "weights_list_dtype": (weights({"w": one(dtype=["F32"])}), "must hold arrays of"),
        "weights_not_described": (weights({"w": 1}), "must hold arrays of"),
        "weights_nan": (weights(body=struct.pack("<2f", 1.0, float("nan"))), "finite"),
        "weights_infinite": (weights(body=struct.pack("<2f", 1.0, float("inf"))), "finite"),
        "weights_bool_two": (weights({"w": one(dtype="BOOL", shape=(8,))}, b"\0\1\2\3\0\0\0\0"), "0 or 1"),
        "weights_many": (
            weights({f"{n:04}": one((0,), offsets=(0, 0)) for n in range(4097)}, b""),
            "4096 arrays",
        ),
    }
    return {name: (glass(data), words) for name, (data, words) in raw.items()}


def cases() -> dict[str, tuple[bytes, str]]:
    """Give every hostile file by name, with words of the refusal."""
    return {**other_files(), **containers(), **jsons(), **headers(), **arrays()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in IN_FOLDER:
        (FOLDER / f"{name}.glass").write_bytes(cases()[name][0])
