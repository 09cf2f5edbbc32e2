"""The schedule is changed in plain words, the rules are tried and applied, channels are tested."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.deeds import forget_password, found, type_word
from tests.page.screens import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Look, OpenScreen
from tests.page.sites import Site, SiteAt, site_of
from tests.rig.history import history_copy
from tests.rig.receivers import Webhook, webhook

TOKYO = ZoneInfo("Asia/Tokyo")
TUESDAY, SATURDAY = 1, 5
CHANGEABLE = ("cron", "timezone", "enabled", "retention", "misfire")
SEVEN_DAYS = {"keep_daily": 7, "keep_tags": ["release"]}


@pytest.fixture(scope="module")
def hook() -> Iterator[Webhook]:
    with webhook() as made:
        yield made


@pytest.fixture(scope="module")
def planned(
    history: Path, tmp_path_factory: pytest.TempPathFactory, hook: Webhook
) -> Iterator[Site]:
    """A server with a channel; only these tests change its schedule and remove its backups."""
    root = history_copy(history, tmp_path_factory.mktemp("planned") / "copy")
    secret = root / "notify-ops"
    secret.touch(mode=0o600)
    secret.write_text(hook.url())
    with (root / "holdfast.toml").open("a") as file:
        file.write('\n[notify.ops]\nurl_file = "notify-ops"\non = ["failed", "recovered"]\n')
    with site_of(root) as made:
        yield made


def put(site: Site, **changes: Any) -> None:
    """Save another schedule, as somebody else would."""
    with site.client() as client:
        read = client.get("schedule")
        wanted = {name: read.json()[name] for name in CHANGEABLE} | changes
        answer = client.put("schedule", json=wanted, headers={"If-Match": read.headers["ETag"]})
        assert answer.status_code == 200, answer.text


def saved(site: Site) -> dict[str, Any]:
    """Return the schedule as the interface has it."""
    with site.client() as client:
        return found(client, "schedule")


@contextmanager
def kept(site: Site) -> Iterator[None]:
    """Put the schedule back at the end."""
    before = saved(site)
    try:
        yield
    finally:
        put(site, **{name: before[name] for name in CHANGEABLE})


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_role("combobox", name=field, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def save(page: Page) -> None:
    unsaved = page.get_by_role("region", name="Unsaved changes")
    unsaved.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The schedule is saved.")).to_be_visible()
    expect(unsaved).to_have_count(0)


def next_runs(page: Page) -> Locator:
    return page.get_by_role("list", name="Next five runs").get_by_role("listitem")


def coming(hour: int, minute: int) -> list[re.Pattern[str]]:
    """Return what the next five runs are to say, on Tuesdays and Saturdays in Tokyo."""
    now = datetime.now(TOKYO)
    days = (now.date() + timedelta(days=ahead) for ahead in range(20))
    runs = [datetime(day.year, day.month, day.day, hour, minute, tzinfo=TOKYO) for day in days]
    wanted = [at for at in runs if at.weekday() in (TUESDAY, SATURDAY) and at > now]
    return [re.compile(f"{at:%a}.* {at.day} {at:%b}.*{at:%H:%M}") for at in wanted[:5]]


@pytest.mark.parametrize(
    ("place", "look"),
    [("planned", DESKTOP), ("workshop_below", PHONE_DARK)],
    ids=["desktop-light", "phone-dark-below-a-path"],
)
def test_a_schedule_is_made_in_plain_words(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look
) -> None:
    """Its next runs show in its own zone; it is there after loading anew, and in the interface."""
    site = site_at(place)
    # Half a day away, so that no run comes due meanwhile.
    hour = (datetime.now(UTC) + timedelta(hours=12)).astimezone(TOKYO).hour
    with kept(site):
        screen = open_screen("/schedule", site=site, look=look)
        page = screen.page
        choose(page, "How often", "On some weekdays")
        chosen = page.get_by_role("group", name="On", exact=True)
        for day in ("Mon", "Wed", "Thu", "Fri", "Sat"):
            chosen.get_by_text(day, exact=True).click()
        page.get_by_label("At", exact=True).fill(f"{hour:02}:30")
        page.get_by_role("combobox", name="Time zone").fill("tokyo")
        page.get_by_role("option", name="Asia/Tokyo").click()
        sentence = page.get_by_text(f"Every Tuesday and Saturday at {hour:02}:30")
        expect(sentence).to_be_visible()
        expect(page.get_by_text("Times in Asia/Tokyo.")).to_be_visible()
        expect(next_runs(page)).to_have_text(coming(hour, 30))
        screen.settle()
        assert screen.faults() == []
        save(page)
        screen.open("/schedule")
        expect(sentence).to_be_visible()
        expect(next_runs(page)).to_have_text(coming(hour, 30))
        told = saved(site)
        assert (told["cron"], told["timezone"]) == (f"30 {hour} * * 2,6", "Asia/Tokyo")
        assert told["updated_by"] == "anna"


@pytest.mark.parametrize("look", [DESKTOP_DARK, PHONE], ids=str)
def test_an_expression_that_is_wrong_is_told_at_its_field(
    open_screen: OpenScreen, planned: Site, look: Look
) -> None:
    """It cannot be saved; one that is right is said in words."""
    screen = open_screen("/schedule", site=planned, look=look)
    page = screen.page
    choose(page, "How often", "Own cron expression")
    field = page.get_by_role("textbox", name="Cron expression")
    field.fill("61 2 * * *")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("0 to 59"))
    expect(page.get_by_text("Not a schedule yet")).to_be_visible()
    expect(next_runs(page)).to_have_count(0)
    unsaved = page.get_by_role("region", name="Unsaved changes")
    expect(unsaved.get_by_role("button", name="Save")).to_be_disabled()
    screen.settle()
    assert screen.faults() == []
    field.fill("*/15 8-17 * * 1-5")
    expect(page.get_by_text("Every 15 minutes", exact=False).first).to_be_visible()
    expect(next_runs(page)).to_have_count(5)
    expect(field).not_to_have_attribute("aria-invalid", "true")
    unsaved.get_by_role("button", name="Discard").click()
    expect(unsaved).to_have_count(0)


def test_what_is_not_saved_is_not_lost_by_leaving(open_screen: OpenScreen, planned: Site) -> None:
    screen = open_screen("/schedule", site=planned, look=DESKTOP_DARK)
    page = screen.page
    page.get_by_role("switch", name="Make backups by schedule").click(force=True)
    expect(page.get_by_text("Off. No backup is made by itself.")).to_be_visible()
    jobs = page.get_by_role("navigation").get_by_role("link", name="Jobs")
    jobs.click()
    question = page.get_by_role("dialog", name="Leave without saving?")
    expect(question).to_be_visible()
    screen.settle()
    assert screen.faults() == []
    question.get_by_role("button", name="Stay").click()
    expect(page.get_by_text("Off. No backup is made by itself.")).to_be_visible()
    jobs.click()
    question.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    assert saved(planned)["enabled"] is True


def keep_seven_days(page: Page) -> None:
    """Write the rules `SEVEN_DAYS`, the tag of which is there already."""
    page.get_by_role("textbox", name="Daily").fill("7")
    for rule in ("Weekly", "Monthly"):
        page.get_by_role("textbox", name=rule).fill("")


def decided(site: Site) -> dict[str, bool]:
    """Return which backups stay by `SEVEN_DAYS`, as the interface says."""
    with site.client() as client:
        answer = client.post("backups/cleanup", json={"dry_run": True, "policy": SEVEN_DAYS})
    assert answer.status_code == 200, answer.text
    return {each["backup_id"]: each["keep"] for each in answer.json()["decisions"]}


def previewed(site: Site) -> dict[str, bool]:
    """Return the same as who may only read sees it."""
    with site.client("vera") as client:
        told = found(client, "retention/preview", **SEVEN_DAYS)
    return {each["backup_id"]: each["keep"] for each in told["decisions"]}


def stored(site: Site) -> set[str]:
    """Return the backups that there are."""
    with site.client() as client:
        return {each["id"] for each in found(client, "backups", limit=100)["backups"]}


def expect_fates(part: Locator, fates: dict[str, bool]) -> None:
    """Expect a row for each of the backups, with what becomes of it."""
    rows = part.get_by_role("table").locator("tbody tr")
    expect(rows).to_have_count(len(fates))
    for backup, stays in fates.items():
        row = rows.filter(has=part.page.locator(f"a[href$='/backups/{backup}']"))
        expect(row).to_contain_text("Stays" if stays else "Goes")


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_rules_are_tried_on_the_real_backups(
    open_screen: OpenScreen, planned: Site, look: Look
) -> None:
    """Each backup with what would become of it, and why; nothing is removed by looking."""
    fates = decided(planned)
    assert set(fates.values()) == {True, False}
    screen = open_screen("/schedule", site=planned, look=look)
    page = screen.page
    keep_seven_days(page)
    effect = page.get_by_role("region", name="What the rules do")
    goes = sum(not stays for stays in fates.values())
    expect(effect.get_by_role("img", name=f"{goes} go")).to_be_visible()
    expect(effect.get_by_role("button", name="Clean up now")).to_be_disabled()
    expect(effect).to_contain_text("Save the rules to clean up by them")
    effect.get_by_role("button", name="Show more").click()
    expect_fates(effect, fates)
    for stays, name, reason in (
        (True, "Stay", "tag release"),
        (True, "Stay", "daily"),
        (False, "Go", "no rule keeps it"),
    ):
        effect.get_by_role("radiogroup").get_by_text(name, exact=True).click()
        wanted = {backup: each for backup, each in fates.items() if each is stays}
        row = effect.get_by_role("table").locator("tbody tr").filter(has_text=reason).first
        expect(row).to_contain_text("Stays" if stays else "Goes")
        more = effect.get_by_role("button", name="Show")
        if len(wanted) > 12:
            more.click()
        expect_fates(effect, wanted)
    screen.settle()
    assert screen.faults() == []
    assert decided(planned) == fates


def test_the_effect_of_rules_shows_without_the_password(
    open_screen: OpenScreen, own_site: Site
) -> None:
    """To look is no reason to ask for it once more, however long ago it was given."""
    own_site.cookie("anna")
    forget_password(own_site)
    screen = open_screen("/schedule", site=own_site)
    page = screen.page
    effect = page.get_by_role("region", name="What the rules do")
    keep_seven_days(page)
    goes = sum(not stays for stays in previewed(own_site).values())
    expect(effect.get_by_role("img", name=f"{goes} go")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_cleanup_removes_exactly_what_was_shown(open_screen: OpenScreen, own_site: Site) -> None:
    before = stored(own_site)
    fates = decided(own_site)
    goes = [backup for backup, stays in fates.items() if not stays]
    screen = open_screen("/schedule", site=own_site, look=DESKTOP_DARK)
    page = screen.page
    keep_seven_days(page)
    save(page)
    page.get_by_role("button", name="Clean up now").click()
    question = page.get_by_role("dialog", name="Clean up now")
    expect(question).to_contain_text(f"These {len(goes)} backups are removed for good")
    expect_fates(question, dict.fromkeys(goes, False))
    screen.settle()
    assert screen.faults() == []
    question.get_by_role("button", name=f"Remove {len(goes)} backups").click()
    expect(question.get_by_text(f"{len(goes)} backups were removed")).to_be_visible()
    screen.settle()
    assert screen.faults() == []
    assert stored(own_site) == before - set(goes)


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_most_of_the_backups_go_by_a_typed_word_only(
    open_screen: OpenScreen, planned: Site, look: Look
) -> None:
    """The dialog says that a scheduled run would remove none of them."""
    with kept(planned):
        put(planned, retention={"keep_last": 2})
        screen = open_screen("/schedule", site=planned, look=look)
        page = screen.page
        page.get_by_role("button", name="Clean up now").click()
        question = page.get_by_role("dialog", name="Clean up now")
        expect(question).to_contain_text("More than half of all backups go at once")
        remove = question.get_by_role("button", name=re.compile("^Remove .* backups$"))
        expect(remove).to_be_disabled()
        type_word(question)
        expect(remove).to_be_enabled()
        screen.settle()
        assert screen.faults() == []
        before = stored(planned)
        question.get_by_role("button", name="Cancel").click()
        expect(question).to_have_count(0)
        assert stored(planned) == before


@pytest.mark.parametrize(
    ("way", "look"),
    [("Keep mine", PHONE), ("Load theirs, discard mine", DESKTOP_DARK)],
    ids=["mine-phone-light", "theirs-desktop-dark"],
)
def test_what_somebody_else_saved_is_not_overwritten_unseen(
    open_screen: OpenScreen, planned: Site, way: str, look: Look
) -> None:
    with kept(planned):
        screen = open_screen("/schedule", site=planned, look=look)
        page = screen.page
        choose(page, "How often", "Every month")
        put(planned, cron="15 */6 * * *")
        unsaved = page.get_by_role("region", name="Unsaved changes")
        unsaved.get_by_role("button", name="Save").click()
        conflict = unsaved.get_by_role("alert")
        expect(conflict).to_contain_text("Somebody else changed the schedule meanwhile")
        expect(conflict).to_contain_text("Saved by anna")
        expect(conflict).to_contain_text("Every 6 hours")
        expect(unsaved.get_by_role("button", name="Save")).to_be_disabled()
        assert saved(planned)["cron"] == "15 */6 * * *"
        screen.settle()
        assert screen.faults() == []
        conflict.get_by_role("button", name=way).click()
        if way == "Keep mine":
            save(page)
            assert re.fullmatch(r"\d+ \d+ 1 \* \*", saved(planned)["cron"])
        else:
            expect(unsaved).to_have_count(0)
            expect(page.get_by_text("Every 6 hours, counted from 00:15")).to_be_visible()
            assert saved(planned)["cron"] == "15 */6 * * *"


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_viewers_read_the_schedule_and_change_nothing(
    open_screen: OpenScreen, planned: Site, look: Look
) -> None:
    screen = open_screen("/schedule", user="vera", site=planned, look=look)
    page = screen.page
    expect(page.get_by_text("An administrator can change it.")).to_be_visible()
    expect(page.get_by_text("Every day at")).to_be_visible()
    expect(next_runs(page)).to_have_count(5)
    expect(page.get_by_role("list", name="Retention")).to_contain_text("all tagged release")
    with planned.client("vera") as client:
        preview = found(client, "retention/preview")
    effect = page.get_by_role("region", name="What the rules do")
    first = preview["decisions"][0]
    row = effect.get_by_role("table").locator("tbody tr").first
    expect(row.locator(f"a[href$='/backups/{first['backup_id']}']")).to_be_visible()
    expect(row).to_contain_text("Stays" if first["keep"] else "Goes")
    expect(effect.get_by_role("button", name="Clean up now")).to_have_attribute(
        "aria-disabled", "true"
    )
    test = page.get_by_role("button", name="Send test on ops")
    expect(test).to_have_attribute("aria-disabled", "true")
    for kind in ("textbox", "combobox", "switch"):
        expect(page.get_by_role("main").get_by_role(kind)).to_have_count(0)
    assert screen.faults() == []


@pytest.mark.parametrize("look", [DESKTOP_DARK, PHONE], ids=str)
def test_a_channel_is_tested_and_what_came_of_it_is_shown(
    open_screen: OpenScreen, planned: Site, hook: Webhook, look: Look
) -> None:
    """By a receiver that takes the message, and by one that does not."""
    screen = open_screen("/schedule", site=planned, look=look)
    page = screen.page
    channel = page.get_by_role("listitem", name="ops")
    send = channel.get_by_role("button", name="Send test on ops")
    before = len(hook.requests)
    send.click()
    expect(channel.get_by_text(re.compile("^Delivered: test message"))).to_be_visible()
    assert [each["event"] for each in hook.documents[before:]] == ["test"]
    screen.settle()
    assert screen.faults() == []
    hook.status = 404
    try:
        send.click()
        refused = channel.get_by_text("Not delivered: test message,")
        expect(refused).to_be_visible()
    finally:
        hook.status = 204
    expect(channel).to_contain_text("The receiver answered 404")
    screen.open("/schedule")
    expect(refused).to_be_visible()
    assert screen.faults() == []
