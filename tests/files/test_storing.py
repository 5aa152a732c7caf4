import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.access import system_actor
from apps.core.errors import InvalidInput, NotFound, PayloadTooLarge
from apps.core.tenancy import in_broker
from apps.files.actions import clean_name, store_file
from apps.files.signing import read_token, signed_path
from apps.files.sniffing import UNKNOWN, type_of
from apps.files.storage import path_of, read_bytes

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.mark.parametrize(
    ("content", "claimed", "found"),
    [
        (PNG, "text/html", "image/png"),
        (b"\xff\xd8\xff\xe0rest", "", "image/jpeg"),
        (b"%PDF-1.7 ...", "application/pdf", "application/pdf"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", "image/webp"),
        (b"OggS\x00", "audio/ogg; codecs=opus", "audio/ogg"),
        (b"\x00\x00\x00\x18ftypmp42", "audio/mp4", "audio/mp4"),
        (b"\x00\x00\x00\x18ftypmp42", "text/html", "video/mp4"),
        (b"<script>alert(1)</script>", "text/html", UNKNOWN),
        (b"<svg onload=alert(1)>", "image/svg+xml", UNKNOWN),
        (b"a;b;c\n", "text/csv", "text/csv"),
        (b"MZ\x90\x00", "image/png", UNKNOWN),
    ],
)
def test_a_file_is_what_its_content_says(content, claimed, found):
    assert type_of(content, claimed) == found


@pytest.mark.django_db
def test_a_stored_file_comes_back_and_lies_in_its_brokers_folder(broker):
    with in_broker(broker.pk):
        stored = store_file(actor=system_actor(broker.pk), content=PNG, name="../../etc/passwd.png")

        assert read_bytes(stored) == PNG
        assert stored.name == "passwd.png"
        assert stored.path.startswith(f"broker_{broker.pk}/")
        assert path_of(stored).exists()


@pytest.mark.django_db
def test_an_empty_and_a_huge_file_are_refused(broker, settings):
    settings.MAX_UPLOAD_BYTES = 10
    with in_broker(broker.pk):
        with pytest.raises(InvalidInput):
            store_file(actor=system_actor(broker.pk), content=b"", name="a")
        with pytest.raises(PayloadTooLarge):
            store_file(actor=system_actor(broker.pk), content=PNG, name="a")


@pytest.mark.django_db
def test_a_signed_address_opens_one_file_of_one_broker(broker, other_broker, client):
    with in_broker(broker.pk):
        address = signed_path(store_file(actor=system_actor(broker.pk), content=PNG, name="plano.png"))

    response = client.get(address)

    assert response.status_code == 200
    assert b"".join(response.streaming_content) == PNG
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert read_token(address.removeprefix("/files/"))[0] == broker.pk


@pytest.mark.django_db
def test_a_forged_address_opens_nothing(client):
    with pytest.raises(NotFound):
        read_token("WzEsMV0:forged:token")

    assert client.get("/files/WzEsMV0:forged:token").status_code == 404


@given(st.text(max_size=400))
def test_a_name_never_leaves_its_folder(name):
    cleaned = clean_name(name)

    assert "/" not in cleaned
    assert "\\" not in cleaned
    assert len(cleaned) <= 255
    assert cleaned.strip(".") == cleaned or cleaned == ""
