"""Taquilla: sells tickets in the minute when everybody wants one.

Floors (a module imports only from floors below; names joined by | never import each other):

    7  app.cli                                           processes start here
    6  app.main                                          the ASGI application
    5  app.api | app.storefront | app.wiring             HTTP edge; shop; the one composition root
    4  app.workers                                       relay, projector, sweeper, reconciler
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

How it is paid for, in nine more:

    app/api/payments.py                   the call and its answers
    app/selling/paying/starting.py        gates, the payment in the ledger, the order in Redis
    app/ledger/payments/starting.py       the payment and its first command, committed together
    lua/commands/begin_payment.lua        the hold waits for its payment, not for its deadline
    app/selling/paying/commanding.py      what is asked of the provider, and what became of it
    payments/contract.py                  what a payment method is
    app/selling/paying/deciding.py        what comes next: one pure decision
    app/selling/paying/advancing.py       done step by step, by whoever is first
    app/workers/reconciler.py             what a crash or a silence left is finished

A request that is plain, as nearly all are, is read by app/api/quick_orders.py on its way to the
first of them; it could be deleted, and all would be the same but slower.
"""
