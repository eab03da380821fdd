"""encee's evaluator and the stand-in's decide alike on generated policies and requests.

Where AWS's documentation leaves room, encee says that it does not know, and there is nothing to compare.
"""

import pytest
from hypothesis import HealthCheck, given, settings

from encee.aws.policies.evaluate import Outcome
from tests.aws.policies.generated_policies import Case, cases
from tests.awsfile.test_document_properties import EXAMPLES
from tests.fake_aws.policy_evaluator import Effect

pytestmark = pytest.mark.slow

EFFECTS = {
    Outcome.ALLOWED: Effect.ALLOW,
    Outcome.DENIED: Effect.EXPLICIT_DENY,
    Outcome.NOT_ALLOWED: Effect.IMPLICIT_DENY,
}

relaxed = settings(deadline=None, max_examples=max(EXAMPLES // 4, 1), suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(cases)
def test_encee_decides_as_documented_wherever_it_knows(case: Case) -> None:
    outcome, effect = case.outcome(case.identity), case._replace(boundary=None).documented_effect()
    if outcome is not Outcome.UNKNOWN and effect is not None:
        assert EFFECTS[outcome] is effect


@relaxed
@given(cases)
def test_a_boundary_and_policies_decide_as_each_of_them_does(case: Case) -> None:
    assert case.boundary
    outcomes = {case.outcome(case.identity), case.outcome([case.boundary])}
    effect = case.documented_effect()
    if Outcome.UNKNOWN not in outcomes and effect is not None:
        strictest = next(one for one in (Outcome.DENIED, Outcome.NOT_ALLOWED, Outcome.ALLOWED) if one in outcomes)
        assert EFFECTS[strictest] is effect
