"""The ledger: the only code that speaks SQL. SQLAlchemy Core on PostgreSQL or SQLite.

It holds drafts, customers, API keys and payments, the archive of every fact, and the read models
that the facts are projected into. Its schema is made by the migrations in `migrations/`.
"""

from app.ledger.api_keys import ApiKey, ApiKeys, NewApiKey, Scope
from app.ledger.archive import Archive, FactPage
from app.ledger.cursors import CursorMoved, Cursors
from app.ledger.customers import Customers
from app.ledger.drafts import Draft, Drafts
from app.ledger.events import EventRow, Events
from app.ledger.instance import Instance
from app.ledger.ledger import Ledger, SchemaState, open_ledger
from app.ledger.migrating import downgrade_ledger, upgrade_ledger
from app.ledger.orders import OrderPage, OrderRow, Orders, OrderSearch
from app.ledger.paging import UnknownPage
from app.ledger.payments.attesting import Attestation
from app.ledger.payments.changes import Follows, NewOperation
from app.ledger.payments.notices import NewNotice, NoticeKey, NoticeRow, Notices, Taken
from app.ledger.payments.payments import Payments
from app.ledger.payments.report import REPORT_DAYS_MAX, PaymentReportRow, ReportPeriod
from app.ledger.payments.rows import (
    AlreadyStarted,
    AnotherOpen,
    Busy,
    Channel,
    CheckoutRow,
    Moved,
    NewPayment,
    ObservationRow,
    OperationKind,
    OperationRow,
    OperationState,
    Outcome,
    OverRefund,
    PaymentRow,
    Started,
)
from app.ledger.payments.searching import PaymentPage, PaymentSearch
from app.ledger.payments.spent_grants import AlreadySpent, Spent, SpentGrants
from app.ledger.projection import Applied, Projection, ProjectionBatch
from app.ledger.revocations import Revocations, RevokedPage
from app.ledger.sales import Sales, SalesReport, TypeSales

__all__ = [
    "REPORT_DAYS_MAX",
    "AlreadySpent",
    "AlreadyStarted",
    "AnotherOpen",
    "ApiKey",
    "ApiKeys",
    "Applied",
    "Archive",
    "Attestation",
    "Busy",
    "Channel",
    "CheckoutRow",
    "CursorMoved",
    "Cursors",
    "Customers",
    "Draft",
    "Drafts",
    "EventRow",
    "Events",
    "FactPage",
    "Follows",
    "Instance",
    "Ledger",
    "Moved",
    "NewApiKey",
    "NewNotice",
    "NewOperation",
    "NewPayment",
    "NoticeKey",
    "NoticeRow",
    "Notices",
    "ObservationRow",
    "OperationKind",
    "OperationRow",
    "OperationState",
    "OrderPage",
    "OrderRow",
    "OrderSearch",
    "Orders",
    "Outcome",
    "OverRefund",
    "PaymentPage",
    "PaymentReportRow",
    "PaymentRow",
    "PaymentSearch",
    "Payments",
    "Projection",
    "ProjectionBatch",
    "ReportPeriod",
    "Revocations",
    "RevokedPage",
    "Sales",
    "SalesReport",
    "SchemaState",
    "Scope",
    "Spent",
    "SpentGrants",
    "Started",
    "Taken",
    "TypeSales",
    "UnknownPage",
    "downgrade_ledger",
    "open_ledger",
    "upgrade_ledger",
]
