#!/bin/bash
# Paint one film by an array job, a stretch in each task; the last to end joins them.
#
#   sbatch --array=0-3 deploy/slurm-film.sh clip.mp4 painted --engine fast --subject glass --background waves
#
#SBATCH --job-name=styfie-film
#SBATCH --cpus-per-task=4
#SBATCH --mem=6G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --output=styfie-film-%A-%a.log
set -euo pipefail
film=${1:?a film on a disk that all nodes see}
output=${2:?a folder for the painted film, likewise}
shift 2
number=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))
exec styfie paint "$film" --output "$output" --shard "$number/$SLURM_ARRAY_TASK_COUNT" "$@"
