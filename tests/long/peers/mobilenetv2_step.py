"""Times a training step of MobileNetV2 in PyTorch on the CPU: the peer of mobilenetv2-step.test.ts.

usage: python mobilenetv2_step.py --size 96 --batch 16 --threads 2 --steps 12
Prints one JSON object: milliseconds of each step after the first two, for both memory layouts.
"""

import argparse
import json
import time

import torch
from torch import nn
from torch.nn import functional as F

STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def conv(inputs, outputs, kernel=1, stride=1, groups=1, act=True):
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return layers + ([nn.ReLU6(inplace=True)] if act else [])


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, expand, stride):
        super().__init__()
        hidden = inputs * expand
        layers = conv(inputs, hidden) if expand != 1 else []
        layers += conv(hidden, hidden, 3, stride, hidden) + conv(hidden, outputs, act=False)
        self.block = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.block(x) if self.residual else self.block(x)


def mobilenetv2(classes=1000):
    layers = conv(3, 32, 3, 2)
    channels = 32
    for expand, outputs, count, stride in STAGES:
        for i in range(count):
            layers.append(InvertedResidual(channels, outputs, expand, stride if i == 0 else 1))
            channels = outputs
    layers += conv(channels, 1280)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, classes))


def time_steps(layout, options):
    torch.manual_seed(0)
    model = mobilenetv2().to(memory_format=layout).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=4e-5)
    x = torch.rand(options.batch, 3, options.size, options.size).to(memory_format=layout)
    target = torch.arange(options.batch) % 1000
    times = []
    for step in range(options.steps + 2):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), target, label_smoothing=0.1).backward()
        optimizer.step()
        if step >= 2:
            times.append(1000 * (time.perf_counter() - start))
    return times


def main():
    parser = argparse.ArgumentParser()
    for name, default in [("size", 96), ("batch", 16), ("threads", 2), ("steps", 12)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    layouts = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}
    times = {name: time_steps(layout, options) for name, layout in layouts.items()}
    print(json.dumps({"torch": torch.__version__, "milliseconds": times}))


if __name__ == "__main__":
    main()
