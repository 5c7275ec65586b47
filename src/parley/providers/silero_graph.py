"""Silero VAD v5 as an ONNX graph of thirty nodes, written from the published weights.

The published file holds two networks, for 8 and 16 kHz, behind conditions on shapes and rates that are worked out anew
for every window; they take longer than the arithmetic. This is the network for 16 kHz, and nothing else: a Fourier
transform of four overlapping quarters of the window, four convolutions, an LSTM cell, one sum. Convolutions over so few
places are matrix products: every tap is multiplied with every place, and a small constant matrix adds up those that
belong together; where a convolution has one place left, only the taps that meet something are kept. Products and sums
are those of the original in another order: probabilities differ by less than a millionth.

The graph takes `frames`, float32 (n, 4, 256): samples as they come, -32,768 to 32,767, of n windows; `h` and `c`, the
states after the windows before, float32 (n, 128); and gives `probability` (n, 1), `h_next` and `c_next`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLACES, SPAN = 4, 256
WIDTH = 128
_BINS = 129
_SCALE = np.float32(2.0**-15)
_PREFIX = "If_0_then_branch__Inline_0__"

Floats = NDArray[np.float32]


def build_graph(published: Path) -> bytes:
    """The serialised model. Raises `KeyError` for a file that holds other weights than expected, `OSError`."""
    return _Builder(_weights(published)).model()


def _weights(published: Path) -> dict[str, Floats]:
    """The constants of the branch for 16 kHz, by the names that the authors gave them."""
    import onnx
    import onnx.numpy_helper

    [condition] = [node for node in onnx.load(str(published)).graph.node if node.op_type == "If"]
    [branch] = [attribute.g for attribute in condition.attribute if attribute.name == "then_branch"]
    return {
        node.output[0].removeprefix(_PREFIX): onnx.numpy_helper.to_array(node.attribute[0].t)
        for node in branch.node
        if node.op_type == "Constant"
    }


class _Builder:
    """Collects nodes and constants; every method that adds a node returns the name of its output."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        import onnx.helper
        import onnx.numpy_helper

        self._helper: Any = onnx.helper
        self._tensor: Any = onnx.numpy_helper.from_array
        self._float: int = onnx.TensorProto.FLOAT
        self._weights = weights
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def model(self) -> bytes:
        heard = self._narrow(self._wide(self._wide(self._spectrum(), 0, stride=1), 1, stride=2))
        self._decide(self._remember(heard))
        shown = self._helper.make_tensor_value_info
        inputs = [shown("frames", self._float, ["n", PLACES, SPAN])]
        inputs += [shown(name, self._float, ["n", WIDTH]) for name in ("h", "c")]
        outputs = [shown("probability", self._float, ["n", 1])]
        outputs += [shown(name, self._float, ["n", WIDTH]) for name in ("h_next", "c_next")]
        graph = self._helper.make_graph(self._nodes, "silero", inputs, outputs, self._constants)
        opset = self._helper.make_opsetid("", 16)
        model: bytes = self._helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
        return model

    def _spectrum(self) -> str:
        """Magnitudes, (n, 4, 129). The samples' scale is a power of two: it changes no digit of the basis."""
        basis = self._weights["stft.forward_basis_buffer"][:, 0, :] * _SCALE
        real, imaginary = (
            self._node("MatMul", "frames", self._constant(part.T)) for part in (basis[:_BINS], basis[_BINS:])
        )
        power = self._node("Add", self._node("Mul", real, real), self._node("Mul", imaginary, imaginary))
        return self._node("Sqrt", power)

    def _wide(self, given: str, number: int, *, stride: int) -> str:
        """A convolution over four places, three taps, padded by one on each side, and its ReLU."""
        weight, bias = self._convolution(number)
        wide = len(bias)
        every_tap = self._node(
            "MatMul", given, self._constant(np.concatenate([weight[:, :, tap].T for tap in range(3)], 1))
        )
        rows = self._node("Reshape", every_tap, self._integers((0, PLACES * 3, wide)))
        summed = self._node("MatMul", self._constant(_meeting(stride)), rows)
        return self._node("Relu", self._node("Add", summed, self._constant(bias)))

    def _narrow(self, given: str) -> str:
        """Two convolutions that leave one place: of two places the last two taps count, of one the middle one."""
        weight, bias = self._convolution(2)
        flat = self._node("Reshape", given, self._integers((0, 2 * weight.shape[1])))
        both = np.concatenate([weight[:, :, 1].T, weight[:, :, 2].T])
        one = self._node("Relu", self._node("Gemm", flat, self._constant(both), self._constant(bias)))
        weight, bias = self._convolution(3)
        return self._node("Relu", self._node("Gemm", one, self._constant(weight[:, :, 1].T), self._constant(bias)))

    def _remember(self, heard: str) -> str:
        """The LSTM cell; its gates stand in the order in, forget, out, new, so that three are one sigmoid."""
        order = np.concatenate([np.arange(at * WIDTH, (at + 1) * WIDTH) for at in (0, 1, 3, 2)])
        given, own = (self._weights[f"decoder.rnn.weight_{part}"][order] for part in ("ih", "hh"))
        bias = (self._weights["decoder.rnn.bias_ih"] + self._weights["decoder.rnn.bias_hh"])[order]
        both = self._constant(np.concatenate([given, own], 1).T)
        sums = self._node("Gemm", self._node("Concat", heard, "h", axis=1), both, self._constant(bias))
        gates, new = self._split(sums, (3 * WIDTH, WIDTH))
        take, forget, show = self._split(self._node("Sigmoid", gates), (WIDTH,) * 3)
        kept = self._node("Mul", forget, "c")
        state = self._node("Add", kept, self._node("Mul", take, self._node("Tanh", new)), output="c_next")
        return self._node("Mul", show, self._node("Tanh", state), output="h_next")

    def _decide(self, state: str) -> None:
        weight = self._weights["decoder.decoder.2.weight"].reshape(1, WIDTH).T
        bias = self._weights["decoder.decoder.2.bias"].reshape(1)
        summed = self._node("Gemm", self._node("Relu", state), self._constant(weight), self._constant(bias))
        self._node("Sigmoid", summed, output="probability")

    def _convolution(self, number: int) -> tuple[Floats, Floats]:
        name = f"encoder.{number}.reparam_conv"
        return self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]

    def _split(self, given: str, widths: Sequence[int]) -> list[str]:
        names = [f"split{len(self._nodes)}_{part}" for part in range(len(widths))]
        self._nodes.append(self._helper.make_node("Split", [given, self._integers(widths)], names, axis=1))
        return names

    def _node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"node{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def _constant(self, values: Floats) -> str:
        name = f"constant{len(self._constants)}"
        self._constants.append(self._tensor(np.ascontiguousarray(values, np.float32), name))
        return name

    def _integers(self, values: Sequence[int]) -> str:
        name = f"constant{len(self._constants)}"
        self._constants.append(self._tensor(np.array(values, np.int64), name))
        return name


def _meeting(stride: int) -> Floats:
    """Which products of a place and a tap add up to which place of the result, as ones in a matrix."""
    found = np.zeros((PLACES // stride, PLACES * 3), np.float32)
    for place in range(len(found)):
        for tap in range(3):
            source = place * stride + tap - 1
            if 0 <= source < PLACES:
                found[place, source * 3 + tap] = 1
    return found
