"""The sample birds: as many as the lab has, four species, the same every time."""

from __future__ import annotations

from collections import Counter

from birdtui.local import samples
from birdtui.recordio import Scanner, read_records, unpack_image


def test_the_training_channel_holds_the_labs_322_images() -> None:
    scanner = Scanner()
    scanner.feed(samples.train_records())
    assert scanner.finish().records == 322


def test_every_species_is_in_both_channels() -> None:
    for records in (samples.train_records(), samples.validation_records()):
        labels = Counter(unpack_image(record)[0].labels[0] for record in read_records(records))
        assert set(labels) == {0.0, 1.0, 2.0, 3.0}
        assert max(labels.values()) - min(labels.values()) <= 1


def test_the_birds_are_the_same_every_time() -> None:
    assert samples.validation_records() == samples.validation_records()


def test_training_and_validation_share_no_image() -> None:
    train, validation = (
        {unpack_image(record)[1] for record in read_records(records)}
        for records in (samples.train_records(), samples.validation_records())
    )
    assert not train & validation
