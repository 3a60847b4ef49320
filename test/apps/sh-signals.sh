#!/bin/sh
# Says which signal ends it.
trap 'echo "ended by INT"; exit 3' INT
trap 'echo "ended by TERM"; exit 4' TERM
echo waits
while :; do sleep 0.1; done
