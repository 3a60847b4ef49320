#!/bin/sh
# Not a Node program for Upkeep, so it runs without the agent; exec makes it the same process as with it.
exec "$NODE" "$SCRIPT"
