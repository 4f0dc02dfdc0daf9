"""Every way in which an archive can fail has its code; a server on this machine fails so.

What a real archive does is in `test_archive`.
"""

import gzip
import ipaddress
import json
import ssl
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from cohorts.channels import archive_session
from cohorts.channels.archive_settings import ArchiveSettings
from cohorts.channels.dicomweb import ArchiveConnection, FoundSeries
from cohorts.dicom.errors import IntakeError, RefusalCode

pytest.importorskip("dicomweb_client", reason="the extra 'network' is not installed")
pytestmark = pytest.mark.no_database

SERIES = FoundSeries(
    term="P1",
    study_uid="1.2.3",
    study_date="",
    series_uid="1.2.4",
    modality="CT",
    description="",
    instances=None,
)
FILE = bytes(128) + b"DICM" + bytes(range(256)) * 40
JSON, HTML = "application/dicom+json", "text/html; charset=utf-8"
RELATED = 'multipart/related; type="application/dicom"; boundary=edge'
PART = b"--edge\r\nContent-Type: application/dicom\r\n\r\n" + FILE + b"\r\n--edge--\r\n"


class Answer:
    """What the server says to everything: a status, headers, and a body that may be cut."""

    def __init__(
        self, body=b"", kind=JSON, status=200, *, missing=0, wait_s=0, silence_s=0, **headers
    ):
        self.body, self.status = body, status
        self.wait_s, self.silence_s = wait_s, silence_s
        self.headers = {"Content-Type": kind, "Content-Length": str(len(body) + missing)}
        self.headers |= {name.replace("_", "-"): value for name, value in headers.items()}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.asked, self.over = [], [], threading.Event()

    def handle_error(self, request, client_address):
        """A client that hangs up is what some of these tests are about."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append((self.path, dict(self.headers)))
        # The last answer is given again and again.
        answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        server.over.wait(answer.wait_s)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()
        server.over.wait(answer.silence_s)

    def log_message(self, *_):
        """Be silent."""


@contextmanager
def serving(context=None):
    server = Server()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server():
    with serving() as running:
        yield running


def connection_to(server, *, scheme="http", waits_s=(), **changes):
    told = {
        "name": "Hospital",
        "url": f"{scheme}://127.0.0.1:{server.server_port}/dicom-web",
        "cohorts": (),
        "timeout_s": 5.0,
    }
    return ArchiveConnection(ArchiveSettings(**told | changes), waits_s=waits_s)


def fetched(server, tmp_path, **changes):
    target = tmp_path / "got.dcm"
    room = changes.pop("room", 10**6)
    size = connection_to(server, **changes).fetch(SERIES, "1.2.5", target, room=room)
    assert size == target.stat().st_size
    return target.read_bytes()


def refusal_of(ask):
    with pytest.raises(IntakeError) as caught:
        ask()
    assert "1.2." not in caught.value.message, "a UID leads to a patient"
    return caught.value.code


def refused(server, tmp_path, **changes):
    """The code of a fetch that fails, which leaves nothing behind."""
    code = refusal_of(lambda: fetched(server, tmp_path, **changes))
    assert list(tmp_path.iterdir()) == []
    return code


def search(server, **changes):
    return connection_to(server, **changes).search("PatientID", "P1")


@pytest.mark.parametrize("kind", [RELATED, RELATED.replace(' type="application/dicom";', "")])
def test_a_file_comes_byte_for_byte(server, tmp_path, kind):
    server.answers = [Answer(PART, kind)]
    assert fetched(server, tmp_path) == FILE
    (path, headers), *_ = server.asked
    assert path == "/dicom-web/studies/1.2.3/series/1.2.4/instances/1.2.5"
    assert "transfer-syntax=*" in headers["Accept"]


def test_a_bare_file_is_taken_too(server, tmp_path):
    server.answers = [Answer(FILE, "application/dicom")]
    assert fetched(server, tmp_path) == FILE


class TestRedirects:
    def test_to_another_address_is_not_followed(self, server, tmp_path):
        with serving() as elsewhere:
            elsewhere.answers = [Answer(PART, RELATED)]
            away = f"http://127.0.0.1:{elsewhere.server_port}/dicom-web/there"
            server.answers = [Answer(status=302, Location=away)]
            assert refused(server, tmp_path) is RefusalCode.REMOTE_REDIRECT
            assert refusal_of(lambda: search(server)) is RefusalCode.REMOTE_REDIRECT
            assert elsewhere.asked == []

    @pytest.mark.parametrize("away", ["https://127.0.0.1:{port}/x", "//localhost:{port}/x"])
    def test_neither_is_another_scheme_or_name_of_the_same_port(self, server, tmp_path, away):
        told = away.format(port=server.server_port)
        server.answers = [Answer(status=307, Location=told)]
        assert refused(server, tmp_path) is RefusalCode.REMOTE_REDIRECT
        assert len(server.asked) == 1

    def test_within_the_archive_is_followed_with_the_credentials(
        self, server, tmp_path, monkeypatch
    ):
        monkeypatch.setenv("TEST_TOKEN", "secret")
        server.answers = [Answer(status=302, Location="/dicom-web/moved"), Answer(PART, RELATED)]
        assert fetched(server, tmp_path, token_env="TEST_TOKEN") == FILE
        assert [path for path, _ in server.asked][1:] == ["/dicom-web/moved"]
        assert {headers["Authorization"] for _, headers in server.asked} == {"Bearer secret"}

    def test_without_end_is_given_up(self, server, tmp_path):
        server.answers = [Answer(status=302, Location="/dicom-web/again")]
        assert refused(server, tmp_path) is RefusalCode.REMOTE_UNREACHABLE
        assert len(server.asked) < 50


class TestContent:
    @pytest.mark.parametrize(
        "kind",
        [
            HTML,
            JSON,
            "",
            "multipart/related",
            'multipart/related; type="image/jls"; boundary=edge',
            "multipart/form-data; boundary=edge",
        ],
    )
    def test_what_is_no_dicom_file_is_refused_by_its_kind(self, server, tmp_path, kind):
        server.answers = [Answer(PART, kind)]
        assert refused(server, tmp_path) is RefusalCode.REMOTE_CONTENT_TYPE

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"<html>Please sign in</html>", HTML),
            (b"<html>Please sign in</html>", JSON),
            (b'["no object"]', JSON),
            (b"[null]", JSON),
            (b"\xff\xfe[", JSON),
            (b"[" * 100_000, JSON),
        ],
    )
    def test_a_list_that_is_none_is_refused(self, server, body, kind):
        server.answers = [Answer(body, kind)]
        assert refusal_of(lambda: search(server)) is RefusalCode.REMOTE_CONTENT_TYPE

    @pytest.mark.parametrize("status", [200, 204])
    def test_an_empty_answer_finds_nothing(self, server, status):
        server.answers = [Answer(status=status)]
        assert search(server) == []

    @pytest.mark.parametrize("uid", ["../../x", "1.2.3/instances", "", "1" * 65])
    def test_a_uid_that_is_none_never_becomes_an_address(self, server, uid):
        told = [{"0020000D": {"vr": "UI", "Value": [uid]}}]
        server.answers = [Answer(json.dumps(told).encode())]
        assert refusal_of(lambda: search(server)) is RefusalCode.REMOTE_FAULT
        assert len(server.asked) == 1

    @pytest.mark.parametrize("attribute", ["1.2.3", None, [], {}, {"Value": "1"}, {"Value": {}}])
    def test_an_attribute_that_is_none_has_no_value(self, server, attribute):
        server.answers = [Answer(json.dumps([{"0020000D": attribute}]).encode())]
        assert refusal_of(lambda: search(server)) is RefusalCode.REMOTE_FAULT

    @pytest.mark.parametrize(
        "body",
        [
            PART[:-20],
            PART[:3000],
            b"",
            b"no boundary at all" * 2000,
            PART.replace(b"--edge--", b"--edge\r\n\r\n" + FILE + b"\r\n--edge--"),
        ],
    )
    def test_a_part_that_is_cut_or_not_alone_is_refused(self, server, tmp_path, body):
        server.answers = [Answer(body, RELATED)]
        assert refused(server, tmp_path) is RefusalCode.REMOTE_FAULT

    @pytest.mark.parametrize("kind", [RELATED, "application/dicom"])
    def test_a_connection_that_breaks_off_leaves_no_half_file(self, server, tmp_path, kind):
        body = PART if kind == RELATED else FILE
        server.answers = [Answer(body[:-500], kind, missing=500)]
        assert refused(server, tmp_path) is RefusalCode.REMOTE_UNREACHABLE

    def test_more_than_there_is_room_for_is_refused(self, server, tmp_path):
        server.answers = [Answer(PART, RELATED)]
        assert refused(server, tmp_path, room=1000) is RefusalCode.REMOTE_TOO_LARGE


@pytest.mark.parametrize(
    ("status", "code", "attempts"),
    [
        (401, RefusalCode.REMOTE_AUTHENTICATION, 1),
        (403, RefusalCode.REMOTE_AUTHENTICATION, 1),
        (404, RefusalCode.REMOTE_NOT_FOUND, 1),
        (406, RefusalCode.REMOTE_CONTENT_TYPE, 1),
        (418, RefusalCode.REMOTE_FAULT, 1),
        (429, RefusalCode.REMOTE_FAULT, 3),
        (500, RefusalCode.REMOTE_FAULT, 3),
        (503, RefusalCode.REMOTE_FAULT, 3),
    ],
)
def test_each_status_has_its_code_and_passing_ones_are_tried_again(
    server, tmp_path, status, code, attempts
):
    server.answers = [Answer(status=status)]
    assert refused(server, tmp_path, waits_s=(0, 0)) is code
    assert len(server.asked) == attempts


def test_a_fault_that_passes_is_none(server, tmp_path):
    server.answers = [
        Answer(status=503),
        Answer(PART[:900], RELATED, missing=9),
        Answer(PART, RELATED),
    ]
    assert fetched(server, tmp_path, waits_s=(0, 0)) == FILE


class TestTimeOut:
    def test_an_archive_that_is_silent_is_given_up(self, server, tmp_path):
        server.answers = [Answer(PART, RELATED, wait_s=30)]
        assert refused(server, tmp_path, timeout_s=0.1) is RefusalCode.REMOTE_TIME_OUT
        assert refusal_of(lambda: search(server, timeout_s=0.1)) is RefusalCode.REMOTE_TIME_OUT

    @pytest.mark.parametrize("kind", [RELATED, "application/dicom"])
    def test_so_is_one_that_falls_silent_in_the_middle(self, server, tmp_path, kind):
        server.answers = [Answer(PART[:900], kind, missing=9, silence_s=30)]
        assert refused(server, tmp_path, timeout_s=0.1) is RefusalCode.REMOTE_UNREACHABLE

    def test_a_person_who_stops_does_not_wait_for_the_next_attempt(self, server):
        class Stopped(Exception):
            pass

        def go_on():
            if server.asked:
                raise Stopped

        server.answers = [Answer(status=503)]
        connection = connection_to(server, waits_s=(30,))
        connection.go_on = go_on
        with pytest.raises(Stopped):
            connection.search("PatientID", "P1")


def test_no_server_at_the_address(tmp_path):
    with serving() as gone:
        pass
    assert refused(gone, tmp_path) is RefusalCode.REMOTE_UNREACHABLE


def certificate_for(folder, host):
    """A certificate that signs itself for a name or address: a server's context, and the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = timezone.now()
    try:
        subject = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        subject = x509.DNSName(host)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([subject]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, pem


class TestCertificates:
    @pytest.fixture
    def keys(self, tmp_path_factory):
        return tmp_path_factory.mktemp("keys")

    @pytest.mark.parametrize(
        ("host", "is_told", "code"),
        [
            ("127.0.0.1", True, None),
            ("127.0.0.1", False, RefusalCode.REMOTE_TLS),
            ("pacs.example.org", True, RefusalCode.REMOTE_TLS),
        ],
    )
    def test_only_one_that_is_trusted_and_of_this_host_is_believed(
        self, tmp_path, keys, host, is_told, code
    ):
        context, pem = certificate_for(keys, host)
        told = {"scheme": "https", "ca_file": str(pem) if is_told else ""}
        with serving(context) as server:
            server.answers = [Answer(PART, RELATED)]
            if code is None:
                assert fetched(server, tmp_path, **told) == FILE
            else:
                assert refused(server, tmp_path, **told) is code
                assert server.asked == []

    @pytest.mark.parametrize("content", [None, b"no certificate"])
    def test_a_file_of_certificates_that_is_none_is_told(self, server, tmp_path, keys, content):
        file = keys / "ca.pem"
        if content is not None:
            file.write_bytes(content)
        told = {"scheme": "https", "ca_file": str(file)}
        assert refused(server, tmp_path, **told) is RefusalCode.REMOTE_TLS

    def test_a_server_without_tls_is_none_with_it(self, server, tmp_path):
        server.answers = [Answer(PART, RELATED)]
        assert refused(server, tmp_path, scheme="https") is RefusalCode.REMOTE_TLS


def test_a_list_without_an_end_is_not_held_in_memory(server, monkeypatch):
    monkeypatch.setattr(archive_session, "MOST_LISTED_BYTES", 1 << 20)
    server.answers = [Answer(b"[" + b" " * (3 << 20) + b"]")]
    with pytest.raises(IntakeError, match="more than 1 MiB; search for fewer") as refusal:
        connection_to(server).search("PatientID", "P1")
    assert refusal.value.code == RefusalCode.REMOTE_TOO_LARGE


def test_a_small_list_that_unpacks_to_a_large_one_is_not_either(server, monkeypatch):
    monkeypatch.setattr(archive_session, "MOST_LISTED_BYTES", 1 << 20)
    packed = gzip.compress(b"[" + b" " * (3 << 20) + b"]")
    assert len(packed) < 10_000
    server.answers = [Answer(packed, Content_Encoding="gzip")]
    with pytest.raises(IntakeError, match="more than 1 MiB"):
        connection_to(server).search("PatientID", "P1")
