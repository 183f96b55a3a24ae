"""Puts references in place of secrets in what is written to files. Pure.

Text from the platform is escaped, so that nothing in it is read as an expression, and that would escape a reference as
well. So a stand-in takes the secret's place until everything else has been written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentops.credentials import is_credential, is_key_name, secret_name
from agentops.document import Path, path_text
from agentops.plan.concealment import Piece, replace_pieces


def is_certain(piece: Piece) -> bool:
    """Whether a piece is a secret, judged by its name or form, and is where a spec may refer to one."""
    is_named = is_key_name(piece.name) or piece.name in ("login", "auth")
    is_secret = is_named and "{{" not in piece.text and piece.text.strip() != ""
    return piece.may_be_reference and (is_secret or is_credential(piece.name, piece.text))


@dataclass(slots=True)
class SecretReferences:
    """The secrets of one agent, and the names by which files refer to them.

    key:       the agent's, with which the names begin
    is_secret: which pieces become references; of the others, those that look like keys are `doubtful`
    known:     value -> name, of secrets that the project has
    secrets:   name -> the place that refers to it; the values are not kept here
    """

    key: str
    is_secret: Callable[[Piece], bool] = is_certain
    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: dict[str, str] = field(default_factory=dict)
    doubtful: dict[str, None] = field(default_factory=dict)
    _values: dict[str, str] = field(default_factory=dict, repr=False)
    _stand_ins: dict[str, str] = field(default_factory=dict)

    def stand_in(self, path: Path, value: Any) -> Any:
        """`value` with a stand-in for every secret in it. `restored` puts references in their places."""
        written = repr(value)

        def replace(piece: Piece) -> str:
            if not self.is_secret(piece):
                if is_credential(piece.name, piece.text):
                    self.doubtful[path_text(piece.place)] = None
                return piece.text
            inside = [known for known in self.known if known in piece.text]
            if not inside:
                return self._stand_in(self._name(piece), written)
            text = piece.text
            for known in sorted(inside, key=len, reverse=True):
                text = text.replace(known, self._stand_in(self.known[known], written))
            return text

        return replace_pieces(path, value, replace)

    def restored(self, value: Any) -> Any:
        """Text, or a tree of it, with references in place of the stand-ins."""
        match value:
            case str():
                for stand_in, reference in self._stand_ins.items():
                    value = value.replace(stand_in, reference)
                return value
            case dict():
                return {name: self.restored(item) for name, item in value.items()}
            case list():
                return [self.restored(item) for item in value]
            case _:
                return value

    def _stand_in(self, name: str, written: str) -> str:
        stand_in = f"SECRET-{name}-HERE"
        while stand_in in written:
            stand_in += "-"
        self._stand_ins[stand_in] = f"${{{{ secrets.{name} }}}}"
        return stand_in

    def _name(self, piece: Piece) -> str:
        """The name for a secret. Another value that would have the same name gets a number."""
        base = name = secret_name(self.key, piece.name)
        number = 2
        while self._values.get(name, piece.text) != piece.text:
            name, number = f"{base}_{number}", number + 1
        self._values[name] = piece.text
        self.secrets[name] = path_text(piece.place)
        return name
