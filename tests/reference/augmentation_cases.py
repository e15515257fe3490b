"""Writes tests/engine/augmentations/augmentation_cases.json: images changed by PyTorch.

    python3 augmentation_cases.py FILE

Rotation is that of affine_grid() and grid_sample(); colours change by the formulas of torchvision's
adjust_brightness(), adjust_contrast() and adjust_saturation(), without its cutting off.
"""

import json
import math
import sys

import torch


def rotate(image, degrees):
    """Counterclockwise; `image` is (height, width, channels)."""
    height, width, _ = image.shape
    angle = math.radians(degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    # affine_grid() counts each axis from -1 to 1.
    matrix = torch.tensor([[cosine, -sine * height / width, 0],
                           [sine * width / height, cosine, 0]], dtype=torch.float64)
    planes = image.permute(2, 0, 1)[None]
    grid = torch.nn.functional.affine_grid(matrix[None], planes.shape, align_corners=False)
    turned = torch.nn.functional.grid_sample(planes, grid, mode='bilinear', padding_mode='zeros',
                                             align_corners=False)
    return turned[0].permute(1, 2, 0)


def luminance(image):
    if image.shape[2] == 1:
        return image
    return (0.2989 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2])[..., None]


def color(image, brightness, contrast, saturation):
    image = image * brightness
    image = contrast * image + (1 - contrast) * luminance(image).mean()
    return saturation * image + (1 - saturation) * luminance(image)


def case(image, expected, **arguments):
    return {**arguments, 'shape': list(image.shape), 'image': image.flatten().tolist(),
            'expected': expected.flatten().tolist()}


def main():
    torch.manual_seed(1)
    cases = {'rotate': [], 'color': []}
    for shape, degrees in (((5, 7, 3), 30), ((6, 4, 1), -75), ((4, 4, 2), 90), ((3, 9, 1), 180)):
        image = torch.rand(shape, dtype=torch.float64)
        cases['rotate'].append(case(image, rotate(image, degrees), degrees=degrees))
    for channels in (3, 1):
        image = torch.rand((3, 4, channels), dtype=torch.float64)
        factors = {'brightness': 1.3, 'contrast': 0.6, 'saturation': 1.7}
        cases['color'].append(case(image, color(image, **factors), **factors))
    with open(sys.argv[1], 'w', encoding='utf-8') as file:
        json.dump(cases, file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main()
