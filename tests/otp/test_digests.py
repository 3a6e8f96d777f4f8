"""Keyed digests: the same for the same, another for anything else, and none without a proper secret."""

from itertools import combinations

import pytest

from sidecar.otp.digests import DECOYS, Digests

ONE, OTHER = Digests(b"1" * 32), Digests(b"2" * 32)
OWNER = ONE.owner("O12345AA", "hours", "j.devries")


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        Digests(b"1" * 31)


def test_no_two_things_have_the_same_digest() -> None:
    digests = [
        OWNER,
        OTHER.owner("O12345AA", "hours", "j.devries"),
        ONE.owner("O12345AAh", "ours", "j.devries"),
        ONE.owner("", "", "O12345AAhoursj.devries"),
        ONE.slot(OWNER, ""),
        ONE.slot(OWNER, "phone"),
        ONE.code(OWNER, "", ""),
        ONE.code(OWNER, "a@example.com", "12345678"),
        ONE.code(OWNER, "b@example.com", "12345678"),
        ONE.counted("mails to", "j.devries"),
        ONE.counted("mails", "to j.devries"),
    ]
    for one, other in combinations(digests, 2):
        assert one != other


def test_replicas_with_one_secret_agree() -> None:
    assert Digests(b"1" * 32).code(OWNER, "a@example.com", "12345678") == ONE.code(OWNER, "a@example.com", "12345678")


def test_half_a_character_has_a_digest_too() -> None:
    assert ONE.owner("", "", "\ud800") != ONE.owner("", "", "\ud801")


def test_made_up_users_share_few_stand_ins_that_only_the_secret_tells() -> None:
    claimed = [f"nobody {number}" for number in range(3_000)]
    stand_ins = [ONE.decoy(name) for name in claimed]
    assert DECOYS // 2 < len(set(stand_ins)) <= DECOYS
    assert stand_ins == [ONE.decoy(name) for name in claimed]
    assert stand_ins != [OTHER.decoy(name) for name in claimed]
