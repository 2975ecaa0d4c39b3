"""Packages as pip leaves them: a module, and a dist-info that names it in an entry-point group."""

from pathlib import Path

METHOD = """
from datetime import timedelta
from pydantic import SecretStr
from payments import *

class {name}Config(MethodConfig):
    merchant: str = "M-1"
    api_key: SecretStr = SecretStr("none")

class {name}(PaymentMethod[{name}Config]):
    config_model = {name}Config
    descriptor = Descriptor(
        id="{id}", display_name="{name}", capabilities=frozenset(),
        currencies={{"EUR": CurrencyRule(wire_digits=2)}}, idempotency=Idempotency.KEY,
        idempotency_window=timedelta(hours=24),
    )
    async def initiate(self, request):
        raise NotExecuted("never")
"""


def install(folder: Path, name: str, source: str, entries: dict[str, str]) -> None:
    """`entries`: method ids and where they are, as they stand in entry_points.txt."""
    (folder / f"{name}.py").write_text(source)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "".join(f"{key} = {value}\n" for key, value in entries.items())
    (info / "entry_points.txt").write_text(f"[taquilla.payment_methods]\n{lines}")


def install_method(folder: Path, method_id: str, source: str = METHOD) -> None:
    """One package with one method."""
    name = method_id.title().replace("_", "")
    install(
        folder,
        f"taquilla_{method_id}",
        source.format(name=name, id=method_id),
        {method_id: f"taquilla_{method_id}:{name}"},
    )
