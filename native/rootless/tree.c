#define _GNU_SOURCE
#include "rootless.h"
#include "../common/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One name at the root of the host: a folder with all that is mounted in it, or a link. Files there are left out. */
static int show(const char *name)
{
  char old[300], new[300], target[4096];
  struct stat status;
  snprintf(old, sizeof old, "/.host/%s", name);
  snprintf(new, sizeof new, "/%s", name);
  if (lstat(old, &status) < 0) return -errno;
  if (S_ISLNK(status.st_mode)) {
    ssize_t length = readlink(old, target, sizeof target - 1);
    if (length < 0) return -errno;
    target[length] = '\0';
    return symlink(target, new) < 0 ? -errno : 0;
  }
  if (!S_ISDIR(status.st_mode)) return 0;
  if (mkdir(new, 0755) < 0) return -errno;
  return mount(old, new, NULL, MS_BIND | MS_REC, NULL) < 0 ? -errno : 0;
}

static int show_all(void)
{
  int result = 0;
  DIR *root = opendir("/.host");
  if (root == NULL) return -errno;
  for (struct dirent *entry; result == 0 && (entry = readdir(root)) != NULL;)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) result = show(entry->d_name);
  closedir(root);
  return result;
}

int make_tree(const char *data)
{
  struct stat status;
  if (mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) return -errno;
  /* Mounted over some folder, it becomes the root, and below it the root that was. pivot_root(2) */
  if (mount("stack", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k") < 0) return -errno;
  if (mkdir("/tmp/.host", 0700) < 0) return -errno;
  if (syscall(SYS_pivot_root, "/tmp", "/tmp/.host") < 0 || chdir("/") < 0) return -errno;
  int result = show_all();
  if (result < 0) return result;
  if (mkdir(DATA_PLACE, 0755) < 0) return -errno;
  if (stat(data, &status) == 0 && mount(data, DATA_PLACE, NULL, MS_BIND, NULL) < 0) return -errno;
  if (umount2("/.host", MNT_DETACH) < 0 || rmdir("/.host") < 0) return -errno;
  return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0 ? -errno : 0;
}
