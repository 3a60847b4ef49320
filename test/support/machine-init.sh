#!/bin/sh
# Becomes a machine with systemd: the file system of this one with a layer on top. It is the first process of
# namespaces of its own: nothing stays running or mounted, however the test ends.
#   machine-init.sh <empty folder> <cgroup>... -- <options of systemd-nspawn>...
set -e
folder=$1
shift
while [ "$1" != -- ]; do
  echo $$ > "$1/cgroup.procs"
  shift
done
shift

mount -t tmpfs -o size=1g,mode=755 machine "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" machine "$folder/root"
cd "$folder/root"

# None of the services that happen to be installed here, and an identity of its own.
rm -rf etc/systemd/system/multi-user.target.wants var/log/journal
: > etc/machine-id
echo 'deploy:x:4711:4711::/home/deploy:/bin/sh' >> etc/passwd
echo 'deploy:x:4711:' >> etc/group
echo 'deploy:*:20000:0:99999:7:::' >> etc/shadow
mkdir -p home/deploy opt/upkeep opt/node/bin
: > opt/node/bin/node
chown 4711:4711 home/deploy

cd /
# Where it keeps notes about its machines.
mount -t tmpfs machine /run
set +e
while :; do
  systemd-nspawn -D "$folder/root" --boot --register=no --keep-unit --private-network --console=pipe "$@"
  # "Start me again": it was rebooted.
  [ $? = 133 ] || exit 1
done
