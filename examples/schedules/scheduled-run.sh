#!/bin/sh
# One run of a prediction, with what its exit codes ask for: 75 is tried again, all others are handed on.
#
#   scheduled-run.sh <prediction> <as-of>
#
# The as-of is the moment that the run was due, and not "now": so that trying again goes on with the same run.
set -u
prediction=$1
as_of=$2
tries=${TRIES:-5}
pause=${PAUSE:-30}
while :; do
  npx prescore run "$prediction" --as-of "$as_of"
  code=$?
  tries=$((tries - 1))
  if [ "$code" -ne 75 ] || [ "$tries" -le 0 ]; then exit "$code"; fi
  sleep "$pause"
  pause=$((pause * 2))
done
