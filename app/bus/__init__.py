"""The bus: the ordered log that facts are published to and read from by cursor.

One contract (`contract.py`), one form of a fact on it (`codec.py`), and two implementations: Redis
streams by default, and Kinesis.
"""

from app.bus.codec import decode_fact, decode_slice, encode_fact, encode_slice
from app.bus.contract import SLICE_FACTS_MAX, Batch, Bus, Shard, Slice
from app.bus.kinesis import open_kinesis_bus
from app.bus.redis_streams import RedisStreamsBus

__all__ = [
    "SLICE_FACTS_MAX",
    "Batch",
    "Bus",
    "RedisStreamsBus",
    "Shard",
    "Slice",
    "decode_fact",
    "decode_slice",
    "encode_fact",
    "encode_slice",
    "open_kinesis_bus",
]
