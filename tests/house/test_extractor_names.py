"""Names: whose they are, and what only looks like one."""

from __future__ import annotations

import pytest

from tests.house.asking import answered, read_talk

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Hi, Anna here.", "Anna"),
        ("Hallo, Müller hier.", "Müller"),
        ("Guten Tag, Schmidt hier, ich hätte eine Frage.", "Schmidt"),
        ("Anna Berg am Apparat.", "Anna Berg"),
        ("Hey, it's Maya.", "Maya"),
        ("Still here.", None),
        ("Someone here told me to call. Everything here is wet.", None),
        ("Sind hier noch Plätze frei?", None),
        ("This is Tuesday's order.", None),
    ],
)
async def test_who_speaks(said: str, name: str | None) -> None:
    assert (await answered("How can I help?", said, customer_name="string"))["customer_name"] == name


@pytest.mark.parametrize(
    ("question", "said"), [("Which day works?", "It's Friday."), ("Where are you?", "It's Springfield, Illinois.")]
)
async def test_a_day_or_a_town_is_nobody(question: str, said: str) -> None:
    assert (await answered(question, said, customer_name="string"))["customer_name"] is None


@pytest.mark.parametrize(
    "field",
    [
        "company_name",
        "pet_name",
        "dog_name",
        "doctor_name",
        "school_name",
        "medication_name",
        "insurance_name",
        "building_name",
        "manager_name",
        "emergency_contact_name",
    ],
)
async def test_the_callers_name_is_no_other_thing_s(field: str) -> None:
    found = await answered("Your name, please?", "My name is Anna Smith.", customer_name="string", **{field: "string"})
    assert (found["customer_name"], found[field]) == ("Anna Smith", None)


@pytest.mark.parametrize("field", ["dog_owner_name", "policy_holder_name", "contract_holder_name", "name"])
async def test_who_keeps_a_thing_is_a_person(field: str) -> None:
    assert (await answered("Your name, please?", "Anna Smith.", **{field: "string"}))[field] == "Anna Smith"


@pytest.mark.parametrize(
    ("said", "field", "name"),
    [
        ("My dog Bella is limping.", "pet_name", "Bella"),
        ("Mein Hund Bruno hinkt.", "haustier_name", "Bruno"),
        ("Her name is Luna.", "pet_name", "Luna"),
        ("I called Monday about the fence.", "pet_name", None),
        ("I called Acme before.", "company_name", None),
        ("My company is called Blue Harbor.", "company_name", "Blue Harbor"),
        ("My wife Carla will bring our son Ben.", "student_name", "Ben"),
        ("My wife Carla will bring our son Ben.", "spouse_name", "Carla"),
        ("Es geht um meine Tochter Lena, sie braucht Nachhilfe.", "schüler_name", "Lena"),
        ("Unser Sohn Paul hat morgen Training.", "child_name", "Paul"),
        ("Es ist so, dass mein Sohn Fieber hat.", "child_name", None),
        ("Weil meine Tochter Lena Fieber hat.", "child_name", "Lena"),
        ("My son, I think, has a fever.", "child_name", None),
    ],
)
async def test_whose_name_it_is(said: str, field: str, name: str | None) -> None:
    assert (await answered("How can I help?", said, **{field: "string"}))[field] == name


async def test_who_is_asked_for_is_named() -> None:
    found = await answered("Who is your emergency contact?", "My sister Emma Stone.", emergency_contact_name="string")
    assert found["emergency_contact_name"] == "Emma Stone"


async def test_a_number_is_no_model_of_a_phone() -> None:
    talk = "Agent: What is your number?\nUser: It's 312 555 0142.\nAgent: And your email?\nUser: ann@example.com"
    found = await read_talk(
        talk, phone_model="string", phone_number="string", mobile_carrier="string", email_subject="string"
    )
    assert found["phone_number"] == "+13125550142"
    assert (found["phone_model"], found["mobile_carrier"], found["email_subject"]) == (None, None, None)
