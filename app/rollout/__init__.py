"""Who may be sold what: the catalogue of toggles, and the verdicts that the selling path reads.

The only code that knows Unleash. The network is never on the path of a sale.
"""

from app.rollout.catalogue import (
    CATALOGUE,
    SELLING_FREE,
    SELLING_HALT,
    SELLING_PAID,
    Toggle,
    ToggleKind,
    catalogue_of,
    halt_toggle,
    offer_toggle,
)
from app.rollout.development import write_development_toggles
from app.rollout.file_toggles import FileToggles
from app.rollout.gates import SellingGates, SellingVerdict
from app.rollout.kept_payload import KeptPayload, kept_payload_path
from app.rollout.toggles import ToggleContext, Toggles, ToggleState
from app.rollout.unleash_admin import Synced, SyncWord, open_unleash_admin
from app.rollout.unleash_server import Token, open_unleash_server
from app.rollout.unleash_toggles import UnleashToggles

__all__ = [
    "CATALOGUE",
    "SELLING_FREE",
    "SELLING_HALT",
    "SELLING_PAID",
    "FileToggles",
    "KeptPayload",
    "SellingGates",
    "SellingVerdict",
    "SyncWord",
    "Synced",
    "Toggle",
    "ToggleContext",
    "ToggleKind",
    "ToggleState",
    "Toggles",
    "Token",
    "UnleashToggles",
    "catalogue_of",
    "halt_toggle",
    "kept_payload_path",
    "offer_toggle",
    "open_unleash_admin",
    "open_unleash_server",
    "write_development_toggles",
]
