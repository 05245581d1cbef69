"""The registry keeps the schema that is published beside it."""

import copy
import json

import jsonschema
import pytest

from conftest import ROOT

MODEL = ROOT / "model"
SCHEMA = json.loads((MODEL / "registry.schema.json").read_text())
REGISTRY = json.loads((MODEL / "tiny/registry.json").read_text())


def test_the_registry_keeps_its_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(REGISTRY, SCHEMA)


@pytest.mark.parametrize(
    ("key", "value"),
    [("sha256", "0123"), ("quant_mode", "int4"), ("kind", 7), ("colour", "red"), ("onnx", None)],
)
def test_the_schema_refuses_what_it_should(key, value):
    broken = copy.deepcopy(REGISTRY)
    if value is None:
        del broken["models"][0][key]
    else:
        broken["models"][0][key] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, SCHEMA)
