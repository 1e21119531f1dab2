from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t9k.aimd import create_trial, secrets
from t9k.aimd.secrets import MASK, mask_command

SENTINEL = "sentinel7"


@pytest.mark.parametrize(
    ("command", "recorded"),
    [
        ("train.py --api-key sentinel7 --lr 0.1", "train.py --api-key *** --lr 0.1"),
        ("train.py --api_key=sentinel7", "train.py --api_key=***"),
        ("train.py --apikey=sentinel7", "train.py --apikey=***"),
        ("train.py --token sentinel7", "train.py --token ***"),
        ("train.py --hf-token=sentinel7", "train.py --hf-token=***"),
        ("train.py --hfToken=sentinel7", "train.py --hfToken=***"),
        ("train.py --wandb.api_key sentinel7", "train.py --wandb.api_key ***"),
        ("train.py --db-password=sentinel7", "train.py --db-password=***"),
        ("train.py --aws-secret-access-key sentinel7", "train.py --aws-secret-access-key ***"),
        ("train.py --private-key sentinel7 -x", "train.py --private-key *** -x"),
        ("env WANDB_API_KEY=sentinel7 python", "env WANDB_API_KEY=*** python"),
        ("train.py +logger.token=sentinel7", "train.py +logger.token=***"),
        ("train.py ++a/b.password=sentinel7", "train.py ++a/b.password=***"),
        ("train.py https://me:sentinel7@host/x", "train.py https://***@host/x"),
        ("train.py --db postgres://me:sentinel7@host/x", "train.py --db postgres://***@host/x"),
        ("train.py https://host/x?apikey=sentinel7&y=1", "train.py https://host/x?apikey=***&y=1"),
        ("train.py --header=Authorization:sentinel7", "train.py --header=Authorization:***"),
        ("train.py --key hf_abcdefghijklmnopqrstuvwx", "train.py --key ***"),
        ("train.py ghp_abcdefghijklmnopqrstuvwx", "train.py ***"),
        ("train.py 123e4567-e89b-12d3-a456-426614174000", "train.py ***"),
        ("train.py --password --lr 0.1", "train.py --password --lr 0.1"),
    ],
)
def test_a_secret_on_the_command_line_is_masked(command: str, recorded: str) -> None:
    assert mask_command(command.split(" ")) == recorded.split(" ")


@pytest.mark.parametrize(
    "command",
    [
        "train.py --tokenizer gpt2 --max-tokens 512 --max_new_tokens=64",
        "train.py --pad-token <pad> --eos_token </s> --token-dim 64",
        "train.py --author Jane --authors=x --key q --keys a,b --num-key-value-heads 8",
        "train.py --lr=0.1 model.name=resnet data=/d/x.csv https://host/x?y=1 -v",
        "train.py --passes 3 --secretary=no --monkey 1 --sort-key loss",
        "",
    ],
)
def test_what_only_looks_like_a_secret_stays_readable(command: str) -> None:
    assert mask_command(command.split(" ")) == command.split(" ")


@pytest.mark.parametrize(
    "code",
    [
        "login(api_key='sentinel7')",
        'login(host="x", api_key = "sentinel7")',
        'run({"password": "sentinel7"})',
        "curl -H 'Authorization: Bearer sentinel7sentinel7'",
    ],
)
def test_a_secret_inside_of_a_word_is_masked(code: str) -> None:
    (masked,) = mask_command([code])
    assert SENTINEL not in masked
    assert MASK in masked


def test_the_command_of_a_trial_is_in_its_process_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.orig_argv", ["python", "train.py", "--token", SENTINEL, "--lr", "0.1"])
    trial = create_trial(trial_name="a")
    document = json.loads((trial.path / "process.json").read_text())
    assert document["command"] == ["python", "train.py", "--token", MASK, "--lr", "0.1"]


@given(st.from_regex(secrets._TELLING, fullmatch=True))
def test_every_known_form_is_masked_whatever_is_looked_at_first(key: str) -> None:
    assert secrets.mask_command(["run", key]) == ["run", MASK]


@given(st.from_regex(secrets._BEARER, fullmatch=True))
def test_every_bearer_is_masked_whatever_is_looked_at_first(header: str) -> None:
    (masked,) = secrets.mask_command([header])
    assert masked.endswith(MASK)
