/** Mean and deviation of ImageNet's pixels, which torchvision and most of timm subtract and divide by. */
export const imagenetPixels = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
