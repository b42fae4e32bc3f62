import pytest

from sentio_tui.ui.widgets.cards import Card, Value, draw, plan


def card(number: int, rank: int = 1, need: int = 8) -> Card:
    return Card(f"Long label {number}", f"Card {number}", need, rank, lambda width: Value(f"v{number}"[:width]))


CARDS = tuple(card(number, 0 if number < 3 else number) for number in range(10))


@pytest.mark.parametrize("width", [20, 36, 60, 90, 160])
@pytest.mark.parametrize("height", [1, 2, 3, 4, 6, 9, 30])
def test_cards_stay_within_their_place(width: int, height: int) -> None:
    planned = plan(CARDS, width, height)
    lines = draw(planned)
    assert all(len(line.text) <= width for line in lines)
    assert len(lines) <= height or len(planned.cards) == 3


def test_more_room_shows_more_cards_and_the_important_ones_are_always_there() -> None:
    counts = [len(plan(CARDS, width, 3).cards) for width in range(20, 200, 5)]
    assert counts == sorted(counts)
    assert counts[-1] == len(CARDS)
    assert all(card in plan(CARDS, 20, 1).cards for card in CARDS[:3])


def test_cards_are_left_out_by_rank_and_keep_their_order() -> None:
    shown = plan((card(0, 5), card(1, 0), card(2, 9), card(3, 1)), 34, 1).cards
    assert [shown_card.short for shown_card in shown] == ["Card 1", "Card 3"]


def test_where_a_card_stands_does_not_depend_on_its_value() -> None:
    def labels(text: str) -> list[str]:
        cards = tuple(Card("Long label", "Label", 8, 1, lambda _: Value(text)) for n in range(10))
        return [line.text.replace(text, " " * len(text)) for line in draw(plan(cards, 90, 6))]

    assert labels("v") == labels("values")


def test_cards_that_do_not_fit_are_squeezed() -> None:
    planned = plan(CARDS, 20, 2)
    assert len(planned.cards) == 3
    assert sum(planned.widths) + 2 == 20
