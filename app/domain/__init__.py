"""Pure words of the business: ids, orders, events, facts, outcomes. No I/O, no clock, no Redis."""
