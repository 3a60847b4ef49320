#!/bin/sh
# Starts a program in a session of its own, and waits for the signal.
setsid sleep 300 &
echo "child $!"
trap 'exit 0' TERM
while :; do sleep 0.1; done
