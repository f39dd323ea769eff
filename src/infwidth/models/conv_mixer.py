"""A convolutional mixer: Myrtle-5 whose hidden convolutions mix space and channels in turn."""

from torch import nn

from infwidth.models.myrtle_cnn import MyrtleCNN


class ConvMixer(MyrtleCNN):
    """:class:`MyrtleCNN` with a 5×5 read-in, then 5×5 convolutions of single channels, each followed by a 1×1 mixing.

    A convolution of single channels has a fan-in of 25 at any width, so it scales as an input layer does.
    """

    @staticmethod
    def read_in(channels: int, width: int) -> nn.Module:
        """Return the first convolution, from the image."""
        return nn.Conv2d(channels, width, 5, padding=2, bias=False)

    @staticmethod
    def mixing(width: int) -> nn.Module:
        """Return the convolution of each channel and the mixing of channels."""
        return nn.Sequential(
            nn.Conv2d(width, width, 5, padding=2, groups=width, bias=False),
            nn.Conv2d(width, width, 1, bias=False),
        )
