"""Triton's own HTTP client against our server. Argument: host:port. Says `done` at its end; what does not hold fails it."""
import sys
import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

client = triton.InferenceServerClient(sys.argv[1])


def tensor(name, datatype, values, binary=True, shape=None):
    array = np.array(values, dtype={"BYTES": object, "INT64": np.int64, "FP64": np.float64, "FP32": np.float32, "BOOL": bool}[datatype])
    made = triton.InferInput(name, shape or array.shape, datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


# Health and metadata
assert client.is_server_live()
assert not client.is_server_ready()  # `empty` has nothing to answer with
assert client.is_model_ready("late") and client.is_model_ready("quote.model") and not client.is_model_ready("empty")
assert client.is_model_ready("quote", "1")
assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
assert client.get_model_metadata("late")["inputs"][2] == {"name": "hour", "datatype": "INT64", "shape": [-1]}
assert {"late", "quote", "quote.model"} <= {each["name"] for each in client.get_model_repository_index()}

# A stored answer, by every way that tensors can go
for binary_in in (True, False):
    for outputs in (None, True, False):
        for request, response in ((None, None), ("gzip", "gzip"), ("deflate", "deflate")):
            inputs = [
                tensor("origin", "BYTES", ["JFK", "JFK"], binary_in),
                tensor("destination", "BYTES", ["LAX", "XXX"], binary_in),
                tensor("hour", "INT64", [18, 18], binary_in),
            ]
            wanted = None if outputs is None else [triton.InferRequestedOutput(name, binary_data=outputs) for name in ("source", "value", "reason", "degraded")]
            result = client.infer("late", inputs, outputs=wanted, request_id="r1", request_compression_algorithm=request, response_compression_algorithm=response)
            assert result.get_response()["id"] == "r1"
            value = np.array(result.as_numpy("value"), dtype=np.float64)
            assert value[0] == 0.31 and np.isnan(value[1]), value
            assert [str(each.decode() if isinstance(each, bytes) else each) for each in result.as_numpy("source")] == ["store", ""]
            assert [str(each.decode() if isinstance(each, bytes) else each) for each in result.as_numpy("reason")] == ["", "unknown_key"]
            assert list(result.as_numpy("degraded")) == [False, True]

# int64 beyond 2^53 and -0
for binary in (True, False):
    result = client.infer("balance", [tensor("account", "INT64", [9007199254740993], binary)])
    assert list(result.as_numpy("value")) == [93.0]
    result = client.infer("score", [tensor("customer", "BYTES", ["Zoë 🚀"], binary)], outputs=[triton.InferRequestedOutput("value", binary_data=binary)])
    assert np.signbit(result.as_numpy("value")[0])

# A live answer from inputs, and the model behind it: the same value
inputs = [tensor("hour", "INT64", [[18]]), tensor("distance", "FP64", [[np.nan]]), tensor("mean", "FP64", [[3.5]]), tensor("rush", "BOOL", [[True]])]
live = client.infer("quote", inputs, parameters={"deadline_ms": 1000}, timeout=1_000_000)
assert live.as_numpy("source")[0] == b"live"
model = client.infer("quote.model", [tensor("features", "FP32", [[18, np.nan, 10, 3.5, 0.9]])])
probabilities = model.as_numpy("probabilities")
assert probabilities.shape == (1, 2) and probabilities.dtype == np.float32
assert np.float32(live.as_numpy("value")[0]) == probabilities[0][1]
assert model.get_response()["model_version"] == client.get_model_metadata("quote.model")["versions"][0]
texts = client.infer("score.model", [tensor("origin", "BYTES", [["JFK"], ["LAX"]])])
assert texts.as_numpy("variable").shape == (2, 1)

# At once
futures = [client.async_infer("late", inputs=[tensor("origin", "BYTES", ["JFK"]), tensor("destination", "BYTES", ["LAX"]), tensor("hour", "INT64", [18])]) for _ in range(20)]
assert all(future.get_result().as_numpy("value")[0] == 0.31 for future in futures)

# Errors
for name, inputs, status, words in (
    ("nothing", [tensor("x", "FP32", [1])], "404", "nothing"),
    ("late", [tensor("origin", "BYTES", ["JFK"])], "400", "destination"),
    ("late", [tensor("origin", "FP32", [1])], "400", "datatype"),
    ("quote.model", [tensor("features", "FP32", [[1, 2]])], "400", "shape"),
    ("score", [tensor("customer", "BYTES", ["nobody"])], "404", "nobody"),
    ("empty", [tensor("customer", "BYTES", ["ann"])], "503", "published"),
):
    try:
        client.infer(name, inputs)
        raise AssertionError(f"{name} was answered")
    except InferenceServerException as error:
        assert status in str(error.status()) and words in error.message(), (error.status(), error.message())
print("done")
