"""What every process needs and no ticket shop is special in: settings, clock, logs, metrics, jobs,
the Redis connection."""
