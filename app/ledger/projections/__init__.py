"""What the facts say, as tables that can be read: one module for each, one `apply` in each.

`apply(connection, facts)` gets facts in order, each exactly once, inside the transaction that notes
how far they go. A bounded number of statements, however many facts; rows are written in the order
of their keys, so that two transactions never wait for each other in a circle.
"""
