"""What stands in the place of UIDs and dates."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from cohorts.deidentification.replacements import LARGEST_SHIFT_DAYS, Replacements

ONE, OTHER = Replacements("a" * 64), Replacements("b" * 64)


def test_a_replaced_uid_is_stable_valid_and_another():
    uid = ONE.uid("1.2.77002331.5")
    assert uid == ONE.uid("1.2.77002331.5") != ONE.uid("1.2.77002331.6")
    assert UID(uid).is_valid
    assert "77002331" not in uid


def test_another_key_gives_another_uid_and_shift():
    assert ONE.uid("1.2.3") != OTHER.uid("1.2.3")
    shifts = [(ONE.shift_days(str(n)), OTHER.shift_days(str(n))) for n in range(50)]
    assert sum(one == other for one, other in shifts) < 5


def test_uids_of_the_standard_stay():
    assert ONE.uid("1.2.840.10008.5.1.4.1.1.2") == "1.2.840.10008.5.1.4.1.1.2"
    assert ONE.uid("1.2.840.10008.99.4711").startswith("2.25.")


@given(st.text(max_size=30))
def test_dates_move_by_whole_days_within_ten_years_and_never_stay(patient):
    days = ONE.shift_days(patient)
    assert days != 0
    assert abs(days) <= LARGEST_SHIFT_DAYS
    assert ONE.date("20240229", patient) == f"{date(2024, 2, 29) + timedelta(days):%Y%m%d}"


def test_distances_between_dates_of_one_patient_stay():
    before, after = (ONE.date(text, "4711") for text in ("20231230", "20240302"))
    assert date.fromisoformat(after) - date.fromisoformat(before) == timedelta(63)


@pytest.mark.parametrize("text", ["", "2024", "20241301", "QX001700", "2024.01.01", "20240101QX"])
def test_what_is_no_date_is_left_out(text):
    assert ONE.date(text, "4711") == ""


def test_a_date_and_time_keeps_its_date_only():
    expected = ONE.date("20240102", "4711")
    assert ONE.date_time("20240102131415.123456+0200", "4711") == expected
    assert ONE.date_time("20240102131415 Smith", "4711") == ""
