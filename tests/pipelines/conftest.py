"""An S3 of our own, and workers of Ray that see it."""

import logging
from collections.abc import Iterator, Mapping

import boto3
import pytest
import ray
from moto.server import ThreadedMotoServer

from pipelines import storage


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Mapping[str, str]]:
    """The environment in which a process finds the server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server.stop()


@pytest.fixture(scope="module")
def s3(s3_server: Mapping[str, str]) -> Iterator[str]:
    """A prefix of a bucket."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_server.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="corpus")
        storage._s3_client.cache_clear()
        storage._s3_filesystem.cache_clear()
        yield "s3://corpus/run"


@pytest.fixture(scope="session")
def ray_cluster(s3_server: Mapping[str, str]) -> Iterator[None]:
    """Two workers for every test that runs on Ray: to start them takes longer than what they are given to do."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_server.items():
            patch.setenv(name, value)
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    yield
    ray.shutdown()
