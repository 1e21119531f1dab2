import pytest
from hypothesis import given
from hypothesis import strategies as st

from t9k.aimd.naming import EVAL_IS_VAL, dataset_type, group_metrics, split_name
from t9k.aimd.settings import plain_settings
from t9k.aimd.values import as_plain


@pytest.mark.parametrize(
    ("name", "metrics_type", "metric"),
    [
        ("val_loss", "val", "loss"),
        ("train_loss_step", "train", "loss_step"),
        ("test/accuracy", "test", "accuracy"),
        ("Validation/Loss", "val", "Loss"),
        ("Loss/train", "train", "Loss"),
        ("model/loss/test", "test", "model/loss"),
        ("val_loss/dataloader_idx_1", "val", "loss/dataloader_idx_1"),
        ("loss", "train", "loss"),
        ("learning_rate", "train", "learning_rate"),
        ("val", "train", "val"),
        ("val_", "train", "val_"),
        ("/train", "train", "/train"),
        ("evaluate_loss", "train", "evaluate_loss"),
        ("", "train", ""),
    ],
)
def test_a_type_is_read_out_of_a_name_only_where_it_stands(name: str, metrics_type: str, metric: str) -> None:
    assert split_name(name) == (metrics_type, metric)


def test_eval_is_validation_where_the_framework_says_so() -> None:
    assert split_name("eval_loss", aliases=EVAL_IS_VAL) == ("val", "loss")
    assert split_name("eval_loss") == ("train", "eval_loss")


@given(st.text(), st.sampled_from(["train", "val", "summary"]))
def test_no_name_is_lost_whatever_it_is(name: str, default: str) -> None:
    metrics_type, metric = split_name(name, default)
    assert metric in name
    assert metrics_type
    if name:
        assert metric


def test_what_is_no_number_is_left_out_and_types_are_kept_apart() -> None:
    metrics = {"val_loss": 1.5, "loss": True, "note": "text", "val_acc": float("nan"), "shape": [1, 2]}
    groups = group_metrics(metrics)
    assert groups.keys() == {"train", "val"}
    assert groups["train"] == {"loss": True}
    assert groups["val"].keys() == {"loss", "acc"}


def test_data_sets_have_the_type_they_are_named_for_or_their_own() -> None:
    names = ["training", "valid", "eval", "test", "validation_0", "held_out"]
    assert [dataset_type(name) for name in names] == ["train", "val", "val", "test", "validation_0", "held_out"]
    assert dataset_type("validation_0", {"validation_0": "train"}) == "train"


class Loss:
    pass


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.builds(Loss) | st.binary() | st.just(Loss),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text() | st.tuples(st.integers()), anything, max_size=4))
def test_any_setting_becomes_something_that_params_take(settings: dict[object, object]) -> None:
    plain = plain_settings(settings)
    assert len(plain) == len({str(name) for name in settings})
    as_plain("", plain)


def test_settings_that_json_cannot_hold_become_short_text_that_is_the_same_in_every_run() -> None:
    plain = plain_settings(
        {"loss": Loss(), "kind": Loss, "names": {"b", "a"}, "layers": (1, Loss()), "long": "x" * 10_000}
    )
    assert plain == {
        "loss": "Loss",
        "kind": "Loss",
        "names": ["a", "b"],
        "layers": [1, "Loss"],
        "long": "x" * 10_000,
    }


def test_settings_that_hold_themselves_end() -> None:
    circle: dict[str, object] = {}
    circle["again"] = circle
    as_plain("", plain_settings(circle))
