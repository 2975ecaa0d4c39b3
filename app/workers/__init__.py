"""Background jobs. Each is a `step()` that does one bounded unit; `app.runtime.jobs` loops them."""

from app.workers.forgetter import Forgetter
from app.workers.projector import Projector
from app.workers.reconciler import Reconciler
from app.workers.relay import Relay, RelayLimits
from app.workers.sweeper import Sweeper

__all__ = ["Forgetter", "Projector", "Reconciler", "Relay", "RelayLimits", "Sweeper"]
