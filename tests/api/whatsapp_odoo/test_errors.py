"""The WhatsApp + Odoo document's envelope of refusals."""

import pytest


@pytest.mark.parametrize(
    ("body", "field"), [({"password": "x"}, "email"), ({"email": "ana@example.com"}, "password"), ({}, "email")]
)
def test_a_missing_field_is_named_in_the_sentence(api, broker, body, field):
    answer = api().post("/api/auth/login", body, headers={"Accept-Language": "en"})

    assert answer.status_code == 422
    assert answer.json() == {
        "detail": {"code": "VALIDATION_ERROR", "message": f"The field {field} is required", "field": field}
    }


def test_a_wrong_value_is_told_by_its_own_sentence(api, broker):
    answer = api().post("/api/auth/login", {"email": "x", "password": "y"}, headers={"Accept-Language": "en"})

    detail = answer.json()["detail"]
    assert (detail["code"], detail["field"]) == ("VALIDATION_ERROR", "email")
    assert detail["message"] == "Enter a valid email address."
