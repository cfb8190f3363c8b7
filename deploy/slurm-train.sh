#!/bin/bash
# Train on several nodes: one torchrun on each, as many processes as it has GPUs (or PROCESSES).
#
#   sbatch --nodes=2 --gpus-per-node=4 deploy/slurm-train.sh segmenter --data portraits --batch 64 --output run
#
# A job that was stopped is given again as it was: it goes on from the last checkpoint in --output.
#
#SBATCH --job-name=styfie-train
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=24:00:00
#SBATCH --output=styfie-train-%j.log
set -euo pipefail
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
exec srun torchrun \
  --nnodes "$SLURM_NNODES" \
  --nproc_per_node "${PROCESSES:-${SLURM_GPUS_ON_NODE:-1}}" \
  --rdzv_backend c10d --rdzv_id "$SLURM_JOB_ID" --rdzv_endpoint "$first:${PORT:-29500}" \
  -m styfie train "$@"
