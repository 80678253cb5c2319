"""Lists of kits: taken in once, and only where no arm can be told apart by them."""

from dataclasses import replace

import pytest
from made_up.pharmacy import DRUG, Pharmacy, lines

from registry.store.unit_of_work import open_registry
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.import_kits import KitListRefused
from streams.vocabulary.errors import ErrorCode, Refused


def test_a_list_is_taken_once_and_a_code_never_again(bedside):
    pharmacy = Pharmacy(bedside)
    first, again = pharmacy.import_(), pharmacy.import_(lines()[::-1])
    another = pharmacy.import_((*lines()[:4], *lines(seed=3)[4:]))

    assert (first.kits, first.repeated, again) == (
        20,
        False,
        replace(first, repeated=True),
    )
    assert isinstance(another, KitListRefused)
    assert "codes are in the registry already" in another.faults[0]
    assert len(pharmacy.kits()) == 20
    assert not bedside.broken_chains()


def test_arms_that_the_domain_does_not_have_are_refused(pharmacy):
    others = tuple(replace(k, arm=k.arm + "x") for k in lines(seed=4))

    assert pharmacy.import_(others).faults == (
        "what its kits hold is not the arms of the domain",
    )


@pytest.mark.postgres
def test_a_live_domain_with_kits_is_not_activated_without_a_list(postgres, bedside_of):
    with postgres.database() as url:
        registry = open_registry(url)
        bedside = bedside_of(registry)
        bedside.open_trial()
        amended = bedside.protocol(DRUG, protocol_hash="hash-2")

        with pytest.raises(Refused) as fault, registry.transaction() as uow:
            activate_protocol(amended, uow, signer=bedside.signer)
        Pharmacy(bedside).import_()
        with registry.transaction() as uow:
            assert activate_protocol(amended, uow, signer=bedside.signer).changed

        assert fault.value.code is ErrorCode.NO_KIT_LIST
        registry.close()


def test_changed_labels_and_swapped_contents_are_found(pharmacy, tamper, registry):
    sealed = (
        "sealed.kit_content"
        if registry.dialect == "postgresql"
        else "sealed_kit_content"
    )
    kit = pharmacy.lines[0].kit
    assert not pharmacy.bedside.broken_chains()

    tamper(f"UPDATE {sealed} SET arm = 'quartz' WHERE arm = 'zephyr' AND kit = '{kit}'")
    tamper(f"UPDATE {sealed} SET arm = 'x' WHERE kit = '{kit}'")
    (found,) = pharmacy.bedside.broken_chains()
    assert "what the kits of its list hold" in found.break_.reason
