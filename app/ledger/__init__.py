"""The ledger: the only code that speaks SQL. SQLAlchemy Core on PostgreSQL or SQLite.

It holds drafts, customers and API keys, the archive of every fact, and the read models that the
facts are projected into. Its schema is made by the migrations in `migrations/`.
"""

from app.ledger.api_keys import ApiKey, ApiKeys, NewApiKey, Scope
from app.ledger.archive import Archive, FactPage
from app.ledger.cursors import CursorMoved, Cursors
from app.ledger.customers import Customers
from app.ledger.drafts import Draft, Drafts
from app.ledger.instance import Instance
from app.ledger.ledger import Ledger, SchemaState, open_ledger
from app.ledger.migrating import downgrade_ledger, upgrade_ledger
from app.ledger.orders import OrderPage, OrderRow, Orders, OrderSearch
from app.ledger.paging import UnknownPage
from app.ledger.projection import Applied, Projection, ProjectionBatch
from app.ledger.revocations import Revocations, RevokedPage
from app.ledger.sales import Sales, SalesReport, TypeSales

__all__ = [
    "ApiKey",
    "ApiKeys",
    "Applied",
    "Archive",
    "CursorMoved",
    "Cursors",
    "Customers",
    "Draft",
    "Drafts",
    "FactPage",
    "Instance",
    "Ledger",
    "NewApiKey",
    "OrderPage",
    "OrderRow",
    "OrderSearch",
    "Orders",
    "Projection",
    "ProjectionBatch",
    "Revocations",
    "RevokedPage",
    "Sales",
    "SalesReport",
    "SchemaState",
    "Scope",
    "TypeSales",
    "UnknownPage",
    "downgrade_ledger",
    "open_ledger",
    "upgrade_ledger",
]
