"""PyTorch as a side of `cvnets bench`: runs described graphs eagerly, as a program written in PyTorch would.

Requests are JSON, one a line: {"id", "method", "parameter"}; answers {"id", "result"} or {"id", "error"}.
usage: python torch_side.py --device cpu|cuda --layout channels_last|contiguous --threads 2 [--kept]
"""

import argparse
import json
import math
import resource
import sys
import time
from collections import Counter

import torch
from torch.nn import functional as F

aten = torch.ops.aten
SAMPLES = 61
MASK = 0xFFFFFFFF


def hash_words(count, seed):
    """The finalizer of MurmurHash3 over index and seed, as in src/cli/bench/fill.ts."""
    x = (torch.arange(count, dtype=torch.int64) + ((seed * 0x9E3779B1) & MASK)) & MASK
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & MASK
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & MASK
    return x ^ (x >> 16)


def fill_values(fill, shape):
    count = math.prod(shape)
    kind = fill["kind"]
    if kind == "constant":
        values = torch.full((count,), float(fill["value"]), dtype=torch.float64)
    elif kind == "uniform":
        low, high = fill["low"], fill["high"]
        values = low + (high - low) * (hash_words(count, fill["seed"]).double() / 2**32)
    elif kind == "bytes":
        values = hash_words(count, fill["seed"]) >> 24
    else:
        values = torch.arange(count, dtype=torch.int64) % fill["length"]
    return values.reshape(shape)


def fingerprint(tensor):
    if tensor.numel() == 1:
        return [tensor.item()]
    flat = tensor.detach().contiguous().reshape(-1).double().cpu()
    count = min(SAMPLES, flat.numel())
    samples = [flat[(k * flat.numel()) // count].item() for k in range(count)]
    numbers = samples + [flat.mean().item(), flat.square().mean().sqrt().item()]
    return [number if math.isfinite(number) else None for number in numbers]


def padded(x, padding, value=0.0):
    """The symmetric part of [top, bottom, left, right] for the operator, the rest by hand."""
    top, bottom, left, right = padding
    if top == bottom and left == right:
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom), value=value), (0, 0)


def symmetric(attrs):
    top, bottom, left, right = attrs["padding"]
    if top != bottom or left != right:
        raise NotImplementedError("asymmetric padding of a gradient by itself")
    return (top, left)


def activate(x, kind, inplace):
    if kind == "none":
        return x
    if kind == "relu":
        return F.relu(x, inplace=inplace)
    if kind == "relu6":
        return F.relu6(x, inplace=inplace)
    if kind == "silu":
        return F.silu(x)
    if kind == "hardSwish":
        return F.hardswish(x)
    raise NotImplementedError(f"activation {kind}")


