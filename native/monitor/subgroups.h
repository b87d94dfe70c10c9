/* The groups that a system container has made below its own. */
#ifndef MONITOR_SUBGROUPS_H
#define MONITOR_SUBGROUPS_H

/*
 * Removes them once all its processes are gone, and takes back what it has handed out to them: a group whose subtree_control names a controller
 * takes no process into itself. cgroups(7), "no internal processes". What cannot be removed is told by who is to enter the group then.
 */
void remove_subgroups(const char *folder);

#endif
