"""Writes the same columns of numbers and texts by several writers and in several ways: writers.py FOLDER"""
import sys

import fastparquet
import numpy as np
import polars
import pyarrow as pa
import pyarrow.parquet as pq

folder = sys.argv[1]
random = np.random.default_rng(20010615)


def columns(rows, missing):
    """Of each kind, so large a part of the values missing."""
    small = random.integers(-5, 1000, rows)
    large = random.integers(-(2**62), 2**62, rows)
    fraction = random.normal(size=rows)
    time = np.sort(1_600_000_000_000_000 + random.integers(0, 10**12, rows))

    def array(values, kind):
        return pa.array(values, type=kind, mask=random.random(rows) < missing)

    return pa.table(
        {
            "int8": array((small % 100).astype("int8"), pa.int8()),
            "int16": array(small.astype("int16"), pa.int16()),
            "int32": array(small.astype("int32"), pa.int32()),
            "int64": array(small, pa.int64()),
            "large": array(large, pa.int64()),
            "same": array(np.full(rows, 5), pa.int64()),
            "uint8": array((small & 0xFF).astype("uint8"), pa.uint8()),
            "uint16": array((small & 0xFFFF).astype("uint16"), pa.uint16()),
            "uint32": array((large & 0xFFFFFFFF).astype("uint32"), pa.uint32()),
            "float": array(fraction.astype("float32"), pa.float32()),
            "double": array(fraction, pa.float64()),
            "boolean": array(small % 3 == 0, pa.bool_()),
            "seconds": array(time // 10**6, pa.timestamp("s")),
            "millis": array(time // 1000, pa.timestamp("ms")),
            "micros": array(time, pa.timestamp("us")),
            "instant": array(time, pa.timestamp("us", tz="UTC")),
            "nanos": array(time * 1000, pa.timestamp("ns")),
            "words": array(np.array(["", "a", "Zürich", "東京", "🚀", "a\0b", "a longer text"])[small % 7], pa.string()),
            "texts": array(np.array([f"{i:x}-ä" for i in large]), pa.string()),
            "wide": array(np.array([f"{i:x}" for i in small]), pa.large_string()),
        }
    )


def write(table, name):
    def path(way):
        return f"{folder}/{name}-{way}.parquet"

    for codec in ("snappy", "gzip", "zstd", "brotli", "lz4", "none"):
        for version in ("1.0", "2.0"):
            options = {"compression": codec, "data_page_version": version, "data_page_size": 2048, "row_group_size": 2_500}
            pq.write_table(table, path(f"pyarrow-{codec}-{version}"), use_dictionary=version == "1.0", **options)
    delta = dict.fromkeys(("int32", "int64", "large"), "DELTA_BINARY_PACKED")
    split = dict.fromkeys(("float", "double"), "BYTE_STREAM_SPLIT")
    pq.write_table(table, path("pyarrow-encodings"), use_dictionary=False, column_encoding={**delta, **split})
    pq.write_table(table, path("pyarrow-booleans"), use_dictionary=False, column_encoding={"boolean": "RLE"}, data_page_version="2.0")
    pq.write_table(table, path("pyarrow-bare"), write_statistics=False, store_schema=False, version="1.0")
    pq.write_table(table, path("pyarrow-int96"), use_deprecated_int96_timestamps=True)
    for codec in ("snappy", "gzip", "zstd", "lz4", "uncompressed"):
        polars.from_arrow(table).write_parquet(path(f"polars-{codec}"), compression=codec, data_page_size=3000, row_group_size=2000)
    for codec in ("SNAPPY", "GZIP", "ZSTD", None):
        fastparquet.write(path(f"fastparquet-{codec}"), table.to_pandas(), compression=codec)


for rows in (1, 6_001):
    for missing in (0, 0.3, 1):
        write(columns(rows, missing), f"{rows}-{missing}")
