#!/bin/bash
# Process 1 of a sandbox: fresh views of /proc, /sys, the cgroups and /run, then it reaps what is orphaned until its standard
# input ends. It is already in namespaces of its own and in the sandbox's cgroups.   usage: sandbox.sh KEPT-FOLDER
set -eu
kept=$1
# cgroup mounts as "folder type options", read before /sys goes
layout=$(awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5, $(i + 1), $(i + 3) }' /proc/self/mountinfo | sort -u)
umount -R -l /sys
umount -R -l /proc
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
case $layout in */sys/fs/cgroup/*) mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup ;; esac
while read -r folder type options; do
    mkdir -p "$folder"
    if [ "$type" = cgroup2 ]; then
        mount -t cgroup2 cgroup2 "$folder"
    else
        mount -t cgroup -o "$(tr , '\n' <<< "$options" | grep -vxE 'rw|ro' | paste -sd,)" cgroup "$folder"
    fi
done <<< "$layout"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
# not over /var/lib/stack itself: who removes that folder outside takes away what is mounted on it everywhere
mkdir "$kept/stack"
mount --bind "$kept" /var/lib
# what a test writes to are the folders for that, and what programs keep at home: of the machine itself nothing can be written over
for folder in /tmp /var/tmp "${HOME:-/root}"; do
    [ "$folder" = / ] || mount --rbind "$folder" "$folder"
done
mount -o remount,bind,ro /
ip link set lo up
hostname sandbox
echo ready
# bash takes the exit status of whatever is orphaned while it waits for a line that never comes
while read -r _; do :; done
