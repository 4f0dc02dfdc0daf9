"""cohorts.channels: a C-STORE receiver (DICOM PS3.4 annex B) for CT, SEG and RTSTRUCT.

Needs the extra "network"; only the command that starts a receiver imports this.
"""

import ipaddress
import logging
import socket
import tempfile
from dataclasses import dataclass, field
from typing import Any

from pynetdicom import AE, _config, evt

from cohorts.channels.received_files import ReceivedFiles, StoreStatus

logger = logging.getLogger("nodewise.receive")

VERIFICATION = "1.2.840.10008.1.1"
STORED = (
    "1.2.840.10008.5.1.4.1.1.2",  # CT Image
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT Image
    "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT Image
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
    "1.2.840.10008.5.1.4.1.1.481.3",  # RT Structure Set
)
# Lossless ones. Deflated is left out: to look into it means to inflate it, and a sender that
# could deflate can as well send it plain.
LOSSLESS = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.5",
)
REJECT_PEER = (0x01, 0x01, 0x03)
"""Permanent, by the service user, calling AE title not recognised (PS3.8 table 9-21)."""
PDU_OVERHEAD = 1.05
TIMEOUT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Peer:
    """An application entity that may send, and the addresses from which it may."""

    ae_title: str
    addresses: frozenset[str]


def parse_peer(told: str) -> Peer:
    """Read ``AET@host``; the host's name is looked up once.

    Raises
    ------
    ValueError
        If it has another form or the host is not known.
    """
    title, at, host = told.partition("@")
    if not at or not host or not title.strip() or len(title) > 16:
        raise ValueError(f"'{told}' is no peer: give AET@host, an AE title of 1 to 16 characters.")
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as fault:
        raise ValueError(f"The host of the peer '{told}' is not known.") from fault
    addresses = frozenset(str(entry[4][0]) for entry in found)
    return Peer(ae_title=title.strip(), addresses=addresses)


def is_loopback(host: str) -> bool:
    """Say whether an address can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass
class Receiver:
    """Listens, and keeps what allowed peers send; ``peers`` empty: whoever can reach it."""

    files: ReceivedFiles
    ae_title: str
    host: str
    port: int
    peers: tuple[Peer, ...] = ()
    timeout_s: float = TIMEOUT_S
    max_associations: int = 8
    _open: dict[int, set[str]] = field(default_factory=dict)
    _bytes: dict[int, int] = field(default_factory=dict)

    def start(self) -> None:
        """Begin to listen in threads of its own."""
        # Instances go to the disk as they come, and to the disk of the folder that keeps them.
        _config.STORE_RECV_CHUNKED_DATASET = True
        tempfile.tempdir = str(self.files.transit)
        entity = AE(ae_title=self.ae_title)
        entity.require_called_aet = True
        entity.maximum_associations = self.max_associations
        entity.network_timeout = entity.acse_timeout = entity.dimse_timeout = self.timeout_s
        entity.add_supported_context(VERIFICATION)
        for sop_class in STORED:
            entity.add_supported_context(sop_class, list(LOSSLESS))
        self._server = entity.start_server(
            (self.host, self.port),
            block=False,
            evt_handlers=[
                (evt.EVT_REQUESTED, self._on_requested),
                (evt.EVT_DATA_RECV, self._on_bytes),
                (evt.EVT_C_STORE, self._on_store),
                (evt.EVT_C_ECHO, lambda _: 0x0000),
                (evt.EVT_CONN_CLOSE, self._on_closed),
            ],
        )

    def stop(self) -> None:
        """End every association and stop listening."""
        if self._server is not None:
            self._server.shutdown()

    @property
    def busy(self) -> frozenset[str]:
        """Studies to which an open association has sent."""
        return frozenset(study for studies in list(self._open.values()) for study in studies)

    def _on_requested(self, event: Any) -> None:
        caller = event.assoc.requestor
        title = str(caller.primitive.calling_ae_title).strip()
        if self.peers and not any(
            peer.ae_title == title and caller.address in peer.addresses for peer in self.peers
        ):
            logger.warning("peer refused", extra={"job": "receive"})
            event.assoc.acse.send_reject(*REJECT_PEER)
            event.assoc.kill()  # only once the answer is on its way
            return
        self._open[id(event.assoc)] = set()

    def _on_bytes(self, event: Any) -> None:
        """Break off an instance that outgrows its limit before it fills the disk."""
        key = id(event.assoc)
        self._bytes[key] = self._bytes.get(key, 0) + len(event.data)
        if self._bytes[key] > self.files.limits.instance_bytes * PDU_OVERHEAD:
            logger.warning("instance too large", extra={"job": "receive"})
            event.assoc.abort()

    def _on_store(self, event: Any) -> int:
        self._bytes[id(event.assoc)] = 0
        uid = str(event.request.AffectedSOPInstanceUID)
        status, study = self.files.keep(event.dataset_path, uid)
        if study:
            self._open.setdefault(id(event.assoc), set()).add(study)
        if status is not StoreStatus.SUCCESS:
            logger.warning("instance refused", extra={"job": "receive", "status": status.name})
        return int(status)

    def _on_closed(self, event: Any) -> None:
        self._open.pop(id(event.assoc), None)
        self._bytes.pop(id(event.assoc), None)
