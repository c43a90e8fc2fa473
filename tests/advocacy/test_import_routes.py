"""What a contact field is taken apart into, and what is reported instead of stored."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from advocacy.representatives import routes


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("a@one.example", ["a@one.example"]),
        ("mailto:a@one.example", ["a@one.example"]),
        ("MAILTO: a@one.example ; mailto:b@two.example", ["a@one.example", "b@two.example"]),
        ("a@one.example, b@two.example", ["a@one.example", "b@two.example"]),
        ("a@one.example or b@two.example", ["a@one.example", "b@two.example"]),
        ("a@one.example / b@two.example", ["a@one.example", "b@two.example"]),
        ("a@one.example/ b@two.example", ["a@one.example", "b@two.example"]),
        ("a@one.example b@two.example", ["a@one.example", "b@two.example"]),
        ("a@one.example\nb@two.example", ["a@one.example", "b@two.example"]),
        ("a@one.example,", ["a@one.example"]),
        ("Ana@one.example; ANA@ONE.EXAMPLE", ["Ana@one.example"]),
        ("a@example.orgb@example.com", ["a@example.org", "b@example.com"]),
        ("a@one.exampleb@one.example", ["a@one.example", "b@one.example"]),
        ("a@example.orgmailto:b@example.com", ["a@example.org", "b@example.com"]),
        ("a@example.orghttps://form.example/x", ["a@example.org", "https://form.example/x"]),
        ("https://form.example/?form=/contact,x;y", ["https://form.example/?form=/contact,x;y"]),
        ("hhttps://form.example/contact", ["https://form.example/contact"]),
        ("www.form.example/contact", ["https://www.form.example/contact"]),
        ("", []),
        ("   ", []),
    ],
)
def test_every_usable_piece_of_a_field_is_found(field, values):
    found = routes.take_apart(field)
    assert [route.value for route in found.routes] == values
    assert found.rejected == []


@pytest.mark.parametrize(
    "field",
    [
        "SenKean, Jr.@legislature.example",
        "lori garciasander@legislature.example",
        "rep@mail example",
        "rep@mail,example",
        "rep@mail.example.",
        "rep@example",
        "rep@.example.org",
        "rep @ mail.example",
        "rep@town.exampleA Clerk sm10",
        "amunoz",
        "(View Map)",
        "-",
        "j",
        "No tiene",
        "има",
        "https://twitter.com/somebody",
        "https://user:password@form.example/",
        "https://localhost/form",
        "javascript:alert(1)",
        "a@town.communityb@two.example.net.x",
        "x" * 3_000,
    ],
)
def test_a_broken_piece_is_reported_whole_and_nothing_is_made_of_it(field):
    found = routes.take_apart(field)
    assert found.routes == []
    assert len(found.rejected) == 1
    piece, reason = found.rejected[0]
    assert field.startswith(piece) or piece in field
    assert reason.endswith(".")


def test_addresses_run_together_without_a_certain_seam_are_not_guessed_apart():
    found = routes.take_apart("a@mail.comune.itb@two.example")
    assert found.routes == []
    assert found.rejected[0][0] == "a@mail.comune.itb@two.example"


def test_one_field_never_becomes_more_than_twenty_routes():
    found = routes.take_apart(";".join(f"a{number}@one.example" for number in range(60)))
    assert len(found.routes) == 20
    assert len(found.rejected) == 40


def test_a_telephone_note_is_kept_as_it_is_written_and_a_placeholder_is_not():
    assert routes.phone("local nos. 5801 to 5804").routes[0].value == "local nos. 5801 to 5804"
    assert routes.phone("__").rejected[0][0] == "__"


def test_a_route_typed_by_staff_must_be_of_the_kind_they_chose():
    assert routes.single("email", "Rep@One.example").key == "rep@one.example"
    for kind, value in [
        ("email", "https://form.example/"),
        ("email", "a@one.example b@two.example"),
        ("phone", "none"),
    ]:
        with pytest.raises(ValidationError):
            routes.single(kind, value)
