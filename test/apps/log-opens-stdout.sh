#!/bin/sh
# Opens its output by name, as many scripts do.
echo 'by name' > /dev/stdout
echo 'an error by name' > /dev/stderr
exec sleep 600
