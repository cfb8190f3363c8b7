"""What torchrun starts on two nodes, which here are two torchruns of one machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys, torch
from styfie.training.processes import joined, mean_over_processes, rank_and_count
with joined("cpu"):
    rank, count = rank_and_count()
    mean = mean_over_processes(torch.tensor([1.0 + 2 * rank]))
    open(f"{sys.argv[1]}/{rank}", "w").write(f"{count} {mean.item()}")
assert rank_and_count() == (0, 1)
"""


def test_two_nodes_are_joined(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--nnodes", "2", "--nproc_per_node", "1"]
    command += ["--master_addr", "127.0.0.1", "--master_port", str(port)]
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    nodes = [
        subprocess.Popen(
            [*command, "--node_rank", str(rank), str(tmp_path / "script.py"), str(tmp_path)], env=environment
        )
        for rank in range(2)
    ]
    assert [node.wait(300) for node in nodes] == [0, 0]
    assert [(tmp_path / str(rank)).read_text() for rank in range(2)] == ["2 2.0", "2 2.0"]
