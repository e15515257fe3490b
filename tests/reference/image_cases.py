"""Writes small images under tests/engine/data/fixtures/images, and what Pillow makes of them.

    python3 image_cases.py FIXTURES/images

Needs NumPy and Pillow (python3-pil). For every image NAME there are NAME.3.npy and NAME.1.npy, its
pixels in colour and as luminance, of shape (height, width, channels); for photo.png also
photo.FIT.npy at 12 x 16 and photo.up.FIT.npy at 40 x 32. What is transparent shows white; also
(40, 200, 120) in transparent.png.green.npy. The files are committed; tests need no
Python.
"""

import os
import struct
import sys
import zlib

import numpy
from PIL import Image, ImageOps

FITS = {
    'stretch': lambda image, size: image.resize(size, Image.Resampling.BILINEAR),
    'crop': lambda image, size: ImageOps.fit(image, size, Image.Resampling.BILINEAR),
    'pad': lambda image, size: ImageOps.pad(image, size, Image.Resampling.BILINEAR),
}


def photo(width=29, height=21):
    """Gradients, an edge and some noise."""
    y, x = numpy.mgrid[0:height, 0:width]
    pixels = numpy.stack([x * 255 // (width - 1), y * 255 // (height - 1), (x * y) % 256], axis=-1)
    pixels[5:9, 7:15] = [250, 3, 120]
    noise = numpy.random.default_rng(1).integers(0, 12, pixels.shape)
    return Image.fromarray(numpy.clip(pixels + noise, 0, 255).astype(numpy.uint8))


def opaque(image, background):
    """The picture in front of a background."""
    if 'A' not in image.getbands() and 'transparency' not in image.info:
        return image
    behind = Image.new('RGBA', image.size, background)
    return Image.alpha_composite(behind, image.convert('RGBA')).convert('RGB')


def deep_png(pixels):
    """A PNG of 16 bits a channel, which Pillow does not write."""
    height, width, channels = pixels.shape
    colour_type = {1: 0, 3: 2, 4: 6}[channels]
    rows = b''.join(b'\0' + row.astype('>u2').tobytes() for row in pixels)

    def chunk(kind, content):
        return (struct.pack('>I', len(content)) + kind + content +
                struct.pack('>I', zlib.crc32(kind + content)))

    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 16, colour_type, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)

    def path(name):
        return os.path.join(folder, name)

    image = photo()
    image.save(path('colour.jpg'), quality=90)
    image.save(path('progressive.jpg'), quality=80, progressive=True, subsampling=0)
    image.convert('L').save(path('grey.jpg'))
    image.convert('CMYK').save(path('inks.jpg'), quality=95)
    image.save(path('photo.png'))
    image.convert('L').save(path('grey.png'))
    image.convert('P', palette=Image.Palette.ADAPTIVE, colors=7).save(path('palette.png'))
    image.convert('1').save(path('bits.png'))
    transparent = image.copy()
    transparent.putalpha(image.convert('L'))
    transparent.save(path('transparent.png'))
    transparent.save(path('transparent.webp'), lossless=True)
    Image.merge('LA', (image.convert('L'), transparent.getchannel('A'))).save(path('veiled.png'))
    hole = image.convert('P', palette=Image.Palette.ADAPTIVE, colors=7)
    hole.save(path('hole.png'), transparency=3)
    image.save(path('photo.webp'), lossless=True)
    image.save(path('lossy.webp'), quality=80)
    upside_down = Image.Exif()
    upside_down[0x0112] = 3
    image.save(path('held.webp'), lossless=True, exif=upside_down)
    image.save(path('animated.webp'), save_all=True, append_images=[transparent.convert('RGB'), hole])
    photo(96, 64).save(path('large.jpg'), quality=95)
    # As cameras and telephones write what was not held upright.
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[0x010E] = 'something before it'
        exif[0x0112] = orientation
        photo(7, 5).save(path(f'held-{orientation}.png'), exif=exif)
    photo(48, 32).save(path('held.jpg'), quality=95, exif=exif)
    for name in sorted(os.listdir(folder)):
        if not name.endswith('.npy') and not name.startswith(('deep', 'animated')):
            with Image.open(path(name)) as opened:
                opened = opaque(ImageOps.exif_transpose(opened), (255, 255, 255, 255))
                numpy.save(path(name + '.3.npy'), numpy.asarray(opened.convert('RGB')))
                numpy.save(path(name + '.1.npy'), numpy.asarray(opened.convert('L'))[..., None])
    numpy.save(path('transparent.png.green.npy'),
               numpy.asarray(opaque(transparent, (40, 200, 120, 255))))
    deep = numpy.random.default_rng(2).integers(0, 65536, (5, 4, 4))
    for name, channels in (('deep.png', deep[..., :3]), ('deep-grey.png', deep[..., :1]),
                           ('deep-veiled.png', deep)):
        with open(path(name), 'wb') as file:
            file.write(deep_png(channels))
    numpy.save(path('deep.png.3.npy'), deep[..., :3].astype(numpy.uint16))
    numpy.save(path('deep-grey.png.1.npy'), deep[..., :1].astype(numpy.uint16))
    share = deep[..., 3:] / 65535
    over_white = numpy.rint(deep[..., :3] * share + 65535 * (1 - share))
    numpy.save(path('deep-veiled.png.3.npy'), over_white.astype(numpy.uint16))
    for fit, resize in FITS.items():
        numpy.save(path(f'photo.{fit}.npy'), numpy.asarray(resize(image, (16, 12))))
        numpy.save(path(f'photo.up.{fit}.npy'), numpy.asarray(resize(image, (32, 40))))


if __name__ == '__main__':
    main()
