"""What Kafka's tool is told when the folder of a new broker is prepared."""

from streams.app.kafka.broker import cluster_id


def test_no_cluster_id_is_taken_for_an_option():
    drawn = [cluster_id() for _ in range(2_000)]

    assert not [name for name in drawn if name.startswith("-")]
    assert len(set(drawn)) == len(drawn)
    assert {len(name) for name in drawn} == {22}
