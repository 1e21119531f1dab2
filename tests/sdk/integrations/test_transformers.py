from pathlib import Path

import pytest

from tests.sdk.integrations.conftest import Prepared
from tests.sdk.integrations.recorded import Training, documented, recorded_trial, recorded_trials, require_framework


@pytest.fixture
def train(prepared: Prepared) -> Training:
    require_framework("accelerate")
    return prepared("transformers")


def test_the_documented_script_records_training_evaluation_and_the_closing_figures(
    tmp_path: Path, train: Training
) -> None:
    predict = "trial = aimd.load_trial(trial_path=trial.path)\ntrainer.pop_callback(AIMDCallback)\n"
    predict += "trainer.add_callback(AIMDCallback(trial))\ntrainer.predict(rows[192:200])\ntrial.finish()\n"
    train(documented("Hugging Face Transformers") + predict, tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status) == ("digits_bert", "Succeeded")
    assert trial.types == {"train", "val", "summary", "test"}
    assert trial.steps("train") == [2, 4, 6]
    assert trial.steps("val") == [3, 6]
    assert set(trial.epochs("train")) == {1}
    assert all(point.value.keys() == {"loss", "grad_norm", "learning_rate"} for point in trial.of("train"))
    assert all({"loss", "runtime"} <= point.value.keys() for point in trial.of("val"))
    (summary,) = trial.of("summary")  # the mean loss of the whole training is not a point of the curve
    assert {"runtime", "loss", "total_flos"} <= summary.value.keys()
    (test,) = trial.of("test")
    assert "loss" in test.value
    assert trial.params["max_steps"] == 6
    assert trial.params["learning_rate"] == 5e-5
    assert trial.params["model_type"] == "bert"
    assert trial.params["model_parameters"] == 10666
    assert not {"output_dir", "hub_token", "push_to_hub"} & trial.params.keys()
    assert len(trial.params) < 25  # of some 130 arguments


def test_only_the_main_process_records_and_epochs_count_from_one(tmp_path: Path, train: Training) -> None:
    code = """
    from types import SimpleNamespace
    from t9k import aimd
    from t9k.aimd.transformers import AIMDCallback
    with aimd.create_trial(trial_name="t") as trial:
        callback = AIMDCallback(trial)
        for main in (True, False):
            for passed in (0.2, 1.0, 1.0000001, 1.5, 2.0):
                state = SimpleNamespace(is_world_process_zero=main, global_step=int(passed * 10), epoch=passed)
                callback.on_log(None, state, None, logs={"loss": 1.0, "epoch": passed})
    """
    train(code, tmp_path)
    trial = recorded_trial(tmp_path)
    assert trial.epochs("train") == [1, 1, 1, 2, 2]


TINY = """
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
rows = [{"input_ids": torch.full((4,), n % 5), "labels": n % 2} for n in range(16)]
config = BertConfig(vocab_size=5, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4)
def model(trial=None):
    return BertForSequenceClassification(config)
def arguments(**settings):
    return TrainingArguments(
        "out/tiny", max_steps=2, logging_steps=1, save_strategy="no", use_cpu=True, disable_tqdm=True, **settings
    )
"""


def test_report_to_aimd_needs_no_edit_and_each_training_is_a_trial(tmp_path: Path, train: Training) -> None:
    code = f"""
import t9k.aimd.autoload
t9k.aimd.autoload.register_integrations()
{TINY}
trainer = Trainer(model(), arguments(report_to="aimd", run_name="mine"), train_dataset=rows, eval_dataset=rows)
trainer.train()
trainer.evaluate()
trainer.train()
Trainer(model(), arguments(report_to=["aimd"]), eval_dataset=rows).evaluate()
"""
    train(code, tmp_path)
    first, second, evaluated = recorded_trials(tmp_path)
    assert [trial.name for trial in (first, second, evaluated)] == ["mine", "mine", "tiny"]
    assert {trial.status for trial in (first, second, evaluated)} == {"Succeeded"}
    first, second = sorted((first, second), key=lambda trial: "val" in trial.types, reverse=True)
    assert (first.types, second.types, evaluated.types) == ({"train", "val", "summary"}, {"train", "summary"}, {"val"})
    assert first.params["max_steps"] == 2


def test_each_run_of_a_hyperparameter_search_is_a_trial(tmp_path: Path, train: Training) -> None:
    require_framework("optuna")
    code = f"""
import t9k.aimd.transformers
{TINY}
trainer = Trainer(None, arguments(report_to="aimd"), train_dataset=rows, eval_dataset=rows, model_init=model)
trainer.hyperparameter_search(lambda trial: {{"learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-3)}},
    n_trials=2, backend="optuna")
"""
    train(code, tmp_path)
    trials = recorded_trials(tmp_path)
    assert [(trial.name, trial.upload["folder_path"]) for trial in trials] == [("tiny-0", "tiny"), ("tiny-1", "tiny")]
    assert trials[0].params["learning_rate"] != trials[1].params["learning_rate"]
    assert all("val" in trial.types and trial.status == "Succeeded" for trial in trials)


WORDS = """
import datasets
import t9k.aimd.transformers
from tokenizers import Tokenizer, models, pre_tokenizers
words = {word: number for number, word in enumerate(["<unk>", "<pad>", "a", "b", "c"])}
tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
quiet = {"max_steps": 2, "logging_steps": 1, "use_cpu": True, "disable_tqdm": True, "save_strategy": "no"}
"""
TRAININGS = {
    "trl": """
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer
tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>", eos_token="<pad>")
sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
model = LlamaForCausalLM(LlamaConfig(vocab_size=5, pad_token_id=1, eos_token_id=1, bos_token_id=1, **sizes))
arguments = SFTConfig("out/tiny", report_to="aimd", bf16=False, max_length=8, **quiet)
data = datasets.Dataset.from_list([{"text": "a b c"}] * 16)
SFTTrainer(model, args=arguments, train_dataset=data, processing_class=tokenizer).train()
""",
    "sentence_transformers": """
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=4)], device="cpu")
arguments = SentenceTransformerTrainingArguments("out/tiny", report_to="aimd", **quiet)
data = datasets.Dataset.from_dict({"anchor": ["a b", "b c"] * 8, "positive": ["a", "c"] * 8})
SentenceTransformerTrainer(model, arguments, train_dataset=data, loss=MultipleNegativesRankingLoss(model)).train()
""",
}


@pytest.mark.parametrize("library", TRAININGS)
def test_what_builds_on_transformers_takes_report_to(tmp_path: Path, train: Training, library: str) -> None:
    require_framework(library)
    train(WORDS + TRAININGS[library], tmp_path)
    trial = recorded_trial(tmp_path)
    assert (trial.name, trial.status) == ("tiny", "Succeeded")
    assert trial.steps("train") == [1, 2]
    assert {"loss", "grad_norm", "learning_rate"} <= trial.of("train")[0].value.keys()
    assert trial.of("summary")