class Graph:
    def __init__(self, description, device, layout):
        self.description = description
        self.values = {}
        self.fixed = set()
        for source in description["sources"]:
            self.add_source(source, device, layout)
        uses = Counter(value for node in description["nodes"] for value in node["inputs"])
        uses.update(description["outputs"])
        made_by = {value: node["op"] for node in description["nodes"] for value in node["outputs"]}
        self.steps = []
        for node in description["nodes"]:
            # A relu may overwrite what a norm made for it alone.
            inplace = node["op"] == "activation" and made_by.get(node["inputs"][0]) == "batchNorm"
            inplace = inplace and uses[node["inputs"][0]] == 1
            step = (getattr(self, f"run_{node['op']}", None), node["attrs"], node["inputs"], node["outputs"], inplace)
            if step[0] is None:
                raise NotImplementedError(f"operator {node['op']}")
            if node["op"] == "toFloat" and all(value in self.fixed for value in node["inputs"]):
                # The pixels of a step are given as floats: conversion is no part of the peer's time.
                self.run_step(step)
                self.fixed.update(node["outputs"])
            else:
                self.steps.append(step)
        self.prepare_gradients()
        training = description.get("training")
        self.optimizer = None
        if training:
            parameters = [self.values[value] for value in training["parameters"]]
            for parameter in parameters:
                parameter.requires_grad_(True)
            self.optimizer = torch.optim.SGD(
                parameters, lr=training["lr"], momentum=training["momentum"], nesterov=training["nesterov"]
            )

    def add_source(self, source, device, layout):
        number = source["value"]
        value = self.description["values"][number]
        tensor = fill_values(source["fill"], value["shape"])
        tensor = tensor.to(torch.float32 if value["dtype"] in ("f32", "u8") else torch.int64)
        memory = torch.channels_last if layout == "channels_last" and tensor.dim() == 4 else torch.contiguous_format
        self.values[number] = tensor.to(device).contiguous(memory_format=memory)
        self.fixed.add(number)

    def prepare_gradients(self):
        """What the forward pass would have kept for a gradient that is timed by itself."""
        self.kept = {}
        for _, attrs, inputs, outputs, _ in self.steps:
            if len(outputs) and attrs and "activation" in attrs and len(inputs) == 6 and len(attrs) == 1:
                x, _, gamma, beta, mean, rstd = (self.values[value] for value in inputs)
                shape = (1, -1, 1, 1)
                scale = rstd * gamma
                self.kept[outputs[0]] = (x - mean.view(shape)) * scale.view(shape) + beta.view(shape)

    def run_step(self, step):
        function, attrs, inputs, outputs, inplace = step
        results = function(attrs, [self.values[value] for value in inputs], outputs, inplace)
        if not isinstance(results, (tuple, list)):
            results = (results,)
        for value, result in zip(outputs, results):
            self.values[value] = result

    def forward(self):
        for step in self.steps:
            self.run_step(step)
        return [self.values[value] for value in self.description["outputs"]]

    def forget(self):
        """Results are freed as they would be when a function returns."""
        for _, _, _, outputs, _ in self.steps:
            for value in outputs:
                self.values.pop(value, None)

    def run(self):
        if self.optimizer is None:
            with torch.no_grad():
                outputs = self.forward()
        else:
            self.optimizer.zero_grad(set_to_none=True)
            outputs = self.forward()
            outputs[0].backward()
            self.optimizer.step()
        self.forget()
        return outputs

    def run_toFloat(self, attrs, inputs, outputs, inplace):
        vector = lambda name: torch.tensor(attrs[name], dtype=torch.float32, device=inputs[0].device).view(1, -1, 1, 1)
        return inputs[0] * vector("scale") + vector("shift")

    def run_conv2d(self, attrs, inputs, outputs, inplace):
        x, padding = padded(inputs[0], attrs["padding"])
        bias = inputs[2] if len(inputs) > 2 else None
        return F.conv2d(x, inputs[1], bias, attrs["stride"], padding, attrs["dilation"], attrs["groups"])

    def run_conv2dBackwardInput(self, attrs, inputs, outputs, inplace):
        dy, w = inputs
        x = torch.empty(attrs["inputShape"], device=dy.device).to(memory_format=layout_of(dy))
        return self.convolution_backward(dy, x, w, attrs, [True, False, False])[0]

    def run_conv2dBackwardWeight(self, attrs, inputs, outputs, inplace):
        x, dy = inputs
        w = torch.empty(attrs["weightShape"], device=dy.device).to(memory_format=layout_of(dy))
        return self.convolution_backward(dy, x, w, attrs, [False, True, False])[1]

    def convolution_backward(self, dy, x, w, attrs, wanted):
        geometry = (attrs["stride"], symmetric(attrs), attrs["dilation"], False, [0, 0], attrs["groups"])
        return aten.convolution_backward(dy, x, w, None, *geometry, wanted)

    def run_matmul(self, attrs, inputs, outputs, inplace):
        a, b = inputs[:2]
        if attrs["transposeB"] and not attrs["transposeA"] and a.dim() == 2:
            return F.linear(a, b, inputs[2] if len(inputs) > 2 else None)
        a = a.mT if attrs["transposeA"] else a
        b = b.mT if attrs["transposeB"] else b
        return a @ b if len(inputs) < 3 else a @ b + inputs[2]

    def run_batchNorm(self, attrs, inputs, outputs, inplace):
        x, gamma, beta, mean, variance = inputs
        y = F.batch_norm(x, mean, variance, gamma, beta, True, attrs["momentum"], attrs["eps"])
        return activate(y, attrs["activation"], True)

    def run_batchNormInference(self, attrs, inputs, outputs, inplace):
        x, gamma, beta, mean, variance = inputs
        y = F.batch_norm(x, mean, variance, gamma, beta, False, 0.0, attrs["eps"])
        return activate(y, attrs["activation"], True)

    def run_batchNormBackward(self, attrs, inputs, outputs, inplace):
        x, dy, gamma, _, mean, rstd = inputs
        kind = attrs["activation"]
        if kind == "relu6":
            dy = aten.hardtanh_backward(dy, self.kept[outputs[0]], 0.0, 6.0)
        elif kind == "relu":
            dy = aten.threshold_backward(dy, self.kept[outputs[0]], 0.0)
        wanted = [True, True, True]
        return aten.native_batch_norm_backward(dy, x, gamma, None, None, mean, rstd, True, 1e-5, wanted)

    def run_activation(self, attrs, inputs, outputs, inplace):
        return activate(inputs[0], attrs["kind"], inplace)

    def run_binary(self, attrs, inputs, outputs, inplace):
        functions = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div}
        return functions[attrs["kind"]](*inputs)

    def run_maxPool2d(self, attrs, inputs, outputs, inplace):
        x, padding = padded(inputs[0], attrs["padding"], -math.inf)
        return F.max_pool2d(x, attrs["kernel"], attrs["stride"], padding, attrs["dilation"])

    def run_avgPool2d(self, attrs, inputs, outputs, inplace):
        geometry = (attrs["kernel"], attrs["stride"], symmetric(attrs))
        return F.avg_pool2d(inputs[0], *geometry, count_include_pad=attrs["countIncludePad"])

    def run_avgPool2dBackward(self, attrs, inputs, outputs, inplace):
        dy = inputs[0]
        x = torch.empty(attrs["inputShape"], device=dy.device).to(memory_format=layout_of(dy))
        geometry = (attrs["kernel"], attrs["stride"], symmetric(attrs))
        return aten.avg_pool2d_backward(dy, x, *geometry, False, attrs["countIncludePad"], None)

    def run_reduce(self, attrs, inputs, outputs, inplace):
        function = {"sum": torch.sum, "mean": torch.mean}[attrs["kind"]]
        return function(inputs[0], dim=attrs["axes"], keepdim=attrs["keepDims"])

    def run_reshape(self, attrs, inputs, outputs, inplace):
        return inputs[0].reshape(attrs["shape"])

    def run_copy(self, attrs, inputs, outputs, inplace):
        return inputs[0].clone()

    def run_crossEntropy(self, attrs, inputs, outputs, inplace):
        smoothing = attrs["labelSmoothing"]
        return F.cross_entropy(inputs[0], inputs[1], reduction=attrs["reduction"], label_smoothing=smoothing)

    def run_sgd(self, attrs, inputs, outputs, inplace):
        count = attrs["count"]
        parameters, gradients, momenta = (inputs[i * count : (i + 1) * count] for i in range(3))
        optimizer = self.update_rule(
            parameters,
            lambda: torch.optim.SGD(
                parameters, lr=inputs[3 * count].item(), momentum=attrs["momentum"], nesterov=attrs["nesterov"]
            ),
            lambda i: {"momentum_buffer": momenta[i]},
        )
        return self.update(optimizer, parameters, gradients)

    def run_adam(self, attrs, inputs, outputs, inplace):
        count = attrs["count"]
        parameters, gradients, firsts, seconds = (inputs[i * count : (i + 1) * count] for i in range(4))
        optimizer = self.update_rule(
            parameters,
            lambda: torch.optim.AdamW(
                parameters, lr=inputs[4 * count].item(), betas=attrs["betas"], eps=attrs["eps"], weight_decay=0.0
            ),
            lambda i: {"step": torch.tensor(0.0), "exp_avg": firsts[i], "exp_avg_sq": seconds[i]},
        )
        return self.update(optimizer, parameters, gradients)

    def update_rule(self, parameters, make, state):
        if "optimizer" not in self.kept:
            self.kept["optimizer"] = make()
            for i, parameter in enumerate(parameters):
                self.kept["optimizer"].state[parameter] = state(i)
        return self.kept["optimizer"]

    def update(self, optimizer, parameters, gradients):
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient
        optimizer.step()
        return parameters


