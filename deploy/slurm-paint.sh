#!/bin/bash
# Paint a folder by an array job: each task does its own share, which Styfie reads from Slurm's variables.
#
#   sbatch --array=0-7 deploy/slurm-paint.sh photos painted --engine fast --subject glass --background waves
#
# When all have ended, and as often as you like before: styfie report painted
# A task that was lost is given anew as what it was, since an array of one task is a share of one:
#
#   sbatch --array=3 deploy/slurm-paint.sh photos painted --shard 4/8 --engine fast --subject glass --background waves
#
#SBATCH --job-name=styfie
#SBATCH --cpus-per-task=4
#SBATCH --mem=6G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --output=styfie-%A-%a.log
set -euo pipefail
photos=${1:?a folder of photos on a disk that all nodes see}
output=${2:?a folder for the paintings, likewise}
shift 2
# Slurm binds a task to its cores, which Styfie counts: nodes of one kind give each photo as many threads, and so the
# same bytes.
exec styfie paint "$photos" --output "$output" "$@"
