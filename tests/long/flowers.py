"""recipes/flowers.yaml at one scale in PyTorch, to compare with: MobileNetV2 1.0 from scratch, 30 epochs at 96x96.

    python -m venv venv && venv/bin/pip install torch==2.13.0 pillow==12.3.0
    venv/bin/python tests/long/flowers.py FLOWERS [SEED] [EPOCHS]

FLOWERS has train/CLASS/*.jpg and val/CLASS/*.jpg. Prints one line an epoch; the last one is the result.
"""

import math
import pathlib
import random
import sys

import torch
from PIL import Image
from torch import nn

SIZE, SHORT_SIDE, BATCH, EPOCHS = 96, 110, 32, 30
MAX_LR, MIN_LR, WARMUP, WARMUP_LR = 0.05, 0.0005, 100, 0.005


def conv_block(inputs, outputs, kernel, stride=1, groups=1, activation=True):
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.1),
    ]
    return nn.Sequential(*layers, *([nn.ReLU6()] if activation else []))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expand):
        super().__init__()
        hidden = inputs * expand
        self.residual = stride == 1 and inputs == outputs
        self.block = nn.Sequential(
            *([conv_block(inputs, hidden, 1)] if expand > 1 else []),
            conv_block(hidden, hidden, 3, stride, groups=hidden),
            conv_block(hidden, outputs, 1, activation=False),
        )

    def forward(self, x):
        return x + self.block(x) if self.residual else self.block(x)


def mobilenetv2(classes):
    # expansion, channels, blocks, stride of the first
    stages = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    layers, channels = [conv_block(3, 32, 3, 2)], 32
    for expand, outputs, blocks, stride in stages:
        for i in range(blocks):
            layers.append(InvertedResidual(channels, outputs, stride if i == 0 else 1, expand))
            channels = outputs
    layers += [conv_block(channels, 1280, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2)]
    model = nn.Sequential(*layers, nn.Linear(1280, classes))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.01)
            nn.init.zeros_(module.bias)
    return model


def photos(folder):
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    paths = [(path, label) for label, name in enumerate(classes) for path in sorted((folder / name).glob("*.jpg"))]
    return [(Image.open(path).convert("RGB"), label) for path, label in paths], classes


def random_crop(image, draw):
    width, height = image.size
    for _ in range(10):
        area = width * height * draw.uniform(0.08, 1)
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
    return data.view(len(images), SIZE, SIZE, 3).permute(0, 3, 1, 2).float() / 255


def main(root, seed=0, epochs=EPOCHS):
    torch.manual_seed(seed)
    draw = random.Random(seed)
    train, classes = photos(pathlib.Path(root) / "train")
    val, _ = photos(pathlib.Path(root) / "val")
    model = mobilenetv2(len(classes))
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": 4e-5}, {"params": others, "weight_decay": 0}]
    optimizer = torch.optim.SGD(groups, lr=MAX_LR, momentum=0.9, nesterov=True)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)

    updates = 0
    for epoch in range(epochs):
        model.train()
        draw.shuffle(train)
        for start in range(0, len(train), BATCH):
            cosine = MIN_LR + (MAX_LR - MIN_LR) * (1 + math.cos(math.pi * epoch / epochs)) / 2
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
        print(f"epoch {epoch}, {updates} updates: top-1 {100 * correct / len(val):.1f} %", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:4]))