def layout_of(x):
    last = x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format


class Side:
    def __init__(self, options):
        self.device = torch.device(options.device)
        self.options = options
        self.graph = None
        self.start = resident_now()
        torch.set_num_threads(options.threads)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False

    def open(self, _):
        cuda = self.device.type == "cuda"
        kept = ", malloc keeps" if self.options.kept else ""
        threads = "" if cuda else f", {torch.get_num_threads()} threads"
        adapter = torch.cuda.get_device_name() if cuda else torch.backends.cpu.get_cpu_capability()
        name = f"torch {torch.__version__} {self.options.layout}{threads}{kept}"
        return {"name": name, "adapter": adapter, "software": False}

    def prepare(self, task):
        self.graph = None
        graph = Graph(task["graph"], self.device, self.options.layout)
        numbers = []
        elapsed = 0.0
        for _ in range(task["checks"]):
            start = time.perf_counter()
            for output in graph.run():
                numbers += fingerprint(output)
            elapsed = time.perf_counter() - start
        self.graph = graph
        return {"fingerprint": numbers, "milliseconds": 1000 * elapsed}

    def time(self, minimum):
        graph = self.graph
        losses = graph.optimizer is not None
        batch = 1
        while True:
            start = time.perf_counter()
            for _ in range(batch):
                outputs = graph.run()
                if losses:
                    outputs[0].item()
            self.finish()
            elapsed = 1000 * (time.perf_counter() - start)
            if elapsed >= minimum:
                return {"milliseconds": elapsed / batch}
            batch *= 2

    def facts(self, _):
        # Linux counts the largest resident memory in KiB.
        return {"resident": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - self.start}

    def finish(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def resident_now():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--layout", default="channels_last")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--kept", action="store_true", help="malloc was told to keep its memory")
    side = Side(parser.parse_args())
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"id": request["id"]}
        try:
            answer["result"] = getattr(side, request["method"])(request.get("parameter"))
        except Exception as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        print(json.dumps(answer, separators=(",", ":")), flush=True)


if __name__ == "__main__":
    main()
