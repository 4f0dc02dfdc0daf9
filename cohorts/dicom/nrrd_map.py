"""cohorts.dicom: NRRD label maps, and 3D Slicer's segmentations (.seg.nrrd)."""

import io
import re
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import nrrd
import numpy as np
from nrrd.errors import NRRDError
from numpy.typing import NDArray

from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.geometry import FloatArray, SeriesGeometry
from cohorts.dicom.grid_placement import GridPlacement, place_on_grid
from cohorts.dicom.label_map import (
    bad_values,
    label_nodes,
    mask_file_of,
    place_whole,
    refusal_of_grid,
)
from cohorts.dicom.mask_files import MaskFile, StructureVoxels, check_count, unreadable
from cohorts.dicom.masks import MaskParts, NodeMaskInput, check_label
from cohorts.dicom.source_files import SourceFile
from cohorts.dicom.structures import Structure

NRRD_UNREADABLE = (*UNREADABLE_ERRORS, NRRDError)
LARGEST_HEADER_BYTES = 1024 * 1024
MOST_LAYERS = 64
LYMPH_NODE_CODES = ("59441001", "T-C4000")
SPACES = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
"""From the axes of a space to LPS."""
TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int"), "i2"),
    **dict.fromkeys(("int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int"), "u2"),
    **dict.fromkeys(("uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "long long int", "signed long long"), "i8"),
    **dict.fromkeys(("int64", "int64_t"), "i8"),
    "float": "f4",
    "double": "f8",
}
SEGMENT_FIELD = re.compile(r"segment(\d{1,4})_(name|id|labelvalue|layer|tags)", re.IGNORECASE)


@dataclass(frozen=True)
class _Segment:
    """A segment of 3D Slicer: one value in one layer."""

    name: str
    value: int
    layer: int
    coded_as_node: bool


def open_nrrd(
    file: SourceFile, geometry: SeriesGeometry, names: Mapping[int, str] | None = None
) -> MaskFile:
    """Read an NRRD file in which every value above 0, or every segment, is one structure.

    A label map must fill the CT grid; a segmentation of 3D Slicer, which is saved cropped, must lie
    on it. Nothing is resampled. Segments of several layers may overlap and are kept whole; they are
    numbered by their values, or in their order where a value occurs in two layers.

    Parameters
    ----------
    file : SourceFile
    geometry : SeriesGeometry
        Grid of the CT series.
    names : mapping of int to str, optional
        Names of values; a segmentation brings its own.

    Raises
    ------
    IntakeError
        If the file is unreadable, has its data elsewhere, is not on the CT grid, empty, or holds
        values that are no labels.

    References
    ----------
    NRRD0005: https://teem.sourceforge.net/nrrd/format.html. 3D Slicer: "Segmentation file format
    (.seg.nrrd)", developer guide.
    """
    try:
        header, begin = _header(file)
        segments = _segments(header)
        sizes = tuple(int(size) for size in header["sizes"])
        layered = bool(segments) and len(sizes) == 4
        placement = _placement(file, header, sizes[1:] if layered else sizes, geometry, segments)
        # The shape was compared with the CT's, so the size of this read is bounded.
        values = _values(file, header, sizes, begin)
    except IntakeError:
        raise
    except NRRD_UNREADABLE as error:
        raise unreadable(file, "NRRD") from error
    layers = values if layered else values[np.newaxis]
    if segments:
        return _segmentation(
            file, [placement.oriented(layer) for layer in layers], segments, placement
        )
    nodes = label_nodes(file, placement.oriented(values), placement.box.start_zyx)
    return mask_file_of(file, nodes, names)


def _header(file: SourceFile) -> tuple[dict[str, Any], int]:
    """Return the fields of the header in small letters, and where the data begins."""
    with file.path.open("rb") as opened:
        start = opened.read(LARGEST_HEADER_BYTES)
    if not start.startswith(b"NRRD"):
        raise unreadable(file, "NRRD")
    text = io.BytesIO(start)
    given = nrrd.read_header(text)
    header = {key.casefold(): value for key, value in given.items()}
    if {"data file", "datafile"} & header.keys() or file.name.casefold().endswith(".nhdr"):
        raise IntakeError(
            RefusalCode.MASK_DETACHED,
            "is a header whose data lies in another file. Save the mask as one file (.nrrd)",
            file.name,
        )
    return header, text.tell()


def _segments(header: Mapping[str, Any]) -> list[_Segment]:
    """Return the segments that Slicer describes, in their order."""
    told: dict[int, dict[str, str]] = {}
    for key, value in header.items():
        match = SEGMENT_FIELD.fullmatch(key)
        if match:
            told.setdefault(int(match[1]), {})[match[2].casefold()] = str(value)
    return [
        _Segment(
            name=fields.get("name", fields.get("id", "")),
            value=int(fields.get("labelvalue", "1")),
            layer=int(fields.get("layer", "0")),
            coded_as_node=any(f"^{code}^" in fields.get("tags", "") for code in LYMPH_NODE_CODES),
        )
        for _, fields in sorted(told.items())
    ]


def _placement(
    file: SourceFile,
    header: Mapping[str, Any],
    shape: tuple[int, ...],
    geometry: SeriesGeometry,
    segments: list[_Segment],
) -> GridPlacement:
    refusal = refusal_of_grid(file)
    if len(shape) != 3 or int(np.prod(shape, dtype=object)) > int(np.prod(geometry.shape_zyx)):
        raise refusal(f"has the sizes {tuple(header['sizes'][:4])} in {len(header['sizes'])} axes")
    affine = _affine_to_lps(file, header)
    if not segments:
        return place_whole(file, affine, shape, geometry)
    layers = int(header["sizes"][0]) if len(header["sizes"]) == 4 else 1
    if layers > MOST_LAYERS:
        raise bad_values(file, f"{layers} layers (at most {MOST_LAYERS})")
    placement = place_on_grid(affine, shape, geometry, refusal)
    if not placement.is_within(geometry.shape_zyx):
        raise refusal("reaches beyond the CT by its affine")
    return placement


def _affine_to_lps(file: SourceFile, header: Mapping[str, Any]) -> FloatArray:
    space = str(header.get("space", "")).casefold()
    directions, origin = header.get("space directions"), header.get("space origin")
    if space not in SPACES or directions is None or origin is None:
        raise refusal_of_grid(file)(
            "has no space (left-posterior-superior or the like), space directions and space origin"
        )
    affine = np.eye(4)
    affine[:3, :3] = np.asarray(directions, dtype=np.float64)[-3:].T
    affine[:3, 3] = np.asarray(origin, dtype=np.float64)
    to_lps: FloatArray = np.diag((*SPACES[space], 1.0)) @ affine
    return to_lps


def _values(
    file: SourceFile, header: Mapping[str, Any], sizes: tuple[int, ...], begin: int
) -> NDArray[Any]:
    """Read the voxels; never more bytes than the sizes ask for."""
    kind = str(header["type"]).casefold()
    if kind not in TYPES:
        raise bad_values(file, "values that are no numbers")
    endian = ">" if str(header.get("endian", "little")).casefold() == "big" else "<"
    dtype = np.dtype(endian + TYPES[kind])
    if int(header.get("line skip", 0)) or int(header.get("byte skip", 0)):
        raise _encoding(file, "skips lines or bytes")
    wanted = int(np.prod(sizes)) * dtype.itemsize
    encoding = str(header["encoding"]).casefold()
    with file.path.open("rb") as opened:
        opened.seek(begin)
        if encoding == "raw":
            data = bytearray(opened.read(wanted))
        elif encoding in {"gzip", "gz"}:
            data = _inflated(opened, wanted)
        else:
            raise _encoding(file, f"has the encoding {encoding[:12]}")
    if len(data) < wanted:
        raise IntakeError(
            RefusalCode.PIXELS_TRUNCATED, "the data is cut off; copy the file again", file.name
        )
    return np.frombuffer(data, dtype=dtype).reshape(sizes, order="F")


def _inflated(opened: io.BufferedReader, wanted: int) -> bytearray:
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    data = bytearray()
    while len(data) < wanted and not inflater.eof:
        packed = inflater.unconsumed_tail or opened.read(1024 * 1024)
        if not packed:
            break
        data += inflater.decompress(packed, wanted - len(data))
    return data


def _encoding(file: SourceFile, found: str) -> IntakeError:
    return IntakeError(
        RefusalCode.MASK_TYPE,
        f"{found}; an NRRD mask is read with its data in the encoding raw or gzip",
        file.name,
    )


def _segmentation(
    file: SourceFile,
    layers_zyx: list[NDArray[Any]],
    segments: list[_Segment],
    placement: GridPlacement,
) -> MaskFile:
    """Return a segmentation of Slicer; voxels of a segment are read when it is chosen."""
    check_count(len(segments), "segments", file)
    for segment in segments:
        check_label(segment.value, file.name)
        if not 0 <= segment.layer < len(layers_zyx):
            raise bad_values(file, "a segment in a layer that the file does not have")
    places = {(segment.layer, segment.value) for segment in segments}
    if len(places) < len(segments):
        raise bad_values(file, "two segments with one value in one layer")
    _check_all_named(file, layers_zyx, places)
    unique = len({segment.value for segment in segments}) == len(segments)
    numbered = {
        segment.value if unique else number: segment
        for number, segment in enumerate(segments, start=1)
    }

    def read(numbers: Collection[int]) -> StructureVoxels:
        read_ones = {
            number: _node(number, segment, layers_zyx[segment.layer], placement)
            for number, segment in sorted(numbered.items())
            if number in numbers
        }
        return StructureVoxels(
            found=[node for node in read_ones.values() if node is not None],
            empty=[number for number, node in read_ones.items() if node is None],
            notes=[],
        )

    return MaskFile(
        file=file,
        structures=tuple(
            Structure(number=number, name=segment.name, coded_as_node=segment.coded_as_node)
            for number, segment in sorted(numbered.items())
        ),
        read=read,
    )


def _check_all_named(
    file: SourceFile, layers_zyx: list[NDArray[Any]], places: set[tuple[int, int]]
) -> None:
    """Refuse voxels of a value that no segment has: they would vanish silently."""
    for number, layer in enumerate(layers_zyx):
        for plane in layer:
            for value in np.unique(plane[plane != 0]):
                if (number, int(value)) not in places:
                    raise bad_values(file, f"the value {value}, which is no segment of the file")


def _node(
    number: int, segment: _Segment, layer_zyx: NDArray[Any], placement: GridPlacement
) -> NodeMaskInput | None:
    parts = MaskParts()
    z0, y0, x0 = placement.box.start_zyx
    for z, plane in enumerate(layer_zyx):
        parts.add((z0 + z, y0, x0), (plane == segment.value)[np.newaxis])
    return parts.node(number, segment.name)
