"""The paid path under crashes and weather, with processes, sockets and signals.

mortal      processes of the service that die at a named point
stage       the service on servers of its own, each process to be ended by itself
checkouts   buyers who hold, pay, and insist with the same key until they are told
audit       the provider's books against the orders: whether every promise about money was kept
weather     what becomes of notices on their way, and of payments meanwhile
rehearsal   many paid orders under weather, while processes are killed
"""
