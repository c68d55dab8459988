"""Pictures of QR symbols as cameras, scanners and screens spoil them.

Each distortion takes a sharp symbol of `SIDE` pixels, black on white, how strong it is (0 to 1) and a source
of chance, and returns a grey picture. All symbols have one size, whatever their version, as they have on one
sheet of paper: so a larger version has smaller modules. The same seed gives the same picture everywhere.
"""

from collections.abc import Callable, Mapping
from math import asin, cos, sin, tau
from random import Random
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

Picture = Image.Image
Distortion = Callable[[Picture, float, Random], Picture]

SIDE: Final = 600
"""Pixels a side of the symbol with its quiet zone."""
_SCENE: Final = 900
_WHITE, _BLACK = 255, 0
_SMOOTH: Final = Image.Resampling.BICUBIC


def between(low: float, high: float, strength: float) -> float:
    """Return the value at ``strength`` of the way from one to the other."""
    return low + (high - low) * strength


def in_scene(symbol: Picture, chance: Random, *, ground: int = 150) -> Picture:
    """Lay a symbol on a table of some grey, not quite in the middle."""
    scene = Image.new("L", (_SCENE, _SCENE), ground)
    spare = _SCENE - symbol.width
    scene.paste(symbol, (chance.randint(spare // 3, spare // 2), chance.randint(spare // 3, spare // 2)))
    return scene


def noise(size: tuple[int, int], deviation: float, chance: Random) -> Picture:
    """Return grey noise around 128, nearly normal: the mean of four even ones."""
    layers = [Image.frombytes("L", size, chance.randbytes(size[0] * size[1])) for _ in range(4)]
    first, second = (Image.blend(layers[at], layers[at + 1], 0.5) for at in (0, 2))
    # An even distribution over 256 levels deviates by 73.9; the mean of four by half of that.
    scale = deviation / 36.95
    return Image.blend(first, second, 0.5).point(lambda level: 128 + (level - 128) * scale)


def with_noise(picture: Picture, deviation: float, chance: Random) -> Picture:
    """Add noise to every pixel."""
    return ImageChops.add(picture, noise(picture.size, deviation, chance), scale=1, offset=-128)


def rotation(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Turn by any angle, with a little blur."""
    scene = in_scene(symbol, chance).rotate(chance.uniform(0, 360), _SMOOTH, fillcolor=150)
    return scene.filter(ImageFilter.GaussianBlur(between(0, 3, strength)))


def perspective(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Look at it from one side: the far edge is shorter than the near one."""
    scene = in_scene(symbol, chance)
    inset = between(0, 1.1, strength) * _SCENE
    sink = between(0, 1.4, strength) * _SCENE
    # Where the corners of the result lie in the scene that lies flat.
    turned = scene.rotate(90 * chance.randrange(4))
    corners = [(-inset, -sink), (_SCENE + inset, -sink), (_SCENE, _SCENE), (0, _SCENE)]
    return turned.transform(
        turned.size, Image.Transform.PERSPECTIVE, _coefficients(corners), _SMOOTH, fillcolor=150
    )


def _coefficients(corners: list[tuple[float, float]]) -> list[float]:
    """Return Pillow's eight numbers that take the corners of the scene to the given points."""
    ends = [(0.0, 0.0), (float(_SCENE), 0.0), (float(_SCENE), float(_SCENE)), (0.0, float(_SCENE))]
    rows = []
    for (x, y), (u, v) in zip(ends, corners, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    return _solved(rows)


def _solved(rows: list[list[float]]) -> list[float]:
    """Solve linear equations by elimination; each row ends with its right side."""
    for column in range(len(rows)):
        pivot = max(range(column, len(rows)), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column]
        rows[column] = [value / lead[column] for value in lead]
        for row in range(len(rows)):
            if row != column:
                factor = rows[row][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    return [row[-1] for row in rows]


def blur(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Miss the focus."""
    return in_scene(symbol, chance).filter(ImageFilter.GaussianBlur(between(1, 9, strength)))


def motion(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Move the camera while the shutter is open."""
    scene = in_scene(symbol, chance)
    length, angle = between(3, 34, strength), chance.uniform(0, tau)
    steps = max(2, round(length))
    moved = scene
    for step in range(1, steps):
        reach = length * step / (steps - 1)
        shifted = scene.transform(
            scene.size,
            Image.Transform.AFFINE,
            (1, 0, reach * cos(angle), 0, 1, reach * sin(angle)),
            Image.Resampling.BILINEAR,
            fillcolor=150,
        )
        moved = Image.blend(moved, shifted, 1 / (step + 1))
    return moved


def low_light(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Take it in the dark: few levels, much noise, a little blur."""
    scene = in_scene(symbol, chance).filter(ImageFilter.GaussianBlur(1))
    dark = scene.point(lambda level: 20 + level * 0.25)
    return with_noise(dark, between(6, 60, strength), chance)


def jpeg(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Send it small and strongly compressed."""
    from io import BytesIO

    scene = in_scene(symbol, chance).rotate(chance.uniform(-20, 20), _SMOOTH, fillcolor=150)
    side = round(between(600, 260, strength))
    file = BytesIO()
    scene.resize((side, side)).save(file, "JPEG", quality=round(between(40, 6, strength)))
    return Image.open(file).convert("L")


def small(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Stand far away: few pixels a module."""
    side = round(between(300, 70, strength))
    turned = in_scene(symbol, chance).rotate(chance.uniform(-30, 30), _SMOOTH, fillcolor=150)
    return turned.resize((round(side * _SCENE / SIDE),) * 2, Image.Resampling.BOX)


def glare(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Reflect a lamp in the paper: a round spot with soft edges washes it out."""
    scene = in_scene(symbol, chance)
    radius = between(40, 260, strength)
    x, y = (chance.uniform(0.35, 0.75) * _SCENE for _ in "xy")
    lamp = Image.new("L", scene.size, 0)
    ImageDraw.Draw(lamp).ellipse((x - radius, y - radius, x + radius, y + radius), fill=252)
    soft = lamp.filter(ImageFilter.GaussianBlur(radius / 6))
    return Image.composite(Image.new("L", scene.size, _WHITE), scene, soft)


def cover(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Hide a part of it under a thumb or a stain, never a finder pattern."""
    stained = symbol.copy()
    side = between(0.05, 0.42, strength) * SIDE
    x, y = (chance.uniform(0.33 * SIDE, 0.95 * SIDE - side) for _ in "xy")
    ImageDraw.Draw(stained).ellipse((x, y, x + side, y + side), fill=chance.choice((90, 200, 30)))
    return in_scene(stained, chance)


def moire(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Photograph a screen whose pixels are about as large as those of the camera."""
    scene = in_scene(symbol, chance)
    screen = scene.resize((_SCENE * 3,) * 2, Image.Resampling.NEAREST)
    mask = Image.new("L", (3, 3), _WHITE)
    dark = round(between(235, 20, strength))
    for at in range(3):
        mask.putpixel((at, 2), dark)
        mask.putpixel((2, at), dark)
    grid = Image.new("L", screen.size)
    tile = Image.new("L", (3 * 100, 3 * 100))
    for x in range(0, 300, 3):
        for y in range(0, 300, 3):
            tile.paste(mask, (x, y))
    for x in range(0, screen.width, 300):
        for y in range(0, screen.height, 300):
            grid.paste(tile, (x, y))
    lit = ImageChops.multiply(screen, grid)
    scale, angle = chance.uniform(2.6, 3.4), chance.uniform(-0.1, 0.1)
    # Sampled without averaging, as a sensor does: that is what makes the waves.
    taken = lit.transform(
        (_SCENE, _SCENE),
        Image.Transform.AFFINE,
        (scale * cos(angle), -scale * sin(angle), 60, scale * sin(angle), scale * cos(angle), -60),
        Image.Resampling.BILINEAR,
        fillcolor=100,
    )
    return with_noise(taken, between(2, 25, strength), chance)


def curved(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Wrap it around a cylinder, as a label on a pipe: towards the edges it shrinks."""
    scene = in_scene(symbol, chance)
    if chance.random() < 0.5:
        scene = scene.rotate(90)
    half, strip = _SCENE / 2, 10
    # How far around the symbol reaches from the middle, in radians; seen from far, the sine of that.
    reach = between(0.3, 1.5, strength)
    flat = SIDE / 2 / half

    def unrolled(x: float) -> float:
        seen = (x - half) / half / flat * sin(reach)
        return asin(max(-1.0, min(1.0, seen))) / reach * flat * half + half

    mesh = []
    for left in range(0, _SCENE, strip):
        ends = unrolled(left), unrolled(left + strip)
        quad = (ends[0], 0, ends[0], _SCENE, ends[1], _SCENE, ends[1], 0)
        mesh.append(((left, 0, left + strip, _SCENE), quad))
    return scene.transform(scene.size, Image.Transform.MESH, mesh, _SMOOTH, fillcolor=150)


def inverted(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Show it light on dark, turned, a little blurred."""
    return ImageChops.invert(rotation(symbol, strength, chance))


def low_contrast(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Print it pale, or light it unevenly."""
    scene = in_scene(symbol, chance, ground=128)
    pale = ImageEnhance.Contrast(scene).enhance(between(0.4, 0.03, strength))
    slope = Image.linear_gradient("L").resize(scene.size).rotate(90 * chance.randrange(4))
    lit = ImageChops.multiply(pale, slope.point(lambda level: 255 - level * between(0.2, 0.75, strength)))
    return with_noise(lit, between(1, 4, strength), chance)


def line_gaps(symbol: Picture, strength: float, chance: Random) -> Picture:
    """Photograph a terminal that leaves lines between its rows, of two modules each, in its own colour."""
    modules: int = symbol.info["modules"]
    ground = chance.choice((20, 235))
    rows = (modules + 1) // 2
    pitch = 2 * SIDE / modules
    gap = between(0.05, 0.3, strength) * pitch
    shown = Image.new("L", (SIDE, round(SIDE + gap * rows)), ground)
    for row in range(rows):
        top, bottom = round(row * pitch), min(SIDE, round((row + 1) * pitch))
        shown.paste(symbol.crop((0, top, SIDE, bottom)), (0, round(row * (pitch + gap))))
    scene = in_scene(shown.resize((SIDE, SIDE), Image.Resampling.BOX), chance, ground=ground)
    turned = scene.rotate(chance.uniform(-10, 10), _SMOOTH, fillcolor=ground)
    return with_noise(turned.filter(ImageFilter.GaussianBlur(0.8)), 4, chance)


DISTORTIONS: Final[Mapping[str, Distortion]] = {
    "perspective": perspective,
    "rotation": rotation,
    "out of focus": blur,
    "motion": motion,
    "low light": low_light,
    "JPEG": jpeg,
    "far away": small,
    "glare": glare,
    "covered": cover,
    "moiré": moire,
    "curved": curved,
    "inverted": inverted,
    "low contrast": low_contrast,
    "line gaps": line_gaps,
}
"""By what spoils the picture."""
