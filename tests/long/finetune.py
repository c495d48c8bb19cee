"""recipes/flowers_finetune.yaml in PyTorch, to compare with: MobileNetV2 with weights of ImageNet, 6 epochs at 224x224.

    python -m venv venv && venv/bin/pip install torch==2.13.0 pillow==12.3.0 safetensors numpy
    venv/bin/python tests/long/finetune.py WEIGHTS FLOWERS frozen|full [SEED]

WEIGHTS is a safetensors file with CVNets' names, trained with TensorFlow's padding on pixels in -1..1. FLOWERS has
train/CLASS/*.jpg and val/CLASS/*.jpg. Prints one line an epoch; the last one is the result.
"""

import math
import pathlib
import random
import sys
import time
from collections import OrderedDict

import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from torch import nn

SIZE, SHORT_SIDE, BATCH, EPOCHS = 224, 224, 32, 6
MAX_LR, MIN_LR, WARMUP, WARMUP_LR = 0.005, 0.00005, 20, 0.0005


class SameConv(nn.Conv2d):
    """TensorFlow's padding: where the zeros do not halve, the odd one comes last."""

    def forward(self, x):
        stride, kernel = self.stride[0], self.kernel_size[0]
        zeros = [max(0, (math.ceil(n / stride) - 1) * stride + kernel - n) for n in x.shape[2:]]
        sides = [side for n in reversed(zeros) for side in (n // 2, n - n // 2)]
        return F.conv2d(F.pad(x, sides), self.weight, None, self.stride, 0, 1, self.groups)


def conv_block(inputs, outputs, kernel, stride=1, groups=1, activation=True):
    layers = {
        "conv": SameConv(inputs, outputs, kernel, stride, groups=groups, bias=False),
        "norm": nn.BatchNorm2d(outputs, momentum=0.1),
        **({"act": nn.ReLU6()} if activation else {}),
    }
    return nn.ModuleDict({"block": nn.Sequential(OrderedDict(layers))})


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expand):
        super().__init__()
        hidden = inputs * expand
        self.residual = stride == 1 and inputs == outputs
        self.block = nn.ModuleDict({
            **({"exp_1x1": conv_block(inputs, hidden, 1)} if expand > 1 else {}),
            "conv_3x3": conv_block(hidden, hidden, 3, stride, groups=hidden),
            "red_1x1": conv_block(hidden, outputs, 1, activation=False),
        })

    def forward(self, x):
        y = x
        for layer in self.block.values():
            y = layer["block"](y)
        return x + y if self.residual else y


class MobileNetV2(nn.Module):
    def __init__(self, classes):
        super().__init__()
        # expansion, channels, blocks, stride of the first
        stages = [
            [(1, 16, 1, 1)],
            [(6, 24, 2, 2)],
            [(6, 32, 3, 2)],
            [(6, 64, 4, 2), (6, 96, 3, 1)],
            [(6, 160, 3, 2), (6, 320, 1, 1)],
        ]
        self.conv_1, channels = conv_block(3, 32, 3, 2), 32
        for i, rows in enumerate(stages):
            blocks = OrderedDict()
            for expand, outputs, count, stride in rows:
                for j in range(count):
                    block = InvertedResidual(channels, outputs, 1 if j else stride, expand)
                    blocks[f"mv2_block_{len(blocks)}"], channels = block, outputs
            self.add_module(f"layer_{i + 1}", nn.Sequential(blocks))
        self.conv_1x1_exp = conv_block(channels, 1280, 1)
        self.classifier = nn.ModuleDict({"classifier_fc": nn.Linear(1280, classes)})
        nn.init.xavier_uniform_(self.classifier["classifier_fc"].weight)
        nn.init.zeros_(self.classifier["classifier_fc"].bias)

    def backbone(self):
        return [self.conv_1, *(getattr(self, f"layer_{i}") for i in range(1, 6)), self.conv_1x1_exp]

    def forward(self, x):
        x = self.conv_1["block"](x)
        for i in range(1, 6):
            x = getattr(self, f"layer_{i}")(x)
        x = self.conv_1x1_exp["block"](x).mean((2, 3))
        return self.classifier["classifier_fc"](F.dropout(x, 0.2, self.training))


def photos(folder):
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    paths = [(path, label) for label, name in enumerate(classes) for path in sorted((folder / name).glob("*.jpg"))]
    return [(Image.open(path).convert("RGB"), label) for path, label in paths], classes


def random_crop(image, draw):
    width, height = image.size
    for _ in range(10):
        area = width * height * draw.uniform(0.25, 1)
        ratio = math.exp(draw.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            x, y = draw.randint(0, width - w), draw.randint(0, height - h)
            return image.crop((x, y, x + w, y + h))
    return image


def train_image(image, draw):
    image = random_crop(image, draw).resize((SIZE, SIZE), Image.BILINEAR)
    return image.transpose(Image.FLIP_LEFT_RIGHT) if draw.random() < 0.5 else image


def val_image(image):
    width, height = image.size
    size = (SHORT_SIDE, SHORT_SIDE * height // width) if width <= height else (SHORT_SIDE * width // height, SHORT_SIDE)
    x, y = round((size[0] - SIZE) / 2), round((size[1] - SIZE) / 2)
    return image.resize(size, Image.BILINEAR).crop((x, y, x + SIZE, y + SIZE))


def batch_of(images):
    data = torch.frombuffer(bytearray(b"".join(image.tobytes() for image in images)), dtype=torch.uint8)
    return data.view(len(images), SIZE, SIZE, 3).permute(0, 3, 1, 2).float() / 127.5 - 1


def restore_norms(model, batches):
    """train.restore_norms: the norms were folded into the filters, so they get statistics again."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    moments = {norm: [] for norm in norms}
    record = lambda norm, x: moments[norm].append((x[0].mean((0, 2, 3)), x[0].var((0, 2, 3), unbiased=False)))
    hooks = [norm.register_forward_pre_hook(record) for norm in norms]
    model.eval()
    with torch.no_grad():
        for batch in batches:
            model(batch)
        for norm in norms:
            means, variances = (torch.stack(values).double() for values in zip(*moments[norm]))
            mean = means.mean(0)
            variance = variances.mean(0) + (means - mean).square().mean(0)
            old = (norm.running_var.double() + norm.eps).sqrt()
            norm.bias += (norm.weight * (mean - norm.running_mean) / old).float()
            norm.weight *= ((variance + norm.eps).sqrt() / old).float()
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
    for hook in hooks:
        hook.remove()


def main(weights, root, mode, seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(2)
    draw = random.Random(seed)
    train, classes = photos(pathlib.Path(root) / "train")
    val, _ = photos(pathlib.Path(root) / "val")
    model = MobileNetV2(len(classes))
    values = {name: value.float() for name, value in load_file(weights).items() if not name.startswith("classifier")}
    missing, unexpected = model.load_state_dict(values, strict=False)
    assert not unexpected and all("classifier" in name or "num_batches" in name for name in missing)
    groups = []
    for name, parameter in model.named_parameters():
        parameter.requires_grad = mode == "full" or name.startswith("classifier")
        decay = 4e-5 if parameter.dim() > 1 else 0
        if parameter.requires_grad:
            groups.append({"params": [parameter], "weight_decay": decay})
    optimizer = torch.optim.SGD(groups, lr=MAX_LR, momentum=0.9, nesterov=True)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)

    if mode == "full":
        draw.shuffle(train)
        samples = [train_image(image, draw) for image, _ in train[: 8 * BATCH]]
        restore_norms(model, [batch_of(samples[i : i + BATCH]) for i in range(0, len(samples), BATCH)])

    updates, best, begin = 0, 0, time.time()
    for epoch in range(EPOCHS):
        model.train()
        if mode == "frozen":
            for module in model.backbone():
                module.eval()
        draw.shuffle(train)
        for start in range(0, len(train), BATCH):
            cosine = MIN_LR + (MAX_LR - MIN_LR) * (1 + math.cos(math.pi * epoch / EPOCHS)) / 2
            lr = WARMUP_LR + (MAX_LR - WARMUP_LR) * updates / WARMUP if updates < WARMUP else cosine
            for group in optimizer.param_groups:
                group["lr"] = lr
            chosen = train[start : start + BATCH]
            loss = loss_of(
                model(batch_of([train_image(image, draw) for image, _ in chosen])),
                torch.tensor([label for _, label in chosen]),
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            updates += 1
        model.eval()
        correct = 0
        with torch.no_grad():
            for start in range(0, len(val), 50):
                chosen = val[start : start + 50]
                predicted = model(batch_of([val_image(image) for image, _ in chosen])).argmax(1)
                correct += (predicted == torch.tensor([label for _, label in chosen])).sum().item()
        best = max(best, 100 * correct / len(val))
        seconds = time.time() - begin
        print(f"epoch {epoch}: top-1 {100 * correct / len(val):.1f} %, best {best:.1f} %, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:5]))
