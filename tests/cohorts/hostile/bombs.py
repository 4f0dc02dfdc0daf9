"""Small uploads that claim, or unpack to, far more than they are: one folder per patient."""

import gzip
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cohorts.dicom.errors import RefusalCode
from tests.cohorts.dicom.mask_writers import nrrd_bytes, with_segments, write_structure_set
from tests.cohorts.dicom.multi_frame_files import write_enhanced
from tests.cohorts.dicom.series_files import (
    COLUMNS,
    ROWS,
    only_patient,
    ras_affine,
    write_seg,
    write_series,
)

SLICES = 3
SHAPE_XYZ = (COLUMNS, ROWS, SLICES)
UNDEFINED = 0xFFFFFFFF
ITEM = b"\xfe\xff\x00\xe0"
REFERENCED_SERIES = (0x0008, 0x1115)
PER_FRAME = (0x5200, 0x9230)
ZEROS = bytes(200 * 1024**2)
CONTOUR = [(-9, -19, 0), (-6, -19, 0), (-6, -16, 0), (-9, -16, 0)]
Write = Callable[[Path], object]


def element(tag: tuple[int, int], vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """An explicit little endian element of a VR with a long length."""
    return struct.pack("<HH2sHL", *tag, vr, 0, len(value) if length is None else length) + value


def item(value: bytes = b"") -> bytes:
    return ITEM + struct.pack("<L", len(value)) + value


def series(folder: Path, **options) -> Path:
    """Three good slices in the folder `ct`, with UIDs of their own."""
    return write_series(folder / "ct", SLICES, patient=folder.name, words=folder.name, **options)


def first_slice(folder: Path) -> Path:
    return sorted(series(folder).iterdir())[0]


def inserted(file: Path, extra: bytes) -> None:
    """Put elements in front of all others of the dataset."""
    data = file.read_bytes()
    begin = 144 + struct.unpack_from("<L", data, 140)[0]
    file.write_bytes(data[:begin] + extra + data[begin:])


def two_gigabytes(folder: Path) -> None:
    """In front of Rows a sequence that claims far more than the file has."""
    file = first_slice(folder)
    head, rows, rest = file.read_bytes().partition(b"\x28\0\x10\0US")
    file.write_bytes(head + element(REFERENCED_SERIES, b"SQ", b"", 2**31) + rows + rest)


def in_header(extra: Callable[[], bytes]) -> Write:
    return lambda folder: inserted(first_slice(folder), extra())


def in_segmentation(extra: Callable[[], bytes]) -> Write:
    return lambda folder: inserted(segmentation(folder), extra())


def deflated(extra: Callable[[], bytes]) -> Write:
    def write(folder: Path) -> None:
        file = first_slice(folder)
        dataset = pydicom.dcmread(file)
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        dataset.save_as(file)
        data = file.read_bytes()
        begin = 144 + struct.unpack_from("<L", data, 140)[0]
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        body = extra() + zlib.decompress(data[begin:], -15)
        file.write_bytes(data[:begin] + packer.compress(body) + packer.flush())

    return write


def nested_open(depth: int) -> bytes:
    start = struct.pack("<HH2sHL", *REFERENCED_SERIES, b"SQ", 0, UNDEFINED)
    return (start + ITEM + struct.pack("<L", UNDEFINED)) * depth


def nested_closed(depth: int) -> bytes:
    """Headers that each hold all that follow: built from their lengths, outermost first."""
    heads = [
        struct.pack("<HH2sHL", *REFERENCED_SERIES, b"SQ", 0, 20 * level + 8)
        + ITEM
        + struct.pack("<L", 20 * level)
        for level in reversed(range(depth))
    ]
    return b"".join(heads)


def with_attributes(**changes: object) -> Write:
    return lambda folder: series(folder, edit=lambda dataset, _: dataset.update(named(changes)))


def named(changes: dict[str, object]) -> pydicom.Dataset:
    dataset = pydicom.Dataset()
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return dataset


def coded(syntax: UID, frame: Callable[[], bytes]) -> Write:
    """Slices of which each holds one compressed frame."""

    def edit(dataset: pydicom.Dataset, _: int) -> None:
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = encapsulate([frame()])
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True

    return lambda folder: series(folder, edit=edit)


def start_of_frame(marker: int, rows: int, columns: int, components: int = 1) -> bytes:
    parts = b"".join(bytes((number, 0x11, 0)) for number in range(1, components + 1))
    size = struct.pack(">HBHHB", 8 + len(parts), 16, rows, columns, components) + parts
    scan = struct.pack(">HB", 8, 1) + (b"\1\0\0\0\0" if marker == 0xF7 else b"\1\0\1\0\0")
    return b"\xff\xd8\xff" + bytes((marker,)) + size + b"\xff\xda" + scan + bytes(64) + b"\xff\xd9"


def wavelet_stream(width: int, height: int, tile: int, components: int = 1) -> bytes:
    size = struct.pack(">H8LH", 0, width, height, 0, 0, tile, tile, 0, 0, components)
    size += b"\x0f\1\1" * components
    style = b"\0" + b"\0\0\1\0" + b"\1\4\4\0\1"
    segments = ((0x51, size), (0x52, style), (0x5C, b"\x22" + b"\x80" * 4))
    main = b"".join(
        b"\xff" + bytes((code,)) + struct.pack(">H", len(data) + 2) + data
        for code, data in segments
    )
    return b"\xff\x4f" + main + b"\xff\x90\0\n\0\0\0\0\0\0\0\1\xff\x93" + bytes(64) + b"\xff\xd9"


def run_lengths(*segments: bytes, count: int | None = None) -> bytes:
    starts = [64 + sum(len(one) for one in segments[:index]) for index in range(len(segments))]
    head = [len(segments) if count is None else count, *starts]
    return struct.pack("<16L", *head, *[0] * (16 - len(head))) + b"".join(segments)


def fragments(folder: Path) -> None:
    """A frame in a third of a million empty pieces."""
    file = first_slice(folder)
    dataset = pydicom.dcmread(file)
    dataset.file_meta.TransferSyntaxUID = RLELossless
    dataset.PixelData = item() * 333_333
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    dataset.save_as(file)


def enhanced(folder: Path) -> None:
    def edit(dataset: pydicom.Dataset) -> None:
        dataset.NumberOfFrames = 2**31 - 1

    write_enhanced(folder / "ct", edit=edit, patient=folder.name, words=folder.name)


def segmentation(folder: Path, **changes: object) -> Path:
    series(folder)
    masks = np.zeros((SLICES, ROWS, COLUMNS, 1), np.uint8)
    masks[1, 2:4, 2:5] = 1
    files = only_patient(folder).ct_files
    files = sorted(files, key=lambda one: float(one.header.ImagePositionPatient[2]))
    file = write_seg(folder / "seg.dcm", files, masks)
    if changes:
        dataset = pydicom.dcmread(file)
        dataset.update(named(changes))
        dataset["PixelData"].VR = "OB"
        dataset.save_as(file)
    return file


def with_segmentation(**changes: object) -> Write:
    return lambda folder: segmentation(folder, **changes)


def many_segments(folder: Path) -> None:
    one = b"\x62\0\4\0US\2\0\1\0"  # SegmentNumber
    file = segmentation(folder)
    dataset = pydicom.dcmread(file)
    del dataset.SegmentSequence
    dataset.save_as(file)
    numbers = b"".join(item(one[:-2] + struct.pack("<H", n)) for n in range(1, 20_001))
    inserted(file, element((0x0062, 0x0002), b"SQ", numbers))


def long_pixels(folder: Path) -> None:
    segmentation(folder, PixelData=bytes(40 * 1024**2))


def structures(contours: Callable[[], dict]) -> Write:
    def write(folder: Path) -> None:
        ct = pydicom.dcmread(first_slice(folder))
        write_structure_set(folder / "rt.dcm", ct, contours())

    return write


def contours_of_one_roi(items: Callable[[], bytes]) -> Write:
    """A structure set whose only structure has these items as contours."""

    def write(folder: Path) -> None:
        structures(lambda: {(1, "LN"): [("CLOSED_PLANAR", CONTOUR)]})(folder)
        file = folder / "rt.dcm"
        dataset = pydicom.dcmread(file)
        del dataset.ROIContourSequence
        dataset.save_as(file)
        number = struct.pack("<HH2sH", 0x3006, 0x84, b"IS", 2) + b"1 "
        roi = number + element((0x3006, 0x40), b"SQ", items())
        inserted(file, element((0x3006, 0x39), b"SQ", item(roi)))

    return write


def many_points() -> bytes:
    kind = struct.pack("<HH2sH", 0x3006, 0x42, b"CS", 14) + b"CLOSED_PLANAR "
    return item(kind + element((0x3006, 0x50), b"UN", b"1\\" * 2_400_000))


def label_map(change: Callable[[bytearray], bytes], ending: str = "nii.gz") -> Write:
    """A NIfTI file of the right grid, its bytes changed, then compressed."""

    def write(folder: Path) -> None:
        series(folder)
        image = nibabel.Nifti1Image(np.zeros(SHAPE_XYZ, np.uint8), ras_affine())
        data = change(bytearray(image.to_bytes()))
        packed = gzip.compress(data, 9) if ending.endswith("gz") else data
        (folder / f"nodes.{ending}").write_bytes(packed)

    return write


def at(place: int, form: str, *values: float) -> Callable[[bytearray], bytes]:
    def change(data: bytearray) -> bytes:
        struct.pack_into(form, data, place, *values)
        return bytes(data)

    return change


def map_nrrd(content: Callable[[], bytes], name: str = "nodes.nrrd") -> Write:
    def write(folder: Path) -> None:
        series(folder)
        (folder / name).write_bytes(content())

    return write


def empty_nrrd(**fields: object) -> bytes:
    return nrrd_bytes(np.zeros(SHAPE_XYZ, np.uint8), **fields)


def label_table(text: Callable[[], str]) -> Write:
    def write(folder: Path) -> None:
        label_map(bytes)(folder)
        (folder / "nodes.labels.csv").write_text(text(), encoding="utf-8")

    return write


PRIVATE = struct.pack("<HH2sH", 0x0009, 0x1001, b"LO", 0)
J2K_HUGE = lambda: wavelet_stream(2**31 - 1, 2**31 - 1, 2**31 - 1)  # noqa: E731
CODE = RefusalCode
BOMBS: dict[str, tuple[Write, RefusalCode]] = {
    "deflated zeros": (deflated(lambda: element((9, 0x1002), b"OB", ZEROS)), CODE.TOO_COMPLEX),
    "deflated elements": (deflated(lambda: PRIVATE * 2_000_000), CODE.TOO_COMPLEX),
    "sequences of open length": (in_header(lambda: nested_open(10_000)), CODE.UNREADABLE),
    "sequences of known length": (in_header(lambda: nested_closed(10_000)), CODE.TOO_COMPLEX),
    "a million items": (
        in_header(lambda: element(REFERENCED_SERIES, b"SQ", item() * 1_000_000, UNDEFINED)),
        CODE.TOO_COMPLEX,
    ),
    "a million items of known length": (
        in_segmentation(lambda: element((8, 0x1115), b"SQ", item() * 1_000_000)),
        CODE.TOO_COMPLEX,
    ),
    "two million elements in an item": (
        in_segmentation(lambda: element((8, 0x1115), b"SQ", item(PRIVATE * 2_000_000))),
        CODE.TOO_COMPLEX,
    ),
    "an element of two gigabytes": (two_gigabytes, CODE.ATTRIBUTE_MISSING),
    "endless private elements": (in_header(lambda: PRIVATE * 500_000), CODE.TOO_COMPLEX),
    "65535 x 65535": (with_attributes(Rows=65535, Columns=65535), CODE.IMAGE_TOO_LARGE),
    "large and empty": (with_attributes(Rows=4096, Columns=4096), CODE.PIXELS_TRUNCATED),
    "frames of a slice": (with_attributes(NumberOfFrames=2**31 - 1), CODE.ATTRIBUTE_INVALID),
    "frames of a volume": (enhanced, CODE.ENHANCED_MULTI_FRAME),
    "jpeg": (
        coded(JPEGLosslessSV1, lambda: start_of_frame(0xC3, 65535, 65535)),
        CODE.PIXELS_UNDECODABLE,
    ),
    "jpeg-ls": (
        coded(JPEGLSLossless, lambda: start_of_frame(0xF7, 65535, 65535)),
        CODE.PIXELS_UNDECODABLE,
    ),
    "jpeg-ls components": (
        coded(JPEGLSLossless, lambda: start_of_frame(0xF7, ROWS, COLUMNS, 255)),
        CODE.PIXELS_UNDECODABLE,
    ),
    "jpeg 2000": (coded(JPEG2000Lossless, J2K_HUGE), CODE.PIXELS_UNDECODABLE),
    "high-throughput jpeg 2000": (coded(HTJ2KLossless, J2K_HUGE), CODE.PIXELS_UNDECODABLE),
    "jpeg 2000 components": (
        coded(JPEG2000Lossless, lambda: wavelet_stream(COLUMNS, ROWS, 64, 16384)),
        CODE.PIXELS_UNDECODABLE,
    ),
    "rle runs": (
        coded(RLELossless, lambda: run_lengths(b"\x81\0" * 2_000_000, b"\x81\0" * 2_000_000)),
        CODE.PIXELS_UNDECODABLE,
    ),
    "rle segments": (
        coded(RLELossless, lambda: run_lengths(b"\0\0", count=2**32 - 1)),
        CODE.PIXELS_UNDECODABLE,
    ),
    "pieces of a frame": (fragments, CODE.TOO_COMPLEX),
    "frames of a segmentation": (with_segmentation(NumberOfFrames=2**31 - 1), CODE.MASK_VALUES),
    "size of a segmentation": (with_segmentation(Rows=65535, Columns=65535), CODE.MASK_GRID),
    "segments": (many_segments, CODE.MASK_VALUES),
    "pixels of a segmentation": (long_pixels, CODE.TOO_COMPLEX),
    "points of a contour": (contours_of_one_roi(many_points), CODE.TOO_COMPLEX),
    "contours": (contours_of_one_roi(lambda: item() * 1_000_000), CODE.TOO_COMPLEX),
    "structures": (structures(lambda: {(n, "LN"): [] for n in range(3000)}), CODE.TOO_COMPLEX),
    "nifti gzip": (label_map(lambda data: bytes(data) + ZEROS), CODE.MASK_EMPTY),
    "nifti size": (label_map(at(40, "<4h", 3, 32767, 32767, 32767), "nii"), CODE.MASK_GRID),
    "nifti volumes": (label_map(at(40, "<5h", 4, *SHAPE_XYZ, 32767), "nii"), CODE.MASK_VALUES),
    "nifti offset": (label_map(lambda data: at(108, "<f", 2e8)(data) + ZEROS), CODE.UNREADABLE),
    "nrrd gzip": (
        map_nrrd(lambda: empty_nrrd(encoding="gzip", data=gzip.compress(ZEROS, 9))),
        CODE.MASK_EMPTY,
    ),
    "nrrd size": (map_nrrd(lambda: empty_nrrd(sizes="99999999 99999999 99999999")), CODE.MASK_GRID),
    "nrrd axes": (map_nrrd(lambda: empty_nrrd(sizes="1 " * 400_000)), CODE.MASK_GRID),
    "nrrd header": (map_nrrd(lambda: b"NRRD0005\n" + b"key:=value\n" * 500_000), CODE.UNREADABLE),
    "slicer segments": (
        map_nrrd(
            lambda: with_segments(
                empty_nrrd(), *({"LabelValue": str(number + 1)} for number in range(9999))
            ),
            "nodes.seg.nrrd",
        ),
        CODE.MASK_VALUES,
    ),
    "label table": (label_table(lambda: "value,name\n" + "1,a\n" * 1_000_000), CODE.LABEL_TABLE),
    "columns of a label table": (label_table(lambda: "value," * 40_000), CODE.LABEL_TABLE),
}
