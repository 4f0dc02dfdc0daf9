"""cohorts.deidentification: pixel data that holds samples and nothing else.

Compressed frames may carry comments, and bits and bytes beyond the samples may carry anything.
Files are therefore written uncompressed, cut to the length that their header states, with the bits
above the stored ones cleared.
"""

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from cohorts.dicom.errors import IntakeError, RefusalCode


def clean_pixels(dataset: Dataset, name: str = "") -> None:
    """Decompress the pixel data in place and keep its samples alone.

    Parameters
    ----------
    dataset : pydicom Dataset
        With file meta information; without pixel data nothing happens.
    name : str
        The file, for a refusal.

    Raises
    ------
    IntakeError
        If the pixel data is shorter than the header states.

    References
    ----------
    DICOM PS3.5 8.1.1 (bits above the stored ones), 8.2 (native format), PS3.3 C.7.6.3.
    """
    if "PixelData" not in dataset:
        return
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        dataset.decompress(generate_instance_uid=False)
    allocated = int(dataset.BitsAllocated)
    samples = int(dataset.get("NumberOfFrames") or 1) * int(dataset.get("SamplesPerPixel") or 1)
    bits = int(dataset.Rows) * int(dataset.Columns) * samples * allocated
    data = bytes(dataset.PixelData)
    size = (bits + 7) // 8
    if len(data) < size:
        raise IntakeError(
            RefusalCode.PIXELS_TRUNCATED, "the pixel data is cut off; copy it again", name
        )
    data = _without_tail_bits(data[:size], bits)
    if allocated == 16:
        data = _stored_bits_only(data, dataset)
    vr = "OW" if allocated > 8 else "OB"
    dataset["PixelData"] = DataElement(0x7FE00010, vr, data + b"\0" * (len(data) % 2))


def _without_tail_bits(data: bytes, bits: int) -> bytes:
    """Clear the bits of the last byte that belong to no sample (1 bit a sample)."""
    if bits % 8 == 0:
        return data
    return data[:-1] + bytes([data[-1] & ((1 << bits % 8) - 1)])


def _stored_bits_only(data: bytes, dataset: Dataset) -> bytes:
    """Clear the bits above the stored ones; of signed samples, repeat the sign there."""
    unused = 16 - int(dataset.BitsStored)
    if unused <= 0 or int(dataset.HighBit) != int(dataset.BitsStored) - 1:
        return data
    signed = int(dataset.PixelRepresentation) == 1
    stored = np.frombuffer(data, dtype="<i2" if signed else "<u2")
    # Shifted up and down again: the arithmetic shift repeats the sign.
    return np.asarray((stored << unused) >> unused, dtype=stored.dtype).tobytes()
