"""The parameters of a trial: a mapping that is on disk after every change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping

from aimd_core.language import spoken
from t9k.aimd.values import as_plain, as_text

_OWN = ("_save", "_values")


class Params(MutableMapping[str, object]):
    """Parameters by name, also as attributes: `trial.params.lr = 0.1` is `trial.params["lr"] = 0.1`.

    Values are what JSON can hold, nested mappings and lists included; they are copied when set. Every change is
    written to `parameters.yaml` before it returns; a change that is refused changes nothing.
    """

    def __init__(self, values: Mapping[str, object], save: Callable[[dict[str, object]], None]) -> None:
        """Hold parameters.

        Args:
            values: The first parameters, plain data already.
            save: Writes all parameters; called after every change.
        """
        object.__setattr__(self, "_values", dict(values))
        object.__setattr__(self, "_save", save)

    _values: dict[str, object]
    _save: Callable[[dict[str, object]], None]

    def update(  # type: ignore[override]
        self, new_params: Mapping[str, object] | None = None, override: bool = True, **named: object
    ) -> None:
        """Set several parameters at once.

        Args:
            new_params: Parameters by name.
            override: Whether a parameter that is set already takes the new value.
            **named: More parameters.

        Raises:
            TypeError: JSON cannot hold a value; the message names the parameter, and nothing is changed.
        """
        plain = plain_params({**dict(new_params or {}), **named})
        self._change({**self._values, **{n: v for n, v in plain.items() if override or n not in self._values}})

    def parse(self, dist_tf_strategy: object = None, dist_torch_model: object = None, dist_hvd: object = None) -> None:
        """Record how the training is distributed, as parameter `distribution`: `api`, `policy`, `config`.

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

    def _change(self, values: dict[str, object]) -> None:
        if repr(values) != repr(self._values):  # not `!=`, which takes True for 1 and NaN for a change
            self._save(values)
            object.__setattr__(self, "_values", values)

    def __getitem__(self, name: str) -> object:
        return self._values[name]

    def __setitem__(self, name: str, value: object) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        if name not in self._values:
            raise KeyError(name)
        self._change({key: value for key, value in self._values.items() if key != name})

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> object:
        if name in _OWN or name.startswith("__"):  # copy, pickle and debuggers ask for such names
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


def plain_params(params: Mapping[str, object]) -> dict[str, object]:
    """Return parameters as plain data. Errors as `Params.update`."""
    return {as_text("a parameter's name", name): as_plain(str(name), value) for name, value in params.items()}
