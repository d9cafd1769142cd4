"""The KServe SDK against our server, over both of its protocols. Argument: http://host:port. Says `done` at its end."""
import asyncio
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

base = sys.argv[1]
TYPES = {"BYTES": object, "INT64": np.int64, "FP64": np.float64, "FP32": np.float32, "BOOL": bool}


def tensor(name, datatype, values, binary):
    array = np.array(values, dtype=TYPES[datatype])
    made = InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def text(value):
    return value.decode() if isinstance(value, bytes) else value


async def v2():
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
    assert await client.is_server_live(base) is True
    assert await client.is_model_ready(base, "late") and not await client.is_model_ready(base, "empty")
    try:
        await client.is_server_ready(base)
        raise AssertionError("`empty` is not ready")
    except httpx.HTTPStatusError as error:
        assert error.response.status_code == 503 and "empty" in str(error)
    for binary in (True, False):
        for wanted in (None, [RequestedOutput("value", parameters={"binary_data": binary}), RequestedOutput("source")]):
            inputs = [tensor("origin", "BYTES", ["JFK"], binary), tensor("destination", "BYTES", ["LAX"], binary), tensor("hour", "INT64", [18], binary)]
            extra = {} if wanted is None else {"request_outputs": wanted}
            response = await client.infer(base, InferRequest("late", inputs, **extra), model_name="late")
            outputs = {output.name: output for output in response.outputs}
            assert outputs["value"].as_numpy()[0] == 0.31
            assert text(outputs["source"].as_numpy()[0]) == "store"
            assert len(outputs) == (11 if wanted is None else 2)
    for binary in (True, False):
        inputs = [tensor("hour", "INT64", [18], binary), tensor("distance", "FP64", [np.nan], binary), tensor("mean", "FP64", [3.5], binary), tensor("rush", "BOOL", [True], binary)]
        quote = await client.infer(base, InferRequest("quote", inputs, parameters={"deadline_ms": 1000}), model_name="quote")
        model = await client.infer(base, InferRequest("quote.model", [tensor("features", "FP32", [[18, np.nan, 10, 3.5, 0.9]], binary)]), model_name="quote.model")
        probabilities = next(output for output in model.outputs if output.name == "probabilities").as_numpy()
        assert np.float32(quote.outputs[0].as_numpy()[0]) == probabilities[0][1], (quote.outputs[0].as_numpy(), probabilities)
    try:
        await client.infer(base, InferRequest("score", [tensor("customer", "BYTES", ["nobody"], True)]), model_name="score")
        raise AssertionError("nobody was answered")
    except httpx.HTTPStatusError as error:
        assert error.response.status_code == 404 and "nobody" in str(error), error
    await client.close()


async def v1():
    client = InferenceRESTClient(RESTConfig(protocol="v1", retries=0))
    assert await client.is_model_ready(base, "late") is True and await client.is_model_ready(base, "empty") is False
    answer = await client.infer(base, {"instances": [{"origin": "JFK", "destination": "LAX", "hour": 18}]}, model_name="late")
    assert answer["predictions"][0]["value"] == 0.31 and answer["predictions"][0]["source"] == "store"
    model = await client.infer(base, {"instances": [[18.0, 100.0, 10.0, 3.5, 0.9]]}, model_name="quote.model")
    assert len(model["predictions"][0]["probabilities"]) == 2
    try:
        await client.infer(base, {"instances": [{"customer": 1}]}, model_name="score")
        raise AssertionError("a number was taken for a text")
    except httpx.HTTPStatusError as error:
        assert error.response.status_code == 400 and "customer" in str(error), error
    await client.close()


for protocol in sys.argv[2:]:
    asyncio.run({"v1": v1, "v2": v2}[protocol]())
print("done")
