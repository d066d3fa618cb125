"""Which case each report belongs to: decided in the transaction that stores it, the same however the messages were cut
into batches, and whatever dies meanwhile."""
import pytest

import linking
from checker import check_all
from world import good

FINDING = "inspection_finding"
needs_la = pytest.mark.skipif(not linking.LA.exists(), reason=f"there is no {linking.LA} (set GRIDLOOP_SHARED_DATA)")


# ---- real requests, one partition ----

def findings_of_los_angeles(world, count=None):
    """Sends them, and returns what the function makes of findings alone."""
    rules = linking.la_rules(linking.la_expected(), "R1")
    linking.load_la_rules(world, rules)
    events = list(linking.la_events(FINDING))[:count]
    world.make_topic(FINDING)
    world.produce(good(FINDING, event) for event in events)
    return rules, linking.link(world.folder, rules, [linking.finding_sighting(event) for event in events])


def check_findings(world, rules, wanted):
    found = sorted(linking.stored(world), key=lambda s: s.row["topic_offset"])
    wrong = list(linking.differences(found, wanted))
    assert not wrong, "\n".join(wrong[:10] + [f"({len(wrong)} of {len(found)})"])
    linking.check_replay(world, rules)
    linking.check_books(world)
    world.areas = {None: []}
    check_all(world)


@needs_la
@pytest.mark.parametrize("rows, count", [(10_000, None), (7, None), (1, 1500)])
def test_real_repeats(world, rows, count, capsys):
    """7,912 real findings: each in the case that the function says."""
    rules, wanted = findings_of_los_angeles(world, count)
    world.settle_and_stop(world.consumer(FINDING, batch_rows=rows, linger_ms=1000), timeout=120)
    check_findings(world, rules, wanted)
    with capsys.disabled():
        print(f"\n{len(wanted)} findings in batches of {rows}: {world.sql('select count(*) from follow_up.case_file')[0][0]}"
              " cases, all as the function says")
