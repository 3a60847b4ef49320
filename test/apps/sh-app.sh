#!/bin/sh
# A program that is not Node and waits for the signal.
trap 'echo "told to stop"; exit 0' TERM
echo "sh says $GREETING to $1"
while :; do sleep 0.1; done
