"""The parameters of a trial: a mapping that is saved after every change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from copy import copy

from aimd_core.errors import UsageError
from aimd_core.format.shared_document import SharedDocument
from aimd_core.format.values import MAX_PARAMETERS_CHARS, parameters_chars
from aimd_core.language import said, spoken
from t9k.aimd.values import as_mapping, as_plain, as_text

_OWN = ("_document",)


class Params(MutableMapping[str, object]):
    """Parameters by name, also as attributes: `trial.params.lr = 0.1` is `trial.params["lr"] = 0.1`.

    Values are what JSON can hold, or what becomes that (see `update`); they are copied when set. Every change is
    written to `parameters.yaml` before it returns; a change that is refused changes nothing. Threads, processes and
    copies may change the parameters of one trial at once: each change applies to the file's current content.
    """

    def __init__(self, document: SharedDocument) -> None:
        """Hold parameters.

        Args:
            document: Where they are; its content is already plain data.
        """
        object.__setattr__(self, "_document", document)

    _document: SharedDocument

    def __getstate__(self) -> dict[str, object]:
        """Pickle the parameters: a copy changes the same file, starting from the copied values."""
        return {"_document": copy(self._document)}

    @property
    def _values(self) -> dict[str, object]:
        return self._document.values

    def update(  # type: ignore[override]
        self, new_params: object = None, override: bool = True, **named: object
    ) -> None:
        """Set several parameters at once.

        Args:
            new_params: Parameters by name: a mapping, or what is one by nature, such as `argparse.Namespace`, a data
                class, an OmegaConf or a pydantic model.
            override: Whether parameters that are already set take the new value.
            **named: More parameters.

        Raises:
            TypeError: JSON cannot represent a value; the message names the parameter, and nothing is changed.
            UsageError: They would be too large to be uploaded; likewise.
        """
        plain = plain_params({**_mapping(new_params), **named})

        def updated(values: dict[str, object]) -> dict[str, object]:
            after = {**values, **{n: v for n, v in plain.items() if override or n not in values}}
            require_small(after, plain, values)
            return after

        self._document.change(updated)

    def parse(self, dist_tf_strategy: object = None, dist_torch_model: object = None, dist_hvd: object = None) -> None:
        """Record how training is distributed, as parameter `distribution`: `api`, `policy`, `config`.

        Args:
            dist_tf_strategy: A `tf.distribute.Strategy`.
            dist_torch_model: A model wrapped in `DataParallel` or `DistributedDataParallel`.
            dist_hvd: The module `horovod.torch`, `horovod.tensorflow` or `horovod.keras`, initialised.

        Raises:
            TypeError: It is none of these, or not exactly one was given.
        """
        from t9k.aimd.distribution import describe_distribution

        self["distribution"] = describe_distribution(dist_tf_strategy, dist_torch_model, dist_hvd)

    def as_dict(self) -> dict[str, object]:
        """Return a copy of all parameters as plain data."""
        copy = as_plain("params", self._values)
        assert isinstance(copy, dict)
        return copy

    def __getitem__(self, name: str) -> object:
        return self._values[name]

    def __setitem__(self, name: str, value: object) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        def without(values: dict[str, object]) -> dict[str, object]:
            if name not in values:
                raise KeyError(name)
            return {key: value for key, value in values.items() if key != name}

        self._document.change(without)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> object:
        if name in _OWN or name.startswith("__"):  # copy, pickle and debuggers look up such names
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(spoken("no parameter {name!r}", name=name)) from None

    def __setattr__(self, name: str, value: object) -> None:
        if name in _OWN or hasattr(type(self), name):
            raise AttributeError(
                spoken("{name!r} is part of the mapping itself; set it as params[{name!r}]", name=name)
            )
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(spoken("no parameter {name!r}", name=name)) from None

    def __repr__(self) -> str:
        return f"Params({self._values!r})"


def plain_params(params: object) -> dict[str, object]:
    """Return parameters as plain data. Errors as `Params.update`."""
    return {as_text("a parameter's name", name): as_plain(str(name), value) for name, value in _mapping(params).items()}


def _mapping(params: object) -> Mapping[str, object]:
    if params is None:
        return {}
    mapping = as_mapping(params)
    if mapping is None:
        try:
            return dict(params)  # type: ignore[call-overload,no-any-return]
        except (TypeError, ValueError):
            kind = type(params).__name__
            raise TypeError(spoken("parameters must be a mapping of names to values, not {kind}", kind=kind)) from None
    return mapping


def require_small(
    values: dict[str, object], new: Mapping[str, object], before: Mapping[str, object] | None = None
) -> None:
    """Refuse parameters that no server and no list would take.

    Args:
        values: All parameters, as plain data.
        new: Those among them that have been set just now.
        before: All there were, which may have been too large already, written by another program.

    Raises:
        UsageError: They are too large; it names the largest of the new ones.
    """
    chars = parameters_chars(values)
    if chars > MAX_PARAMETERS_CHARS and chars > parameters_chars(before or {}):
        largest = max(new, key=lambda name: parameters_chars({name: new[name]}))
        message = said(
            "parameter {name!r} is too large: with it, the parameters have {chars:,} characters of JSON",
            name=largest,
            chars=chars,
        )
        hint = said("{limit:,} is the most. Keep large values in a file beside the trial", limit=MAX_PARAMETERS_CHARS)
        raise UsageError(message=message, hint=hint)
