"""Taquilla: sells tickets in the minute when everybody wants one.

Floors (a module imports only from floors below; names joined by | never import each other):

    7  app.cli                                           processes start here
    6  app.main                                          the ASGI application
    5  app.api | app.storefront | app.wiring             HTTP edge; shop; the one composition root
    4  app.workers                                       relay, projector, sweeper
    3  app.selling                                       the verbs of the business
    2  app.inventory | app.bus | app.ledger | app.rollout     Redis+Lua, the bus, SQL, toggles
    1  app.domain                                        pure: ids, states, outcomes, facts
    0  app.runtime                                       settings, clock, logs, jobs, Redis
   -1  payments                                          payment methods; knows nothing of app

The life of an order, in nine files, in this order:

    app/api/orders.py                 the call and its answers
    app/selling/ordering.py           which gates stand before the stock
    app/inventory/orders.py           one method, one Lua command
    lua/commands/place_order.lua      the decision, atomic
    lua/lib/emit_fact.lua             the fact, written in the same breath
    app/workers/relay.py              outbox to bus, in order
    app/bus/redis_streams.py          the ordered log
    app/workers/projector.py          bus to ledger, exactly once
    app/ledger/projections/orders.py  what everybody reads afterwards

A request that is plain, as nearly all are, is read by app/api/quick_orders.py on its way to the
first of them; it could be deleted, and all would be the same but slower.
"""
