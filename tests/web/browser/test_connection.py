"""How the page stays in touch with its server, and with the session it was asked for."""

from functools import partial

from sentio_tui.web.messages import Beat, Problem, Reading, Sessions, Update
from tests.web.browser import scenes
from tests.web.browser.pages import Pages, expect


def test_a_lost_connection_is_told_and_made_good_with_everything_that_was_missed(pages: Pages, address: str) -> None:
    counts = [4]
    page, script = pages.play(address, lambda file: [scenes.whole(count=counts[-1])])
    expect(page.count("fills")).to_have_text("4")
    page.is_linked()
    script.close()
    page.is_linked("lost")
    expect(page.find("#lost-as-of")).to_contain_text("market time 10:00:00 EST")
    expect(page.find("#lost-next")).to_contain_text("reconnecting in")
    assert page.find("main").evaluate("main => getComputedStyle(main).filter") == "grayscale(1)"
    expect(page.card("equity")).to_have_text("$10,123.00")
    counts.append(9)
    script.is_up = True
    page.is_linked()
    expect(page.find("#lost")).to_be_hidden()
    expect(page.count("fills")).to_have_text("9")
    page.is_sound()


def test_pauses_between_attempts_grow_to_ten_seconds_and_can_be_cut_short(pages: Pages, address: str) -> None:
    page, script = pages.play(address, scenes.usual)
    page.is_linked()
    script.close()
    told = page.find("#lost-next")
    for attempt, pause in enumerate((1, 1, 2, 4, 8, 10, 10), start=2):  # the first is half a second
        expect(told).to_have_text(f"reconnecting in {pause} s")
        page.page.clock.run_for(pause * 1000)
        page.until(partial(script.has_seen, attempt))
    expect(told).to_have_text("reconnecting in 10 s")
    script.is_up = True
    page.find("#retry").press("Enter")
    page.is_linked()
    script.close()
    expect(told).to_have_text("reconnecting in 1 s")


def test_silence_for_three_beats_is_a_lost_connection(pages: Pages, address: str) -> None:
    """Nobody closes it: the server, or the way to it, is just gone."""
    page, script = pages.play(address, scenes.usual)
    page.is_linked()
    expect(page.find("#session-name")).to_have_text(scenes.NAME)
    for number in range(4):
        page.page.clock.run_for(10_000)
        script.say(Beat(), Update(file=scenes.NAME, fills=scenes.fills(1, since=4 + number)))
        expect(page.count("fills")).to_have_text(str(5 + number))
        page.is_linked()
    assert script.attempts == 1
    page.page.clock.run_for(15_100)
    page.until(partial(script.has_seen, 2))


def test_another_version_of_the_server_asks_for_a_new_page(pages: Pages, address: str) -> None:
    page, _ = pages.play(address, lambda file: [scenes.whole()], hello=scenes.hello(version=2))
    page.is_linked("outdated")
    expect(page.find("#lost-next")).to_have_text("the server speaks another version")
    expect(page.find("#retry")).to_have_text("Reload")


def test_the_picker_is_used_by_keyboard_and_what_is_late_does_not_count(pages: Pages, address: str) -> None:
    page, script = pages.play(address, scenes.usual)
    expect(page.find("#session-name")).to_have_text(scenes.NAME)
    page.find("#picker").focus()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowDown")
    expect(page.find("#session-name")).to_have_text(scenes.OTHER)
    assert script.asked[-1] == scenes.OTHER
    script.say(scenes.whole(scenes.NAME, count=8), Update(file=scenes.NAME, fills=scenes.fills(1, since=8)))
    script.say(Update(file=scenes.OTHER, fills=scenes.fills(1, since=4)))
    expect(page.count("fills")).to_have_text("5")
    expect(page.find("#session-name")).to_have_text(scenes.OTHER)
    assert page.page.url.endswith(f"#session={scenes.OTHER}")
    page.page.go_back()
    page.page.go_back()
    expect(page.find("#session-name")).to_have_text(scenes.NAME)
    page.is_sound()


def test_who_watches_the_newest_session_goes_on_to_the_next_that_runs(pages: Pages, address: str) -> None:
    page, script = pages.play(address, scenes.usual)
    expect(page.find("#session-name")).to_have_text(scenes.NAME)
    running = Sessions((scenes.line(scenes.OTHER), scenes.line(scenes.NAME, "ended")), 2, "")
    script.say(running)
    script.say(Update(file=scenes.NAME, fills=scenes.fills(1, since=4)))
    expect(page.count("fills")).to_have_text("5")
    assert script.asked == [""]
    script.say(Update(file=scenes.NAME, status=scenes.status(standing="ended")))
    page.until(lambda: script.asked == ["", ""])
    script.say(scenes.whole(scenes.OTHER))
    expect(page.find("#session-name")).to_have_text(scenes.OTHER)


def test_a_link_names_its_session_from_the_first_question_on(pages: Pages, address: str) -> None:
    page, script = pages.play(f"{address}#session={scenes.OTHER}", scenes.usual)
    expect(page.find("#session-name")).to_have_text(scenes.OTHER)
    assert script.asked == [scenes.OTHER]
    page.tab("sessions").filter(has_text=scenes.NAME).get_by_role("link").press("Enter")
    expect(page.find("#session-name")).to_have_text(scenes.NAME)


def test_reading_and_no_session_are_told(pages: Pages, address: str) -> None:
    page, script = pages.play(address, lambda file: [scenes.listed(scenes.NAME)])
    script.say(Reading(scenes.NAME, 0.5))
    expect(page.find("#absent-text")).to_have_text("reading the session … 50%")
    script.say(Problem("", "There is no session yet."))
    expect(page.find("#absent-text")).to_have_text("There is no session yet.")
    expect(page.rows("sessions")).to_have_count(1)
    expect(page.find("#cards")).to_be_hidden()
    script.say(scenes.whole())
    expect(page.card("equity")).to_be_visible()
    expect(page.find("#absent")).to_be_hidden()
    page.is_sound()
