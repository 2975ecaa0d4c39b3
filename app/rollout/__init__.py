"""Who may be sold what: the catalogue of toggles, and the verdicts that the selling path reads.

The only code that knows Unleash. The network is never on the path of a sale.
"""

from app.rollout.catalogue import CATALOGUE, SELLING_FREE, SELLING_HALT, Toggle, ToggleKind
from app.rollout.development import write_development_toggles
from app.rollout.file_toggles import FileToggles
from app.rollout.gates import SellingGates, SellingVerdict
from app.rollout.toggles import ToggleContext, Toggles, ToggleState

__all__ = [
    "CATALOGUE",
    "SELLING_FREE",
    "SELLING_HALT",
    "FileToggles",
    "SellingGates",
    "SellingVerdict",
    "Toggle",
    "ToggleContext",
    "ToggleKind",
    "ToggleState",
    "Toggles",
    "write_development_toggles",
]
