"""Loads what `cvnets export --to safetensors` wrote into PyTorch, strictly, and compares the stored logits.

    venv/bin/pip install torch==2.13.0 torchvision safetensors numpy
    npx cvnets export WEIGHTS --to safetensors --from cvnets|tensorflow|torchvision --out out.safetensors
    venv/bin/python tests/long/load_state_dict.py out.safetensors

It knows MobileNetV2 with CVNets' names (padding of TensorFlow or PyTorch), and torchvision's MobileNetV2 and ResNets.
"""

import json
import sys

import torch
from safetensors import safe_open

import finetune


def network(settings, classes):
    variant = settings.get("model.classification.variant", "cvnets")
    name = settings["model.classification.name"]
    if variant == "torchvision":
        import torchvision

        if name == "resnet":
            depth = settings.get("model.classification.resnet.depth", 50)
            return getattr(torchvision.models, f"resnet{depth}")(num_classes=classes)
        width = settings.get("model.classification.mobilenetv2.width_multiplier", 1.0)
        return torchvision.models.mobilenet_v2(num_classes=classes, width_mult=width)
    model = finetune.MobileNetV2(classes)
    if variant == "cvnets":
        for module in model.modules():
            if isinstance(module, finetune.SameConv):
                module.forward = torch.nn.Conv2d.forward.__get__(module)
                module.padding = (module.kernel_size[0] // 2,) * 2
    return model


with safe_open(sys.argv[1], "pt") as file:
    metadata = file.metadata()
    state = {key: file.get_tensor(key) for key in file.keys()}
settings = json.loads(metadata["model"])
fingerprint = json.loads(metadata["fingerprint"])
model = network(settings, settings.get("model.classification.n_classes", 1000))
print(model.load_state_dict(state, strict=True))
j = torch.arange(torch.Size(fingerprint["input"]).numel()) % 65537
image = (((3 * j * j + 7 * j + 11) % 65537).double() / 65537).reshape(fingerprint["input"])
with torch.no_grad():
    logits = model.double().eval()(image)[0]
error = max(abs(a - b) for a, b in zip(logits.tolist(), fingerprint["logits"])) / fingerprint["std"]
print(f"{len(state)} tensors, {settings['model.classification.name']}: logits differ by {error:.1e} of their deviation")
assert error < 1e-4
