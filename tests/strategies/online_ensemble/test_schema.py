"""The list of features: its order, its hash, and that the documentation says the same."""

from collections import Counter
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from sentio_tui.strategies import registry
from sentio_tui.strategies.online_ensemble import OnlineEnsemble, schema

DOCS = Path(__file__).parents[3] / "docs" / "online-ensemble.md"


def test_126_features_in_ten_groups_of_the_original_s_sizes() -> None:
    assert tuple(schema.GROUPS.values()) == (8, 12, 16, 20, 15, 12, 10, 8, 10, 15)
    assert Counter(feature.group for feature in schema.FEATURES) == schema.GROUPS
    assert len(set(schema.NAMES)) == len(schema.FEATURES) == 126
    order = list(dict.fromkeys(feature.group for feature in schema.FEATURES))
    assert order == list(schema.GROUPS)


def test_t19_the_order_is_fixed_by_a_hash() -> None:
    """Whoever changes names, order or meaning has to change this line, and so knows that learned models are void."""
    assert schema.HASH == "121a09512ee592d927c67196e8ac32f3e0d185cf94a179aaf43ebcaf02156aaf"
    assert sha256("\n".join((*schema.NAMES, f"version {schema.VERSION}")).encode()).hexdigest() == schema.HASH


@pytest.mark.parametrize("feature", schema.FEATURES, ids=lambda feature: feature.name)
def test_every_feature_is_documented(feature: schema.Feature) -> None:
    slot = schema.FEATURES.index(feature)
    formula = feature.formula.replace("|", "\\|")
    assert f"| {slot} | `{feature.name}` | {formula} | {feature.bars} |" in DOCS.read_text(encoding="utf-8")


def test_every_parameter_is_bounded_described_and_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for row in registry.describe(OnlineEnsemble):
        assert row.description, row
        assert row.bounds or row.type in ("bool", "str"), row
        default = msgspec.json.encode(row.values["conservative"]).decode().strip('"')
        assert f"| `{row.name}` | {default} |" in text, row


def test_the_hash_is_documented() -> None:
    assert schema.HASH[:12] in DOCS.read_text(encoding="utf-8")
