#!/bin/sh
# A run whose shards are computed by the pods of indexed jobs: plan, features, score, finish.
#
#   sharded-run.sh <as-of> <shards>
set -eu
as_of=$1
shards=$2
run=$(npx prescore run late --as-of "$as_of" --shards "$shards" --plan --json | sed -E 's/.*"run":"([0-9a-f]+)".*/\1/')
for stage in features score; do
  sed -e "s/STAGE/$stage/g" -e "s/RUN/$run/g" -e "s/SHARDS/$shards/g" kubernetes-indexed-job.yaml | kubectl apply -f -
  kubectl wait --for=condition=complete --timeout=4h "job/prescore-late-$stage"
  kubectl delete "job/prescore-late-$stage"
done
exec npx prescore run late --as-of "$as_of" --finish
