"""Generated code is what its sources say."""

import pytest

from tools.proto import REPOSITORY, SOURCES, differences, generate


def test_committed_generated_code_is_up_to_date(tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("grpc_tools")
    fresh = tmp_path_factory.mktemp("proto")
    written = generate(SOURCES, fresh)
    assert written
    assert differences(fresh, REPOSITORY) == []
    (fresh / written[0]).unlink()
    (fresh / written[-1]).write_text("")
    assert differences(fresh, REPOSITORY) == [f"left over: {written[0]}", f"differs: {written[-1]}"]
