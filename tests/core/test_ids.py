import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.ids import broker_of, uid_for


@given(st.integers(min_value=1, max_value=2**30 - 1))
def test_a_uid_says_its_broker_and_is_a_valid_version_8(broker_id):
    uid = uid_for(broker_id)

    assert broker_of(uid) == broker_id
    assert uid.version == 8
    assert uid.variant == uuid.RFC_4122
    assert uuid.UUID(str(uid)) == uid


def test_the_platforms_ids_name_no_broker():
    assert broker_of(uid_for(0)) is None


def test_a_foreign_uuid_names_no_broker():
    assert broker_of(uuid.uuid4()) is None


def test_ids_sort_by_the_time_they_were_made():
    made = [uid_for(7) for _number in range(3)]

    assert [uid.int >> 80 for uid in made] == sorted(uid.int >> 80 for uid in made)


@pytest.mark.parametrize("broker_id", [-1, 2**30])
def test_a_number_that_does_not_fit_is_refused(broker_id):
    with pytest.raises(ValueError, match="does not fit"):
        uid_for(broker_id)
