import pytest
import torch

from infwidth.data.streams import Batches, augment
from infwidth.errors import SpecError


def test_a_step_has_the_same_batch_whatever_was_asked_before():
    forwards = [Batches(50, 8).indices(step) for step in range(30)]
    backwards = [Batches(50, 8).indices(step) for step in reversed(range(30))][::-1]
    assert all(torch.equal(a, b) for a, b in zip(forwards, backwards, strict=True))
    assert forwards[0].dtype == torch.int64


def test_the_order_does_not_change_from_version_to_version():
    # Published tables rest on this order.
    assert Batches(10, 5).indices(0).tolist() == [8, 4, 7, 0, 1]
    assert Batches(10, 5, order_seed=1).indices(0).tolist() != [8, 4, 7, 0, 1]


def test_each_epoch_is_another_permutation_of_everything():
    batches = Batches(24, 6)
    epochs = [torch.cat([batches.indices(4 * epoch + i) for i in range(4)]) for epoch in range(3)]
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(24))
    assert not torch.equal(epochs[0], epochs[1])
    assert not torch.equal(epochs[1], epochs[2])
    assert batches.max_steps is None


def test_batches_do_not_straddle_epochs_and_the_rest_is_another_each_time():
    batches = Batches(10, 4)
    assert batches.steps_per_epoch == 2
    seen = [
        set(torch.cat([batches.indices(2 * epoch), batches.indices(2 * epoch + 1)]).tolist()) for epoch in range(20)
    ]
    assert all(len(epoch) == 8 for epoch in seen)
    assert set.union(*seen) == set(range(10))


def test_a_single_pass_never_repeats_and_says_when_it_ends():
    batches = Batches(103, 10, "single_pass")
    assert batches.max_steps == 10
    seen = torch.cat([batches.indices(step) for step in range(10)]).tolist()
    assert len(set(seen)) == 100
    with pytest.raises(SpecError, match=r"last 10 steps"):
        batches.indices(10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Batches(10, 11), "batch_size is 11"),
        (lambda: Batches(10, 0), "batch_size is 0"),
        (lambda: Batches(10, 2, "single-pass"), "did you mean 'single_pass'"),  # type: ignore[arg-type]
        (lambda: Batches(10, 2).indices(-1), "count from 0"),
    ],
)
def test_batches_without_meaning_are_errors(make, message):
    with pytest.raises(SpecError, match=message):
        make()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", ["shift", "flip", "shift_flip"])
def test_augmentation_depends_on_the_step_and_the_seed_only(kind, images):
    before = images.clone()
    first = augment(images, 3, kind)
    torch.manual_seed(99)
    assert torch.equal(first, augment(images, 3, kind))
    assert not torch.equal(first, augment(images, 4, kind))
    assert not torch.equal(first, augment(images, 3, kind, seed=1))
    assert first.shape == images.shape
    assert torch.equal(images, before)


def test_a_shift_moves_each_image_by_at_most_an_eighth(images):
    shifted = augment(images, 0, "shift")
    places = set()
    for before, after in zip(images, shifted, strict=True):
        padded = torch.nn.functional.pad(before, (4, 4, 4, 4))
        found = [(y, x) for y in range(9) for x in range(9) if torch.equal(padded[:, y : y + 32, x : x + 32], after)]
        assert len(found) == 1
        places.update(found)
    assert len(places) > 8


def test_a_flip_mirrors_some_images_and_leaves_the_others(images):
    flipped = augment(images, 0, "flip")
    mirrored = [torch.equal(after, before.flip(-1)) for before, after in zip(images, flipped, strict=True)]
    kept = [torch.equal(after, before) for before, after in zip(images, flipped, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 0 < sum(mirrored) < 16


def test_both_is_the_flip_of_the_shift(images):
    shifted, both = augment(images, 7, "shift"), augment(images, 7, "shift_flip")
    flipped = augment(shifted, 7, "flip")
    assert torch.equal(both, flipped)


def test_no_augmentation_leaves_the_batch_and_an_unknown_one_is_named(images):
    assert augment(images, 0, "none") is images
    with pytest.raises(SpecError, match="did you mean 'flip'"):
        augment(images, 0, "flipp")  # type: ignore[arg-type]


def test_affine_images_repeat_with_the_step_and_never_otherwise(images):
    one, other = augment(images, 3, "affine"), augment(images, 4, "affine")
    assert torch.equal(one, augment(images, 3, "affine"))
    assert one.shape == images.shape
    assert ((one - other).flatten(1).abs().amax(1) > 1e-3).all()
    copies = augment(images[:1].expand(20, -1, -1, -1), 0, "affine")
    assert len({tuple(image.flatten().tolist()) for image in copies}) == 20


def test_affine_moves_the_centre_by_an_eighth_of_the_side_at_most():
    side = 65
    images = torch.zeros(200, 1, side, side)
    images[:, 0, 32, 32] = 1.0
    moved = augment(images, 0, "affine")[:, 0]
    place = torch.arange(side) - 32.0
    down = (moved.sum(2) * place).sum(1) / moved.sum((1, 2))
    right = (moved.sum(1) * place).sum(1) / moved.sum((1, 2))
    largest = side / 8 * 2**0.5 / 0.85
    assert max(down.abs().max(), right.abs().max()) < largest + 1
    assert min(down.max(), -down.min(), right.max(), -right.min()) > 0.6 * side / 8
