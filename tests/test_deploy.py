"""The scripts in `deploy/` with stand-ins for what they start, which say what they were given."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from styfie.shards import shard_of_job

DEPLOY = Path(__file__).parent.parent / "deploy"
TASK = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "1"}
TASK |= {"SLURM_ARRAY_TASK_MAX": "4", "SLURM_ARRAY_TASK_STEP": "1"}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="they are scripts for a shell")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs: `srun` runs what it is given, the others print their arguments."""
    for name in ("styfie", "torchrun", "ray"):
        (tmp_path / name).write_text('#!/bin/sh\nfor one in "$@"; do printf "%s|" "$one"; done\n')
    (tmp_path / "srun").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "scontrol").write_text("#!/bin/sh\nprintf 'node7\\nnode8\\n'\n")
    for file in tmp_path.iterdir():
        file.chmod(0o755)
    return tmp_path


def run(programs: Path, script: str, *arguments: str, **variables: str) -> tuple[int, str, str]:
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", **variables}
    done = subprocess.run(["bash", DEPLOY / script, *arguments], env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_an_array_job_paints_a_folder(programs: Path) -> None:
    code, said, _ = run(programs, "slurm-paint.sh", "my photos", "out", "--subject", "glass", **TASK)
    assert (code, said) == (0, "paint|my photos|--output|out|--subject|glass|")
    assert str(shard_of_job(TASK)) == "3/4", "which styfie reads by itself"
    assert run(programs, "slurm-paint.sh")[0] != 0


def test_an_array_job_paints_a_film_in_stretches(programs: Path) -> None:
    code, said, _ = run(programs, "slurm-film.sh", "clip.mp4", "out", "--to", "9", **TASK)
    assert (code, said) == (0, "paint|clip.mp4|--output|out|--shard|3/4|--to|9|")


def test_a_job_of_several_nodes_trains(programs: Path) -> None:
    job = {"SLURM_JOB_NODELIST": "node[7-8]", "SLURM_NNODES": "2", "SLURM_JOB_ID": "12", "SLURM_GPUS_ON_NODE": "4"}
    code, said, _ = run(programs, "slurm-train.sh", "segmenter", "--data", "d", **job)
    given = said.split("|")
    assert code == 0 and given[-6:] == ["-m", "styfie", "train", "segmenter", "--data", "d", ""][-6:]
    pairs = dict(zip(given[0:10:2], given[1:10:2], strict=True))
    assert pairs == {
        "--nnodes": "2",
        "--nproc_per_node": "4",
        "--rdzv_backend": "c10d",
        "--rdzv_id": "12",
        "--rdzv_endpoint": "node7:29500",
    }


def test_a_job_of_rays(programs: Path) -> None:
    code, said, _ = run(programs, "ray-job.sh", "styfie", "paint", "a b", RAY_ADDRESS="http://head:8265")
    assert (code, said) == (0, "job|submit|--no-wait|--|styfie|paint|a b|")
    said = run(programs, "ray-job.sh", "x", RAY_ADDRESS="http://head:8265", GPUS="4")[1]
    assert said == "job|submit|--no-wait|--entrypoint-num-gpus|4|--|x|"
    code, _, error = run(programs, "ray-job.sh", "x")
    assert code != 0 and "the address of the cluster" in error
