"""all-MiniLM-L6-v2 as an ONNX graph, written straight from its weights.

The model is BERT with 6 layers, 384 wide, 12 heads (Devlin et al. 2018, section 3; Wang et al. 2020, "MiniLM"), then
the mean over the word pieces and a division by the length, as in the model's own sentence-transformers pipeline.

The graph takes one text at a time: `ids`, int64, shape (1, n) with n in 2..256, and gives `vectors`, float32, shape
(1, 384), of unit length. One text needs no padding and no attention mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from parley.kit.eight_bits import attributes, quantise

BUILDER_VERSION = 1
"""To be raised whenever the graph built from the same weights changes: cached graphs are keyed by it."""

MAX_PIECES = 256
DIMENSIONS = 384

_LAYERS = 6
_HEADS = 12
_EPSILON = 1e-12

Precision = Literal["int8", "fp32"]
Weights = Mapping[str, NDArray[np.float32]]


def build_graph(weights: Weights, precision: Precision) -> bytes:
    """The serialised ONNX model.

    int8: the weights of the linear layers in 8 bits with one scale per 64 of them, their inputs quantised row by row
    as they come, the word table in 16-bit floats (35 MB). fp32: everything as published (90 MB).
    Raises KeyError when a tensor is missing.
    """
    return _Builder(weights, precision).model()


class _Builder:
    """Collects nodes and constants; every method that adds a node returns the name of its output."""

    def __init__(self, weights: Weights, precision: Precision) -> None:
        import onnx.helper
        import onnx.numpy_helper

        self._helper: Any = onnx.helper
        self._tensor: Any = onnx.numpy_helper.from_array
        self._float: int = onnx.TensorProto.FLOAT
        self._int64: int = onnx.TensorProto.INT64
        self._weights = weights
        self._precision = precision
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def model(self) -> bytes:
        helper = self._helper
        x = self._embeddings()
        for index in range(_LAYERS):
            x = self._layer(x, f"encoder.layer.{index}.")
        mean = self._node("ReduceMean", [x, self._constant("pieces_axis", np.array([1], np.int64))], keepdims=0)
        self._node("LpNormalization", [mean], output="vectors", axis=-1, p=2)
        graph = helper.make_graph(
            self._nodes,
            "all-minilm-l6-v2",
            [helper.make_tensor_value_info("ids", self._int64, [1, "pieces"])],
            [helper.make_tensor_value_info("vectors", self._float, [1, DIMENSIONS])],
            self._constants,
        )
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        serialised: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
        return serialised

    def _embeddings(self) -> str:
        words = self._weights["embeddings.word_embeddings.weight"]
        # Every piece of a lone text is of segment 0, so its segment vector is part of its position.
        segment = self._weights["embeddings.token_type_embeddings.weight"][0]
        places = self._weights["embeddings.position_embeddings.weight"][:MAX_PIECES] + segment
        if self._precision == "int8":
            rows = self._node("Gather", [self._constant("words", words.astype(np.float16)), "ids"])
            rows = self._node("Cast", [rows], to=self._float)
        else:
            rows = self._node("Gather", [self._constant("words", words), "ids"])
        start = self._constant("start", np.array([0], np.int64))
        pieces = self._node("Shape", ["ids"], start=1, end=2)
        positions = self._node("Slice", [self._constant("positions", places), start, pieces, start])
        return self._norm(self._node("Add", [rows, positions]), "embeddings.LayerNorm")

    def _layer(self, x: str, layer: str) -> str:
        attended = self._linear(self._attention(x, layer + "attention.self."), layer + "attention.output.dense")
        x = self._norm(self._node("Add", [attended, x]), layer + "attention.output.LayerNorm")
        inner = self._node("Gelu", [self._linear(x, layer + "intermediate.dense")])
        outer = self._linear(inner, layer + "output.dense")
        return self._norm(self._node("Add", [outer, x]), layer + "output.LayerNorm")

    def _attention(self, x: str, prefix: str) -> str:
        """One product for query, key and value: their input is read (and quantised) once."""
        parts = ("query", "key", "value")
        matrix = np.concatenate([self._weights[f"{prefix}{part}.weight"] for part in parts])
        bias = np.concatenate([self._weights[f"{prefix}{part}.bias"] for part in parts])
        joined = self._product(x, prefix + "qkv", matrix, bias)
        split = [prefix + part for part in parts]
        self._nodes.append(self._helper.make_node("Split", [joined], split, axis=-1, num_outputs=3))
        return self._node("MultiHeadAttention", split, domain="com.microsoft", num_heads=_HEADS)

    def _linear(self, x: str, name: str) -> str:
        return self._product(x, name, self._weights[name + ".weight"], self._weights[name + ".bias"])

    def _product(self, x: str, name: str, matrix: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """x @ matrix.T + bias; `matrix` has the shape (outputs, inputs) of the published file."""
        bias_name = self._constant(name + ".bias", bias)
        if self._precision == "fp32":
            product = self._node("MatMul", [x, self._constant(name + ".matrix", matrix.T)])
            return self._node("Add", [product, bias_name])
        levels, scales = quantise(matrix)
        constants = [self._constant(name + ".levels", levels), self._constant(name + ".scales", scales)]
        return self._node(
            "MatMulNBits",
            [x, *constants, "", "", bias_name],
            domain="com.microsoft",
            **attributes(*matrix.shape),
        )

    def _norm(self, x: str, name: str) -> str:
        scale = self._constant(name + ".weight", self._weights[name + ".weight"])
        bias = self._constant(name + ".bias", self._weights[name + ".bias"])
        return self._node("LayerNormalization", [x, scale, bias], axis=-1, epsilon=_EPSILON)

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        self._constants.append(self._tensor(np.ascontiguousarray(values), name))
        return name

    def _node(self, kind: str, inputs: list[str], *, output: str = "", domain: str = "", **attributes: Any) -> str:
        output = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output
