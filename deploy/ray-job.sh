#!/bin/bash
# Give a command to a cluster of Ray's as a job: it runs there, also when this machine is switched off.
#
#   RAY_ADDRESS=http://head:8265 deploy/ray-job.sh \
#     styfie paint s3://bucket/photos -o s3://bucket/painted --on ray --engine fast --subject glass
#   RAY_ADDRESS=http://head:8265 GPUS=4 deploy/ray-job.sh \
#     torchrun --standalone --nproc_per_node 4 -m styfie train segmenter --data /data/portraits --batch 64 -o /data/run
#
# Photos and results lie in a store, or on disks that all nodes see. Every node has Styfie, and this machine Ray, of one
# version: pip install 'styfie[ray,cloud]' 'ray[default]'
set -euo pipefail
: "${RAY_ADDRESS:?the address of the cluster, such as http://head:8265}"
exec ray job submit --no-wait ${GPUS:+--entrypoint-num-gpus "$GPUS"} -- "$@"
